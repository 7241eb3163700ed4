import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { LogTail } from '../../runtime/audit/index.ts'
import { makeChange } from '../../runtime/change.ts'
import { entryOf } from '../../runtime/index.ts'
import type { Awaitable, Store, Transaction } from '../../runtime/store.ts'
import { createMemoryStore } from '../../storage/memory.ts'
import { hostAt, NOW } from './site.ts'

const ENTRY = entryOf({ kind: 'agent.create', agent: 'agt_1', actor: 'host', members: {} })

/** A store whose first run of each transaction is lost. */
function again(store: Store): Store {
  const lost = new Error('lost')
  return {
    ...store,
    async transaction<R>(project: string, work: (tx: Transaction) => Awaitable<R>): Promise<R> {
      await store
        .transaction(project, async (tx) => {
          await work(tx)
          throw lost
        })
        .catch((error: unknown) => {
          if (error !== lost) throw error
        })
      return store.transaction(project, work)
    },
  }
}

test('rows of a run that was lost are not remembered when the next one finds nothing left to do', async () => {
  const store = createMemoryStore()
  const tail = new LogTail()
  const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())
  const place = { host: hostAt(NOW), project: 'default', sha256, tail }
  await makeChange({ ...place, store }, (change) => change.record(ENTRY))
  expect(tail.postings(0, 1)).toHaveLength(1)
  let runs = 0
  await makeChange({ ...place, store: again(store) }, (change) => {
    if (runs++ === 0) change.record(ENTRY)
  })
  expect(runs).toBe(2)
  expect(tail.postings(0, 2)).toBe(undefined)
})
