/** The same faults have the same codes whatever the runtime: files that are gone, replaced, held, damaged, and disks that are full. */
import { expect, test } from 'vitest'
import { FAULTS } from './faults.mjs'
import { ask, RUNTIMES } from './runtimes.ts'

test.each(RUNTIMES)('on $name every fault is what it is elsewhere', async (runtime) => {
  expect(await ask(runtime, 'faults')).toEqual(Object.fromEntries(FAULTS.map(([name]) => [name, 'kept'])))
})
