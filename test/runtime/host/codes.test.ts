/** Every code of the host is provoked from outside, and what it says is compared whole. */
import { execFileSync } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import {
  type AuthorizeRequest,
  createKavach,
  ERROR_CODES,
  type Kavach,
  KavachError,
  type KavachErrorBody,
  type KavachErrorCode,
  toError,
} from '../../../index.ts'
import { createMemoryStore } from '../../../storage/index.ts'
import { policyImage } from '../../fixtures/policy-image.ts'
import {
  connectionOf,
  DAY,
  errorOf,
  freshFile,
  HOUR,
  MINUTE,
  makeAgent,
  openFile,
  openHost,
  READ,
  SECOND,
  START,
  setClock,
} from './hosts.ts'
import { faulty } from './invariants/stores.ts'

/** Codes of parts that have tests of their own: whoever signs people in, the side of MCP, and the HTTP API. */
const ELSEWHERE = /^KVCH_E_(SESSION|OAUTH|MCP|HTTP)_/

interface Case {
  /** Gives the error; of a denial, as `agents.call` throws it. */
  readonly provoke: () => Promise<unknown>
  readonly message: string | RegExp
  /** Seconds. */
  readonly retryAfter?: number
  readonly details?: unknown
  /** A denial has the name of its request. */
  readonly isDenial?: true
}

/** What a denial says beside its code. */
const denial = (reason: string, verdict = 'deny', more: object = {}) => ({
  auditId: expect.stringMatching(/^aud_\d+$/),
  reason,
  verdict,
  agentId: expect.stringMatching(/^agt_/),
  ...more,
})

/** The denial of this request. */
async function denied(kavach: Kavach, id: string, request: AuthorizeRequest = READ): Promise<unknown> {
  const error = await errorOf(kavach.agents.call(id, request, () => expect.fail('it was denied')))
  // By value it is the same.
  const answer = await kavach.authorize(id, request)
  expect([answer.allowed, answer.code, answer.message, answer.retryAfter]).toEqual([
    false,
    error.code,
    error.message,
    error.retryAfter,
  ])
  return error
}

const limited = (constraints: object) => ({
  permissions: [{ resource: 'doc:**', actions: ['read'], constraints }],
})

async function withApproval() {
  const kavach = await openHost()
  const { id } = await makeAgent(kavach, limited({ requireApproval: true }))
  const { approvalId = '' } = await kavach.authorize(id, READ)
  return { kavach, id, approvalId }
}

/** A chain of two hops of which the second may not be passed on. */
async function withChain() {
  const kavach = await openHost()
  const first = await makeAgent(kavach)
  const second = await makeAgent(kavach, { type: 'delegated' })
  const third = await makeAgent(kavach, { type: 'delegated' })
  const lend = (fromAgent: string, toAgent: string, more: object = {}) =>
    kavach.delegate({ fromAgent, toAgent, permissions: [{ resource: 'doc:**', actions: ['read'] }], ...more })
  const given = await lend(first.id, second.id)
  return { kavach, lend, given, ids: [first.id, second.id, third.id] as const }
}

async function takeAll(name: 'signup' | 'otp' | 'auth', count: number): Promise<unknown> {
  const kavach = await openHost()
  for (let taken = 0; taken < count; taken++) await kavach.rates.take(name, name === 'signup' ? undefined : 'ann')
  return errorOf(kavach.rates.take(name, name === 'signup' ? undefined : 'ann'))
}

