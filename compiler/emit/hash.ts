/**
 * The hashes by which the engine finds names and patterns; `engine-wasm/assembly/text.ts` computes the same. They only
 * speed the search up: bytes are compared after every match, so a forged collision costs time and no access.
 */
import {
  HASH_HIGH,
  HASH_LOW,
  SALT_EXACT,
  SALT_REST,
  SALT_STAR,
  SEED_RESOURCE,
} from '../../engine-wasm/format/layout.ts'

/** Hash of a name's bytes. */
export function hashBytes(bytes: Uint8Array, seed: number): number {
  return finish(foldAll(BigInt(seed), bytes) ^ BigInt(bytes.length))
}

/** What a pattern's literal text is hashed for. */
export type KeyForm = 'exact' | 'star' | 'rest'

const SALT: Readonly<Record<KeyForm, number>> = { exact: SALT_EXACT, star: SALT_STAR, rest: SALT_REST }

/** Hash of literal segments joined by `:`; `bytes` of a prefix ends in `:`, and is empty for no segments. */
export function hashKey(bytes: Uint8Array, form: KeyForm): number {
  let hash = BigInt(SEED_RESOURCE)
  let start = 0
  while (start < bytes.length) {
    const colon = bytes.indexOf(COLON, start)
    const end = colon < 0 ? bytes.length : colon
    hash = rotate(foldAll(hash, bytes.subarray(start, end)) ^ BigInt(end - start), 23n)
    start = end + 1
  }
  return finish(hash ^ BigInt(SALT[form]))
}

const COLON = 0x3a

/** Slot hash of a pair of agent indices. */
export function hashPair(from: number, to: number): number {
  return finish((BigInt(to) << 32n) | BigInt(from))
}

/** Words of eight bytes, little-endian, zero beyond the end. */
function foldAll(seed: bigint, bytes: Uint8Array): bigint {
  let hash = seed
  for (let at = 0; at < bytes.length; at += 8) {
    let word = 0n
    for (let i = Math.min(bytes.length, at + 8); i-- > at; ) word = (word << 8n) | BigInt(bytes[i] ?? 0)
    hash = rotate((hash ^ word) * MULTIPLIER, 32n)
  }
  return hash
}

const MULTIPLIER = (BigInt(HASH_HIGH) << 32n) | BigInt(HASH_LOW)

function rotate(value: bigint, bits: bigint): bigint {
  const whole = BigInt.asUintN(64, value)
  return BigInt.asUintN(64, (whole << bits) | (whole >> (64n - bits)))
}

function finish(hash: bigint): number {
  return Number(BigInt.asUintN(64, hash * MULTIPLIER) >> 32n)
}

/** An open-addressing table, a power of two at most half full: index + 1 by slot, 0 where empty. */
export function toSlots(hashes: readonly number[]): Uint32Array {
  let size = 1
  while (size < hashes.length * 2) size *= 2
  const slots = new Uint32Array(size)
  for (const [index, hash] of hashes.entries()) {
    let slot = hash & (size - 1)
    while (slots[slot] !== 0) slot = (slot + 1) & (size - 1)
    slots[slot] = index + 1
  }
  return slots
}
