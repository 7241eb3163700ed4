import { describe, expect, test } from 'vitest'
import { entryOf } from '../../../runtime/audit/index.ts'
import { after } from '../../../runtime/awaitable.ts'
import type { Json } from '../../../runtime/site.ts'
import type { Reader } from '../../../runtime/store.ts'
import { createTrust, type FactorName, type Trust } from '../../../runtime/trust/index.ts'
import { agentRow } from '../approvals/site.ts'
import { NOW, siteOf, type TestSite } from '../site.ts'

const DAY = 86_400_000
const AGENT = 'agt_1'

const rowsOf = (reader: Reader, agentId: string, limit: number) =>
  after(reader.find('audit', 'key', { isReversed: true }), (rows) =>
    rows.filter(({ agent }) => agent === agentId).slice(0, limit),
  )

/** A row of the log, as often as is said. */
interface Logged {
  readonly kind: string
  readonly result?: 'allowed' | 'denied'
  readonly members?: { readonly [member: string]: Json }
  readonly times?: number
}

const allowed = (times: number): Logged => ({ kind: 'decision', result: 'allowed', times })
const denied = (reason: string, times = 1): Logged => ({
  kind: 'decision',
  result: 'denied',
  members: { reason },
  times,
})

async function agentWith(rows: readonly Logged[], createdAt = NOW): Promise<TestSite> {
  const site = siteOf()
  await site.change(async (change) => {
    await change.put('agents', [{ ...agentRow(AGENT, 'user-1'), createdAt }])
    for (const { kind, result, members = {}, times = 1 } of rows) {
      for (let i = 0; i < times; i++) change.record(entryOf({ kind, agent: AGENT, actor: 'host', result, members }))
    }
  })
  return site
}

async function factorsOf(site: TestSite): Promise<Readonly<Record<string, number>>> {
  const { factors } = await createTrust(site, { rowsOf }).score(AGENT)
  return Object.fromEntries(factors.map(({ name, value }) => [name, value]))
}

const NEW: { readonly [F in FactorName]: number } = {
  age: 0,
  volume: 0,
  compliance: 0.5,
  authentication: 1,
  pace: 0.5,
  thrift: 1,
  approvals: 0.5,
  reliability: 0.5,
  stability: 1,
}

describe('a factor is what the log says', () => {
  test.each<[string, readonly Logged[], Partial<typeof NEW>]>([
    ['nothing', [], {}],
    ['calls that were allowed', [allowed(30)], { volume: 0.3, compliance: 1, pace: 1 }],
    ['more of them than count', [allowed(300)], { volume: 1, compliance: 1, pace: 1 }],
    ['calls for what it may not do', [allowed(30), denied('no-grant', 10)], { volume: 0.3, compliance: 0.75, pace: 1 }],
    ['nothing else than those', [denied('forbidden')], { compliance: 0 }],
    ['calls that came too fast', [allowed(1), denied('rate-limited', 2)], { volume: 0.01, compliance: 1, pace: 0.333 }],
    ['too little trust, which is not counted', [denied('trust-too-low', 50)], {}],
    ['limits that others used up, which are not counted', [denied('project-rate-limited', 50)], {}],
    ['tokens that were too old', [denied('token-expired', 3)], { authentication: 0.7 }],
    ['more of those than count', [denied('token-expired', 20)], { authentication: 0 }],
    ['budgets that were used up', [denied('budget-exhausted', 2)], { thrift: 0.6 }],
    [
      'calls that did cost more than was reserved',
      [{ kind: 'anomaly', members: { anomaly: 'budget-overrun' } }],
      { thrift: 0.8, stability: 0 },
    ],
    ['an anomaly', [{ kind: 'anomaly', members: { anomaly: 'consecutive-denials' } }], { stability: 0 }],
    [
      'approvals, of which only the last vote counts',
      [
        { kind: 'approval.approve', members: { status: 'pending' } },
        { kind: 'approval.approve', members: { status: 'approved' }, times: 3 },
        { kind: 'approval.deny' },
      ],
      { approvals: 0.75 },
    ],
    [
      'how calls ended',
      [
        { kind: 'complete', members: { outcome: 'success' }, times: 4 },
        { kind: 'complete', members: { outcome: 'failure' } },
      ],
      { reliability: 0.8 },
    ],
  ])('of %s', async (_, rows, factors) => {
    expect(await factorsOf(await agentWith(rows))).toEqual({ ...NEW, ...factors })
  })

  test('and what time has passed since', async () => {
    const site = await agentWith([{ kind: 'anomaly', members: { anomaly: 'x' } }], NOW - 3 * DAY)
    site.host.setNow(NOW + 6 * DAY)
    expect(await factorsOf(site)).toEqual({ ...NEW, age: 0.3, stability: 0.2 })
    site.host.setNow(NOW + 60 * DAY)
    expect(await factorsOf(site)).toEqual({ ...NEW, age: 1 })
  })

  test('as far as its last 1,000 rows go', async () => {
    const site = await agentWith([denied('no-grant', 500), allowed(1000)])
    expect(await factorsOf(site)).toEqual({ ...NEW, volume: 1, compliance: 1, pace: 1 })
  })

  test('and rows without a body say what is left of them', async () => {
    const site = await agentWith([allowed(10), denied('no-grant', 10)])
    await site.change(async (change) => {
      for (const row of await change.find('audit', 'key')) await change.put('audit', [{ ...row, body: null }])
    })
    expect(await factorsOf(site)).toEqual({ ...NEW, volume: 0.1, compliance: 1, pace: 1 })
  })
})

describe('trust in a decision', () => {
  const trustIn = (site: TestSite, trust: Trust, agentId = AGENT) =>
    site.read((reader) => trust.trustOf(reader, agentId, site.host.now()))

  test('is a hundred of the score', async () => {
    const site = await agentWith([allowed(100)], NOW - 30 * DAY)
    const trust = createTrust(site, { rowsOf })
    expect([await trustIn(site, trust), (await trust.score(AGENT)).score]).toEqual([90, 0.9])
  })

  test('is there at once where the store answers at once, so that no decision waits for it', async () => {
    const site = await agentWith([])
    const trust = createTrust(site, { rowsOf })
    await site.read((reader) => {
      expect(trust.trustOf(reader, AGENT, NOW)).toBe(55)
    })
  })

  test('is at most 60 seconds old', async () => {
    const site = await agentWith([])
    const trust = createTrust(site, { rowsOf })
    expect(await trustIn(site, trust)).toBe(55)
    await site.change((change) =>
      change.record(
        entryOf({ kind: 'decision', agent: AGENT, actor: 'host', result: 'denied', members: { reason: 'no-grant' } }),
      ),
    )
    site.host.setNow(NOW + 59_999)
    expect(await trustIn(site, trust)).toBe(55)
    site.host.setNow(NOW + 60_000)
    expect(await trustIn(site, trust)).toBe(45)
  })

  test('is 0 for whom nobody knows, who has no score', async () => {
    const site = siteOf()
    const trust = createTrust(site, { rowsOf })
    expect(await trustIn(site, trust, 'agt_2')).toBe(0)
    await expect(trust.score('agt_2')).rejects.toMatchObject({ code: 'KVCH_E_AGENT_NOT_FOUND' })
  })
})
