import { describe, expect, test } from 'vitest'
import { emitAgentRecord } from '../../../compiler/emit/index.ts'
import { createPermissionReader, jsonPlace } from '../../../compiler/model/index.ts'
import { createDecisionEntry, entryOf } from '../../../runtime/audit/index.ts'
import { createAuthorizer } from '../../../runtime/authorize/index.ts'
import { hashingOf } from '../../../runtime/hashing.ts'
import { createLevels, openReservation } from '../../../runtime/limits/index.ts'
import type { HostOptions } from '../../../runtime/options.ts'
import { createPolicies } from '../../../runtime/policy/index.ts'
import type { Site } from '../../../runtime/site.ts'
import type { Store } from '../../../runtime/store.ts'
import type { Row } from '../../../runtime/tables.ts'
import { checkToken, hashToken } from '../../../runtime/tokens/index.ts'
import { ulid } from '../../../runtime/ulid.ts'
import { createMemoryStore } from '../../../storage/index.ts'
import { NOW, siteOf } from '../site.ts'
import { slowly } from '../slow-store.ts'

const READ = { action: 'read', resource: 'mcp:github:repos' }

function setUp({ store = createMemoryStore(), options = {} }: { store?: Store; options?: HostOptions } = {}) {
  const site = siteOf({ store, options })
  const { host, sha256 } = site
  const policies = createPolicies({
    change: site.change,
    declare: () => undefined,
    record: () => undefined,
    rest: async () => undefined,
    warn: site.warn,
  })
  const authorizer = createAuthorizer(site, {
    policies,
    levels: createLevels(site.settings.limits),
    pathsTo: () => [],
    delegationRecord: () => new Uint8Array(0),
    granted: () => undefined,
    trustOf: () => 1,
    elapsed: host.elapsed,
    decisionEntry: createDecisionEntry({ hex: hashingOf(sha256).hex, allowedArgs: new Set() }),
    reservationMs: 600_000,
    openReservation,
    useApproval: () => undefined,
    requestApproval: () => ({ id: 'apr_1' }),
    consecutiveDenials: site.settings.consecutiveDenials,
    anomalyEntry: (agent, denials) => entryOf({ kind: 'anomaly', agent, actor: 'host', members: { denials } }),
    failuresEntry: ({ source, count }) =>
      entryOf({ kind: 'auth.failures', actor: 'host', personal: { source }, members: { count } }),
    requestId: () => `req_${ulid(host, host.now())}`,
    hashOfToken: (token) => (typeof token === 'string' && checkToken(token) ? hashToken(token, sha256) : ''),
    digestOf: (text) => hashToken(text, sha256),
  })
  return { site, ...authorizer }
}

async function addAgent(site: Site, id: string, constraints: object = {}, more: Partial<Row<'agents'>> = {}) {
  const permissions = [{ resource: 'mcp:github:*', actions: ['read'], constraints }]
  const grants = createPermissionReader().read(jsonPlace(permissions), { kind: 'runtime agent', name: id })
  const record = emitAgentRecord({ name: id, type: 'autonomous', owner: 'ann', grants })
  await site.change(async (change) => {
    const row: Row<'agents'> = {
      id,
      name: id,
      owner: 'ann',
      type: 'autonomous',
      origin: 'runtime',
      status: 'active',
      statusReason: null,
      permissions: JSON.stringify(permissions),
      constraints: null,
      record,
      expiresAt: null,
      tokenTtlMs: null,
      metadata: null,
      createdAt: NOW,
      updatedAt: NOW,
      version: change.epoch(),
      ...more,
    }
    await change.put('agents', [row])
  })
}

const STORES = [
  ['that answers at once', createMemoryStore],
  ['that has to be waited for', () => slowly(createMemoryStore())],
] as const

