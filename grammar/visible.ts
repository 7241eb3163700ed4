/** Text as a terminal may show it: nothing in it moves the cursor, changes colours or directions, or hides. */

/** `text` with every control, bidi and invisible character written as `<U+202E>`. Tabs are among them. */
export function visible(text: string): string {
  return UNSAFE.test(text) ? text.replace(EACH_UNSAFE, named) : text
}

/** Columns that a terminal gives to one character: 0 for marks, 2 for wide ones. */
export function widthOf(character: string): number {
  const point = character.codePointAt(0) ?? 0
  if (point < 0x300) return 1
  if (MARK.test(character)) return 0
  return isWide(point) || EMOJI.test(character) ? 2 : 1
}

function named(character: string): string {
  return `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`
}

/** @see UAX #11, East Asian Wide and Fullwidth, by blocks */
function isWide(point: number): boolean {
  return (
    (point >= 0x1100 && point <= 0x115f) ||
    (point >= 0x2e80 && point <= 0x303e) ||
    (point >= 0x3041 && point <= 0xa4cf) ||
    (point >= 0xa960 && point <= 0xa97c) ||
    (point >= 0xac00 && point <= 0xd7a3) ||
    (point >= 0xf900 && point <= 0xfaff) ||
    (point >= 0xfe30 && point <= 0xfe6f) ||
    (point >= 0xff01 && point <= 0xff60) ||
    (point >= 0xffe0 && point <= 0xffe6) ||
    (point >= 0x20000 && point <= 0x3fffd)
  )
}

const CLASS = '[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}]'
const UNSAFE = new RegExp(CLASS, 'u')
const EACH_UNSAFE = new RegExp(CLASS, 'gu')
const MARK = /^[\p{Mn}\p{Me}]/u
const EMOJI = /^\p{Emoji_Presentation}/u
