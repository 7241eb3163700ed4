import { expect, test } from 'vitest'
import { hashBytes } from '../../../compiler/emit/hash.ts'
import { SEED_NAME } from '../../../engine-wasm/format/layout.ts'
import { Random } from '../../properties/generate/random.ts'
import { agree } from './agree.ts'
import { compile, FREE } from './compile.ts'

interface Text {
  hashBytes(address: number, length: number, seed: bigint): number
  equalBytes(a: number, b: number, length: number): number
  countCharacters(address: number, length: number, segment: number): number
  readSegment(from: number, end: number, seed: bigint): number
  readonly segmentHash: WebAssembly.Global
  finish(hash: bigint): number
}

const text = await compile<Text>('text')
const FATAL = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const ENCODER = new TextEncoder()
const AGAIN = FREE + 0x10000

/** The bytes, with others behind them that must not matter. */
function put(bytes: Uint8Array): number {
  return text.write(Uint8Array.from([...bytes, ...[0x3a, 0x80, 0, 0xff, 0x2a, 0x61, 0x3a, 0x80]]))
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return FATAL.decode(bytes)
  } catch {
    return undefined
  }
}

/** Bytes that are UTF-8, nearly UTF-8, or anything. */
function someBytes(random: Random): Uint8Array {
  const pieces = [
    'a',
    'ab',
    ':',
    '*',
    'é',
    'ü',
    '\u0000',
    '\u001f',
    '\u0020',
    '\u007e',
    '\u007f',
    '\u0080',
    '\u009f',
    '\u00a0',
  ]
  const wide = [
    '\u07ff',
    '\u0800',
    '\ud7ff',
    '\ue000',
    '\ufffc',
    '\ufffd',
    '\ufffe',
    '\uffff',
    '😀',
    '\u{10000}',
    '\u{10ffff}',
  ]
  const bytes = Array.from({ length: random.below(14) }, () => [
    ...ENCODER.encode(random.pick([...pieces, ...wide])),
  ]).flat()
  if (random.chance(0.6)) return Uint8Array.from(bytes)
  const odd = [0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff, 0x9f, 0xa0, 0x8f, 0x90]
  return Uint8Array.from(bytes.toSpliced(random.below(bytes.length + 1), random.below(3), random.pick(odd)))
}

test('characters are counted as TextDecoder finds them, and U+FFFD is none', () => {
  const random = new Random(1)
  let sound = 0
  for (let turn = 0; turn < 20_000; turn++) {
    const bytes = someBytes(random)
    const found = decoded(bytes)
    const expected = found === undefined || found.includes('\ufffd') ? -1 : [...found].length
    agree(bytes, text.countCharacters(put(bytes), bytes.length, 0), expected)
    if (expected >= 0) sound++
  }
  expect(sound).toBeGreaterThan(5000)
})

test('every code point is one character, surrogates and U+FFFD none', () => {
  for (let code = 0; code <= 0x10ffff; code += code < 0x3000 || (code > 0xd000 && code < 0x10100) ? 1 : 97) {
    const isSurrogate = code >= 0xd800 && code <= 0xdfff
    // A surrogate as three bytes, which TextEncoder would not write.
    const bytes = isSurrogate
      ? Uint8Array.of(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
      : ENCODER.encode(String.fromCodePoint(code))
    const found = text.countCharacters(text.write(bytes), bytes.length, 0)
    const expected = isSurrogate || code === 0xfffd ? -1 : 1
    agree(code, found, expected)
  }
})

/** Where the segment ends, 0 when there is none. */
function readSegment(from: number, end: number): number {
  return text.readSegment(from, end, BigInt(SEED_NAME))
}

function isOneSegment(at: number, length: number): boolean {
  return readSegment(at, at + length) === at + length
}

test('names and segments are what the language says', () => {
  const random = new Random(2)
  const judged = { yes: 0, no: 0 }
  for (let turn = 0; turn < 20_000; turn++) {
    const bytes = someBytes(random)
    const found = decoded(bytes)
    const isSegment = found !== undefined && !/[:*\p{Cc}\ufffd]/u.test(found)
    const at = put(bytes)
    agree(bytes, text.countCharacters(at, bytes.length, 1) >= 0, isSegment)
    const isName = isSegment && bytes.length > 0 && bytes.length <= 128
    agree(bytes, isOneSegment(at, bytes.length), isName)
    judged[isName ? 'yes' : 'no']++
  }
  expect(Math.min(judged.yes, judged.no)).toBeGreaterThan(1500)
})

test('a name has 1 to 128 bytes', () => {
  const found = [0, 1, 127, 128, 129].map((length) => isOneSegment(put(new Uint8Array(length).fill(0x61)), length))
  expect(found).toEqual([false, true, true, true, false])
  const wide = (count: number) => ENCODER.encode('é'.repeat(count))
  expect([64, 65].map((count) => isOneSegment(put(wide(count)), 2 * count))).toEqual([true, false])
})

test('every byte of a word is looked at, and none behind it', () => {
  for (let at = 0; at < 8; at++) {
    for (let byte = 0; byte < 128; byte++) {
      const bytes = new Uint8Array(8).fill(0x61)
      bytes[at] = byte
      const start = put(bytes)
      const isPlain = byte >= 0x20 && byte !== 0x7f && byte !== 0x2a
      const size = byte === 0x3a ? at : 8
      agree([at, byte], readSegment(start, start + 8), isPlain && size > 0 ? start + size : 0)
      if (at > 0) agree([at, byte], readSegment(start, start + at), start + at)
    }
  }
})

test('a segment ends at the first colon, whatever stands around it, and is hashed up to there', () => {
  const random = new Random(3)
  for (let turn = 0; turn < 20_000; turn++) {
    const bytes = Uint8Array.from({ length: random.between(1, 24) }, () =>
      random.pick([0x3a, 0x39, 0x3b, 0x40, 0x61, 0x61, 0x61, random.between(0x2b, 0x7e)]),
    )
    const start = put(bytes)
    const colon = bytes.indexOf(0x3a)
    const size = colon < 0 ? bytes.length : colon
    const end = readSegment(start, start + bytes.length)
    agree(bytes, end, size === 0 ? 0 : start + size)
    if (size === 0) continue
    const hash: bigint = text.segmentHash.value
    agree(bytes, text.finish(hash) >>> 0, hashBytes(bytes.subarray(0, size), SEED_NAME))
  }
})

test('bytes are equal when each is', () => {
  const random = new Random(4)
  for (let turn = 0; turn < 5000; turn++) {
    const bytes = Uint8Array.from({ length: random.below(40) }, () => random.below(3))
    const other = bytes.slice()
    if (other.length > 0 && random.chance(0.5)) other[random.below(other.length)] = 3
    new Uint8Array(text.memory.buffer).set(other, AGAIN)
    agree([bytes, other], text.equalBytes(put(bytes), AGAIN, bytes.length) !== 0, Buffer.from(bytes).equals(other))
  }
})

test('the compiler hashes as the engine does', () => {
  const random = new Random(5)
  for (let turn = 0; turn < 5000; turn++) {
    const bytes = Uint8Array.from({ length: random.below(turn < 200 ? 18 : 300) }, () => random.below(256))
    const seed = random.chance(0.5) ? SEED_NAME : random.next()
    agree([bytes, seed], text.hashBytes(put(bytes), bytes.length, BigInt(seed)) >>> 0, hashBytes(bytes, seed))
  }
})
