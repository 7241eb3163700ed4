/** Hosts that live for one request: what timers do elsewhere waits for `maintain`, and nothing is kept for later. */
import { createHash } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { createKavachOn } from '../../open-kavach.ts'
import { hashingOf, type Store } from '../../runtime/index.ts'
import { createSourceRates } from '../../runtime/mcp/source-rates.ts'
import { createMemoryStore } from '../../storage/memory.ts'
import { openPlace } from './mcp/place.ts'

async function openBrief(store: Store, { isBrief = true, onRequest = () => {} } = {}) {
  const warnings: string[] = []
  const open = createKavachOn({
    openStore: async () => store,
    createHashing: () => hashingOf((bytes) => createHash('sha256').update(bytes).digest()),
    isProduction: () => true,
    isBrief,
  })
  const warn = (message: string) => void warnings.push(message)
  const kavach = await open({ database: store, secret: 's'.repeat(32), approvals: { onRequest }, warn })
  onTestFinished(() => kavach.close())
  return { kavach, warnings }
}

/** An approval is asked for; gives how often anybody was told, a moment later. */
async function askForApproval(isBrief: boolean) {
  let told = 0
  const { kavach } = await openBrief(createMemoryStore(), { isBrief, onRequest: () => void told++ })
  const { agent } = await kavach.agents.create({
    ownerId: 'ann',
    name: 'deployer',
    type: 'autonomous',
    permissions: [{ resource: 'doc:**', actions: ['write'], constraints: { requireApproval: true } }],
  })
  await kavach.authorize(agent.id, { action: 'write', resource: 'doc:1' })
  await new Promise((resolve) => setTimeout(resolve, 100))
  return { kavach, told: () => told }
}

test('messages are sent by maintain, and by no request', async () => {
  const lasting = await askForApproval(false)
  expect(lasting.told()).toBe(1)
  const brief = await askForApproval(true)
  expect(brief.told()).toBe(0)
  await brief.kavach.maintain()
  expect(brief.told()).toBe(1)
})

test('more messages than are claimed at once are sent by one maintain', async () => {
  let told = 0
  const { kavach } = await openBrief(createMemoryStore(), { onRequest: () => void told++ })
  const { agent } = await kavach.agents.create({
    ownerId: 'ann',
    name: 'deployer',
    type: 'autonomous',
    permissions: [{ resource: 'doc:**', actions: ['write'], constraints: { requireApproval: true } }],
  })
  for (let at = 0; at < 40; at++) await kavach.authorize(agent.id, { action: 'write', resource: `doc:${at}` })
  await kavach.maintain()
  expect(told).toBe(40)
})

test('the memory, which would be another one for each request, is warned about', async () => {
  const { warnings } = await openBrief(createMemoryStore())
  expect(warnings.filter((warning) => warning.includes('one request'))).toHaveLength(1)
})

test('a source has all of its requests, though each comes to a host of its own', async () => {
  const first = await openPlace({ options: { ratePerMinute: 30 } })
  let admitted = 0
  for (let at = 0; at < 40; at++) {
    const place = await openPlace({ options: { ratePerMinute: 30 }, store: first.store, host: first.host })
    const { take } = createSourceRates({ ...place, site: { ...place.site, isBrief: true } })
    if ((await take('token', '192.0.2.1')) === undefined) admitted++
  }
  expect(admitted).toBe(30)
})