const CASES: { readonly [C in KavachErrorCode]?: Case } = {
  KVCH_E_AGENT_TOKEN_EXPIRED: {
    async provoke() {
      const kavach = await openHost()
      const { token } = await makeAgent(kavach, { tokenExpiry: '1m' })
      setClock(START + MINUTE)
      return toError(await kavach.authorizeByToken(token, READ))
    },
    message: 'This token has expired. Ask for a new one.',
    details: denial('token-expired'),
    isDenial: true,
  },
  KVCH_E_AGENT_TOKEN_INVALID: {
    async provoke() {
      return toError(await (await openHost()).authorizeByToken('kv_nonsense', READ))
    },
    message: 'This token is not known here.',
    details: { auditId: 'aud_1', reason: 'token-invalid', verdict: 'deny' },
    isDenial: true,
  },
  KVCH_E_AGENT_NOT_FOUND: {
    provoke: async () => errorOf((await openHost()).agents.get('agt_nobody')),
    message: 'the agent does not exist in this project',
  },
  KVCH_E_AGENT_PERMISSION_DENIED: {
    async provoke() {
      const kavach = await openHost()
      return denied(kavach, (await makeAgent(kavach)).id, { ...READ, action: 'write' })
    },
    message: 'This agent may not do this.',
    details: denial('no-grant'),
    isDenial: true,
  },
  KVCH_E_AGENT_DELEGATION_DEPTH: {
    async provoke() {
      const { lend, ids } = await withChain()
      return errorOf(lend(ids[1], ids[2]))
    },
    message: /^`agt_\w{26}` holds this, but may not pass it on 1 hop deep$/,
    details: { maxDepth: 1 },
  },
  KVCH_E_AGENT_DELEGATION_ESCALATES: {
    async provoke() {
      const { lend, ids } = await withChain()
      return errorOf(lend(ids[0], ids[2], { permissions: [{ resource: 'pay', actions: ['write'] }] }))
    },
    message: /`write` on `pay`/,
    details: expect.objectContaining({ witness: expect.objectContaining({ action: 'write', resource: 'pay' }) }),
  },
  KVCH_E_AGENT_DELEGATION_INVALID: {
    async provoke() {
      const { lend, ids } = await withChain()
      return errorOf(lend(ids[0], ids[0]))
    },
    message: /^toAgent: /,
    details: { path: 'toAgent' },
  },
  KVCH_E_AGENT_DELEGATION_NOT_FOUND: {
    provoke: async () => errorOf((await openHost()).delegation.get('dlg_nothing')),
    message: 'the delegation does not exist in this project',
  },
  KVCH_E_AGENT_REVOKED: {
    async provoke() {
      const kavach = await openHost()
      const { id } = await makeAgent(kavach)
      await kavach.agents.revoke(id)
      expect(await denied(kavach, id)).toMatchObject({ code: 'KVCH_E_AGENT_REVOKED' })
      return errorOf(kavach.agents.rotate(id))
    },
    message: 'the agent was revoked',
  },
  KVCH_E_AGENT_SUSPENDED: {
    async provoke() {
      const kavach = await openHost()
      const { id } = await makeAgent(kavach)
      await kavach.agents.suspend(id, { reason: 'a look at it' })
      return denied(kavach, id)
    },
    message: 'This agent, or one that delegated to it, is suspended. Its administrator can lift that.',
    details: denial('agent-suspended'),
    isDenial: true,
  },
  KVCH_E_AGENT_EXPIRED: {
    async provoke() {
      const kavach = await openHost()
      const { id } = await makeAgent(kavach, { expiresAt: new Date(START + MINUTE) })
      setClock(START + MINUTE)
      expect(await denied(kavach, id)).toMatchObject({ code: 'KVCH_E_AGENT_EXPIRED' })
      return errorOf(kavach.agents.refreshToken(id))
    },
    message: 'the agent has expired',
  },
  KVCH_E_AGENT_LIMIT_EXCEEDED: {
    async provoke() {
      const kavach = await openHost({ agents: { maxPerUser: 1 } })
      await makeAgent(kavach)
      return errorOf(makeAgent(kavach))
    },
    message: 'the owner has 1 agents, and may have 1; revoke one first',
    details: { maxPerUser: 1 },
  },
  KVCH_E_AGENT_LOCKED: {
    async provoke() {
      const kavach = await openHost()
      const { id } = await makeAgent(kavach)
      return errorOf(kavach.agents.update(id, { permissions: [{ resource: '**', actions: ['read'] }] }))
    },
    message: 'permissions: they would allow `read` on `a`, which the agent may not do now',
    details: { witness: { action: 'read', resource: 'a' } },
  },
  KVCH_E_AGENT_INVALID: {
    async provoke() {
      const constraints = { maxCallsPerHuor: 5 }
      return errorOf(makeAgent(await openHost(), limited(constraints)))
    },
    message: /^permissions\[0\]\.constraints\.maxCallsPerHuor: /,
    details: { path: 'permissions[0].constraints.maxCallsPerHuor' },
  },
  KVCH_E_RATE_PROJECT_EXCEEDED: {
    async provoke() {
      const kavach = await openHost({ limits: { projectPerMinute: 1 } })
      const { id } = await makeAgent(kavach)
      await kavach.authorize(id, READ)
      return denied(kavach, id)
    },
    message: 'There are too many calls in this project. Try again later.',
    retryAfter: 60,
    details: denial('project-rate-limited', 'limited'),
    isDenial: true,
  },
  KVCH_E_RATE_AGENT_EXCEEDED: {
    async provoke() {
      const kavach = await openHost()
      const { id } = await makeAgent(kavach, limited({ maxCallsPerHour: 1 }))
      setClock(START + 10 * MINUTE)
      await kavach.authorize(id, READ)
      return denied(kavach, id)
    },
    message: 'Too many calls. Try again in 3000 seconds.',
    retryAfter: 3000,
    details: denial('rate-limited', 'limited'),
    isDenial: true,
  },
  KVCH_E_RATE_USER_EXCEEDED: {
    provoke: () => takeAll('auth', 10),
    message: 'the user has made as many attempts as it may make',
    retryAfter: 60,
    details: { rate: 'auth' },
  },
  KVCH_E_RATE_ENDPOINT_EXCEEDED: {
    async provoke() {
      const kavach = await openHost({ limits: { endpointPerMinute: { 'POST /pay': 0 } } })
      const { id } = await makeAgent(kavach)
      return denied(kavach, id, { ...READ, endpoint: 'POST /pay' })
    },
    message: 'There are too many calls of this kind. Try again later.',
    // Where the limit is 0, there is nothing to wait for.
    details: denial('endpoint-rate-limited', 'limited'),
    isDenial: true,
  },
  KVCH_E_RATE_SIGNUP_EXCEEDED: {
    provoke: () => takeAll('signup', 50),
    message: 'the project has as many new accounts in this hour as it may have',
    retryAfter: 3600,
    details: { rate: 'signup' },
  },
  KVCH_E_RATE_OTP_EXCEEDED: {
    provoke: () => takeAll('otp', 5),
    message: 'the user has asked for as many codes as it may ask for',
    retryAfter: 600,
    details: { rate: 'otp' },
  },
  KVCH_E_RATE_BUDGET_EXCEEDED: {
    async provoke() {
      const kavach = await openHost()
      const { id } = await makeAgent(kavach, limited({ budgetUsdPerDay: 1 }))
      await kavach.authorize(id, { ...READ, cost: 0.9 })
      return denied(kavach, id, { ...READ, cost: 0.2 })
    },
    message: 'The budget for this call is used up. Try again in 43200 seconds.',
    retryAfter: (12 * HOUR) / SECOND,
    details: denial('budget-exhausted'),
    isDenial: true,
  },
  KVCH_E_APPROVAL_REQUIRED: {
    async provoke() {
      const { kavach, id } = await withApproval()
      return denied(kavach, id)
    },
    message: 'This call needs an approval that it does not have. Ask for one, then try again.',
    details: denial('approval-required', 'approval', { approvalId: expect.stringMatching(/^apr_/) }),
    isDenial: true,
  },
  KVCH_E_APPROVAL_NOT_FOUND: {
    provoke: async () => errorOf((await openHost()).approvals.get('apr_nothing')),
    message: 'there is no approval `apr_nothing`',
  },
  KVCH_E_APPROVAL_CLOSED: {
    async provoke() {
      const { kavach, approvalId } = await withApproval()
      await kavach.approvals.deny(approvalId, { approver: 'boss' })
      return errorOf(kavach.approvals.approve(approvalId, { approver: 'boss' }))
    },
    message: 'the approval is denied',
    details: { status: 'denied' },
  },
  KVCH_E_APPROVAL_FORBIDDEN: {
    async provoke() {
      const { kavach, id, approvalId } = await withApproval()
      return errorOf(kavach.approvals.approve(approvalId, { approver: id }))
    },
    message: 'nobody decides a request of their own, nor one of another agent of the same owner',
  },
  KVCH_E_APPROVAL_TIMEOUT: {
    async provoke() {
      const { kavach, approvalId } = await withApproval()
      return errorOf(kavach.approvals.wait(approvalId, { timeoutMs: 1 }))
    },
    message: 'nobody decided in time',
    details: { approvalId: expect.stringMatching(/^apr_/) },
  },
  KVCH_E_REQUEST_INVALID: {
    provoke: async () => errorOf((await openHost()).agents.list({ limit: 0 })),
    message: /^limit: /,
    details: { path: 'limit' },
  },
  KVCH_E_REQUEST_CONFLICT: {
    async provoke() {
      const kavach = await openHost()
      const { id } = await makeAgent(kavach)
      await kavach.authorize(id, { ...READ, idempotencyKey: 'once' })
      return denied(kavach, id, { ...READ, resource: 'doc:2', idempotencyKey: 'once' })
    },
    message: 'Another request was made under this idempotency key.',
    details: denial('idempotency-conflict'),
    isDenial: true,
  },
  KVCH_E_RESERVATION_CLOSED: {
    async provoke() {
      const kavach = await openHost()
      const { id } = await makeAgent(kavach)
      const { auditId = '' } = await kavach.authorize(id, READ)
      await kavach.complete(auditId, { outcome: 'success' })
      return errorOf(kavach.complete(auditId, { outcome: 'success' }))
    },
    message: 'the call was completed already, or was never allowed',
  },
  KVCH_E_CONFIG_INVALID: {
    provoke: () => errorOf(createKavach({ database: { provider: 'memory' }, deadlineMs: 0 })),
    message: 'deadlineMs: must be a whole number above 0',
    details: { path: 'deadlineMs' },
  },
  KVCH_E_KEY_INVALID: {
    provoke: async () => errorOf((await openHost()).keys.verify('kvp_nonsense', 'decide')),
    message: 'the project key is malformed, unknown, expired or revoked',
  },
  KVCH_E_KEY_SCOPE: {
    async provoke() {
      const kavach = await openHost()
      const { key } = await kavach.keys.create({ name: 'k', scopes: ['decide'] })
      return errorOf(kavach.keys.verify(key, 'audit'))
    },
    message: 'the project key lacks the scope `audit`',
    details: { scope: 'audit' },
  },
  KVCH_E_POLICY_INVALID: {
    provoke: async () => errorOf((await openHost()).policy.reload(new Uint8Array(200))),
    message: /^the policy is refused: /,
    details: { engineCode: expect.any(String) },
  },
  KVCH_E_POLICY_SOURCE: {
    provoke: async () => errorOf((await openHost()).policy.reload('acme.kavach')),
    message: /run `kavach compile acme\.kavach -o build`/,
  },
  KVCH_E_POLICY_OUTDATED: {
    async provoke() {
      const kavach = await openHost({ policy: policyImage('', { generation: 2 }) })
      return errorOf(kavach.policy.reload(policyImage('', { generation: 1 })))
    },
    message: /^generation 1 is older than generation 2/,
    details: expect.anything(),
  },
  KVCH_E_POLICY_STALE: {
    async provoke() {
      const policy = policyImage('boundary runtime { allow * on ** }', { notAfter: START + HOUR })
      const kavach = await openHost({ policy })
      const { id } = await makeAgent(kavach)
      setClock(START + HOUR)
      return denied(kavach, id)
    },
    message: 'The policy in force here is out of date. Try again later.',
    details: denial('stale-policy'),
    isDenial: true,
  },
  KVCH_E_POLICY_ENGINE: {
    async provoke() {
      const { store, set } = faulty(createMemoryStore())
      const kavach = await openHost({ database: store })
      const { id } = await makeAgent(kavach)
      set(new Error('whatever breaks that should not'))
      const answer = await kavach.authorize(id, READ)
      set('fine')
      return toError(answer)
    },
    message: 'The decision could not be recorded, so the call is denied. Try again later.',
    details: unrecorded(),
    isDenial: true,
  },
  KVCH_E_AUDIT_TAMPERED: {
    async provoke() {
      const file = freshFile()
      const kavach = await openFile(file)
      run(file, "UPDATE kavach_audit SET body = '{}' WHERE seq = 0")
      return errorOf(kavach.audit.verify())
    },
    message: 'the audit log does not verify',
    details: expect.objectContaining({ isIntact: false }),
  },
  KVCH_E_AUDIT_NOT_FOUND: {
    provoke: async () => errorOf((await openHost()).audit.get('aud_999')),
    message: /aud_999/,
  },
  KVCH_E_STORE_DRIVER: {
    async provoke() {
      const child = fileURLToPath(new URL('no-driver-child.mjs', import.meta.url))
      return JSON.parse(execFileSync(process.execPath, [child], { encoding: 'utf8' }))
    },
    message: 'the driver of SQLite is not installed; run `npm install better-sqlite3`',
  },
  KVCH_E_STORE_UNAVAILABLE: {
    provoke: () => errorOf(openFile(dirname(freshFile()))),
    message: /^the database cannot be opened/,
  },
  KVCH_E_STORE_TIMEOUT: {
    async provoke() {
      const { store, set } = faulty(createMemoryStore())
      const kavach = await openHost({ database: store, deadlineMs: 100 })
      set('hangs')
      const error = await errorOf(kavach.agents.list())
      set('fine')
      return error
    },
    message: 'the database did not answer in time',
  },
  KVCH_E_STORE_LOCKED: {
    async provoke() {
      const file = freshFile()
      const kavach = await openFile(file, { deadlineMs: 100 })
      const holder = new Database(file)
      holder.exec('BEGIN IMMEDIATE')
      const error = await errorOf(makeAgent(kavach))
      holder.close()
      return error
    },
    message: /^another process holds the database \(`.*`\)$/,
  },
  KVCH_E_STORE_FULL: {
    async provoke() {
      const kavach = await openFile(freshFile())
      const connection = connectionOf(kavach)
      connection.pragma(`max_page_count = ${connection.pragma('page_count', { simple: true })}`)
      const error = await errorOf(makeAgent(kavach, { metadata: { text: 'x'.repeat(15_000) } }))
      connection.pragma('max_page_count = 1000000')
      return error
    },
    message: /^the disk is full \(`.*`\)$/,
  },
  KVCH_E_STORE_REPLACED: {
    async provoke() {
      const file = freshFile()
      const kavach = await openFile(file)
      renameSync(file, `${file}.away`)
      const error = await errorOf(makeAgent(kavach))
      renameSync(`${file}.away`, file)
      return error
    },
    message:
      /^the database file `.*` was removed or replaced; put the file back, or run `kavach migrate` for a new one$/,
  },
  KVCH_E_STORE_CORRUPT: {
    provoke() {
      const file = freshFile()
      writeFileSync(file, 'a diary, and no database. '.repeat(300))
      return errorOf(openFile(file))
    },
    message: /^the file is not a database/,
  },
  KVCH_E_STORE_CONFLICT: {
    async provoke() {
      const file = freshFile()
      const kavach = await openFile(file)
      // Somebody wrote a row where the next one of the log belongs.
      run(
        file,
        `INSERT INTO kavach_audit (project, seq, time, kind, leaf) SELECT project, size, 0, 'forged', zeroblob(32) FROM kavach_heads`,
      )
      return errorOf(makeAgent(kavach))
    },
    message: /^the key of a row is taken/,
  },
  KVCH_E_STORE_SCHEMA: {
    async provoke() {
      const file = freshFile()
      const kavach = await openFile(file)
      await kavach.close()
      run(file, "INSERT INTO kavach_migrations (version, tag, oldest, appliedAt) VALUES (99, 'later', 98, 0)")
      return errorOf(openFile(file))
    },
    message: /^the database has version 99, which needs version 98 of the schema; this program has \d+$/,
    details: { version: 99, oldest: 98, known: expect.any(Number) },
  },
  KVCH_E_STORE_CLOSED: {
    async provoke() {
      const kavach = await openHost()
      await kavach.close()
      expect(await kavach.authorize('agt_1', READ)).toMatchObject({ allowed: false, code: 'KVCH_E_STORE_CLOSED' })
      return errorOf(kavach.agents.list())
    },
    message: 'the host was closed',
  },
}

