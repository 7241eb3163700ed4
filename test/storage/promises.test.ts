import { describe, test } from 'vitest'
import { STORE_PROMISES } from '../../storage/promises.ts'
import { STORES } from './stores.ts'

describe.each(STORES)('%s', (_, open) => {
  test.each(STORE_PROMISES)('%s', (_, keep) => keep(open))
})
