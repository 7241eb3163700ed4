import { expect, test } from 'vitest'
import type { Range } from '../../../runtime/index.ts'
import { Overlay, withWritten } from '../../../storage/d1/overlay.ts'
import type { AnyRow } from '../../../storage/rows.ts'

const setting = (name: string, value = ''): AnyRow => ({ name, value })
const namesWith = (range: Range, found: readonly AnyRow[], written: readonly (readonly [string, AnyRow | null])[]) => {
  const overlay = new Overlay()
  for (const [name, row] of written) overlay.write('settings', { name }, row)
  const merged = withWritten('settings', 'key', range, { found, written: overlay.writtenIn('settings') })
  return merged.map(({ name, value }) => `${name}${value}`).join(' ')
}

test('what was written stands in its place, over what was found, and within the bounds', () => {
  const found = ['b', 'd', 'f'].map((name) => setting(name))
  const written = [
    ['a', setting('a')],
    ['c', setting('c')],
    ['d', setting('d', '2')],
    ['f', null],
    ['g', setting('g')],
  ] as const
  expect(namesWith({}, found, written)).toBe('a b c d2 g')
  expect(namesWith({ after: 'a', before: 'g' }, found, written)).toBe('b c d2')
  expect(namesWith({ limit: 2 }, found, written)).toBe('a b')
  expect(namesWith({ isReversed: true, limit: 3 }, found.toReversed(), written)).toBe('g d2 c')
  expect(namesWith({ equal: ['c'] }, [], written)).toBe('c')
})

test('what is known of a row is what was written last, and else what was read', () => {
  const overlay = new Overlay()
  const key = { name: 'a' }
  expect(overlay.peek('settings', key)).toBeUndefined()
  overlay.noteRead('settings', key, setting('a', '1'))
  expect(overlay.peek('settings', key)).toEqual(setting('a', '1'))
  const before = overlay.writtenIn('settings')
  overlay.write('settings', key, null)
  overlay.noteRead('settings', key, setting('a', '1'))
  expect([overlay.peek('settings', key), before.size, overlay.writtenIn('settings').size]).toEqual([null, 0, 1])
})
