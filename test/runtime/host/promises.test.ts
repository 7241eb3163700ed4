/** What the documents and the design of the host promise, each as a claim, through `createKavach`. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type AuditRow,
  type AuthorizeResult,
  type Kavach,
  KavachError,
  type QueuedApproval,
  verifyWebhook,
} from '../../../index.ts'
import {
  DAY,
  errorOf,
  freshFile,
  HOUR,
  MINUTE,
  makeAgent,
  metersOf,
  openFile,
  openHost,
  READ,
  SECOND,
  START,
  setClock,
} from './hosts.ts'

const limited = (constraints: object) => ({ permissions: [{ resource: 'doc:**', actions: ['read'], constraints }] })

async function reasonsOf(kavach: Kavach, id: string, times: number, request: object = {}): Promise<readonly string[]> {
  const reasons: string[] = []
  for (let call = 0; call < times; call++) reasons.push((await kavach.authorize(id, { ...READ, ...request })).reason)
  return reasons
}

const times = <T>(count: number, value: T): readonly T[] => Array.from({ length: count }, () => value)

describe('a budget', () => {
  test('slows down at 80 %: six calls a minute, unless it says otherwise, which are allowed and say so', async () => {
    setClock(START + 15 * SECOND)
    const kavach = await openHost()
    const { id } = await makeAgent(kavach, limited({ budgetUsdPerDay: 1 }))
    expect(await reasonsOf(kavach, id, 8, { cost: 0.1 })).toEqual(times(8, 'allowed'))
    const cheap = { ...READ, cost: 0.001 }
    expect(await kavach.authorize(id, cheap)).toMatchObject({ allowed: true, verdict: 'throttle', throttled: true })
    expect(await reasonsOf(kavach, id, 5, { cost: 0.001 })).toEqual(times(5, 'throttled'))
    expect(await kavach.authorize(id, cheap)).toMatchObject({
      allowed: false,
      verdict: 'limited',
      reason: 'rate-limited',
      code: 'KVCH_E_RATE_AGENT_EXCEEDED',
      retryAfter: 45,
    })
    setClock(START + MINUTE)
    expect(await reasonsOf(kavach, id, 7, { cost: 0.001 })).toEqual([...times(6, 'throttled'), 'rate-limited'])
  })

  test('slows down to `throttlePerMinute` where that is stated', async () => {
    setClock(START)
    const kavach = await openHost()
    const { id } = await makeAgent(kavach, limited({ budgetUsdPerDay: 1, throttlePerMinute: 2 }))
    await reasonsOf(kavach, id, 8, { cost: 0.1 })
    expect(await reasonsOf(kavach, id, 3)).toEqual(['throttled', 'throttled', 'rate-limited'])
  })

  test.each([
    ['in a month of 30 days', START, (30 * DAY - 12 * HOUR) / SECOND],
    ['in a month of 31 days', Date.UTC(2026, 11, 31, 23, 59, 30), 30],
    ['in February of a leap year', Date.UTC(2028, 1, 28), (2 * DAY) / SECOND],
  ])('of a month tells when the next month of UTC begins, %s', async (_, now, retryAfter) => {
    setClock(now)
    const kavach = await openHost()
    const { id } = await makeAgent(kavach, limited({ budgetUsdPerMonth: 1 }))
    await kavach.authorize(id, { ...READ, cost: 1 })
    expect(await kavach.authorize(id, { ...READ, cost: 0.1 })).toMatchObject({
      code: 'KVCH_E_RATE_BUDGET_EXCEEDED',
      retryAfter,
    })
    setClock(now + retryAfter * SECOND - 1)
    expect((await kavach.authorize(id, { ...READ, cost: 0.1 })).allowed).toBe(false)
    setClock(now + retryAfter * SECOND)
    expect((await kavach.authorize(id, { ...READ, cost: 0.1 })).allowed).toBe(true)
  })

  test('has back what a call did not cost, and all of it after a failure', async () => {
    setClock(START)
    const file = freshFile()
    const kavach = await openFile(file)
    const { id } = await makeAgent(kavach, limited({ budgetUsdPerDay: 1 }))
    const one = await kavach.authorize(id, { ...READ, cost: 0.9 })
    const refused = await kavach.authorize(id, { ...READ, cost: 0.2 })
    expect([one.allowed, refused.code]).toEqual([true, 'KVCH_E_RATE_BUDGET_EXCEEDED'])
    expect(await kavach.complete(one.auditId ?? '', { outcome: 'success', costUsd: 0.1 })).toMatchObject({
      reservedUsd: 0.9,
      costUsd: 0.1,
      overrunUsd: 0,
      isLate: false,
    })
    const two = await kavach.authorize(id, { ...READ, cost: 0.6 })
    expect(await kavach.complete(two.auditId ?? '', { outcome: 'failure' })).toMatchObject({ costUsd: 0 })
    const used = Object.entries(metersOf(file)).filter(([key]) => key.includes('/day/'))
    expect(used.map(([, nanoUsd]) => nanoUsd)).toEqual([100_000_000])
  })

  test('that a call overruns is used up, and an anomaly says so', async () => {
    setClock(START)
    const kavach = await openHost()
    const { id } = await makeAgent(kavach, limited({ budgetUsdPerDay: 1 }))
    const { auditId = '' } = await kavach.authorize(id, { ...READ, cost: 0.1 })
    expect(await kavach.complete(auditId, { outcome: 'success', costUsd: 0.25 })).toMatchObject({ overrunUsd: 0.15 })
    expect((await kavach.authorize(id, READ)).code).toBe('KVCH_E_RATE_BUDGET_EXCEEDED')
    expect(await kavach.audit.query({ kind: 'anomaly' })).toMatchObject([
      { agent: id, anomaly: 'budget-overrun', decision: auditId, overrun_nano_usd: 150_000_000 },
    ])
  })
})

describe('windows', () => {
  test.each([
    ['minute', { maxCallsPerMinute: 1 }, START + 59 * SECOND, 1],
    ['hour', { maxCallsPerHour: 1 }, START + 59 * MINUTE, 60],
    ['day', { maxCallsPerDay: 1 }, START + 11 * HOUR, 3600],
  ])(
    'of a %s are those of UTC, and a refusal says in how many seconds the next one begins',
    async (_, constraints, now, retryAfter) => {
      setClock(now)
      const kavach = await openHost()
      const { id } = await makeAgent(kavach, limited(constraints))
      expect(await reasonsOf(kavach, id, 2)).toEqual(['allowed', 'rate-limited'])
      expect((await kavach.authorize(id, READ)).retryAfter).toBe(retryAfter)
      setClock(now + retryAfter * SECOND)
      expect(await reasonsOf(kavach, id, 2)).toEqual(['allowed', 'rate-limited'])
    },
  )

  test('never go back when the clock does', async () => {
    setClock(START)
    const kavach = await openHost()
    const { id } = await makeAgent(kavach, limited({ maxCallsPerMinute: 1 }))
    setClock(START + MINUTE)
    expect(await reasonsOf(kavach, id, 1)).toEqual(['allowed'])
    setClock(START)
    expect(await reasonsOf(kavach, id, 1)).toEqual(['rate-limited'])
  })
})

describe('requireApprovalFor', () => {
  const PERMISSIONS = [{ resource: '**', actions: ['*'] }]

  test.each([
    ['payments:write', 'write', 'payments', true],
    ['payments:write', 'write', 'payments:eu:1', true],
    ['payments:write', 'read', 'payments', false],
    ['payments:write', 'write', 'doc:1', false],
    ['mcp:github:delete', 'delete', 'mcp:github:repos', true],
    ['mcp:github:delete', 'delete', 'mcp:gitlab:repos', false],
    ['delete', 'delete', 'anything:at:all', true],
    ['delete', 'read', 'anything:at:all', false],
  ])('%s: %s on %s needs one: %s', async (entry, action, resource, isNeeded) => {
    const kavach = await openHost()
    const { id } = await makeAgent(kavach, { permissions: PERMISSIONS, constraints: { requireApprovalFor: [entry] } })
    expect((await kavach.authorize(id, { action, resource })).reason).toBe(isNeeded ? 'approval-required' : 'allowed')
  })
})

describe('an approval, from the request to its use', () => {
  interface Received {
    readonly headers: IncomingMessage['headers']
    readonly body: string
  }

  /** A server that fails at first, and what it received. */
  async function receiver() {
    const received: Received[] = []
    const server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      received.push({ headers: request.headers, body })
      response.writeHead(received.length === 1 ? 503 : 200).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const { port } = server.address() as AddressInfo // It listens to a port.
    return { url: `http://127.0.0.1:${port}/approvals`, received }
  }

  test('is told to the callback and, signed and once more after a failure, to the webhook; then it is good for one call', async () => {
    const { url, received } = await receiver()
    const called: { readonly id: string }[] = []
    const kavach = await openHost({
      approvals: { webhook: { url }, onRequest: (approval) => void called.push(approval) },
    })
    const { id } = await makeAgent(kavach, limited({ requireApproval: true }))
    const request = { ...READ, args: { amount: 5 } }
    const asked = await kavach.authorize(id, request)
    const { approvalId = '' } = asked
    expect(asked).toMatchObject({ allowed: false, verdict: 'approval', code: 'KVCH_E_APPROVAL_REQUIRED' })
    // The same request waits under the same approval, and is told once.
    expect((await kavach.authorize(id, request)).approvalId).toBe(approvalId)
    const waiting = await kavach.approvals.list({ status: 'pending' })
    expect(waiting.approvals).toMatchObject([
      { id: approvalId, agent: id, action: 'read', resource: 'doc:1', args: { amount: 5 } },
    ])

    await expect.poll(() => received.length, { timeout: 20_000 }).toBe(2)
    const [first, second] = received as [Received, Received]
    const secret = await kavach.webhookSecret()
    const verified = await verifyWebhook(secret, second)
    expect(verified.id).toBe((await verifyWebhook(secret, first)).id)
    expect(verified.payload).toMatchObject({
      type: 'approval.requested',
      data: { id: approvalId, args: { amount: 5 } },
    })
    const forged = { ...second, body: second.body.replace('doc:1', 'doc:2') }
    expect((await errorOf(verifyWebhook(secret, forged))).code).toBe('KVCH_E_REQUEST_INVALID')
    expect(called.map((one) => one.id)).toEqual([approvalId])

    const decided = kavach.approvals.wait(approvalId, { timeoutMs: 5000 })
    await kavach.approvals.approve(approvalId, { approver: 'boss', note: 'go on' })
    expect(await decided).toMatchObject({ status: 'approved', votes: [{ approver: 'boss' }], note: 'go on' })
    // Only the same request is meant by it.
    const others: AuthorizeResult[] = []
    for (const other of [
      { ...request, args: { amount: 6 } },
      { ...request, resource: 'doc:2' },
    ]) {
      others.push(await kavach.authorize(id, other))
    }
    expect(others.map(({ reason, approvalId: asks }) => [reason, asks === approvalId])).toEqual(
      times(2, ['approval-required', false]),
    )
    expect(await kavach.authorize(id, request)).toMatchObject({ allowed: true, reason: 'allowed' })
    const again = await kavach.authorize(id, request)
    expect([again.reason, again.approvalId === approvalId]).toEqual(['approval-required', false])
    expect(await kavach.approvals.get(approvalId)).toMatchObject({ status: 'used' })
    const kinds = (await kavach.audit.query({ agentId: id, order: 'asc' })).filter((row) => row.approval === approvalId)
    expect(kinds.map(({ kind, actor }) => [kind, actor])).toEqual([
      ['approval.request', 'host'],
      ['approval.approve', 'boss'],
      ['approval.use', 'host'],
    ])
  })

  test('ten calls at once use it once', async () => {
    const kavach = await openHost()
    const { id } = await makeAgent(kavach, limited({ requireApproval: true }))
    const { approvalId = '' } = await kavach.authorize(id, READ)
    await kavach.approvals.approve(approvalId, { approver: 'boss' })
    const answers = await Promise.all(times(10, READ).map((request) => kavach.authorize(id, request)))
    expect(answers.filter(({ allowed }) => allowed)).toHaveLength(1)
    expect(new Set(answers.flatMap((one) => one.approvalId ?? [])).size).toBe(1)
  })

  test('that is denied, or has expired, is good for nothing, and the request can be made anew', async () => {
    setClock(START)
    const kavach = await openHost({ approvals: { ttlSeconds: 60 } })
    const { id } = await makeAgent(kavach, limited({ requireApproval: true }))
    const statuses: QueuedApproval['status'][] = []
    for (const end of ['denied', 'expired', 'unused']) {
      const { approvalId = '' } = await kavach.authorize(id, READ)
      if (end === 'denied') await kavach.approvals.deny(approvalId, { approver: 'boss' })
      if (end === 'unused') await kavach.approvals.approve(approvalId, { approver: 'boss' })
      if (end !== 'denied') setClock(Date.now() + MINUTE)
      const next = await kavach.authorize(id, READ)
      expect([next.reason, next.approvalId === approvalId]).toEqual(['approval-required', false])
      statuses.push((await kavach.approvals.get(approvalId)).status)
      await kavach.approvals.deny(next.approvalId ?? '', { approver: 'boss' })
    }
    expect(statuses).toEqual(['denied', 'expired', 'expired'])
  })
})

