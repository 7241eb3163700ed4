/** Every route does what it says, and its answers are what the document says of them. */
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { API_ROUTES } from '../../../runtime/http/index.ts'
import { policyImage } from '../../fixtures/policy-image.ts'
import { type Answer, type ApiHost, type ApiHostParts, type Asked, openApi, READ } from './api-host.ts'

const visited = new Set<string>()

/** Asks, and holds the answer against the schema of the route. */
async function visit(
  api: ApiHost,
  id: string,
  params: Readonly<Record<string, string>>,
  asked: Asked & { query?: string } = {},
) {
  const route = API_ROUTES.find((one) => one.id === id)
  if (route === undefined) throw new Error(`there is no operation ${id}`)
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
  const answer = await api.ask(route.method, path + (asked.query ?? ''), asked)
  expect([id, answer.status, answer.body]).toEqual([id, route.status ?? 200, answer.body])
  if (route.answer instanceof z.ZodType) {
    const { success, error } = route.answer.safeParse(answer.body)
    expect([id, success, error?.issues ?? []]).toEqual([id, true, []])
  } else expect(route.answer.mediaTypes).toContain(answer.headers['content-type'])
  visited.add(id)
  return answer
}

/** The member of a body. */
function member(answer: Answer, name: string): string {
  const value = Object.entries(answer.body as object).find(([key]) => key === name)?.[1]
  if (typeof value !== 'string') throw new Error(`${name} is no text in ${JSON.stringify(answer.body)}`)
  return value
}

async function openWith(parts: ApiHostParts = {}) {
  const api = await openApi(parts)
  return { api, as: await api.key('decide', 'agents', 'delegate', 'approve', 'audit', 'policy') }
}

const STAMP = '2026-04-01T12:00:00.000Z'

describe('agents', () => {
  test('are made, found, changed and ended', async () => {
    const { api, as } = await openWith()
    const permissions = [{ resource: 'doc:**', actions: ['read'], constraints: { maxCallsPerDay: 5 } }]
    const json = { ownerId: 'ann', name: 'bot', type: 'service', permissions, metadata: { team: ['a', null] } }
    const made = await visit(api, 'createAgent', {}, { as, json })
    const { agent, token } = made.body as { agent: { id: string }; token: string }
    const { id } = agent
    const view = {
      id,
      name: 'bot',
      ownerId: 'ann',
      userId: 'ann',
      type: 'service',
      origin: 'runtime',
      status: 'active',
      permissions,
      expiresAt: null,
      tokenExpirySeconds: null,
      metadata: { team: ['a', null] },
      createdAt: STAMP,
      updatedAt: STAMP,
    }
    expect(made.body).toEqual({ agent: view, token: expect.stringMatching(/^kv_\w{49}$/), tokenExpiresAt: null })
    expect((await visit(api, 'getAgent', { agentId: id }, { as })).body).toEqual(view)
    expect((await visit(api, 'listAgents', {}, { as, query: '?ownerId=ann&status=active' })).body).toEqual({
      agents: [view],
    })
    const changes = { name: 'robot', metadata: null }
    const { metadata: _, ...rest } = view
    const changed = { ...rest, name: 'robot' }
    expect((await visit(api, 'updateAgent', { agentId: id }, { as, json: changes })).body).toEqual(changed)
    const rotated = await visit(api, 'rotateToken', { agentId: id }, { as, json: { graceSeconds: 30 } })
    expect(rotated.body).toEqual({ agentId: id, token: expect.stringMatching(/^kv_/), expiresAt: null })
    expect((await api.kavach.authorizeByToken(token, READ)).allowed).toBe(true)
    const refreshed = await visit(api, 'refreshToken', { agentId: id }, { as })
    expect((await api.kavach.authorizeByToken(token, READ)).allowed).toBe(false)
    expect((await api.kavach.authorizeByToken(member(refreshed, 'token'), READ)).allowed).toBe(true)
    expect((await visit(api, 'suspendAgent', { agentId: id }, { as, json: { reason: 'odd' } })).body).toEqual({
      ...changed,
      status: 'suspended',
      statusReason: 'odd',
    })
    expect((await visit(api, 'unsuspendAgent', { agentId: id }, { as })).body).toEqual(changed)
    expect((await visit(api, 'suspendAllAgents', {}, { as, json: { owner: 'ann' } })).body).toEqual({ suspended: 1 })
    expect((await visit(api, 'revokeAgent', { agentId: id }, { as })).body).toEqual({
      ...changed,
      status: 'revoked',
      statusReason: 'no reason given',
      cascade: { revoked: [], affected: [] },
    })
    const actors = (await api.kavach.audit.query({ agentId: id })).filter(({ kind }) => kind !== 'decision')
    expect(new Set(actors.map(({ actor }) => actor))).toEqual(new Set([expect.stringMatching(/^key_/)]))
  })

  test('are listed a page at a time', async () => {
    const { api, as } = await openWith()
    const ids = [(await api.agent()).id, (await api.agent()).id, (await api.agent()).id]
    const first = await visit(api, 'listAgents', {}, { as, query: '?limit=2' })
    const second = await visit(api, 'listAgents', {}, { as, query: `?limit=2&cursor=${member(first, 'cursor')}` })
    const idsOf = ({ body }: Answer) => (body as { agents: { id: string }[] }).agents.map(({ id }) => id)
    expect([...idsOf(first), ...idsOf(second)]).toEqual(ids)
    expect(second.body).not.toHaveProperty('cursor')
  })

  test('of the policy have their token from here', async () => {
    const policy = policyImage('service agent bot { allow read on doc:** }')
    const { api, as } = await openWith({ options: { policy } })
    const issued = await visit(api, 'issueToken', { agentId: 'bot' }, { as })
    expect(issued.body).toEqual({ agentId: 'bot', token: expect.stringMatching(/^kv_/), expiresAt: null })
  })

  test('are trusted as the log says', async () => {
    const { api, as } = await openWith()
    const { id } = await api.agent()
    const { body } = await visit(api, 'getTrust', { agentId: id }, { as })
    expect(body).toEqual(JSON.parse(JSON.stringify(await api.kavach.trust.score(id))))
  })
})

