import { expect, test } from 'vitest'
import { LogTail } from '../../../runtime/audit/index.ts'
import { postingOf } from '../../../runtime/audit/postings.ts'
import { beginsAt } from '../../../runtime/audit/tail.ts'
import { sha256 } from '../site.ts'

const row = (seq: number) => ({ seq, agent: seq % 3 === 0 ? null : `a${seq}` })
const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => row(from + i))
const postings = (from: number, to: number) => Float64Array.from(rows(from, to), postingOf)

test('rows that were noted one after the other are known', () => {
  const tail = new LogTail()
  expect(tail.postings(0, 1)).toBeUndefined()
  tail.note(rows(5, 8))
  tail.note([])
  tail.note(rows(8, 10))
  expect(tail.postings(6, 9)).toEqual(postings(6, 9))
  expect(tail.postings(5, 10)).toEqual(postings(5, 10))
  expect(tail.postings(4, 6)).toBeUndefined()
  expect(tail.postings(9, 11)).toBeUndefined()
})

test('rows of somebody else between them make it forget what was before', () => {
  const tail = new LogTail()
  tail.note(rows(0, 4))
  tail.note(rows(6, 8))
  expect(tail.postings(0, 4)).toBeUndefined()
  expect(tail.postings(6, 8)).toEqual(postings(6, 8))
})

test('it remembers the last 131,072 rows, and not for ever more', () => {
  const tail = new LogTail()
  for (let from = 0; from < 280_000; from += 1000) tail.note(rows(from, from + 1000))
  expect(tail.postings(280_000 - 131_072, 280_000)).toEqual(postings(280_000 - 131_072, 280_000))
  expect(tail.postings(0, 10)).toBeUndefined()
})

test('what was appended one upon the other is one run', () => {
  const tail = new LogTail()
  const first = appended(EMPTY, tail)
  const run = tail.runTo(first)
  const second = appended(first, tail)
  expect(run).toEqual({ from: EMPTY })
  expect(tail.runTo(second)).toBe(run)
  expect(tail.runTo(first)).toBeUndefined()
  expect([run && beginsAt(run, EMPTY), run && beginsAt(run, first)]).toEqual([true, false])
})

test('a head that somebody else wrote ends the run, as long as it may be', () => {
  const tail = new LogTail()
  const first = appended(EMPTY, tail)
  const run = tail.runTo(first)
  const other = { size: 1, frontier: new Uint8Array(32).fill(7) }
  expect(tail.runTo(other)).toBeUndefined()
  const next = appended(other, tail)
  expect(tail.runTo(next)).toEqual({ from: other })
  expect(tail.runTo(next)).not.toBe(run)
})

test('what was appended in vain is no part of a run', () => {
  const tail = new LogTail()
  const first = appended(EMPTY, tail)
  appended(first, tail)
  expect(tail.runTo(first)).toBeUndefined()
  const again = appended(first, tail)
  expect(tail.runTo(again)).toEqual({ from: first })
})

interface Head {
  readonly size: number
  readonly frontier: Uint8Array
}

const EMPTY: Head = { size: 0, frontier: new Uint8Array(0) }

/** The head behind one more row. */
function appended(head: Head, tail: LogTail): Head {
  const frontier = tail.frontierAt(head, sha256)
  frontier.append(new Uint8Array(32).fill(head.size + 1))
  return { size: frontier.size, frontier: frontier.toBytes() }
}
