import { expect, test } from 'vitest'
import { runTasks } from '../../runtime/maintenance.ts'
import { DAY, makeAgent, openHost, START, setClock } from './host/hosts.ts'

test('`maintain` does once what is done from time to time: what is over is closed, with a row', async () => {
  setClock(START)
  const kavach = await openHost()
  const { agent } = await makeAgent(kavach, {
    permissions: [{ resource: 'doc:**', actions: ['read'], constraints: { requireApproval: true } }],
  })
  await kavach.authorize(agent.id, { action: 'read', resource: 'doc:1' })
  const kinds = async () => (await kavach.audit.query({ agentId: agent.id })).map(({ kind }) => kind)
  await kavach.maintain()
  expect(await kinds()).not.toContain('approval.expire')
  setClock(START + 3 * DAY)
  await kavach.maintain()
  expect((await kinds())[0]).toBe('approval.expire')
})

test('a task that fails is a warning, and the others run all the same', async () => {
  const warnings: string[] = []
  let runs = 0
  const failing = { name: 'failing', everyMs: 1, run: () => Promise.reject(new Error('no luck')) }
  const counting = { name: 'counting', everyMs: 1, run: async () => void runs++ }
  await runTasks([failing, counting], (message) => warnings.push(message))
  expect({ runs, warnings }).toEqual({ runs: 1, warnings: ['failing failed, and will be tried again: no luck'] })
})