test('delegations are made, found and taken back', async () => {
  const { api, as } = await openWith()
  const [giver, receiver] = [await api.agent(), await api.agent({ type: 'delegated' })]
  const permissions = [{ resource: 'doc:1', actions: ['read'] }]
  const json = { fromAgent: giver.id, toAgent: receiver.id, permissions, expiresAt: '2026-04-02T00:00:00Z' }
  const made = await visit(api, 'createDelegation', {}, { as, json })
  const delegationId = member(made, 'id')
  expect(made.body).toMatchObject({ fromAgent: giver.id, expiresAt: '2026-04-02T00:00:00.000Z', revokedAt: null })
  expect((await visit(api, 'getDelegation', { delegationId }, { as })).body).toEqual(made.body)
  expect((await visit(api, 'listDelegations', {}, { as, query: '?isLive=true' })).body).toEqual({
    delegations: [made.body],
  })
  expect((await visit(api, 'listChains', { agentId: receiver.id }, { as })).body).toEqual({
    chains: [
      {
        agents: [giver.id, receiver.id],
        delegations: [made.body],
        expiresAt: '2026-04-02T00:00:00.000Z',
        depthLeft: 0,
      },
    ],
  })
  expect((await visit(api, 'getEffectivePermissions', { agentId: receiver.id }, { as })).body).toEqual({ permissions })
  const revoked = await visit(api, 'revokeDelegation', { delegationId }, { as })
  expect(revoked.body).toEqual({ ...(made.body as object), revokedAt: STAMP })
  expect((await visit(api, 'listDelegations', {}, { as, query: '?isLive=true' })).body).toEqual({ delegations: [] })
})

