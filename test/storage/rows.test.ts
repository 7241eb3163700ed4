import { expect, test } from 'vitest'
import { type AnyRow, assertRow, columnsOf, copyRow } from '../../storage/rows.ts'

const token: AnyRow = { hash: 'h', agent: 'a', issuedAt: 1, expiresAt: null }

test('a row that fits its table is taken', () => {
  expect(() => assertRow('tokens', token)).not.toThrow()
  expect(columnsOf('tokens').map(([name]) => name)).toEqual(['hash', 'agent', 'issuedAt', 'expiresAt'])
})

test.each([
  [{ agent: null }, 'tokens.agent cannot be null'],
  [{ agent: 5 }, 'tokens.agent cannot be a number'],
  [{ issuedAt: '1' }, 'tokens.issuedAt cannot be a string'],
  [{ issuedAt: 1.5 }, 'tokens.issuedAt cannot be a number'],
  [{ issuedAt: 2 ** 53 }, 'tokens.issuedAt cannot be a number'],
  [{ issuedAt: Number.NaN }, 'tokens.issuedAt cannot be a number'],
  [{ expiresAt: undefined }, 'tokens.expiresAt cannot be a undefined'],
] as const)('%j is refused', (changes, message) => {
  // Rows of callers in plain JavaScript have any types.
  expect(() => assertRow('tokens', { ...token, ...changes } as AnyRow)).toThrow(new TypeError(message))
})

test('a copy has bytes of its own, of Buffers too', () => {
  const leaf = Buffer.from([1, 2])
  const copy = copyRow({ seq: 1, leaf })
  leaf[0] = 9
  expect(copy).toEqual({ seq: 1, leaf: Uint8Array.of(1, 2) })
})
