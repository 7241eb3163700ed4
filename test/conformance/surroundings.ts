/** The application around each sample of the documents, and what comes of the sample in it. */
import { expect } from 'vitest'

export interface Surrounding {
  /** First digits of the document's file name. */
  readonly document: string
  /** Which sample of the document, from 0. */
  readonly index: number
  /** What the sample is shown to do here. */
  readonly claim: string
  readonly imports?: string
  /** In the scope of the sample, before it. */
  readonly before?: string
  /** Behind it; what it returns is the outcome, unless the sample returns. */
  readonly after?: string
  readonly outcome: unknown
  /** Lines that the sample itself prints. */
  readonly printed?: readonly unknown[]
}

const TOKEN = expect.stringMatching(/^kv_[A-Za-z0-9]{40,}$/)
const AUDIT_ID = expect.stringMatching(/^aud_\d+$/)
const MEMORY = "database: { provider: 'sqlite', url: ':memory:' }"
const KAVACH = `const kavach = await createKavach({ ${MEMORY} })`
const OWN = "import { createKavach } from 'kavachos'"

/** The agent of the quickstart, as far as other samples need it. */
const READER = `const agent = await kavach.agents.create({
  ownerId: 'user-123', name: 'github-reader', type: 'autonomous',
  permissions: [{ resource: 'mcp:github:*', actions: ['read'] }],
})`

/** An application whose clock can be moved: what would take hours takes none. */
const CLOCK = `const started = Date.now
let moved = 0
Date.now = () => started() + moved`