describe('the log', () => {
  test('is found by result and by user, also through the agents of the user', async () => {
    const kavach = await openHost()
    const [ann, bob] = [await makeAgent(kavach), await makeAgent(kavach, { ownerId: 'bob' })]
    for (const { id } of [ann, bob]) {
      await kavach.authorize(id, READ)
      await kavach.authorize(id, { ...READ, action: 'write' })
    }
    const found = async (query: object) =>
      (await kavach.audit.query({ kind: 'decision', order: 'asc', ...query })).map(({ agent, result }) => [
        agent,
        result,
      ])
    expect(await found({ result: 'denied' })).toEqual([
      [ann.id, 'denied'],
      [bob.id, 'denied'],
    ])
    expect(await found({ userId: 'bob' })).toEqual([
      [bob.id, 'allowed'],
      [bob.id, 'denied'],
    ])
    expect(await found({ userId: 'bob', result: 'allowed' })).toEqual([[bob.id, 'allowed']])
    expect(await found({ userId: 'nobody' })).toEqual([])
  })

  test('loses what is personal when it is erased, and every proof holds as before', async () => {
    const kavach = await openFile(freshFile())
    const { id } = await makeAgent(kavach)
    const { auditId = '' } = await kavach.authorize(id, { ...READ, ip: '10.9.8.7' })
    const before = await kavach.audit.prove(auditId)
    expect(await kavach.audit.get(auditId)).toMatchObject({ owner: 'ann', ip: '10.9.8.7' })
    const { rows } = await kavach.audit.erase({ userId: 'ann' }, { actor: 'dpo' })
    expect(rows).toBe(2)
    expect(Object.keys(await kavach.audit.get(auditId))).not.toEqual(expect.arrayContaining(['owner']))
    const text = await kavach.audit.export({ format: 'jsonl' })
    expect([text.includes('10.9.8.7'), text.includes('"ann"')]).toEqual([false, false])
    const after = await kavach.audit.prove(auditId)
    expect([after.leaf, after.body, after.personal]).toEqual([before.leaf, before.body, undefined])
    expect(await kavach.audit.verify()).toMatchObject({ isIntact: true, erased: 2 })
    expect(await kavach.audit.query({ userId: 'ann' })).toEqual([])
  })

  test('does not hold a token that somebody gave where an id belongs', async () => {
    const kavach = await openHost()
    const { id, token } = await makeAgent(kavach)
    expect((await kavach.authorize(token, READ)).code).toBe('KVCH_E_AGENT_NOT_FOUND')
    expect((await kavach.authorize(id, { ...READ, via: [token] })).code).toBe('KVCH_E_AGENT_NOT_FOUND')
    await errorOf(kavach.agents.get(token))
    expect(await kavach.audit.export({ format: 'jsonl' })).not.toContain(token)
    const [second, first] = await kavach.audit.query({ kind: 'decision' })
    expect([first?.agent, second?.agent, second?.via]).toEqual(['(a secret)', id, ['(a secret)']])
  })

  test('has a row for all that changes what an agent may do, with who did it', async () => {
    const kavach = await openHost()
    const actor = 'ops'
    const { id, token } = await makeAgent(kavach)
    const helper = await makeAgent(kavach, { type: 'delegated' })
    await kavach.agents.update(id, { name: 'renamed' }, { actor })
    await kavach.agents.rotate(id, { actor })
    await kavach.agents.refreshToken(id, { actor })
    await kavach.agents.suspend(id, { actor, reason: 'a look' })
    await kavach.agents.unsuspend(id, { actor })
    const lend = { fromAgent: id, toAgent: helper.id, permissions: [{ resource: 'doc:1', actions: ['read'] }] }
    const { id: delegation } = await kavach.delegate(lend, { actor })
    await kavach.delegation.revoke(delegation, { actor })
    await kavach.agents.revoke(id, { actor })
    await kavach.authorizeByToken(token, READ)
    const rows: readonly AuditRow[] = await kavach.audit.query({ order: 'asc' })
    expect(rows.filter((row) => row.actor === actor).map(({ kind }) => kind)).toEqual([
      'agent.update',
      'agent.rotate',
      'agent.refresh',
      'agent.suspend',
      'agent.unsuspend',
      'delegation.create',
      'delegation.revoke',
      'agent.revoke',
    ])
    expect(rows.at(-1)).toMatchObject({ kind: 'decision', result: 'denied', reason: 'token-invalid' })
  })
})

