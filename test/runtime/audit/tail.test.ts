import { expect, test } from 'vitest'
import { LogTail } from '../../../runtime/audit/index.ts'

const row = (seq: number) => ({ seq, agent: `a${seq}`, leaf: new Uint8Array(32).fill(seq) })
const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => row(from + i))

test('rows that were noted one after the other are known', () => {
  const tail = new LogTail()
  expect(tail.from(0, 1)).toEqual([])
  tail.note(rows(5, 8))
  tail.note([])
  tail.note(rows(8, 10))
  expect(tail.from(6, 9)).toEqual(rows(6, 9))
  expect(tail.from(5, 5)).toEqual([])
  expect(tail.from(4, 6)).toEqual([])
  expect(tail.from(9, 11)).toEqual(rows(9, 10))
})

test('rows of somebody else between them make it forget what was before', () => {
  const tail = new LogTail()
  tail.note(rows(0, 4))
  tail.note(rows(6, 8))
  expect(tail.from(0, 4)).toEqual([])
  expect(tail.from(6, 8)).toEqual(rows(6, 8))
})

test('it remembers the last 65,536 rows at least, and not for ever more', () => {
  const tail = new LogTail()
  for (let from = 0; from < 140_000; from += 1000) tail.note(rows(from, from + 1000))
  expect(tail.from(140_000 - 65_536, 140_000)).toHaveLength(65_536)
  expect(tail.from(0, 10)).toEqual([])
})
