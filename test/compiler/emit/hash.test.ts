import { expect, test } from 'vitest'
import { hashBytes, hashKey, hashPair, toSlots } from '../../../compiler/emit/hash.ts'
import { SALT_EXACT, SALT_REST, SALT_STAR, SEED_PAIR, SEED_RESOURCE } from '../../../engine-wasm/format/layout.ts'
import { compile } from '../../engine-wasm/assembly/compile.ts'
import { Random } from '../../properties/generate/random.ts'

interface Text {
  fold(hash: bigint, value: bigint): bigint
  finish(hash: bigint): number
  hashBytes(address: number, length: number, seed: bigint): number
}

const engine = await compile<Text>('text')
const ENCODER = new TextEncoder()

test('names hash as in the engine, whatever their length', () => {
  const random = new Random(1)
  for (let length = 0; length < 200; length++) {
    const bytes = Uint8Array.from({ length }, () => random.below(256))
    const found = engine.hashBytes(engine.write(bytes), length, BigInt(SEED_PAIR)) >>> 0
    expect([length, hashBytes(bytes, SEED_PAIR)]).toEqual([length, found])
  }
})

/** What the engine makes of a resource: words of eight bytes, then the length, for each segment. */
function keyInEngine(segments: readonly string[], salt: number): number {
  let hash = BigInt(SEED_RESOURCE)
  for (const segment of segments) {
    const bytes = Buffer.concat([ENCODER.encode(segment), Buffer.alloc(8)])
    const length = bytes.length - 8
    for (let at = 0; at < length; at += 8) {
      const left = Math.min(8, length - at)
      hash = engine.fold(hash, bytes.readBigUInt64LE(at) & ((1n << BigInt(8 * left)) - 1n))
    }
    const whole = BigInt.asUintN(64, hash) ^ BigInt(length)
    hash = BigInt.asUintN(64, (whole << 23n) | (whole >> 41n))
  }
  return engine.finish(hash ^ BigInt(salt)) >>> 0
}

test('patterns hash segment by segment, each form with its salt', () => {
  const random = new Random(2)
  const salts = { exact: SALT_EXACT, star: SALT_STAR, rest: SALT_REST }
  for (let turn = 0; turn < 500; turn++) {
    const segments = Array.from({ length: random.between(1, 6) }, () =>
      random.pick(['a', 'mcp', 'é', 'eight888', 'nine99999', 'x'.repeat(30)]),
    )
    for (const form of ['exact', 'star', 'rest'] as const) {
      const text = segments.join(':') + (form === 'exact' ? '' : ':')
      expect([text, form, hashKey(ENCODER.encode(text), form)]).toEqual([
        text,
        form,
        keyInEngine(segments, salts[form]),
      ])
    }
  }
})

test('a prefix of no segments has a hash too', () => {
  expect(hashKey(new Uint8Array(), 'rest')).toBe(keyInEngine([], SALT_REST))
})

test('segments do not run into each other', () => {
  const keys = ['a:b', 'ab', 'a:b:', 'b:a', 'aa:b', 'a:ab'].map((text) => hashKey(ENCODER.encode(text), 'star'))
  // The last colon of a prefix begins no segment.
  expect(new Set(keys).size).toBe(5)
})

test('pairs hash by both of their ends', () => {
  const pairs = new Set<number>()
  for (let from = 0; from < 60; from++) for (let to = 0; to < 60; to++) pairs.add(hashPair(from, to))
  expect(pairs.size).toBe(3600)
})

test('slots hold every index once, where probing from its hash finds it, and half of them are free', () => {
  const random = new Random(3)
  for (let turn = 0; turn < 200; turn++) {
    const hashes = Array.from({ length: random.below(60) }, () => (random.chance(0.4) ? 7 : random.next()))
    const slots = toSlots(hashes)
    expect([Math.log2(slots.length) % 1, slots.length >= 2 * hashes.length]).toEqual([0, true])
    for (const [index, hash] of hashes.entries()) {
      let slot = hash & (slots.length - 1)
      while (slots[slot] !== 0 && slots[slot] !== index + 1) slot = (slot + 1) & (slots.length - 1)
      expect(slots[slot]).toBe(index + 1)
    }
    expect(slots.filter((slot) => slot !== 0)).toHaveLength(hashes.length)
  }
})