describe('an idempotency key', () => {
  test('has a retry answered as the first try was, and charged once, in every host on the file', async () => {
    setClock(START)
    const file = freshFile()
    const [one, two] = [await openFile(file), await openFile(file)]
    const { id } = await makeAgent(one, limited({ maxCallsPerDay: 2, budgetUsdPerMonth: 1 }))
    const once = { ...READ, cost: 0.4, idempotencyKey: 'pay-1' }
    const first = await one.authorize(id, once)
    const retries = await Promise.all([two, one, two].map((kavach) => kavach.authorize(id, once)))
    for (const retry of retries) expect(retry).toEqual(first)
    const used = Object.fromEntries(Object.entries(metersOf(file)).map(([key, value]) => [key.split('/')[1], value]))
    expect(used).toMatchObject({ day: 1, month: 400_000_000 })
    expect(await two.authorize(id, { ...once, cost: 0.5 })).toMatchObject({ code: 'KVCH_E_REQUEST_CONFLICT' })
    setClock(START + DAY)
    const later = await one.authorize(id, once)
    expect([later.allowed, later.auditId === first.auditId]).toEqual([true, false])
  })

  test('keeps no denial: what was denied may be allowed when it is tried again', async () => {
    const kavach = await openHost()
    const { id } = await makeAgent(kavach)
    await kavach.agents.suspend(id)
    const once = { ...READ, idempotencyKey: 'k' }
    expect((await kavach.authorize(id, once)).allowed).toBe(false)
    await kavach.agents.unsuspend(id)
    expect((await kavach.authorize(id, once)).allowed).toBe(true)
  })
})

