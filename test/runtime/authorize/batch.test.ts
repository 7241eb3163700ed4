import { expect, test } from 'vitest'
import { Batches, MAX_BATCH } from '../../../runtime/authorize/batch.ts'
import { createHost } from '../../../runtime/host.ts'

const HOST = createHost()

test('what is asked at once is run together, in order', async () => {
  const runs: number[][] = []
  const batches = new Batches<number>(HOST, async (jobs) => {
    runs.push([...jobs])
  })
  for (let i = 0; i < 5; i++) batches.add(i)
  await batches.idle()
  expect(runs).toEqual([[0, 1, 2, 3, 4]])
})

test('what is asked while a batch runs waits for the next one', async () => {
  const runs: number[][] = []
  const gates: (() => void)[] = []
  const batches = new Batches<number>(HOST, (jobs) => {
    runs.push([...jobs])
    return new Promise((open) => gates.push(open))
  })
  batches.add(1)
  await new Promise(setImmediate)
  batches.add(2)
  batches.add(3)
  await new Promise(setImmediate)
  expect(runs).toEqual([[1]])
  gates[0]?.()
  await new Promise(setImmediate)
  expect(runs).toEqual([[1], [2, 3]])
  gates[1]?.()
  await batches.idle()
})

test('a batch has a limit', async () => {
  const sizes: number[] = []
  const batches = new Batches<number>(HOST, async (jobs) => {
    sizes.push(jobs.length)
  })
  for (let i = 0; i < 2 * MAX_BATCH + 1; i++) batches.add(i)
  await batches.idle()
  expect(sizes).toEqual([MAX_BATCH, MAX_BATCH, 1])
})

test('callers that ask again when they are answered are together again', async () => {
  const sizes: number[] = []
  const batches = new Batches<() => void>(HOST, async (jobs) => {
    sizes.push(jobs.length)
    for (const answer of jobs) answer()
  })
  const ask = () => new Promise<void>((resolve) => batches.add(resolve))
  const wrapped = async () => {
    await ask()
  }
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let call = 0; call < 4; call++) await wrapped()
    }),
  )
  expect(sizes).toEqual([8, 8, 8, 8])
})

test('callers that never stop asking let timers have their turn', async () => {
  let isOver = false
  const batches = new Batches<() => void>(HOST, async (jobs) => {
    for (const answer of jobs) answer()
  })
  setTimeout(() => {
    isOver = true
  }, 20)
  while (!isOver) await new Promise<void>((resolve) => batches.add(resolve))
  expect(isOver).toBe(true)
})
