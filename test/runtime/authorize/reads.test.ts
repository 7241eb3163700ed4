import { expect, test } from 'vitest'
import { Reads, Suspension } from '../../../runtime/authorize/reads.ts'

test('an answer that is there is given at once, and asked for anew each time', () => {
  const reads = new Reads()
  let asked = 0
  for (let turn = 1; turn <= 2; turn++) {
    reads.restart()
    expect(reads.read(() => ++asked)).toBe(turn)
  }
})

test('an answer that has to be waited for suspends, and is there when it is asked again', async () => {
  const reads = new Reads()
  const work = () => {
    reads.restart()
    const first = reads.read(() => Promise.resolve(1))
    const second = reads.read(() => 10)
    return first + second + reads.read(() => Promise.resolve(100))
  }
  let suspensions = 0
  for (;;) {
    try {
      expect(work()).toBe(111)
      break
    } catch (error) {
      if (!(error instanceof Suspension)) throw error
      suspensions++
      await error.ready
    }
  }
  expect(suspensions).toBe(2)
})

test('a read that failed throws when it is asked again', async () => {
  const reads = new Reads()
  const read = () => {
    reads.restart()
    return reads.read(() => Promise.reject(new Error('gone')))
  }
  const suspension = attempt(read)
  if (!(suspension instanceof Suspension)) throw suspension
  await suspension.ready
  expect(attempt(read)).toEqual(new Error('gone'))
})

function attempt(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}
