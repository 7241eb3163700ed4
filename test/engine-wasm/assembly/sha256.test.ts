import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { Random } from '../../properties/generate/random.ts'
import { compile, FREE } from './compile.ts'

interface Sha {
  shaBegin(): void
  shaUpdate(address: number, length: number): void
  shaEnd(out: number): void
}

const sha = await compile<Sha>('sha256')
const OUT = FREE + 0x20000

function digest(bytes: Uint8Array, pieces: readonly number[] = [bytes.length]): string {
  const at = sha.write(bytes)
  sha.shaBegin()
  let from = 0
  for (const piece of pieces) {
    sha.shaUpdate(at + from, piece)
    from += piece
  }
  sha.shaEnd(OUT)
  return Buffer.from(sha.memory.buffer, OUT, 32).toString('hex')
}

function expected(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

test('every length around the borders of a block gives the digest of FIPS 180-4', () => {
  const random = new Random(1)
  for (let length = 0; length <= 260; length++) {
    const bytes = Uint8Array.from({ length }, () => random.below(256))
    expect([length, digest(bytes)]).toEqual([length, expected(bytes)])
  }
})

test('a digest does not depend on how its bytes are handed over', () => {
  const random = new Random(2)
  for (let turn = 0; turn < 300; turn++) {
    const bytes = Uint8Array.from({ length: random.below(2000) }, () => random.below(256))
    const pieces: number[] = []
    for (let left = bytes.length; left > 0; left -= pieces.at(-1) ?? left)
      pieces.push(random.between(1, Math.min(left, 150)))
    expect(digest(bytes, pieces)).toBe(expected(bytes))
  }
})

test('a hundred thousand bytes are digested', () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index * 7)
  expect(digest(bytes)).toBe(expected(bytes))
})
