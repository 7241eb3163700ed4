/**
 * The hashes by which the engine finds names and patterns; `engine-wasm/assembly/text.ts` computes the same. They only
 * speed the search up: bytes are compared after every match, so a forged collision costs time and no access.
 */
import { HASH_ONE, HASH_TWO, SALT_EXACT, SALT_REST, SALT_STAR, SEED_RESOURCE } from '../../engine-wasm/format/layout.ts'

/** Hash of a name's bytes. */
export function hashBytes(bytes: Uint8Array, seed: number): number {
  return finish(foldAll(seed, bytes, 0, bytes.length) ^ bytes.length)
}

/** What a pattern's literal text is hashed for. */
export type KeyForm = 'exact' | 'star' | 'rest'

const SALT: Readonly<Record<KeyForm, number>> = { exact: SALT_EXACT, star: SALT_STAR, rest: SALT_REST }

/** Hash of literal segments joined by `:`; `bytes` of a prefix ends in `:`, and is empty for no segments. */
export function hashKey(bytes: Uint8Array, form: KeyForm): number {
  let hash = SEED_RESOURCE
  let start = 0
  while (start < bytes.length) {
    const colon = bytes.indexOf(COLON, start)
    const end = colon < 0 ? bytes.length : colon
    hash = Math.imul(foldAll(hash, bytes, start, end) ^ (end - start), 0x85ebca6b)
    start = end + 1
  }
  return finish(hash ^ SALT[form])
}

const COLON = 0x3a

/** Slot hash of a pair of agent indices. */
export function hashPair(from: number, to: number): number {
  return finish(fold(from, 0, to))
}

function foldAll(seed: number, bytes: Uint8Array, from: number, to: number): number {
  let hash = seed
  for (let at = from; at < to; at += 8) hash = fold(hash, word(bytes, at, to), word(bytes, at + 4, to))
  return hash
}

/** Four bytes, little-endian; zero beyond `to`. */
function word(bytes: Uint8Array, at: number, to: number): number {
  let value = 0
  for (let i = 0; i < 4 && at + i < to; i++) value |= (bytes[at + i] ?? 0) << (8 * i)
  return value
}

function fold(hash: number, low: number, high: number): number {
  const first = Math.imul(rotate(hash ^ low, 13), HASH_ONE)
  return Math.imul(rotate(first ^ high, 15), HASH_TWO)
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

function finish(hash: number): number {
  let h = hash ^ (hash >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
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
