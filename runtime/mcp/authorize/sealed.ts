/**
 * Values that travel through the browser and come back as they were: JSON and an HMAC of it.
 *
 * ```
 * base64url(JSON of { kind, exp, ...value }) . base64url(HMAC-SHA256)
 * ```
 *
 * They can be read by whoever holds them, and not be made by anybody else. The kind keeps one sort from being taken for another.
 */
import { base64url } from 'jose'
import type { Json, KeyPurpose, SecretKeys } from '../../index.ts'

export interface Sealed {
  readonly kind: string
  /** Milliseconds since 1970; from then on it is worth nothing. */
  readonly exp: number
  readonly [member: string]: Json | undefined
}

export async function seal(keys: SecretKeys, purpose: KeyPurpose, value: Sealed): Promise<string> {
  const body = base64url.encode(JSON.stringify(value))
  return `${body}.${base64url.encode(await keys.sign(purpose, bytesOf(body)))}`
}

/** The value, when it was sealed here as this kind and is not too old. */
export async function unseal(
  keys: SecretKeys,
  purpose: KeyPurpose,
  { text, kind, now }: { readonly text: string; readonly kind: string; readonly now: number },
): Promise<Sealed | undefined> {
  const [, body = '', mac = ''] = /^([\w-]{1,60000})\.([\w-]{43})$/.exec(text) ?? []
  if (body === '' || !(await keys.verify(purpose, bytesOf(body), Uint8Array.from(base64url.decode(mac)))))
    return undefined
  // `seal` made it: nobody else has the key.
  const value = JSON.parse(new TextDecoder().decode(base64url.decode(body))) as Sealed
  return value.kind === kind && value.exp > now ? value : undefined
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}