test('every code is provoked here, or listed as one that is provoked elsewhere', () => {
  const codes = Object.keys(ERROR_CODES)
  expect(codes.filter((code) => !ELSEWHERE.test(code)).sort()).toEqual(Object.keys(CASES).sort())
  expect(codes.filter((code) => ELSEWHERE.test(code))).toHaveLength(24)
})

describe('provoked from outside', () => {
  test.each(Object.entries(CASES))('%s', async (code, { provoke, message, retryAfter, details, isDenial }) => {
    setClock(START)
    const error = await provoke()
    const body: KavachErrorBody = JSON.parse(JSON.stringify(error))
    expect(body).toEqual({
      code,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
      docs_url: `https://docs.kavachos.com/errors#${code}`,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      ...(isDenial && { request_id: expect.stringMatching(/^req_[0-9A-HJKMNP-TV-Z]{26}$/) }),
      ...(retryAfter !== undefined && { retryAfter }),
      ...(details !== undefined && { details }),
    })
    if (!(error instanceof KavachError)) return
    expect([error.status, error.stack?.includes('at ')]).toEqual([ERROR_CODES[error.code].status, true])
  })

  test('a limit of a user and one of an agent on the whole host, as denials', async () => {
    setClock(START + 15 * SECOND)
    const kavach = await openHost({ limits: { userPerMinute: 2, agentPerMinute: 1 } })
    const [one, two] = [await makeAgent(kavach), await makeAgent(kavach)]
    await kavach.authorize(one.id, READ)
    expect(await denied(kavach, one.id)).toMatchObject({ code: 'KVCH_E_RATE_AGENT_EXCEEDED', retryAfter: 45 })
    await kavach.authorize(two.id, READ)
    const three = await makeAgent(kavach)
    expect(await denied(kavach, three.id)).toMatchObject({ code: 'KVCH_E_RATE_USER_EXCEEDED', retryAfter: 45 })
    expect(DAY % MINUTE).toBe(0)
  })

  test('tables that nobody made', async () => {
    const file = freshFile()
    const error = await errorOf(openFile(file, { skipMigrations: true }))
    expect(error).toMatchObject({
      code: 'KVCH_E_STORE_SCHEMA',
      message: expect.stringMatching(/^the database lacks what this version needs; run `kavach migrate`/),
    })
  })
})

/** Of a denial that has no row. */
function unrecorded(): object {
  return { reason: 'store-failed', verdict: 'deny', agentId: expect.stringMatching(/^agt_/) }
}

/** Changes a file behind whoever has it open. */
function run(file: string, sql: string): void {
  const db = new Database(file)
  expect(db.prepare(sql).run().changes).toBe(1)
  db.close()
}
