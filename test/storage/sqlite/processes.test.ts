import { once } from 'node:events'
import { expect, test } from 'vitest'
import { connectTo, freshFile, openStoreAt, startChild } from './files.ts'

const PROCESSES = 4
const COUNT = 500

test('four processes that boot at once and count on one file lose no count, and none is left behind', async () => {
  const path = freshFile()
  const children = await Promise.all(
    Array.from({ length: PROCESSES }, () => startChild('count-child.mjs', [path, String(COUNT)])),
  )
  const reports = children.map(async (child) => {
    const [{ longestMs }] = await once(child, 'message')
    return longestMs
  })
  for (const child of children) child.send('go')
  const longest = await Promise.all(reports)
  const store = await openStoreAt(path)
  const meter = await store.read('default', (reader) => reader.get('meters', { key: 'k', windowStart: 0 }))
  expect(meter?.used).toBe(PROCESSES * COUNT)
  // Half of the deadline is what a transaction may wait; none came near it.
  expect(longest.filter((ms) => ms > 5000)).toEqual([])
  expect(connectTo(path).pragma('integrity_check', { simple: true })).toBe('ok')
}, 180_000)