export const SURROUNDINGS: readonly Surrounding[] = [
  {
    document: '000',
    index: 1,
    claim: 'a client registers itself, and has an id',
    imports: OWN,
    before: `const kavach = await createKavach({
  ${MEMORY},
  mcp: {
    issuer: 'https://auth.kavachos.com',
    resources: [{ url: 'https://tools.example.com/mcp', server: 'tools' }],
    scopes: { 'mcp:tools': { description: 'use the tools', permissions: [{ resource: 'mcp:tools:*', actions: ['execute'] }] } },
    login: { user: () => undefined, loginUrl: (returnTo) => returnTo },
  },
})
// The network is the application's: what goes to the address of the server comes to the server.
const fetch = (url: string, init: RequestInit) => kavach.fetch(new Request(url, init))`,
    after: 'return client_id',
    outcome: expect.stringMatching(/^mcp_[0-9A-Z]{26}$/),
  },
  {
    document: '000',
    index: 0,
    claim: 'a call that is allowed gives its result',
    imports: OWN,
    before: `${KAVACH}
${READER}
const agentId = agent.id
const payload = { action: 'read', resource: 'mcp:github:repos' }`,
    after: "return (await kavach.audit.query({ agentId, result: 'allowed' })).length",
    outcome: 1,
  },
  {
    document: '000',
    index: 0,
    claim: 'a denial is thrown with its code, and not retried',
    imports: OWN,
    before: `${KAVACH}
${READER}
const agentId = agent.id
const payload = { action: 'write', resource: 'mcp:github:repos' }
const outcome = await sample().catch((error: KavachError) => error.code)
return { outcome, denied: (await kavach.audit.query({ agentId, result: 'denied' })).length }
async function sample() {`,
    after: '}',
    outcome: { outcome: 'KVCH_E_AGENT_PERMISSION_DENIED', denied: 1 },
  },
  {
    document: '000',
    index: 0,
    claim: 'an expired token is renewed, and the call made once more',
    imports: "import { createKavach, toError } from 'kavachos'",
    before: `${CLOCK}
const host = await createKavach({ ${MEMORY} })
const agent = await host.agents.create({
  ownerId: 'user-123', name: 'worker', type: 'autonomous',
  permissions: [{ resource: 'mcp:github:*', actions: ['read'] }],
})
const agentId = agent.id
const payload = { action: 'read', resource: 'mcp:github:repos' }
let { token } = agent
const codes: unknown[] = []
// This application calls with the token of its agent, as a worker on another machine does.
const kavach = {
  agents: {
    async call(_id: string, request: typeof payload) {
      const answer = await host.agents.authorize({ token, ...request })
      codes.push(answer.code ?? 'allowed')
      if (!answer.allowed) throw toError(answer)
      return answer
    },
    async refreshToken(id: string) {
      ;({ token } = await host.agents.refreshToken(id))
    },
  },
}
moved = 31 * 60_000
await sample()
return codes
async function sample() {`,
    after: '}',
    outcome: ['KVCH_E_AGENT_TOKEN_EXPIRED', 'allowed'],
  },
  {
    document: '000',
    index: 2,
    claim: 'a limit is waited for as long as it says, and the call then succeeds',
    imports: "import { createKavach, KavachError } from 'kavachos'",
    before: `${CLOCK}
moved = Date.UTC(2026, 3, 1, 12) - Date.now()
const waits: number[] = []
const set = globalThis.setTimeout
// The sample waits with the resolver of a promise: that moves the clock of this application instead of taking its time.
globalThis.setTimeout = ((call: () => void, ms = 0) => {
  if (!String(call).includes('[native code]')) return set(call, ms)
  waits.push(ms / 1000)
  moved += ms
  return set(call, 0)
}) as typeof setTimeout
${KAVACH}
const agent = await kavach.agents.create({
  ownerId: 'user-123', name: 'caller', type: 'autonomous',
  permissions: [{ resource: 'mcp:github:*', actions: ['read'], constraints: { maxCallsPerMinute: 1 } }],
})
const call = () => kavach.agents.call(agent.id, { action: 'read', resource: 'mcp:github:repos' }, async () => 'done')`,
    after:
      'return { first: await callWithRetry(call), second: await callWithRetry(call), isOnce: waits.length === 1 && waits.every((seconds) => seconds > 50 && seconds <= 60) }',
    outcome: { first: 'done', second: 'done', isOnce: true },
  },
  {
    document: '000',
    index: 2,
    claim: 'another error is not retried',
    imports: "import { KavachError } from 'kavachos'",
    before: 'let calls = 0',
    after: `const failed = await callWithRetry(async () => {
  calls++
  throw new KavachError('KVCH_E_AGENT_REVOKED')
}).catch((error: KavachError) => error.code)
return { failed, calls }`,
    outcome: { failed: 'KVCH_E_AGENT_REVOKED', calls: 1 },
  },
  {
    document: '002',
    index: 0,
    claim: 'the instance keeps its options, and the file is made',
    imports: "import { existsSync } from 'node:fs'",
    after: `await kavach
const made = await Promise.allSettled(Array.from({ length: 12 }, (_, i) => kavach.agents.create({
  ownerId: 'user-123', name: \`agent-\${i}\`, type: 'autonomous', permissions: [],
})))
const refused = made.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
return { file: existsSync('kavach.db'), refused }`,
    outcome: { file: true, refused: ['KVCH_E_AGENT_LIMIT_EXCEEDED', 'KVCH_E_AGENT_LIMIT_EXCEEDED'] },
  },
  {
    document: '002',
    index: 1,
    claim: 'an agent is made with its permissions, and its token is shown',
    imports: OWN,
    before: KAVACH,
    after: `const read = await kavach.authorize(agent.id, { action: 'read', resource: 'mcp:github:repos' })
const deploy = await kavach.authorize(agent.id, { action: 'execute', resource: 'mcp:deploy:production' })
const { name, type, permissions } = agent
return { name, type, permissions, read: read.reason, deploy: deploy.reason, waits: typeof deploy.approvalId }`,
    outcome: {
      name: 'github-reader',
      type: 'autonomous',
      permissions: [
        { resource: 'mcp:github:*', actions: ['read'] },
        {
          resource: 'mcp:deploy:production',
          actions: ['execute'],
          constraints: { requireApproval: true, maxCallsPerHour: 5 },
        },
      ],
      read: 'allowed',
      deploy: 'approval-required',
      waits: 'string',
    },
    printed: [TOKEN],
  },
  {
    document: '002',
    index: 2,
    claim: 'an allowed action passes, with the id of its row',
    imports: OWN,
    before: `${KAVACH}\n${READER}`,
    after: 'return { allowed: result.allowed, auditId: result.auditId }',
    outcome: { allowed: true, auditId: AUDIT_ID },
  },
  {
    document: '002',
    index: 2,
    claim: 'a denied action throws with the reason',
    imports: OWN,
    before: `${KAVACH}
const agent = await kavach.agents.create({ ownerId: 'user-123', name: 'nobody', type: 'autonomous', permissions: [] })
return sample().catch((error: Error) => error.message)
async function sample() {`,
    after: '}',
    outcome: 'Denied: no-grant',
  },
  {
    document: '002',
    index: 3,
    claim: 'the bearer of a token may do what its agent may do',
    imports: OWN,
    before: `${KAVACH}\n${READER}\nconst bearerToken = agent.token`,
    after: 'return { allowed: result.allowed, isSame: result.agentId === agent.id }',
    outcome: { allowed: true, isSame: true },
  },
  {
    document: '002',
    index: 3,
    claim: 'a token that nobody issued may nothing',
    imports: OWN,
    before: `${KAVACH}\nconst bearerToken = 'kv_a3f8c2d91b4e7f05'`,
    after: 'return { allowed: result.allowed, code: result.code }',
    outcome: { allowed: false, code: 'KVCH_E_AGENT_TOKEN_INVALID' },
  },
  {
    document: '002',
    index: 4,
    claim: 'the log is asked by agent and by result, and exported',
    imports: OWN,
    before: `${KAVACH}
${READER}
await kavach.authorize(agent.id, { action: 'read', resource: 'mcp:github:repos' })
await kavach.authorize(agent.id, { action: 'write', resource: 'mcp:github:repos' })`,
    after: `const decided = logs.filter(({ kind }) => kind === 'decision').map(({ result }) => result)
return {
  decided: decided.sort(), denied: denied.map(({ result }) => result),
  csv: csv.split(/\\r?\\n/).filter((line) => line !== '').length,
}`,
    // The head, the policy that was loaded at first boot, the agent, and two decisions.
    outcome: { decided: ['allowed', 'denied'], denied: ['denied'], csv: 5 },
  },
  {
    document: '002',
    index: 5,
    claim: 'what was delegated is what the sub-agent may do',
    imports: OWN,
    before: `${KAVACH}\n${READER}`,
    after: `const read = await kavach.authorize(sub.id, { action: 'read', resource: 'mcp:github:issues' })
const other = await kavach.authorize(sub.id, { action: 'read', resource: 'mcp:github:repos' })
const escalated = await kavach.delegate({
  fromAgent: agent.id, toAgent: sub.id, permissions: [{ resource: 'mcp:github:issues', actions: ['write'] }],
  expiresAt: new Date(Date.now() + 3_600_000),
}).catch((error: { code: string }) => error.code)
return { perms, read: read.allowed, other: other.allowed, escalated }`,
    outcome: {
      perms: [{ resource: 'mcp:github:issues', actions: ['read'] }],
      read: true,
      other: false,
      escalated: 'KVCH_E_AGENT_DELEGATION_ESCALATES',
    },
  },
  {
    document: '002',
    index: 6,
    claim: 'the full example prints what its comments say',
    after: `const old = await kavach.authorizeByToken(agent.token, { action: 'read', resource: 'mcp:github:issues' })
const now = await kavach.authorizeByToken(rotated.token, { action: 'read', resource: 'mcp:github:issues' })
const comment = await kavach.authorize(agent.id, { action: 'comment', resource: 'mcp:github:issues' })
return { perms, csv: csv.slice(0, 4), old: old.code, now: now.allowed, comment: comment.allowed }`,
    outcome: {
      perms: [{ resource: 'mcp:github:issues', actions: ['read'] }],
      csv: expect.stringMatching(/^\w{3}/),
      old: 'KVCH_E_AGENT_TOKEN_INVALID',
      now: true,
      comment: true,
    },
    printed: ['true', 'false', 'true', TOKEN, "[ { resource: 'mcp:github:issues', actions: [ 'read' ] } ]"],
  },
  {
    document: '002',
    index: 8,
    claim: 'a user can be written into the table of users',
    imports: "import { createKavach, users } from 'kavachos'",
    before: KAVACH,
    after: `return kavach.db.select().from(users).all().map(({ id, email, name }) => ({ id, email, name }))`,
    outcome: [{ id: 'user-1', email: 'test@example.com', name: 'Test' }],
  },
  {
    document: '003',
    index: 0,
    claim: 'an agent of the signed-in user is made and asks',
    before: "const user = { id: 'user-1' }",
    after: 'return { allowed, auditId, owners: (await kavach.agents.list()).agents.map(({ ownerId }) => ownerId) }',
    outcome: { allowed: true, auditId: AUDIT_ID, owners: ['user-1'] },
  },
  {
    document: '004',
    index: 0,
    claim: 'an agent is made on the database of the application, asks by its token, and has its token rotated',
    imports: "import Database from 'better-sqlite3'\nimport { drizzle } from 'drizzle-orm/better-sqlite3'",
    before: `const db = drizzle(new Database('app.db'))
const earlier = await createKavach({ db, secret: process.env.KAVACH_SECRET })
const { token: agentToken } = await earlier.agents.create({
  userId: 'user_123', name: 'caller', type: 'autonomous', permissions: [{ resource: 'mcp:github:*', actions: ['write'] }],
})`,
    after: `const by = (token: string) => kavach.authorizeByToken(token, { action: 'read', resource: 'mcp:github:repos' })
const { name, constraints } = agent
return { name, constraints, token, old: (await by(token)).code, new: (await by(newToken)).allowed }`,
    outcome: {
      name: 'github-assistant',
      constraints: { maxCallsPerDay: 5000, budgetUsdPerDay: 2 },
      token: TOKEN,
      old: 'KVCH_E_AGENT_TOKEN_INVALID',
      new: true,
    },
  },
  {
    document: '004',
    index: 0,
    claim: 'a denial is returned with its reason',
    imports: "import Database from 'better-sqlite3'",
    before: "const db = new Database('app.db')\nconst agentToken = 'kv_a3f8c2'",
    outcome: { error: 'token-invalid' },
  },
]