describe('approvals', () => {
  const authenticate = (credential: unknown) => (credential === 'bo-secret' ? { id: 'bo' } : undefined)
  const permissions = [{ resource: 'doc:**', actions: ['read'], constraints: { requireApproval: true } }]
  const headers = { 'X-Kavach-Approver': 'bo-secret' }

  async function openWithRequest(options: ApiHostParts['options']) {
    const { api, as } = await openWith({ options })
    const { id, token } = await api.agent({ permissions })
    const asked = await visit(api, 'authorize', {}, { as: token, json: READ })
    expect(asked.body).toMatchObject({ allowed: false, reason: 'approval-required', agentId: id })
    return { api, as, token, approvalId: member(asked, 'approvalId') }
  }

  test('are given by a person whom the host authenticates', async () => {
    const { api, as, token, approvalId } = await openWithRequest({ approvals: { authenticate } })
    const pending = await visit(api, 'getApproval', { approvalId }, { as })
    expect(pending.body).toMatchObject({ id: approvalId, status: 'pending', votes: [] })
    const query = '?status=pending'
    expect((await visit(api, 'listApprovals', {}, { as, query })).body).toEqual({ approvals: [pending.body] })
    const waiting = visit(api, 'waitForApproval', { approvalId }, { as })
    const given = await visit(api, 'approve', { approvalId }, { as, headers, json: { note: 'once' } })
    expect(given.body).toMatchObject({
      status: 'approved',
      votes: [{ approver: 'bo', roles: [], at: STAMP }],
      note: 'once',
    })
    expect((await waiting).body).toEqual(given.body)
    expect((await visit(api, 'authorize', {}, { as: token, json: READ })).body).toMatchObject({ allowed: true })
  })

  test('are refused by such a person too', async () => {
    const { api, as, approvalId } = await openWithRequest({ approvals: { authenticate } })
    expect((await visit(api, 'deny', { approvalId }, { as, headers })).body).toMatchObject({ status: 'denied' })
  })

  test.each([
    ['without a credential', {}, 'the credential of the approver is missing: `X-Kavach-Approver`'],
    ['with a wrong one', { 'x-kavach-approver': 'x' }, 'the credential is of nobody who may decide'],
    ['with two', { 'x-kavach-approver': 'bo-secret, bo-secret' }, 'the credential is of nobody who may decide'],
  ])('are given by nobody %s', async (_, given, message) => {
    const { api, as, approvalId } = await openWithRequest({ approvals: { authenticate } })
    expect(await api.ask('POST', `/v1/approvals/${approvalId}/approve`, { as, headers: given })).toMatchObject({
      status: 403,
      body: { error: { code: 'KVCH_E_APPROVAL_FORBIDDEN', message } },
    })
    expect(await api.kavach.approvals.get(approvalId)).toMatchObject({ status: 'pending' })
  })

  test('are given by nobody where nobody can be authenticated', async () => {
    const { api, as, approvalId } = await openWithRequest({})
    expect(await api.ask('POST', `/v1/approvals/${approvalId}/approve`, { as, headers })).toMatchObject({
      status: 403,
      body: {
        error: {
          code: 'KVCH_E_APPROVAL_FORBIDDEN',
          message: 'nobody can be authenticated as an approver here: the option `approvals.authenticate` is not set',
        },
      },
    })
    const claimed = await api.ask('POST', `/v1/approvals/${approvalId}/approve`, {
      as,
      headers,
      json: { approver: 'bo' },
    })
    // Who somebody claims to be is nothing that is looked at.
    expect(claimed).toMatchObject({ status: 403, body: { error: { code: 'KVCH_E_APPROVAL_FORBIDDEN' } } })
  })

  test('that nobody gives in time are 408', async () => {
    const { api, as, approvalId } = await openWithRequest({})
    expect(await api.ask('GET', `/v1/approvals/${approvalId}/wait?timeoutMs=0`, { as })).toMatchObject({
      status: 408,
      body: { error: { code: 'KVCH_E_APPROVAL_TIMEOUT', details: { approvalId } } },
    })
  })

  test('are waited for no longer than the caller does', async () => {
    const { api, as, approvalId } = await openWithRequest({})
    const leaving = new AbortController()
    const waiting = api.send('GET', `/v1/approvals/${approvalId}/wait`, { as, signal: leaving.signal })
    leaving.abort()
    await waiting
    expect(api.warnings.filter((warning) => warning.includes('failed'))).toEqual([])
  })
})

test('a call is completed once', async () => {
  const { api, as } = await openWith()
  const { token } = await api.agent()
  const decided = await visit(api, 'authorize', {}, { as: token, json: READ })
  const auditId = member(decided, 'auditId')
  const json = { outcome: 'success', costUsd: 0.5 }
  expect((await visit(api, 'complete', { auditId }, { as, json })).body).toMatchObject({ costUsd: 0.5, isLate: false })
  expect(await api.ask('POST', `/v1/decisions/${auditId}/complete`, { as, json })).toMatchObject({
    status: 409,
    body: { error: { code: 'KVCH_E_RESERVATION_CLOSED' } },
  })
})

