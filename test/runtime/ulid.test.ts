import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createHost } from '../../runtime/host.ts'
import { ulid } from '../../runtime/ulid.ts'

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** The number that the first ten characters say. */
function timeOf(id: string): number {
  return Array.from(id.slice(0, 10)).reduce((time, digit) => time * 32 + DIGITS.indexOf(digit), 0)
}

const constant = (byte: number) => ({ random: (bytes: number) => new Uint8Array(bytes).fill(byte) })

test('time and random bits are written in the alphabet of Crockford', () => {
  expect(ulid(constant(0), 1_469_918_176_385)).toBe('01ARYZ6S410000000000000000')
  expect(ulid(constant(0xff), 2 ** 48 - 1)).toBe('7ZZZZZZZZZZZZZZZZZZZZZZZZZ')
})

test('ids of one millisecond count up', () => {
  const source = constant(0)
  expect([ulid(source, 0), ulid(source, 0), ulid(source, 0)]).toEqual([
    '00000000000000000000000000',
    '00000000000000000000000001',
    '00000000000000000000000002',
  ])
})

test('a counter that overflows goes on in the next millisecond', () => {
  const source = constant(0xff)
  expect([ulid(source, 7), ulid(source, 7)].map(timeOf)).toEqual([7, 8])
})

test('ids ascend whatever the clock does, and keep its time while it ascends', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 2 ** 40 }), { minLength: 1, maxLength: 100 }), (times) => {
      const source = { random: createHost().random }
      const ids = times.map((time) => ulid(source, time))
      expect(ids).toEqual([...new Set(ids)].sort())
      expect(ids.every((id) => /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(id))).toBe(true)
      const latest = times.map((_, index) => Math.max(...times.slice(0, index + 1)))
      // An overflow of the counter, once in some ten thousand runs, may add a millisecond.
      expect(ids.map(timeOf).every((time, index) => time - (latest[index] ?? 0) <= 1)).toBe(true)
    }),
  )
})

test('two sources do not make the same id', () => {
  const [one, other] = [createHost(), createHost()]
  const ids = Array.from({ length: 1000 }, () => [ulid(one, 5), ulid(other, 5)]).flat()
  expect(new Set(ids).size).toBe(ids.length)
})
