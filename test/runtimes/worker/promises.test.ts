import { afterAll, describe, test } from 'vitest'
import { openD1Store } from '../../../storage/d1/index.ts'
import { STORE_PROMISES } from '../../../storage/promises.ts'
import { startDatabases } from './d1.ts'

const databases = startDatabases()
afterAll(() => databases.stop())

describe('D1', () => {
  test.each(STORE_PROMISES)('%s', (_, keep) =>
    keep(async () => {
      const store = openD1Store({ binding: await databases.take(), deadlineMs: 10_000 })
      await store.migrate()
      return store
    }),
  )
})