describe('the log', () => {
  test('is read a page at a time, proved, verified and counted', async () => {
    const { api, as } = await openWith()
    const { id, token } = await api.agent()
    for (const action of ['read', 'write', 'read']) await api.kavach.authorizeByToken(token, { ...READ, action })
    const first = await visit(api, 'queryAudit', {}, { as, query: `?agentId=${id}&kind=decision,complete&limit=2` })
    const query = `?agentId=${id}&kind=decision&limit=2&cursor=${member(first, 'cursor')}`
    const second = await visit(api, 'queryAudit', {}, { as, query })
    const idsOf = ({ body }: Answer) => (body as { rows: { auditId: string }[] }).rows.map(({ auditId }) => auditId)
    const [auditId = ''] = idsOf(first)
    expect([idsOf(first), idsOf(second), second.body]).toEqual([
      ['aud_5', 'aud_4'],
      ['aud_3'],
      { rows: expect.any(Array) },
    ])
    expect((await visit(api, 'getAuditRow', { auditId }, { as })).body).toMatchObject({ auditId, verdict: 'allow' })
    const proof = await visit(api, 'proveAuditRow', { auditId }, { as })
    expect(proof.body).toEqual(JSON.parse(JSON.stringify(await api.kavach.audit.prove(auditId))))
    expect((await visit(api, 'verifyAudit', {}, { as })).body).toMatchObject({ isIntact: true, size: 6 })
    expect(
      (await visit(api, 'countUsage', {}, { as, query: `?agentId=${id}&since=2026-04-01T12:00:00Z` })).body,
    ).toEqual({
      calls: 3,
      allowed: 2,
      denied: 1,
      throttled: 0,
    })
  })

  test.each(['json', 'csv', 'jsonl', 'ocsf', 'cef'] as const)('is exported as %s', async (format) => {
    const { api, as } = await openWith()
    await api.agent()
    const { body } = await visit(api, 'exportAudit', {}, { as, query: `?format=${format}` })
    const text = await api.kavach.audit.export({ format })
    expect(body).toEqual(format === 'json' ? JSON.parse(text) : text)
  })

  test('is exported with proofs, and not with a filter beside them', async () => {
    const { api, as } = await openWith()
    const { body } = await visit(api, 'exportAudit', {}, { as, query: '?format=jsonl&proofs=true' })
    expect(body).toBe(await api.kavach.audit.export({ format: 'jsonl', proofs: true }))
    expect(await api.ask('GET', '/v1/audit/export?format=csv&proofs=true', { as })).toMatchObject({
      status: 400,
      body: { error: { code: 'KVCH_E_REQUEST_INVALID', message: 'proofs: there are proofs with `jsonl` only' } },
    })
  })

  test('that was changed says so when it is asked', async () => {
    const { api, as } = await openWith()
    await api.agent()
    await api.site.change(async (change) => {
      const [row] = await change.find('audit', 'key', { limit: 1 })
      if (row !== undefined) await change.put('audit', [{ ...row, body: '{}' }])
    })
    expect((await visit(api, 'verifyAudit', {}, { as })).body).toMatchObject({ isIntact: false })
    expect(await api.ask('GET', '/v1/audit/aud_99/proof', { as })).toMatchObject({
      status: 404,
      body: { error: { code: 'KVCH_E_AUDIT_NOT_FOUND' } },
    })
  })
})

test('policies are enforced, shadowed and staged by their bytes', async () => {
  const { api, as } = await openWith()
  const policyOf = (generation: number) =>
    policyImage('service agent bot { allow read on doc:** }', { name: 'acme', generation })
  const headers = { 'content-type': 'application/octet-stream' }
  const send = (id: string, generation: number, query = '') =>
    visit(api, id, {}, { as, headers, query, body: new Uint8Array(policyOf(generation)) })
  const loaded = await send('reloadPolicy', 2)
  expect(loaded.body).toMatchObject({ name: 'acme', generation: 2 })
  expect((await visit(api, 'getPolicy', {}, { as })).body).toEqual(loaded.body)
  expect((await send('shadowPolicy', 3)).body).toMatchObject({ policy: { generation: 3 } })
  expect((await visit(api, 'endShadow', {}, { as })).body).toEqual({ policy: null })
  expect((await send('stagePolicy', 4, '?percent=12.5&agents=bot,other')).body).toMatchObject({
    policy: { generation: 4 },
  })
  expect((await visit(api, 'endStage', {}, { as })).body).toEqual({ policy: null })
  const body = new Uint8Array(policyOf(1))
  expect(await api.ask('POST', '/v1/policies/reload', { as, headers, body })).toMatchObject({
    status: 409,
    body: { error: { code: 'KVCH_E_POLICY_OUTDATED', details: { generation: 1, enforced: 2 } } },
  })
  expect(await api.ask('POST', '/v1/policies/reload', { as, headers, body: 'policy text' })).toMatchObject({
    status: 400,
    body: { error: { code: 'KVCH_E_POLICY_INVALID' } },
  })
  expect(await api.ask('POST', '/v1/policies/reload', { as, json: {} })).toMatchObject({
    status: 415,
    body: { error: { message: 'the content type must be application/wasm or application/octet-stream' } },
  })
})

test('the host says that it is there, and that it can decide', async () => {
  const { api } = await openWith()
  expect((await visit(api, 'getHealth', {})).body).toEqual({ status: 'alive' })
  expect((await visit(api, 'getReadiness', {})).body).toEqual({ status: 'ready' })
  await visit(api, 'getOpenApi', {})
  await api.kavach.close()
  expect((await visit(api, 'getHealth', {})).body).toEqual({ status: 'alive' })
  expect(await api.ask('GET', '/ready')).toMatchObject({
    status: 503,
    headers: { 'retry-after': '1' },
    body: { error: { code: 'KVCH_E_STORE_CLOSED', retryAfter: 1 } },
  })
})

afterAll(() => {
  // A run of one test alone visits few.
  if (visited.size > 20) expect([...visited].sort()).toEqual(API_ROUTES.map(({ id }) => id).sort())
})
