import { expect, test } from 'vitest'
import { patiently } from '../../../storage/sqlite/patience.ts'
import { hostAt, NOW } from '../../runtime/site.ts'

const busy = new Error('busy')
const isRetried = (error: unknown) => error === busy

/** A host whose time passes only while somebody sleeps, and which remembers for how long. */
function sleeper() {
  const slept: number[] = []
  let elapsed = 0
  const sleep = async (ms: number) => {
    slept.push(ms)
    elapsed += ms
  }
  return { host: { ...hostAt(NOW), elapsed: () => elapsed, sleep }, slept }
}

test('what succeeds at once waits for nothing', async () => {
  const { host, slept } = sleeper()
  expect(await patiently({ host, deadlineMs: 100, isRetried }, 0, () => 'done')).toBe('done')
  expect(slept).toEqual([])
})

test('waits grow to 16 ms, never march in step, and end with half of the deadline', async () => {
  const { host, slept } = sleeper()
  const attempt = () => {
    throw busy
  }
  await expect(patiently({ host, deadlineMs: 400, isRetried }, 0, attempt)).rejects.toBe(busy)
  const total = slept.reduce((sum, ms) => sum + ms, 0)
  expect(total).toBeGreaterThanOrEqual(200)
  expect(total).toBeLessThan(216)
  expect(slept.slice(0, 4).map((ms, at) => ms >= 2 ** at && ms <= 2 ** (at + 1))).toEqual([true, true, true, true])
  expect(new Set(slept.slice(4)).size).toBeGreaterThan(5)
  expect(Math.max(...slept)).toBeLessThanOrEqual(16)
})

test('what does not go away is thrown at once', async () => {
  const { host, slept } = sleeper()
  const other = new Error('other')
  const attempt = () => {
    throw other
  }
  await expect(patiently({ host, deadlineMs: 400, isRetried }, 0, attempt)).rejects.toBe(other)
  expect(slept).toEqual([])
})