for (const [what, open] of STORES) {
  describe(`with a store ${what}`, () => {
    test('what is granted is allowed and recorded, and what is not is denied and recorded', async () => {
      const { site, authorize } = setUp({ store: open() })
      await addAgent(site, 'agt_1')
      const allowed = await authorize('agt_1', READ)
      expect(allowed).toMatchObject({
        allowed: true,
        reason: 'allowed',
        verdict: 'allow',
        auditId: 'aud_0',
        agentId: 'agt_1',
      })
      const denied = await authorize('agt_1', { ...READ, action: 'write' })
      expect(denied).toMatchObject({
        allowed: false,
        reason: 'no-grant',
        code: 'KVCH_E_AGENT_PERMISSION_DENIED',
        message: 'This agent may not do this.',
        auditId: 'aud_1',
      })
      expect((await site.log()).map(({ kind, result, reason }) => [kind, result, reason])).toEqual([
        ['decision', 'allowed', 'allowed'],
        ['decision', 'denied', 'no-grant'],
      ])
    })

    test('200 calls at once against a limit of 5 are allowed 5 times, and denials take nothing', async () => {
      const { site, authorize } = setUp({ store: open() })
      await addAgent(site, 'agt_1', { maxCallsPerHour: 5 })
      const answers = await Promise.all(Array.from({ length: 200 }, () => authorize('agt_1', READ)))
      expect(answers.map(({ allowed }) => allowed)).toEqual(Array.from({ length: 200 }, (_, i) => i < 5))
      expect(answers[5]).toMatchObject({ verdict: 'limited', code: 'KVCH_E_RATE_AGENT_EXCEEDED', retryAfter: 3600 })
      const meters = await site.read((reader) => reader.find('meters', 'key'))
      expect(meters.map(({ used }) => used)).toEqual([5])
    })

    test('an unknown agent, a revoked one, an expired one and no agent at all are denied, and have rows', async () => {
      const { site, authorize } = setUp({ store: open() })
      await addAgent(site, 'agt_1', {}, { status: 'revoked' })
      await addAgent(site, 'agt_2', {}, { expiresAt: NOW })
      await addAgent(site, 'agt_3', {}, { status: 'suspended' })
      const ids = ['agt_0', 'agt_1', 'agt_2', 'agt_3', '', undefined]
      const answers = await Promise.all(ids.map((id) => authorize(id as string, READ)))
      expect(answers.map(({ reason }) => reason)).toEqual([
        'agent-unknown',
        'agent-revoked',
        'agent-expired',
        'agent-suspended',
        'invalid-request',
        'invalid-request',
      ])
      expect(await site.log()).toHaveLength(6)
    })

    test('a request with a member that is not known, or that is none, is denied: a misspelt cost would be charged to nobody', async () => {
      const { site, authorize } = setUp({ store: open() })
      await addAgent(site, 'agt_1')
      const requests = ['{ "action": "read", "resource": "mcp:github:repos", "costs": 5 }', '{}', 'null', '"read"']
      const answers = await Promise.all(requests.map((json) => authorize('agt_1', JSON.parse(json))))
      expect(answers.map(({ allowed, reason, code }) => [allowed, reason, code])).toEqual(
        requests.map(() => [false, 'invalid-request', 'KVCH_E_REQUEST_INVALID']),
      )
      expect(await site.log()).toHaveLength(4)
    })

    test('money is reserved, and no more than there is', async () => {
      const { site, authorize } = setUp({ store: open() })
      await addAgent(site, 'agt_1', { budgetUsdPerDay: 1 })
      const answers = await Promise.all(Array.from({ length: 8 }, () => authorize('agt_1', { ...READ, cost: 0.3 })))
      expect(answers.filter(({ allowed }) => allowed)).toHaveLength(3)
      expect(answers[7]).toMatchObject({ code: 'KVCH_E_RATE_BUDGET_EXCEEDED' })
      const reservations = await site.read((reader) => reader.find('reservations', 'key'))
      expect(reservations.map(({ seq, state }) => [seq, state])).toEqual([
        [0, 'open'],
        [1, 'open'],
        [2, 'open'],
      ])
    })

    test('50 denials in a row suspend an agent, and an allowed call begins the row anew', async () => {
      const { site, authorize } = setUp({ store: open() })
      await addAgent(site, 'agt_1')
      const write = { ...READ, action: 'write' }
      for (let i = 0; i < 49; i++) await authorize('agt_1', write)
      expect(await authorize('agt_1', READ)).toMatchObject({ allowed: true })
      for (let i = 0; i < 49; i++) expect(await authorize('agt_1', write)).toMatchObject({ reason: 'no-grant' })
      expect(await authorize('agt_1', READ)).toMatchObject({ allowed: true })
      const answers = await Promise.all(Array.from({ length: 50 }, () => authorize('agt_1', write)))
      expect(answers.filter(({ reason }) => reason === 'no-grant')).toHaveLength(50)
      const code = 'KVCH_E_AGENT_SUSPENDED'
      expect(await authorize('agt_1', READ)).toMatchObject({ allowed: false, reason: 'agent-suspended', code })
      expect((await site.log()).filter(({ kind }) => kind === 'anomaly')).toMatchObject([
        { agent: 'agt_1', denials: 50 },
      ])
    })

    test('denials in a row count wherever they happen', async () => {
      const store = open()
      const here = setUp({ store, options: { anomaly: { consecutiveDenials: 6 } } })
      const there = setUp({ store, options: { anomaly: { consecutiveDenials: 6 } } })
      await addAgent(here.site, 'agt_1')
      const write = { ...READ, action: 'write' }
      for (const ask of [here, there, here, there, here]) await ask.authorize('agt_1', write)
      expect(await there.authorize('agt_1', READ)).toMatchObject({ allowed: true })
      for (const ask of [there, here, there, here, there]) {
        expect(await ask.authorize('agt_1', write)).toMatchObject({ reason: 'no-grant' })
      }
      expect(await here.authorize('agt_1', write)).toMatchObject({ reason: 'no-grant' })
      expect(await there.authorize('agt_1', READ)).toMatchObject({ reason: 'agent-suspended' })
    })

    test('a change by another process is seen by the next decision', async () => {
      const store = open()
      const here = setUp({ store })
      const there = setUp({ store })
      await addAgent(here.site, 'agt_1')
      expect(await there.authorize('agt_1', READ)).toMatchObject({ allowed: true })
      await addAgent(here.site, 'agt_1', {}, { status: 'revoked' })
      expect(await there.authorize('agt_1', READ)).toMatchObject({ reason: 'agent-revoked' })
    })

    test('a retry under the same key has the same answer and is charged once', async () => {
      const { site, authorize } = setUp({ store: open() })
      await addAgent(site, 'agt_1', { maxCallsPerHour: 5 })
      const once = { ...READ, idempotencyKey: 'k1' }
      const first = await authorize('agt_1', once)
      expect(await authorize('agt_1', once)).toEqual(first)
      expect(await authorize('agt_1', { ...once, resource: 'mcp:github:issues' })).toMatchObject({
        allowed: false,
        code: 'KVCH_E_REQUEST_CONFLICT',
      })
      const meters = await site.read((reader) => reader.find('meters', 'key'))
      expect(meters.map(({ used }) => used)).toEqual([1])
    })

    test('limits of a project count the calls of all agents, and refusals take nothing', async () => {
      const { site, authorize } = setUp({ store: open(), options: { limits: { projectPerMinute: 3 } } })
      await addAgent(site, 'agt_1')
      await addAgent(site, 'agt_2')
      const answers = await Promise.all(['agt_1', 'agt_2', 'agt_1', 'agt_2'].map((id) => authorize(id, READ)))
      expect(answers.map(({ allowed }) => allowed)).toEqual([true, true, true, false])
      expect(answers[3]).toMatchObject({ code: 'KVCH_E_RATE_PROJECT_EXCEEDED', verdict: 'limited', retryAfter: 60 })
    })

    test('requests that are no requests are denied, and harm nobody beside them', async () => {
      const { site, authorize } = setUp({ store: open() })
      await addAgent(site, 'agt_1')
      const poison = {
        ...READ,
        get args(): never {
          throw new Error('boom')
        },
      }
      const strange: unknown[] = [
        null,
        7,
        {},
        { action: 'read' },
        { action: 1, resource: 2 },
        { ...READ, resource: 'a*' },
        poison,
      ]
      const answers = await Promise.all([...strange, READ].map((request) => authorize('agt_1', request as typeof READ)))
      expect(answers.map(({ allowed }) => allowed)).toEqual([...strange.map(() => false), true])
    })

    test('a bad token is denied, and 60 of them in a minute have rows', async () => {
      const { site, authorizeByToken, recordFailures } = setUp({ store: open() })
      const answers = await Promise.all(Array.from({ length: 70 }, () => authorizeByToken('kv_nonsense', READ)))
      expect(answers[0]).toMatchObject({ allowed: false, reason: 'token-invalid', code: 'KVCH_E_AGENT_TOKEN_INVALID' })
      expect(answers.filter(({ auditId }) => auditId !== undefined)).toHaveLength(60)
      await site.host.advance(60_000)
      await recordFailures()
      const log = await site.log()
      expect(log.filter(({ kind }) => kind === 'decision')).toHaveLength(60)
      expect(log.at(-1)).toMatchObject({ kind: 'auth.failures', count: 10 })
    })

    test('after it was closed everything is denied', async () => {
      const { site, authorize, close } = setUp({ store: open() })
      await addAgent(site, 'agt_1')
      const before = authorize('agt_1', READ)
      await close()
      expect(await before).toMatchObject({ allowed: true })
      expect(await authorize('agt_1', READ)).toMatchObject({ allowed: false, code: 'KVCH_E_STORE_CLOSED' })
    })
  })
}