describe('a request that is none', () => {
  test.each([
    ['an idempotency key that is no text', { idempotencyKey: 5 }],
    ['an idempotency key that no table holds', { idempotencyKey: 'k'.repeat(1025) }],
    ['an idempotency key of half a character', { idempotencyKey: '\ud800' }],
    ['an endpoint that is no text', { endpoint: { name: 'POST /pay' } }],
    ['an endpoint that no table holds', { endpoint: 'e'.repeat(1025) }],
    ['a chain that is no list', { via: 'planner' }],
    ['a member that is not known', { costs: 5 }],
  ])('is denied for %s, before it is charged for anything', async (_, more) => {
    const warnings: string[] = []
    const kavach = await openHost({ limits: { endpointPerMinute: 5 }, warn: (message) => void warnings.push(message) })
    const { id } = await makeAgent(kavach)
    const answer = await kavach.authorize(id, { ...READ, ...more } as never) // It is what must be refused.
    expect(answer).toMatchObject({ allowed: false, reason: 'invalid-request', code: 'KVCH_E_REQUEST_INVALID' })
    expect(answer.auditId).toMatch(/^aud_/)
    expect(warnings).toEqual([])
  })
})

describe('the four levels of limits', () => {
  test('count calls of the project, of an agent, of a user and of an endpoint, and the next minute has new ones', async () => {
    setClock(START)
    const kavach = await openHost({
      limits: { projectPerMinute: 7, agentPerMinute: 3, userPerMinute: 4, endpointPerMinute: { 'POST /pay': 1 } },
    })
    const agents = [
      await makeAgent(kavach),
      await makeAgent(kavach),
      await makeAgent(kavach, { ownerId: 'bob' }),
      await makeAgent(kavach, { ownerId: 'cy' }),
    ]
    const [one, two, bobs, cys] = agents.map(({ id }) => id) as [string, string, string, string]
    const found: string[] = []
    const ask = async (id: string, endpoint?: string) => {
      const { allowed, code = '' } = await kavach.authorize(id, { ...READ, ...(endpoint && { endpoint }) })
      found.push(allowed ? 'allowed' : code.replace(/KVCH_E_RATE_|_EXCEEDED/g, ''))
    }
    for (const call of [1, 2, 3, 4]) await ask(one, call === 1 ? 'POST /pay' : undefined)
    await ask(two)
    await ask(two)
    await ask(bobs, 'POST /pay')
    for (const id of [bobs, bobs, bobs, cys]) await ask(id)
    expect(found).toEqual([
      ...times(3, 'allowed'),
      'AGENT',
      'allowed',
      'USER',
      'ENDPOINT',
      ...times(3, 'allowed'),
      'PROJECT',
    ])
    setClock(START + MINUTE)
    expect((await kavach.authorize(cys, READ)).allowed).toBe(true)
  })
})

