/**
 * I5: a store that fails or hangs gives a denial, or an error, with a `KVCH_E_*` code within the deadline; never an allow, never a
 * hang; and the host goes on by itself when the store does.
 *
 * What becomes of each fault in the store itself: `test/storage/sqlite/real-faults.test.ts`.
 */
import { copyFileSync, renameSync, rmSync } from 'node:fs'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { type AuthorizeResult, type Kavach, KavachError, type KavachOptions } from '../../../../index.ts'
import { createMemoryStore } from '../../../../storage/index.ts'
import { policyImage } from '../../../fixtures/policy-image.ts'
import { slowly } from '../../slow-store.ts'
import { connectionOf, errorOf, freshFile, makeAgent, openFile, openHost, READ } from '../hosts.ts'
import { faulty } from './stores.ts'

const DEADLINE = 300
/** What may go by beside the deadline: policies are loaded before the store is asked, and all of it at once. */
const SLACK = 2 * DEADLINE

interface Subject {
  readonly kavach: Kavach
  readonly id: string
  readonly helperId: string
  readonly token: string
  readonly auditId: string
  readonly approvalId: string
  readonly delegationId: string
  readonly keyId: string
  readonly key: string
}

const NEXT_POLICY = policyImage('', { generation: 7 })

/** Every method that needs the store, called as it would succeed. */
const METHODS: { readonly [name: string]: (subject: Subject) => Promise<unknown> } = {
  'agents.create': ({ kavach }) => makeAgent(kavach),
  'agents.get': ({ kavach, id }) => kavach.agents.get(id),
  'agents.list': ({ kavach }) => kavach.agents.list(),
  'agents.update': ({ kavach, id }) => kavach.agents.update(id, { name: 'other' }),
  'agents.rotate': ({ kavach, id }) => kavach.agents.rotate(id),
  'agents.refreshToken': ({ kavach, id }) => kavach.agents.refreshToken(id),
  'agents.issueToken': ({ kavach, id }) => kavach.agents.issueToken(id),
  'agents.revoke': ({ kavach, id }) => kavach.agents.revoke(id),
  'agents.suspend': ({ kavach, id }) => kavach.agents.suspend(id),
  'agents.unsuspend': ({ kavach, id }) => kavach.agents.unsuspend(id),
  'agents.suspendAll': ({ kavach }) => kavach.agents.suspendAll(),
  'agents.call': ({ kavach, id }) => kavach.agents.call(id, READ, () => 1),
  'agents.delegate': ({ kavach, id, helperId }) => kavach.agents.delegate(lend(id, helperId)),
  delegate: ({ kavach, id, helperId }) => kavach.delegate(lend(id, helperId)),
  'delegation.delegate': ({ kavach, id, helperId }) => kavach.delegation.delegate(lend(id, helperId)),
  'delegation.get': ({ kavach, delegationId }) => kavach.delegation.get(delegationId),
  'delegation.list': ({ kavach }) => kavach.delegation.list(),
  'delegation.listChains': ({ kavach, id }) => kavach.delegation.listChains(id),
  'delegation.revoke': ({ kavach, delegationId }) => kavach.delegation.revoke(delegationId),
  'delegation.getEffectivePermissions': ({ kavach, id }) => kavach.delegation.getEffectivePermissions(id),
  'approvals.list': ({ kavach }) => kavach.approvals.list(),
  'approvals.get': ({ kavach, approvalId }) => kavach.approvals.get(approvalId),
  'approvals.approve': ({ kavach, approvalId }) => kavach.approvals.approve(approvalId, { approver: 'boss' }),
  'approvals.deny': ({ kavach, approvalId }) => kavach.approvals.deny(approvalId, { approver: 'boss' }),
  'approvals.wait': ({ kavach, approvalId }) => kavach.approvals.wait(approvalId),
  'approvals.expireDue': ({ kavach }) => kavach.approvals.expireDue(),
  'audit.query': ({ kavach }) => kavach.audit.query(),
  'audit.get': ({ kavach, auditId }) => kavach.audit.get(auditId),
  'audit.export': ({ kavach }) => kavach.audit.export({ format: 'jsonl' }),
  'audit.exportStream': async ({ kavach }) => {
    for await (const chunk of kavach.audit.exportStream({ format: 'jsonl' })) expect(chunk).not.toBe('')
  },
  'audit.prove': ({ kavach, auditId }) => kavach.audit.prove(auditId),
  'audit.verify': ({ kavach }) => kavach.audit.verify(),
  'audit.erase': ({ kavach }) => kavach.audit.erase({ userId: 'ann' }),
  'audit.prune': ({ kavach }) => kavach.audit.prune({ before: new Date() }),
  'policy.current': ({ kavach }) => kavach.policy.current(),
  'policy.reload': ({ kavach }) => kavach.policy.reload(NEXT_POLICY),
  'policy.shadow': ({ kavach }) => kavach.policy.shadow(NEXT_POLICY),
  'policy.stage': ({ kavach }) => kavach.policy.stage(NEXT_POLICY, { percent: 10 }),
  'rates.take': ({ kavach }) => kavach.rates.take('otp', 'ann'),
  'keys.create': ({ kavach }) => kavach.keys.create({ name: 'k', scopes: ['decide'] }),
  'keys.list': ({ kavach }) => kavach.keys.list(),
  'keys.revoke': ({ kavach, keyId }) => kavach.keys.revoke(keyId),
  'keys.verify': ({ kavach, key }) => kavach.keys.verify(key, 'decide'),
  'usage.count': ({ kavach }) => kavach.usage.count(),
  'trust.score': ({ kavach, id }) => kavach.trust.score(id),
  'sessions.verify': ({ kavach }) => kavach.sessions.verify(new Request('https://app.example/')),
  'sessions.list': ({ kavach }) => kavach.sessions.list('ann'),
  'sessions.end': ({ kavach }) => kavach.sessions.end('session-1'),
  possible: ({ kavach, id }) => kavach.possible(id, [READ]),
  complete: ({ kavach, auditId }) => kavach.complete(auditId, { outcome: 'success' }),
}

