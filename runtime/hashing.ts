/** SHA-256 in the forms that the host asks for. It answers at once: a promise for each would cost more than the hash. */
import { toHex } from '../compiler/model/index.ts'

export type Sha256 = (bytes: Uint8Array) => Uint8Array

export interface Hashing {
  readonly bytes: Sha256
  /** Of the UTF-8 of a text; lower-case hex. */
  readonly hex: (text: string) => string
  /** Of a zero byte and the UTF-8 of a text: a leaf of a Merkle tree (RFC 9162, section 2.1.1). */
  readonly leaf: (text: string) => Uint8Array
}

/** All of it from one function. A platform may have faster ones. */
export function hashingOf(sha256: Sha256): Hashing {
  return {
    bytes: sha256,
    hex: (text) => toHex(sha256(UTF8.encode(text))),
    leaf: (text) => sha256(UTF8.encode(`\0${text}`)),
  }
}

const UTF8 = new TextEncoder()
