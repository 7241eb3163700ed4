import { expect, test } from 'vitest'
import { AuthFailures, MAX_ROWS_A_MINUTE } from '../../../runtime/authorize/auth-failures.ts'

const MINUTE = 60_000

test('the first 60 failures of a source in a minute have rows, the others one row with their number', () => {
  const failures = new AuthFailures()
  const rows = Array.from({ length: 100 }, () => failures.admit('10.0.0.1', MINUTE)).filter((row) => row)
  expect(rows).toHaveLength(MAX_ROWS_A_MINUTE)
  expect(failures.admit('10.0.0.2', MINUTE + 1)).toBe(true)
  expect(failures.take(MINUTE + 2)).toEqual([])
  expect(failures.take(2 * MINUTE)).toEqual([{ source: '10.0.0.1', minute: MINUTE, count: 40 }])
  expect(failures.take(2 * MINUTE)).toEqual([])
})

test('a new minute begins with rows again', () => {
  const failures = new AuthFailures()
  for (let i = 0; i < 61; i++) failures.admit('a', 0)
  expect(failures.admit('a', MINUTE)).toBe(true)
})

test('what could not be recorded is given again', () => {
  const failures = new AuthFailures()
  for (let i = 0; i < 62; i++) failures.admit('a', MINUTE)
  const taken = failures.take(3 * MINUTE)
  failures.giveBack(taken)
  expect(failures.take(3 * MINUTE)).toEqual([{ source: 'a', minute: MINUTE, count: 2 }])
})