describe('an agent that is denied again and again', () => {
  test('is suspended after 50 denials in a row, with a row that says so, until somebody lifts it', async () => {
    const kavach = await openHost()
    const { id, token } = await makeAgent(kavach)
    const refused = { action: 'write' }
    expect(await reasonsOf(kavach, id, 49, refused)).toEqual(times(49, 'no-grant'))
    expect(await reasonsOf(kavach, id, 1)).toEqual(['allowed'])
    expect(await reasonsOf(kavach, id, 51, refused)).toEqual([...times(50, 'no-grant'), 'agent-suspended'])
    expect((await kavach.authorizeByToken(token, READ)).code).toBe('KVCH_E_AGENT_SUSPENDED')
    expect(await kavach.agents.get(id)).toMatchObject({
      status: 'suspended',
      statusReason: 'anomaly: 50 consecutive denials',
    })
    expect(await kavach.audit.query({ kind: 'anomaly' })).toMatchObject([{ agent: id, denials: 50 }])
    await kavach.agents.unsuspend(id, { actor: 'ops' })
    expect(await reasonsOf(kavach, id, 1)).toEqual(['allowed'])
    // The row of denials begins anew.
    expect(await reasonsOf(kavach, id, 49, refused)).toEqual(times(49, 'no-grant'))
    expect(await reasonsOf(kavach, id, 1)).toEqual(['allowed'])
  })

  test('is left alone where `consecutiveDenials` is false', async () => {
    const kavach = await openHost({ anomaly: { consecutiveDenials: false } })
    const { id } = await makeAgent(kavach)
    expect(await reasonsOf(kavach, id, 60, { action: 'write' })).toEqual(times(60, 'no-grant'))
    expect(await reasonsOf(kavach, id, 1)).toEqual(['allowed'])
  })
})

