/**
 * Personal values beside the log. The row holds SHA-256(salt || canonical JSON of the values): whoever erases values and salt
 * leaves a number behind that says nothing, and every proof as it was.
 */
import { canonicalJson } from '../../compiler/model/index.ts'
import type { Json } from '../site.ts'
import type { Sha256 } from './merkle.ts'

export const SALT_BYTES = 16

export type Personal = { readonly [name: string]: Json | undefined }

interface Committed {
  /** Lower-case hex. */
  readonly commitment: string
  /** Canonical JSON of the values, the salt in front of them. */
  readonly text: string
}

/** Nothing when there is no value. `salt` is 16 random bytes. */
export function commitTo(personal: Personal, salt: Uint8Array, sha256: Sha256): Committed | undefined {
  const values = canonicalJson(personal)
  if (values === '{}') return undefined
  return { commitment: commitmentOf(values, salt, sha256), text: `{"salt":"${toHex(salt)}",${values.slice(1)}` }
}

/** Values and commitment of what stands in the column; nothing when it is not what `commitTo` wrote. */
export function readPersonal(
  text: string,
  sha256: Sha256,
): { readonly values: Personal; readonly commitment: string } | undefined {
  const json: unknown = attempt(() => JSON.parse(text))
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined
  // What `JSON.parse` gives is JSON.
  const { salt, ...values } = json as { readonly [name: string]: Json }
  const bytes = typeof salt === 'string' ? fromHex(salt) : undefined
  const written = attempt(() => canonicalJson(values))
  if (bytes?.length !== SALT_BYTES || written === undefined) return undefined
  if (`{"salt":"${salt}",${written.slice(1)}` !== text) return undefined
  return { values, commitment: commitmentOf(written, bytes, sha256) }
}

function commitmentOf(values: string, salt: Uint8Array, sha256: Sha256): string {
  if (buffer.length < SALT_BYTES + 3 * values.length) buffer = new Uint8Array(SALT_BYTES + 3 * values.length)
  buffer.set(salt)
  const { written } = UTF8.encodeInto(values, buffer.subarray(SALT_BYTES))
  return toHex(sha256(buffer.subarray(0, SALT_BYTES + written)))
}

const UTF8 = new TextEncoder()
let buffer = new Uint8Array(1024)

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += HEX[bytes[i] as number] // `i` is below the length.
  return text
}

/** Nothing for what is not lower-case hex of whole bytes. */
export function fromHex(text: string): Uint8Array | undefined {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) return undefined
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    // Whatever is wrong with it, it is not what was written.
    return undefined
  }
}
