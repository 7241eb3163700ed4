/** What every store promises, of SQLite on other runtimes. */
import { describe, expect, test } from 'vitest'
import { STORE_PROMISES } from '../../../storage/promises.ts'
import { ask, OTHERS } from './runtimes.ts'

const ALL_KEPT = Object.fromEntries(STORE_PROMISES.map(([name]) => [name, 'kept']))

describe.each(OTHERS)('on $name', (runtime) => {
  test.each([
    ['a file', 'file'],
    ['a database in memory', 'memory'],
    ['a database that the application has opened', 'given'],
  ])('%s keeps every promise of a store', async (_, how) => {
    expect(await ask(runtime, 'promises', how)).toEqual(ALL_KEPT)
  })
})
