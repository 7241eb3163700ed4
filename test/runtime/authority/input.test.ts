import { expect, test } from 'vitest'
import { actorOf, assertKnown, copyOf, readExpiry, readLimit, readMetadata } from '../../../runtime/authority/index.ts'

test('a copy is plain JSON, and nobody else holds it', () => {
  const input = { a: [1, 'x', true, null, { b: undefined }], at: new Date(5), __proto__: { hidden: 1 } }
  const { value } = copyOf(input)
  input.a.push('late')
  expect(value).toEqual({ a: [1, 'x', true, null, {}], at: '1970-01-01T00:00:00.005Z' })
  expect(
    copyOf(JSON.parse('{"__proto__": 1}'))
      .entries()
      .map(([name]) => name),
  ).toEqual(['__proto__'])
})

const cycle: { self?: unknown } = {}
cycle.self = cycle

test.each<[string, unknown, string]>([
  [
    'a number that is none',
    { constraints: { maxCallsPerDay: Number.NaN } },
    'constraints.maxCallsPerDay: must be a number that JSON can say',
  ],
  ['a number without an end', { a: [Number.POSITIVE_INFINITY] }, 'a[0]: must be a number that JSON can say'],
  ['a date that is none', { expiresAt: new Date('tomorrow') }, 'expiresAt: is no date'],
  ['a hole in a list', { a: [undefined] }, 'a[0]: must not be `undefined`'],
  ['a function', { constraints: () => ({}) }, 'constraints: must not be a function'],
  ['a bigint', { a: 1n }, 'a: must not be a bigint'],
  ['a map', { constraints: new Map() }, 'constraints: must be plain JSON'],
  ['a circle', cycle, 'nests deeper than 32 levels'],
])('%s is a fault: nothing disappears on the way', (_what, input, message) => {
  expect(() => copyOf(input)).toThrow(message)
})

test('an end is a date, a text or a number, and lies ahead', () => {
  const read = (at: unknown) => readExpiry(copyOf(at), 1000)
  expect([read(new Date(1001)), read('1970-01-01T00:00:02Z'), read(3000)]).toEqual([1001, 2000, 3000])
  for (const at of [1000, new Date(0)]) expect(() => read(at)).toThrow('has passed already')
  for (const at of [1000.5, '1970-01-01', true]) expect(() => read(at)).toThrow()
})

test('metadata are an object, and not too long', () => {
  expect(readMetadata(copyOf({ a: [1] }))).toBe('{"a":[1]}')
  expect(() => readMetadata(copyOf([]))).toThrow('must be an object')
  expect(() => readMetadata(copyOf({ a: 'x'.repeat(65_536) }))).toThrow('must not be longer than 65536 characters')
})

test('pages have 1 to 1,000 entries', () => {
  expect([readLimit(undefined, 'KVCH_E_REQUEST_INVALID'), readLimit(1000, 'KVCH_E_REQUEST_INVALID')]).toEqual([
    100, 1000,
  ])
  for (const limit of [0, 1001, 1.5])
    expect(() => readLimit(limit, 'KVCH_E_REQUEST_INVALID')).toThrow('limit: must be a whole number')
})

test('options with members that nobody knows are refused, and so is an actor that is no text', () => {
  expect(() => assertKnown({ a: 1 }, ['b'], 'KVCH_E_REQUEST_INVALID')).toThrow('a: is unknown here; known are b')
  expect(() => assertKnown(null, ['b'], 'KVCH_E_REQUEST_INVALID')).toThrow('the options must be an object')
  expect([actorOf(undefined, 'KVCH_E_REQUEST_INVALID'), actorOf({ actor: 'alice' }, 'KVCH_E_REQUEST_INVALID')]).toEqual(
    ['host', 'alice'],
  )
  expect(() => actorOf({ actor: '' }, 'KVCH_E_REQUEST_INVALID')).toThrow('actor: must be a text of 1 to 256 characters')
  expect(() => actorOf({ who: 'alice' } as object, 'KVCH_E_REQUEST_INVALID')).toThrow('who: is unknown here')
})
