/** What may stand as an agent name, an action or one segment of a resource. */
import { isWellFormed } from './well-formed.ts'

/** Most bytes of UTF-8 in a name, an action or a segment. */
export const NAME_BYTES = 128

/**
 * Says why `text` cannot be a name, an action or a segment, or `undefined` when it can.
 *
 * The rule is that of the language reference, section 2: 1-128 bytes, no `:` or `*`, no control characters, no U+FFFD,
 * no lone surrogate, NFC.
 */
export function nameFault(text: string): string | undefined {
  if (text.length === 0) return 'is empty'
  let isAscii = true
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit === 0x3a) return 'holds `:`'
    if (unit === 0x2a) return 'holds `*`'
    if (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f)) return 'holds a control character'
    if (unit >= 0x80) isAscii = false
  }
  if (isAscii) return text.length > NAME_BYTES ? `is longer than ${NAME_BYTES} bytes` : undefined
  if (text.includes('\ufffd')) return 'holds U+FFFD'
  if (!isWellFormed(text)) return 'holds a lone surrogate'
  if (utf8Length(text) > NAME_BYTES) return `is longer than ${NAME_BYTES} bytes`
  return text.normalize('NFC') === text ? undefined : 'is not in Unicode normal form C'
}

/** Whether `text` can be a name, an action or a segment. */
export function isName(text: string): boolean {
  return nameFault(text) === undefined
}

/** Bytes of `text` in UTF-8, a lone surrogate counted as three. */
export function utf8Length(text: string): number {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) bytes += 1
    else if (unit < 0x800) bytes += 2
    else if (unit >= 0xd800 && unit <= 0xdbff && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4
      i++
    } else bytes += 3
  }
  return bytes
}
