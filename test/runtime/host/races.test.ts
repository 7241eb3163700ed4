/** I2: what is used never exceeds a cap, however many ask at once, from however many processes. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createKavach } from 'kavachos'
import { afterAll, beforeAll, expect, test } from 'vitest'

const CHILD = fileURLToPath(new URL('races-child.mjs', import.meta.url))
const REPEATS = Number(process.env.KAVACH_RACE_REPEATS ?? 3)

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kavach-races-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function open(name: string, options: object = {}) {
  return createKavach({ database: { provider: 'sqlite', url: join(folder, name) }, ...options })
}

function reader(name: string, constraints: object = {}) {
  return {
    userId: 'user-1',
    name,
    type: 'autonomous' as const,
    permissions: [{ resource: 'mcp:github:*', actions: ['read'], constraints }],
  }
}

test(`4 processes with 2,000 calls each against a cap of 5,000 are allowed exactly 5,000, ${REPEATS} times`, async () => {
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const name = `cap-${repeat}.db`
    const kavach = await open(name)
    const { id } = await kavach.agents.create(reader('capped', { maxCallsPerDay: 5000 }))
    const totals = await callFromProcesses(join(folder, name), id, 4, 2000)
    expect(totals).toEqual({ allowed: 5000, limited: 3000 })
    expect(await kavach.audit.verify()).toMatchObject({ isIntact: true })
    await kavach.close()
  }
}, 600_000)

test('200 calls at once against a limit of 5 are allowed 5 times', async () => {
  const kavach = await open('limit.db')
  const { id } = await kavach.agents.create(reader('limited', { maxCallsPerHour: 5 }))
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) => kavach.authorize(id, { action: 'read', resource: `mcp:github:r${i}` })),
  )
  expect(answers.filter(({ allowed }) => allowed)).toHaveLength(5)
  expect(answers.filter(({ code }) => code === 'KVCH_E_RATE_AGENT_EXCEEDED')).toHaveLength(195)
  await kavach.close()
})

test('30 agents created at once for a user who may have 10 become 10', async () => {
  const kavach = await open('owners.db', { agents: { maxPerUser: 10 } })
  const made = await Promise.allSettled(
    Array.from({ length: 30 }, (_, i) => kavach.agents.create(reader(`agent-${i}`))),
  )
  expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
  const codes = made.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
  expect(new Set(codes)).toEqual(new Set(['KVCH_E_AGENT_LIMIT_EXCEEDED']))
  await kavach.close()
})

test('10 rotations at once leave one token that is valid', async () => {
  const kavach = await open('rotations.db')
  const { id, token } = await kavach.agents.create(reader('rotated'))
  const rotated = await Promise.all(Array.from({ length: 10 }, () => kavach.agents.rotate(id)))
  const tokens = [token, ...rotated.map((one) => one.token)]
  const answers = await Promise.all(
    tokens.map((one) => kavach.authorizeByToken(one, { action: 'read', resource: 'mcp:github:x' })),
  )
  expect(answers.filter(({ allowed }) => allowed)).toHaveLength(1)
  await kavach.close()
})

async function callFromProcesses(file: string, agentId: string, processes: number, calls: number) {
  const children = Array.from({ length: processes }, () => fork(CHILD, [file, agentId, String(calls)]))
  await Promise.all(children.map((child) => once(child, 'message')))
  const answers = children.map((child) => once(child, 'message'))
  const exits = children.map((child) => once(child, 'exit'))
  for (const child of children) child.send('go')
  const counts = await Promise.all(answers)
  await Promise.all(exits)
  return counts.reduce((sum, [one]) => ({ allowed: sum.allowed + one.allowed, limited: sum.limited + one.limited }), {
    allowed: 0,
    limited: 0,
  })
}
