/**
 * Personal values beside the log. The row holds the SHA-256 of the text that holds salt and values: whoever erases that text
 * leaves a number behind that says nothing, and every proof as it was.
 */
import { canonicalJson, toHex } from '../../compiler/model/index.ts'
import type { Hashing } from '../hashing.ts'
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
export function commitTo(personal: Personal, salt: Uint8Array, hex: Hashing['hex']): Committed | undefined {
  const values = canonicalJson(personal)
  if (values === '{}') return undefined
  const text = `{"salt":"${toHex(salt)}",${values.slice(1)}`
  return { commitment: hex(text), text }
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
  return { values, commitment: toHex(sha256(UTF8.encode(text))) }
}

const UTF8 = new TextEncoder()

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
