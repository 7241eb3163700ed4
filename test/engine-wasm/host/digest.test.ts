import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createDigest, EngineError } from '../../../engine-wasm/host/index.ts'
import { ENGINE } from '../../abi/compiled.ts'
import { Random } from '../../properties/generate/random.ts'

const { digest, digestText, digestPair } = createDigest()

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function expected(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'nothing was thrown'
  } catch (error) {
    return error instanceof EngineError ? error.code : String(error)
  }
}

test.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
  ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
])('the vectors of FIPS 180 come out (%#)', (text, wanted) => {
  expect([hex(digestText(text)), hex(digest(new TextEncoder().encode(text)))]).toEqual([wanted, wanted])
})

test('every length from 0 to 5000 gives the digest that node gives', () => {
  const random = new Random(3)
  const bytes = Uint8Array.from({ length: 5000 }, () => random.below(256))
  const text = Array.from({ length: 5000 }, () => String.fromCharCode(random.between(1, 127))).join('')
  for (let length = 0; length <= 5000; length++) {
    const [part, words] = [bytes.subarray(0, length), text.slice(0, length)]
    expect([length, hex(digest(part)), hex(digestText(words)), hex(digestText(words, length & 255))]).toEqual([
      length,
      expected(part),
      expected(words),
      expected(Uint8Array.of(length), words),
    ])
  }
})

test('a text is its UTF-8, and half a surrogate pair is U+FFFD', () => {
  for (const text of ['é', '😀 mixed ü', '\ud800x', 'x\udc00', '字'.repeat(30_000), `${'a'.repeat(65_535)}é`]) {
    const bytes = new TextEncoder().encode(text)
    expect([hex(digestText(text)), hex(digestText(text, 0))]).toEqual([
      expected(bytes),
      expected(Uint8Array.of(0), bytes),
    ])
  }
})

test('a pair is a byte and two digests, and nothing else', () => {
  const [left, right] = [digestText('left'), digestText('right')]
  expect(hex(digestPair(1, left, right))).toBe(expected(Uint8Array.of(1), left, right))
  for (const [a, b] of [
    [left.subarray(1), right],
    [left, new Uint8Array(33)],
    [new Uint8Array(), new Uint8Array(64)],
  ] as const) {
    expect(codeOf(() => digestPair(1, a, b))).toBe('bad-length')
  }
})

test('a result is nobody else’s', () => {
  const first = digestText('first')
  const before = hex(first)
  digestText('second')
  expect([hex(first), first.byteLength, first.buffer.byteLength]).toEqual([before, 32, 32])
})

test('16 MiB are digested, and more are refused, after which it goes on', () => {
  const large = new Uint8Array(16_777_216).fill(7)
  expect(hex(digest(large))).toBe(expected(large))
  expect(codeOf(() => digest(new Uint8Array(16_777_217)))).toBe('too-large')
  expect(codeOf(() => digestText('a'.repeat(16_777_217)))).toBe('too-large')
  expect(hex(digestText('abc'))).toBe(expected('abc'))
})

test('an engine can be brought along', () => {
  const own = createDigest(new WebAssembly.Module(ENGINE))
  expect(hex(own.digestText('abc'))).toBe(expected('abc'))
})