/** Methods that never reject for want of the store: over HTTP that is an answer, and `maintain` warns. */
const NEED_NO_STORE = [
  'authorize',
  'authorizeByToken',
  'agents.authorize',
  'guard',
  'close',
  'maintain',
  'webhookSecret',
  'fetch',
  'owns',
]

/** Whoever asks is ann, who was signed in just now. */
const SESSIONS = {
  port: { session: () => ({ id: 'session-1', userId: 'ann', issuedAt: new Date() }) },
}

async function subjectOf(kavach: Kavach): Promise<Subject> {
  const { id, token } = await makeAgent(kavach, {
    permissions: [
      { resource: 'doc:**', actions: ['read'] },
      { resource: 'pay', actions: ['write'], constraints: { requireApproval: true } },
    ],
  })
  await kavach.sessions.verify(new Request('https://app.example/'))
  const { auditId = '' } = await kavach.authorize(id, READ)
  const { approvalId = '' } = await kavach.authorize(id, { action: 'write', resource: 'pay' })
  const helper = await makeAgent(kavach, { type: 'delegated' })
  const { id: delegationId } = await kavach.delegate(lend(id, helper.id))
  const { id: keyId, key } = await kavach.keys.create({ name: 'k', scopes: ['decide'] })
  return { kavach, id, helperId: helper.id, token, auditId, approvalId, delegationId, keyId, key }
}

/** Milliseconds of the steady clock that it took, and what came of it. */
async function timed<T>(promise: Promise<T>): Promise<{ readonly took: number; readonly value: T }> {
  const began = performance.now()
  const value = await promise
  return { took: performance.now() - began, value }
}

/** Milliseconds in which a timer of the deadline ends here and now: a busy machine is late for everybody. */
async function deadlineHere(): Promise<number> {
  return (await timed(new Promise((resolve) => setTimeout(resolve, DEADLINE)))).took
}

const codeOf = (promise: Promise<unknown>): Promise<string> => errorOf(promise).then(({ code }) => code)

test('every method of a host stands in the list above', async () => {
  const kavach = await openHost()
  const names = Object.entries(kavach).flatMap(([name, part]) =>
    typeof part === 'function' ? [name] : isParent(part) ? Object.keys(part).map((member) => `${name}.${member}`) : [],
  )
  const listed = [...Object.keys(METHODS), ...NEED_NO_STORE]
  // `agent` is another name of `agents`.
  expect(names.filter((name) => !name.startsWith('agent.') && !listed.includes(name))).toEqual([])
})

function isParent(part: unknown): part is object {
  return typeof part === 'object' && part !== null
}

const STORES = [
  ['answers at once', createMemoryStore],
  ['has to be waited for', () => slowly(createMemoryStore())],
] as const

