/** Servers that requests are made up for. Whoever adds endpoints adds a subject, with a good request for each of them. */
import { serveNode } from '../../runtime/adapters/node/index.ts'
import { createHttpApi } from '../../runtime/http/index.ts'
import { createHost, hashingOf, KEY_SCOPES, openHost } from '../../runtime/index.ts'
import { createMemoryStore } from '../../storage/index.ts'
import { policyImage } from '../fixtures/policy-image.ts'
import { sha256 } from '../runtime/site.ts'
import type { Exchanged } from './http-exchange.ts'
import { openGuardSubject, openOAuthSubject } from './http-oauth-subjects.ts'
import type { HttpSeed } from './http-request.ts'

export interface HttpSubject {
  readonly port: number
  readonly seeds: readonly HttpSeed[]
  /** Why an answer is none that the server may give, or nothing. */
  readonly faultOf: (answer: Exchanged) => string | undefined
  readonly close: () => Promise<void>
}

export const SUBJECTS: { readonly [name: string]: () => Promise<HttpSubject> } = {
  api: openApiSubject,
  oauth: openOAuthSubject,
  guard: openGuardSubject,
}

/** The HTTP API. */
async function openApiSubject(): Promise<HttpSubject> {
  const opened = await openHost(
    {
      warn: () => undefined,
      anomaly: { consecutiveDenials: false },
      approvals: { authenticate: (credential) => (credential === 'bo' ? { id: 'bo' } : undefined) },
    },
    { host: createHost(), store: createMemoryStore(), hashing: hashingOf(sha256), isProduction: false },
  )
  const { kavach } = opened
  const api = createHttpApi(opened)
  const { port, close } = await serveNode(api.fetch, { host: '127.0.0.1', port: 0 })
  const { key } = await kavach.keys.create({ name: 'all', scopes: KEY_SCOPES })
  const agentOf = (name: string, constraints?: object) =>
    kavach.agents.create({
      ownerId: 'ann',
      name,
      type: 'service',
      permissions: [{ resource: 'doc:**', actions: ['read'], ...(constraints && { constraints }) }],
    })
  const reader = await agentOf('reader')
  const careful = await agentOf('careful', { requireApproval: true })
  const lender = await agentOf('lender')
  const lent = await kavach.agents.create({ ownerId: 'ann', name: 'lent', type: 'delegated' })
  const permissions = [{ resource: 'doc:1', actions: ['read'] }]
  const delegation = await kavach.delegate({ fromAgent: lender.id, toAgent: lent.id, permissions })
  const { approvalId = '' } = await kavach.authorize(careful.id, { action: 'read', resource: 'doc:1' })
  await kavach.approvals.deny(approvalId, { credential: 'bo' })
  const { auditId } = await kavach.authorize(reader.id, { action: 'read', resource: 'doc:1' })
  const authorization = ['authorization', `Bearer ${key}`] as const
  const JSON_TYPE = ['content-type', 'application/json'] as const
  const get = (name: string, target: string, isRepeatable = true): HttpSeed => {
    return { name, method: 'GET', target, headers: [authorization], isRepeatable }
  }
  const send = (name: string, target: string, json: object, more: Partial<HttpSeed> = {}): HttpSeed => {
    const headers = [authorization, JSON_TYPE, ['accept', '*/*']] as const
    return {
      name,
      method: 'POST',
      target,
      headers,
      body: JSON.stringify(json),
      type: 'json',
      isRepeatable: true,
      ...more,
    }
  }
  const asAgent = (token: string) => ({ headers: [['authorization', `Bearer ${token}`], JSON_TYPE] as const })
  const agent = {
    ownerId: 'bo',
    name: 'made',
    type: 'autonomous',
    permissions,
    metadata: { team: 'a', tags: ['x', 'y'] },
  }
  const image = policyImage('boundary runtime { allow * on ** may delegate depth 5 }', { name: 'fuzz', generation: 1 })
  const policyOf = (name: string, target: string): HttpSeed => ({
    name,
    method: 'POST',
    target,
    headers: [authorization, ['content-type', 'application/octet-stream']],
    body: image,
    type: 'bytes',
  })
  const ask = { action: 'read', resource: 'doc:1', args: { path: '/a', list: [1, { b: null }] } }
  return {
    port,
    faultOf,
    seeds: [
      send('authorize by token', '/v1/authorize', ask, asAgent(reader.token)),
      send('authorize by key', '/v1/authorize', { agentId: reader.id, ...ask, ip: '10.0.0.1', cost: 0.25 }),
      send('authorize through', '/v1/authorize', { agentId: lent.id, ...ask, via: [lender.id] }),
      send('authorize what waits', '/v1/authorize', ask, asAgent(careful.token)),
      send(
        'complete',
        `/v1/decisions/${auditId}/complete`,
        { outcome: 'success', costUsd: 0.1, note: 'a' },
        { isRepeatable: false },
      ),
      send('create agent', '/v1/agents', agent),
      send(
        'update agent',
        `/v1/agents/${careful.id}`,
        { name: 'careful', metadata: { a: 1 } },
        { method: 'PATCH', isRepeatable: false },
      ),
      send('rotate', `/v1/agents/${careful.id}/rotate`, { graceSeconds: 86_400 }, { isRepeatable: false }),
      send('suspend', `/v1/agents/${lent.id}/suspend`, { reason: 'odd' }, { isRepeatable: false }),
      send('suspend all', '/v1/agents/suspend-all', { owner: 'nobody', reason: 'odd' }),
      get('get agent', `/v1/agents/${reader.id}`),
      get('list agents', '/v1/agents?limit=1&type=service&ownerId=ann'),
      get('trust', `/v1/agents/${lent.id}/trust`, false),
      get('chains', `/v1/agents/${lent.id}/chains`, false),
      get('effective permissions', `/v1/agents/${lender.id}/effective-permissions`, false),
      send(
        'delegate by key',
        '/v1/delegations',
        { fromAgent: lender.id, toAgent: reader.id, permissions, maxDepth: 1 },
        { isRepeatable: false },
      ),
      send(
        'delegate by token',
        '/v1/delegations',
        { toAgent: lent.id, permissions },
        { ...asAgent(lender.token), isRepeatable: false },
      ),
      get('get delegation', `/v1/delegations/${delegation.id}`, false),
      get('list delegations', `/v1/delegations?fromAgent=${lender.id}&limit=1&isLive=true`, false),
      get('list approvals', '/v1/approvals?status=denied&limit=10'),
      get('get approval', `/v1/approvals/${approvalId}`),
      get('wait', `/v1/approvals/${approvalId}/wait?timeoutMs=0`),
      send(
        'approve',
        `/v1/approvals/${approvalId}/approve`,
        { note: 'a' },
        { headers: [authorization, JSON_TYPE, ['x-kavach-approver', 'bo']] },
      ),
      get('query audit', '/v1/audit?limit=1&order=asc&kind=decision,complete'),
      get('audit row', `/v1/audit/${auditId}`),
      get('export', '/v1/audit/export?format=csv&until=2026-01-01T00:00:00Z'),
      get('usage', '/v1/usage?until=2026-01-01T00:00:00Z'),
      send('verify', '/v1/audit/verify', { checkpoints: [], keys: [] }, { isRepeatable: false }),
      get('policy', '/v1/policies/current', false),
      policyOf('reload', '/v1/policies/reload'),
      policyOf('stage', '/v1/policies/stage?percent=10&agents=x'),
      { ...get('end shadow', '/v1/policies/shadow'), method: 'DELETE' },
      { name: 'health', method: 'GET', target: '/health', headers: [], isRepeatable: true },
      { name: 'openapi', method: 'GET', target: '/openapi.json', headers: [], isRepeatable: true },
    ],
    async close() {
      await close(0)
      await kavach.close()
    },
  }
}

/** Errors have the envelope, and every answer its headers. Node itself refuses what is no HTTP, without a word. */
function faultOf({ status, headers, body }: Exchanged): string | undefined {
  if (headers['x-request-id'] === undefined) {
    // A path of nobody: those of the API have an id. HEAD is answered without the text.
    if (status === 404 && body.includes('there is nothing at this path')) return undefined
    return body === '' && [0, 400, 404, 408, 413, 431].includes(status) ? undefined : 'it has no request id'
  }
  if (status >= 500 && status !== 503) return 'it is no failure of the host'
  if (status === 503 && headers['retry-after'] === undefined) return 'it does not say when to come again'
  if (headers['cache-control'] !== 'no-store' || headers['x-content-type-options'] !== 'nosniff')
    return 'it lacks headers'
  if (status < 400 || body === '') return undefined
  const { error } = JSON.parse(body)
  const isEnvelope =
    /^KVCH_E_\w+$/.test(error.code) && error.request_id === headers['x-request-id'] && error.docs_url !== ''
  return isEnvelope ? undefined : 'its error has no envelope'
}