test('the retry of the documents: a token that has expired is refreshed, and the call is made once more', async () => {
  setClock(START)
  const kavach = await openHost({ agents: { tokenExpiry: '30m' } })
  const agent = await makeAgent(kavach)
  let { token } = agent
  const tools = () => kavach.guard(token, { read: { action: 'read', resource: 'doc:1', run: (_: object) => 'done' } })
  const call = () => tools().read({})
  setClock(START + 30 * MINUTE)
  const retried = async () => {
    try {
      return await call()
    } catch (err) {
      if (err instanceof KavachError && err.code === 'KVCH_E_AGENT_TOKEN_EXPIRED') {
        const fresh = await kavach.agents.refreshToken(agent.id)
        token = fresh.token
        return call()
      }
      throw err
    }
  }
  expect(await retried()).toBe('done')
  // By id, as it is printed, the age of tokens does not count.
  expect(await kavach.agents.call(agent.id, READ)).toMatchObject({ allowed: true })
  expect(await kavach.agents.call(agent.id, READ, () => 'done')).toBe('done')
})

test('`agents.call` completes what it runs, with success or with failure, and gives the money of a failure back', async () => {
  setClock(START)
  const kavach = await openHost()
  const { id } = await makeAgent(kavach, limited({ budgetUsdPerDay: 1 }))
  const fail = () => Promise.reject(new Error('the tool broke'))
  await expect(kavach.agents.call(id, { ...READ, cost: 0.9 }, fail)).rejects.toThrow('the tool broke')
  expect(await kavach.agents.call(id, { ...READ, cost: 0.7 }, ({ auditId }) => auditId)).toMatch(/^aud_/)
  const ends = await kavach.audit.query({ kind: 'complete', order: 'asc' })
  expect(ends.map(({ outcome, actual_nano_usd: cost }) => [outcome, cost])).toEqual([
    ['failure', 0],
    ['success', 700_000_000],
  ])
})