describe.each(STORES)('a store that %s', (_, create) => {
  async function setUp(options: KavachOptions = {}) {
    const { store, set } = faulty(create())
    const kavach = await openHost({ database: store, deadlineMs: DEADLINE, sessions: SESSIONS, ...options })
    return { ...(await subjectOf(kavach)), set }
  }

  test('and hangs: every method is an error within the deadline, and the host goes on when the store does', async () => {
    const { set, ...subject } = await setUp()
    set('hangs')
    const deadline = deadlineHere()
    const failed = await Promise.all(
      Object.entries(METHODS).map(async ([name, call]) => ({ name, ...(await timed(codeOf(call(subject)))) })),
    )
    set('fine')
    expect(failed.map(({ name, value }) => [name, value])).toEqual(
      Object.keys(METHODS).map((name) => [name, 'KVCH_E_STORE_TIMEOUT']),
    )
    const most = (await deadline) + SLACK
    expect(failed.filter(({ took }) => took > most)).toEqual([])
    expect(await subject.kavach.authorize(subject.id, READ)).toMatchObject({ allowed: true })
    for (const [name, call] of Object.entries(METHODS)) {
      if (name === 'agents.revoke') break
      await call(subject)
    }
  })

  test('and hangs: 300 calls at once are denied within two deadlines, by id and by token', async () => {
    const { set, kavach, id, token } = await setUp()
    set('hangs')
    const deadline = deadlineHere()
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, call) =>
        timed(call % 2 === 0 ? kavach.authorize(id, READ) : kavach.authorizeByToken(token, READ)),
      ),
    )
    const next = deadlineHere()
    const late = await timed(kavach.authorize(id, READ))
    set('fine')
    for (const { value } of [...answers, late]) expect(value).toMatchObject(DENIED('KVCH_E_STORE_TIMEOUT'))
    const most = (await deadline) + DEADLINE
    expect(answers.filter(({ took }) => took > most)).toEqual([])
    expect(late.took).toBeLessThan((await next) + SLACK)
    expect(await kavach.authorize(id, READ)).toMatchObject({ allowed: true })
  })

  test.each([
    ['KVCH_E_STORE_UNAVAILABLE', () => new KavachError('KVCH_E_STORE_UNAVAILABLE')],
    ['KVCH_E_STORE_LOCKED', () => new KavachError('KVCH_E_STORE_LOCKED')],
    ['KVCH_E_STORE_FULL', () => new KavachError('KVCH_E_STORE_FULL')],
    ['KVCH_E_STORE_CORRUPT', () => new KavachError('KVCH_E_STORE_CORRUPT')],
  ])(
    'and fails with %s: every method says so, decisions are denials with it, and nothing has changed',
    async (code, make) => {
      const { set, ...subject } = await setUp()
      const { kavach, id, token } = subject
      const before = await kavach.audit.query()
      set(make())
      for (const [name, call] of Object.entries(METHODS))
        expect([name, await codeOf(call(subject))]).toEqual([name, code])
      const answers = await Promise.all([
        kavach.authorize(id, READ),
        kavach.authorizeByToken(token, READ),
        kavach.authorizeByToken('kv_nonsense', READ),
        kavach.authorize('agt_nobody', READ),
      ])
      for (const answer of answers) expect(answer).toMatchObject(DENIED(code))
      set('fine')
      expect(await kavach.audit.query()).toEqual(before)
      expect(await kavach.authorizeByToken(token, READ)).toMatchObject({ allowed: true })
    },
  )

  test('and hangs while it is closed: closing ends', async () => {
    const { set, kavach, id } = await setUp()
    set('hangs')
    const deadline = deadlineHere()
    const asked = kavach.authorize(id, READ)
    const { took } = await timed(kavach.close())
    expect(await asked).toMatchObject({ allowed: false })
    expect(took).toBeLessThan((await deadline) + 3 * DEADLINE)
  })
})

/** A denial that has no row. */
function DENIED(code: string): Partial<AuthorizeResult> {
  return { allowed: false, verdict: 'deny', reason: 'store-failed', code: code as never, auditId: undefined }
}

