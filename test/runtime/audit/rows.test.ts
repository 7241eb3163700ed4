import { expect, test } from 'vitest'
import { PAGE_ROWS, pagesOf, seqAt } from '../../../runtime/audit/rows.ts'
import { NOW } from '../site.ts'
import { logOf } from './log.ts'

const ROWS = 2 * PAGE_ROWS + 10

test('pages come in both directions, whole, and without what is not asked for', async () => {
  const { site, fill } = logOf()
  await fill(ROWS, 600)
  const seqs = async (range: Parameters<typeof pagesOf>[1]) => {
    const found: number[] = []
    for await (const page of pagesOf(site, range)) found.push(...page.map(({ seq }) => seq))
    return found
  }
  const all = Array.from({ length: ROWS }, (_, i) => i)
  expect(await seqs({ from: 0, to: ROWS })).toEqual(all)
  expect(await seqs({ from: 0, to: ROWS, isReversed: true })).toEqual(all.toReversed())
  expect(await seqs({ from: 7, to: 9 })).toEqual([7, 8])
  expect(await seqs({ from: 9, to: 9 })).toEqual([])
})

test('the first row of an instant is found', async () => {
  const { site, fill } = logOf()
  await fill(30, 10)
  const at = (time: number) => site.read((reader) => seqAt(reader, time, 30))
  expect(await Promise.all([NOW - 1, NOW, NOW + 1, NOW + 1000, NOW + 1001, NOW + 2000, NOW + 2001].map(at))).toEqual([
    0, 0, 10, 10, 20, 20, 30,
  ])
})
