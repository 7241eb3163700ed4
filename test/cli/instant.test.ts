import { expect, test } from 'vitest'
import { toInstant } from '../../cli/instant.ts'

test('a time of the command line is RFC 3339 with Z or whole milliseconds', () => {
  expect(toInstant('1970-01-01T00:00:01Z')).toBe(1000)
  expect(toInstant('2026-04-01T10:00:00.25Z')).toBe(Date.UTC(2026, 3, 1, 10, 0, 0, 250))
  expect(toInstant('1775037600000')).toBe(1775037600000)
})

test('dates that do not exist, offsets and words are refused', () => {
  for (const text of ['2026-02-30T00:00:00Z', '2026-04-01T10:00:00+02:00', '2026-04-01', 'now', '', '-1', '1e3']) {
    expect(() => toInstant(text)).toThrow('It wants a time such as 2026-04-01T10:00:00Z.')
  }
})
