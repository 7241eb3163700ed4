/** What an engine holds while it decides and is swapped many times; `test/runtimes/swap` has the full counts on every runtime. */
import { expect, test } from 'vitest'
import { expectSteady, type Way } from '../../runtimes/swap/steady.ts'

const WAYS: readonly [Way, number][] = [
  ['decide', 100_000],
  ['requests', 10_000],
  ['reload', 1000],
  ['slices', 1000],
  ['instances', 200],
]

test.each(WAYS)('an engine holds no more after it did this many times: %s', async (way, count) => {
  const { decisions } = await expectSteady([process.execPath, '--expose-gc'], way, count)
  expect(decisions).toBeGreaterThan(0)
})
