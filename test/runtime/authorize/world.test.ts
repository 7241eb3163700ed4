import { expect, test } from 'vitest'
import { World } from '../../../runtime/authorize/world.ts'
import type { Row } from '../../../runtime/tables.ts'
import { createMemoryStore } from '../../../storage/index.ts'
import { NOW, siteOf, type TestSite } from '../site.ts'
import { slowly } from '../slow-store.ts'

const HOUR = 3_600_000

const STORES = [
  ['that answers at once', createMemoryStore],
  ['that has to be waited for', () => slowly(createMemoryStore())],
] as const

for (const [what, open] of STORES) {
  test(`with a store ${what}, one live delegation behind 2,500 dead ones counts`, async () => {
    const site = siteOf({ store: open() })
    const dead = Array.from({ length: 2500 }, (_, i) =>
      delegation(i, i % 2 === 0 ? { revokedAt: NOW - HOUR } : { expiresAt: NOW }),
    )
    const live = delegation(2500, { expiresAt: NOW + HOUR })
    await addAgent(site, [...dead, live])
    expect(await incomingNow(site, new World(() => undefined))).toEqual([live])
  })

  test(`with a store ${what}, a remembered delegation counts until it ends, and the others go on`, async () => {
    const site = siteOf({ store: open() })
    const [short, long] = [delegation(0, { expiresAt: NOW + HOUR }), delegation(1)]
    await addAgent(site, [short, long])
    const forgotten: string[] = []
    const world = new World(({ row }) => void forgotten.push(row.id))
    site.host.setNow(NOW + HOUR - 1)
    expect(await incomingNow(site, world)).toEqual([short, long])
    expect(await incomingNow(site, world)).toEqual([short, long])
    expect(forgotten).toEqual([])
    site.host.setNow(NOW + HOUR)
    expect(await incomingNow(site, world)).toEqual([long])
    expect(await incomingNow(site, world)).toEqual([long])
    // The engine has to ask for the records of the agent again.
    expect(forgotten).toEqual(['agt_1'])
  })
}

test('what a transaction still reads that was given up on is not remembered, whether the next one has begun or not', async () => {
  const [before, now] = [siteOf({ store: slowly(createMemoryStore()) }), siteOf({ store: slowly(createMemoryStore()) })]
  await addAgent(before)
  await before.change((change) => change.put('tokens', [TOKEN]))
  await addAgent(now, [], { status: 'revoked' })
  const world = new World(() => undefined)
  await before.change(async (late) => {
    await world.sync(late)
    const reading = world.agent(late, 'agt_1')
    world.clear()
    // Whoever waits is answered, and nobody else.
    expect((await reading)?.row.status).toBe('active')
    expect(world.peek('agt_1')).toBeUndefined()
    await now.change(async (change) => {
      await world.sync(change)
      expect(await world.token(late, TOKEN.hash)).toEqual(TOKEN)
      expect(world.peek('agt_1')).toBeUndefined()
      expect(await world.token(change, TOKEN.hash)).toBeUndefined()
      expect((await world.agent(change, 'agt_1'))?.row.status).toBe('revoked')
    })
  })
})

test('a token is forgotten with its agent, also when others waited for the agent at the same time', async () => {
  const site = siteOf({ store: slowly(createMemoryStore()) })
  await addAgent(site)
  await site.change((change) => change.put('tokens', [TOKEN]))
  const world = new World(() => undefined)
  await site.change(async (change) => {
    await world.sync(change)
    const token = world.token(change, TOKEN.hash)
    const others: unknown[] = []
    for (let turn = 0; turn < 20; turn++) {
      others.push(world.agent(change, 'agt_1'))
      await undefined
    }
    expect(await token).toEqual(TOKEN)
    expect(new Set(await Promise.all(others))).toEqual(new Set([world.peek('agt_1')]))
  })
  await site.change((change) => change.remove('tokens', { hash: TOKEN.hash }))
  await addAgent(site)
  await site.change(async (change) => {
    await world.sync(change)
    expect(await world.token(change, TOKEN.hash)).toBeUndefined()
  })
})

/** What counts of what ends in the agent, as the next transaction has it. */
function incomingNow(site: TestSite, world: World) {
  return site.change(async (change) => {
    await world.sync(change)
    return (await world.agent(change, 'agt_1'))?.incoming
  })
}

async function addAgent(
  site: TestSite,
  delegations: readonly Row<'delegations'>[] = [],
  more: Partial<Row<'agents'>> = {},
): Promise<void> {
  await site.change(async (change) => {
    await change.put('agents', [{ ...AGENT, ...more, version: change.epoch() }])
    await change.put('delegations', delegations)
  })
}

function delegation(number: number, more: Partial<Row<'delegations'>> = {}): Row<'delegations'> {
  return {
    id: `dlg_${String(number).padStart(5, '0')}`,
    from: 'agt_0',
    to: 'agt_1',
    origin: 'runtime',
    permissions: '[]',
    depth: 0,
    expiresAt: null,
    createdAt: NOW - 2 * HOUR,
    revokedAt: null,
    through: null,
    named: null,
    ...more,
  }
}

const AGENT: Row<'agents'> = {
  id: 'agt_1',
  name: 'agt_1',
  owner: 'ann',
  type: 'delegated',
  origin: 'runtime',
  status: 'active',
  statusReason: null,
  permissions: '[]',
  constraints: null,
  record: null,
  expiresAt: null,
  tokenTtlMs: null,
  metadata: null,
  createdAt: NOW,
  updatedAt: NOW,
  version: 0,
}

const TOKEN: Row<'tokens'> = { hash: 'a0', agent: 'agt_1', issuedAt: NOW, expiresAt: null }