describe('a SQLite file', () => {
  async function setUp(options: KavachOptions = {}) {
    const file = freshFile()
    const kavach = await openFile(file, { deadlineMs: DEADLINE, ...options })
    const { id, token } = await makeAgent(kavach)
    expect(await kavach.authorize(id, READ)).toMatchObject({ allowed: true })
    return { file, kavach, id, token }
  }

  test('that another one holds denies within the deadline, blocks nobody, and is used when it is let go', async () => {
    const { file, kavach, id } = await setUp()
    const holder = new Database(file)
    holder.exec('BEGIN IMMEDIATE')
    let ticks = 0
    const ticking = setInterval(() => ticks++, 10)
    const deadline = deadlineHere()
    const asked = await timed(
      Promise.all([kavach.authorize(id, READ), ...Array.from({ length: 299 }, () => kavach.authorize(id, READ))]),
    )
    const next = deadlineHere()
    const creating = await timed(codeOf(makeAgent(kavach)))
    clearInterval(ticking)
    for (const answer of asked.value) expect(answer).toMatchObject({ allowed: false, reason: 'store-failed' })
    expect(new Set(asked.value.map(({ code }) => code))).toEqual(new Set(['KVCH_E_STORE_LOCKED']))
    expect(asked.took).toBeLessThan((await deadline) + DEADLINE)
    expect([creating.value, creating.took < (await next)]).toEqual(['KVCH_E_STORE_LOCKED', true])
    expect(ticks).toBeGreaterThan(5)
    const waiting = kavach.authorize(id, READ)
    holder.exec('ROLLBACK')
    expect(await waiting).toMatchObject({ allowed: true })
    holder.close()
  })

  test('that is full denies what it cannot record, and nothing of it is there', async () => {
    const { kavach, id } = await setUp()
    const connection = connectionOf(kavach)
    connection.pragma(`max_page_count = ${Number(connection.pragma('page_count', { simple: true })) + 4}`)
    let allowed = 1
    let denial: AuthorizeResult | undefined
    for (let call = 0; denial === undefined && call < 2000; call++) {
      const answer = await kavach.authorize(id, READ)
      if (answer.allowed) allowed++
      else denial = answer
    }
    expect(denial).toMatchObject(DENIED('KVCH_E_STORE_FULL'))
    const metadata = { text: 'x'.repeat(10_000) }
    expect(await codeOf(makeAgent(kavach, { metadata }))).toBe('KVCH_E_STORE_FULL')
    expect(await kavach.audit.query({ result: 'allowed' })).toHaveLength(allowed)
    connection.pragma('max_page_count = 1000000')
    expect(await kavach.authorize(id, READ)).toMatchObject({ allowed: true })
    await makeAgent(kavach, { metadata })
    expect(await kavach.audit.verify()).toMatchObject({ isIntact: true })
  })

  test('that is taken away denies, and allows again when it is back', async () => {
    const { file, kavach, id } = await setUp()
    renameSync(file, `${file}.away`)
    const answers = [await kavach.authorize(id, READ), await kavach.authorize(id, READ)]
    for (const answer of answers) expect(answer).toMatchObject(DENIED('KVCH_E_STORE_REPLACED'))
    expect(await codeOf(makeAgent(kavach))).toBe('KVCH_E_STORE_REPLACED')
    renameSync(`${file}.away`, file)
    expect(await kavach.authorize(id, READ)).toMatchObject({ allowed: true })
  })

  test('that is put in the place of ours, from before a revocation, allows nothing', async () => {
    const { file, kavach, id } = await setUp()
    new Database(file).prepare('VACUUM INTO ?').run(`${file}.yesterday`)
    await kavach.agents.revoke(id)
    for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true })
    copyFileSync(`${file}.yesterday`, file)
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(await kavach.authorize(id, READ)).toMatchObject(DENIED('KVCH_E_STORE_REPLACED'))
    }
  })
})

test('a host whose store fails while it opens rejects, and so does every method that did not wait for it', async () => {
  const { store, set } = faulty(createMemoryStore())
  set(new KavachError('KVCH_E_STORE_UNAVAILABLE'))
  expect(await codeOf(openHost({ database: store, deadlineMs: DEADLINE }))).toBe('KVCH_E_STORE_UNAVAILABLE')
  set('hangs')
  const deadline = deadlineHere()
  const { took, value } = await timed(codeOf(openHost({ database: store, deadlineMs: DEADLINE })))
  expect([value, took < (await deadline) + DEADLINE]).toEqual(['KVCH_E_STORE_TIMEOUT', true])
})

function lend(fromAgent: string, toAgent: string) {
  return { fromAgent, toAgent, permissions: [{ resource: 'doc:**', actions: ['read'] }] }
}
