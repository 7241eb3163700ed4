/** Decisions over a store that runs its work more than once, as one does that finds somebody else was faster. */
import { expect, test } from 'vitest'
import { createKavach } from '../../../index.ts'
import type { Awaitable, Store, Transaction } from '../../../runtime/store.ts'
import { createMemoryStore } from '../../../storage/index.ts'

/** What the first run of each transaction wrote is undone, and the work is run again. */
function again(store: Store): Store {
  const undone = new Error('run it again')
  return {
    ...store,
    async transaction<R>(project: string, work: (tx: Transaction) => Awaitable<R>): Promise<R> {
      let isFirst = true
      const first = store.transaction(project, async (tx) => {
        await work(tx)
        isFirst = false
        throw undone
      })
      await first.catch((error: unknown) => {
        if (isFirst) throw error
      })
      return store.transaction(project, work)
    },
  }
}

async function open(database: Store) {
  const kavach = await createKavach({ database, warn: () => undefined })
  const { agent, token } = await kavach.agents.create({
    ownerId: 'ann',
    name: 'reader',
    type: 'autonomous',
    permissions: [{ resource: 'doc:**', actions: ['read'] }],
    constraints: { maxCallsPerDay: 5 },
  })
  return { kavach, agent, token }
}

const READ = { action: 'read', resource: 'doc:1' }

test('take each call once', async () => {
  const { kavach, agent } = await open(again(createMemoryStore()))
  const results = []
  for (let call = 0; call < 4; call++) results.push((await kavach.authorize(agent.id, READ)).allowed)
  results.push(
    ...(await Promise.all([1, 2, 3].map(() => kavach.authorize(agent.id, READ)))).map(({ allowed }) => allowed),
  )
  expect(results).toEqual([true, true, true, true, true, false, false])
  expect(await kavach.audit.verify()).toMatchObject({ isIntact: true, size: 9 })
})

test('count denials in a row, and failed authentications, once', async () => {
  const rowsOver = async (store: Store) => {
    const { kavach, agent, token } = await open(store)
    for (let call = 0; call < 49; call++) await kavach.authorize(agent.id, { action: 'delete', resource: 'doc:1' })
    const active = (await kavach.agents.get(agent.id)).status
    await kavach.authorize(agent.id, { action: 'delete', resource: 'doc:1' })
    const suspended = (await kavach.agents.get(agent.id)).status
    const before = (await kavach.audit.verify()).size
    for (let call = 0; call < 70; call++) await kavach.authorizeByToken(`${token}x`, READ)
    return { active, suspended, failures: (await kavach.audit.verify()).size - before }
  }
  expect(await rowsOver(again(createMemoryStore()))).toEqual({ active: 'active', suspended: 'suspended', failures: 60 })
  expect(await rowsOver(createMemoryStore())).toEqual({ active: 'active', suspended: 'suspended', failures: 60 })
})
