import { expect, test } from 'vitest'
import { MAX_TIME, stampOf } from '../../../runtime/audit/stamp.ts'

test('an instant is written as RFC 3339, again and again', () => {
  const times = [0, 0, 1775044800123, 0, MAX_TIME]
  expect(times.map(stampOf)).toEqual(times.map((time) => new Date(time).toISOString()))
})

test('a time that is none has no stamp', () => {
  expect([stampOf(MAX_TIME + 1), stampOf(Number.NaN)]).toEqual(['', ''])
})
