/**
 * Nonces of proofs: `TIME.MAC`, the number of a span of five minutes and what only this server can make of it. Nothing is kept, so
 * all processes with the same secret take each other's.
 *
 * @see RFC 9449 section 8
 */
import { base64url } from 'jose'
import type { McpPlace } from '../place.ts'

export interface Nonces {
  /** One that is good for five to ten minutes. */
  readonly make: () => Promise<string>
  readonly isGood: (nonce: string) => Promise<boolean>
}

const SPAN_MS = 300_000
const PURPOSE = 'dpop-nonces'

export function createNonces({ site, secretKeys }: Pick<McpPlace, 'site' | 'secretKeys'>): Nonces {
  const spanNow = () => Math.floor(site.host.now() / SPAN_MS)
  return {
    async make() {
      const span = spanNow()
      const keys = await secretKeys()
      return `${span}.${base64url.encode(await keys.sign(PURPOSE, bytesOf(span)))}`
    },

    async isGood(nonce) {
      const [, digits = '', mac = ''] = NONCE.exec(nonce) ?? []
      const span = Number(digits)
      const age = spanNow() - span
      if (digits === '' || (age !== 0 && age !== 1)) return false
      const keys = await secretKeys()
      return keys.verify(PURPOSE, bytesOf(span), Uint8Array.from(base64url.decode(mac)))
    },
  }
}

const NONCE = /^([1-9]\d{0,11})\.([A-Za-z0-9_-]{43})$/

function bytesOf(span: number): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(String(span))
}