export interface ConstraintCase {
  /** Name of the constraint. */
  readonly name: string
  /** Runs with `ask(request)`, which gives the reason, and `clock(text)`, which moves the clock. */
  readonly body: string
  readonly outcome: unknown
}

/** What each constraint that the documents print does. */
export const CONSTRAINTS: readonly ConstraintCase[] = [
  {
    name: 'maxCallsPerDay',
    body: `const reasons = await Promise.all(Array.from({ length: 5001 }, () => ask({ resource: 'x' })))
return { allowed: reasons.filter((reason) => reason === 'allowed').length, last: reasons.at(-1) }`,
    outcome: { allowed: 5000, last: 'rate-limited' },
  },
  {
    name: 'allowedHoursUTC',
    body: `const noon = await ask({ resource: 'x' })
clock('2026-04-01T18:00:00Z')
return [noon, await ask({ resource: 'x' })]`,
    outcome: ['allowed', 'outside-hours'],
  },
  {
    name: 'ipAllowlist',
    body: `return [await ask({ resource: 'x', ip: '10.1.2.3' }), await ask({ resource: 'x', ip: '192.168.1.1' }), await ask({ resource: 'x' })]`,
    outcome: ['allowed', 'ip-not-allowed', 'ip-not-allowed'],
  },
  {
    name: 'requireApprovalFor',
    body: `return [
  await ask({ action: 'write', resource: 'payments' }),
  await ask({ action: 'write', resource: 'payments:refunds' }),
  await ask({ action: 'read', resource: 'payments' }),
]`,
    outcome: ['approval-required', 'approval-required', 'allowed'],
  },
  {
    name: 'budgetUsdPerDay',
    body: `return [
  await ask({ resource: 'x', cost: 1.5 }),
  await ask({ resource: 'x', cost: 0.3 }),
  await ask({ resource: 'x', cost: 0.3 }),
]`,
    outcome: ['allowed', expect.stringMatching(/^(allowed|throttled)$/), 'budget-exhausted'],
  },
  {
    name: 'argPatterns',
    body: `return [
  await ask({ resource: 'x', args: { path: '/api/users' } }),
  await ask({ resource: 'x', args: { path: '/etc/passwd' } }),
  await ask({ resource: 'x' }),
]`,
    outcome: ['allowed', 'arg-mismatch', 'arg-mismatch'],
  },
]

/** Samples that run elsewhere than on Node. */
export const LEFT: readonly { readonly document: string; readonly index: number; readonly why: string }[] = [
  { document: '002', index: 7, why: 'runs in workerd: worker.test.ts' },
]
