/**
 * I1: no `allowed: true` leaves the process before its row is durably committed.
 *
 * `../crash.test.ts` kills processes and counts what they had acknowledged; `test/storage/sqlite/store.test.ts` says what SQLite is
 * told about its disk.
 */
import { expect, test } from 'vitest'
import { KavachError, type KavachOptions } from '../../../../index.ts'
import { createMemoryStore } from '../../../../storage/index.ts'
import { slowly } from '../../slow-store.ts'
import { connectionOf, freshFile, isAnswered, makeAgent, openFile, openHost, queryFile, READ } from '../hosts.ts'
import { faulty } from './stores.ts'

const STORES = [
  ['answers at once', createMemoryStore],
  ['has to be waited for', () => slowly(createMemoryStore())],
] as const

for (const [what, create] of STORES) {
  test(`50 allows of a store that ${what} wait for the commit that all of them share`, async () => {
    const { store, set, begun } = faulty(create())
    const kavach = await openHost({ database: store })
    const { id } = await makeAgent(kavach)
    set('holds')
    const before = begun()
    const answers = Promise.all(Array.from({ length: 50 }, () => kavach.authorize(id, READ)))
    expect(await isAnswered(answers)).toBe(false)
    set('fine')
    expect((await answers).map(({ allowed }) => allowed)).toEqual(Array.from({ length: 50 }, () => true))
    expect(begun() - before).toBe(1)
  })

  test(`a commit that fails in a store that ${what} gives no allow, and nothing was charged`, async () => {
    const { store, set } = faulty(create())
    const kavach = await openHost({ database: store })
    const { id, token } = await makeAgent(kavach, {
      permissions: [{ resource: 'doc:**', actions: ['read'], constraints: { maxCallsPerDay: 3, budgetUsdPerDay: 1 } }],
    })
    const rows = (await kavach.audit.query()).length
    const failures = [
      [new KavachError('KVCH_E_STORE_FULL'), 'KVCH_E_STORE_FULL'],
      [new KavachError('KVCH_E_STORE_CONFLICT'), 'KVCH_E_STORE_CONFLICT'],
      [new Error('a driver that says anything'), 'KVCH_E_POLICY_ENGINE'],
    ] as const
    for (const [error, code] of failures) {
      set(error)
      const answers = await Promise.all([
        ...Array.from({ length: 5 }, () => kavach.authorize(id, { ...READ, cost: 0.25 })),
        kavach.authorizeByToken(token, READ),
        kavach.agents.authorize({ token, ...READ }),
      ])
      expect(answers.map((answer) => [answer.allowed, answer.code, answer.auditId])).toEqual(
        answers.map(() => [false, code, undefined]),
      )
      set('fine')
    }
    expect(await kavach.audit.query()).toHaveLength(rows)
    const answers = []
    for (let call = 0; call < 4; call++) answers.push((await kavach.authorize(id, { ...READ, cost: 0.25 })).reason)
    expect(answers).toEqual(['allowed', 'allowed', 'allowed', 'rate-limited'])
  })
}

test('the work of `agents.call` and of a guarded tool is not begun before the commit, nor after one that failed', async () => {
  const { store, set } = faulty(createMemoryStore())
  const kavach = await openHost({ database: store })
  const { id } = await makeAgent(kavach)
  let calls = 0
  const run = (_: unknown) => calls++
  const tools = kavach.guard(id, { read: { ...READ, run } })
  set('holds')
  const calling = Promise.all([kavach.agents.call(id, READ, run), tools.read({})])
  expect([await isAnswered(calling), calls]).toEqual([false, 0])
  set('fine')
  await calling
  expect(calls).toBe(2)
  set(new KavachError('KVCH_E_STORE_FULL'))
  const failed = await Promise.allSettled([kavach.agents.call(id, READ, run), tools.read({})])
  set('fine')
  expect(failed.map((one) => one.status === 'rejected' && one.reason.code)).toEqual([
    'KVCH_E_STORE_FULL',
    'KVCH_E_STORE_FULL',
  ])
  expect(calls).toBe(2)
})

test('when an allow is there, another connection to the file sees its row', async () => {
  const file = freshFile()
  const kavach = await openFile(file)
  const { id } = await makeAgent(kavach)
  await Promise.all(
    Array.from({ length: 20 }, async (_, call) => {
      const { auditId } = await kavach.authorize(id, { ...READ, resource: `doc:${call}` })
      const seq = Number(auditId?.slice('aud_'.length))
      expect(queryFile(file, 'SELECT result FROM kavach_audit WHERE seq = ?', seq)).toEqual([{ result: 'allowed' }])
    }),
  )
})

test('a file is durable unless somebody says `process`', async () => {
  const synchronous = async (options: KavachOptions) =>
    connectionOf(await openFile(freshFile(), options)).pragma('synchronous', { simple: true })
  expect([await synchronous({}), await synchronous({ audit: 'process' })]).toEqual([2, 1])
})
