/**
 * Tokens: a prefix, 256 random bits, and a checksum.
 *
 * ```
 * kv_   ...43 characters...   ......
 *       256 random bits       CRC-32 of everything before it
 * ```
 *
 * Both are numbers in base 62, most significant digit first, filled up with `0`. The checksum is no secret and proves nothing:
 * it lets a secret scanner, and the host before it asks the store, tell a token from a text that looks like one or was mistyped.
 * It covers the prefix, so that a token of one kind is never one of another.
 */
import { toHex } from '../../compiler/model/index.ts'
import { crc32 } from './crc32.ts'

/** Of agents, of the keys of a project, and of the authorization server: access and refresh tokens, codes, secrets of clients. */
export type TokenPrefix = 'kv_' | 'kvp_' | 'kva_' | 'kvr_' | 'kvc_' | 'kvs_'

export const AGENT_TOKEN: TokenPrefix = 'kv_'
export const KEY_TOKEN: TokenPrefix = 'kvp_'
export const ACCESS_TOKEN: TokenPrefix = 'kva_'
export const REFRESH_TOKEN: TokenPrefix = 'kvr_'
export const CODE_TOKEN: TokenPrefix = 'kvc_'
export const SECRET_TOKEN: TokenPrefix = 'kvs_'

/** For secret scanners: finds every token of every kind. What it finds is one when the checksum is right. */
export const TOKEN_PATTERN = /\bkv[acprs]?_[0-9A-Za-z]{49}\b/

const SECRET_BYTES = 32
const SECRET_DIGITS = 43
const CHECKSUM_DIGITS = 6

/** A new token, and its hash, which is all that may be kept. */
export function createToken(
  random: (bytes: number) => Uint8Array,
  sha256: (bytes: Uint8Array) => Uint8Array,
  prefix: TokenPrefix = AGENT_TOKEN,
): { readonly token: string; readonly hash: string } {
  let secret = 0n
  for (const byte of random(SECRET_BYTES)) secret = (secret << 8n) | BigInt(byte)
  let digits = ''
  for (let rest = secret; digits.length < SECRET_DIGITS; rest /= 62n)
    digits = DIGITS.charAt(Number(rest % 62n)) + digits
  const body = prefix + digits
  const token = body + checksum(body, body.length)
  return { token, hash: hashToken(token, sha256) }
}

/** Whether it has the form of a token and the right checksum. Says nothing about whether anybody has it. */
export function checkToken(text: string, prefix: TokenPrefix = AGENT_TOKEN): boolean {
  const end = prefix.length + SECRET_DIGITS
  if (text.length !== end + CHECKSUM_DIGITS || !text.startsWith(prefix)) return false
  for (let at = prefix.length; at < end; at++) if (!isDigit(text.charCodeAt(at))) return false
  return text.endsWith(checksum(text, end))
}

/** SHA-256, hex, of the whole token. It has 256 bits of its own, so neither salt nor a slow hash would add anything. */
export function hashToken(text: string, sha256: (bytes: Uint8Array) => Uint8Array): string {
  return toHex(sha256(ENCODER.encode(text)))
}

const ENCODER = new TextEncoder()
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

function checksum(text: string, length: number): string {
  let digits = ''
  for (let rest = crc32(text, length); digits.length < CHECKSUM_DIGITS; rest = Math.floor(rest / 62)) {
    digits = DIGITS.charAt(rest % 62) + digits
  }
  return digits
}

function isDigit(unit: number): boolean {
  return (unit >= 48 && unit <= 57) || (unit >= 65 && unit <= 90) || (unit >= 97 && unit <= 122)
}
