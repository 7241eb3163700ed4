import { describe, expect, test } from 'vitest'
import {
  type AuthorizeRequest,
  type Awaitable,
  type Delegation,
  type Kavach,
  type NewDelegation,
  type Permission,
  type Reader,
  recordedDecision,
} from '../../../runtime/index.ts'
import { createMemoryStore } from '../../../storage/index.ts'
import { hostUnder } from '../host/under-policy.ts'
import { slowly } from '../slow-store.ts'

const POLICY = `
autonomous agent clerk {
  allow read, write, send on doc:**
  may delegate depth 5
}

autonomous agent chief {
  allow * on doc:** may delegate depth 5
}

delegated agent courier {
  may delegate depth 1
}

delegate chief -> courier {
  allow read on doc:public:**
}

boundary runtime {
  allow * on ** may delegate depth 5
}
`

const READ: Permission = { resource: 'doc:**', actions: ['read'] }
const WRITE: Permission = { resource: 'doc:**', actions: ['write'] }

async function setUp(open = createMemoryStore) {
  const opened = await hostUnder(POLICY, { store: open() })
  const { kavach } = opened
  const helper = await kavach.agents.create({ ownerId: 'ann', name: 'helper', type: 'delegated', permissions: [] })
  const temp = await kavach.agents.create({ ownerId: 'ann', name: 'temp', type: 'autonomous', permissions: [WRITE] })
  return {
    ...opened,
    site: { read: <T>(work: (reader: Reader) => Awaitable<T>) => opened.store.read(kavach.project, work) },
    helper: helper.id,
    temp: temp.id,
    lend: (delegation: NewDelegation) => kavach.delegation.delegate(delegation),
    reasons: async (agent: string, request: Partial<AuthorizeRequest>) =>
      Promise.all(
        ['read', 'write', 'send'].map(
          async (action) => (await kavach.authorize(agent, { action, resource: 'doc:a', ...request })).reason,
        ),
      ),
  }
}

for (const [what, open] of [
  ['that answers at once', createMemoryStore],
  ['that has to be waited for', () => slowly(createMemoryStore())],
] as const) {
  describe(`with a store ${what}`, () => {
    test('of two delegations between the same agents only the named one counts', async () => {
      const { helper, lend, reasons } = await setUp(open)
      const read = await lend({ fromAgent: 'clerk', toAgent: helper, permissions: [READ] })
      const write = await lend({ fromAgent: 'clerk', toAgent: helper, permissions: [WRITE] })
      expect(await reasons(helper, {})).toEqual(['allowed', 'allowed', 'no-grant'])
      expect(await reasons(helper, { delegation: read.id })).toEqual(['allowed', 'no-grant', 'no-grant'])
      expect(await reasons(helper, { delegation: write.id })).toEqual(['no-grant', 'allowed', 'no-grant'])
      expect(await reasons(helper, {})).toEqual(['allowed', 'allowed', 'no-grant'])
    })

    test('what the agent holds itself does not count', async () => {
      const { temp, lend, reasons } = await setUp(open)
      const { id } = await lend({ fromAgent: 'clerk', toAgent: temp, permissions: [READ] })
      expect(await reasons(temp, {})).toEqual(['allowed', 'allowed', 'no-grant'])
      expect(await reasons(temp, { delegation: id })).toEqual(['allowed', 'no-grant', 'no-grant'])
    })

    test('the delegator is asked as it is now, with all that it holds', async () => {
      const { kavach, helper, temp, lend, reasons } = await setUp(open)
      await lend({ fromAgent: 'clerk', toAgent: temp, permissions: [READ], maxDepth: 2 })
      const { id } = await lend({ fromAgent: temp, toAgent: helper, permissions: [READ, WRITE] })
      expect(await reasons(helper, { delegation: id })).toEqual(['allowed', 'allowed', 'no-grant'])
      await kavach.agents.suspend(temp)
      expect(await reasons(helper, { delegation: id })).toEqual([
        'agent-suspended',
        'agent-suspended',
        'agent-suspended',
      ])
    })

    test('a delegation through another one counts behind that one only', async () => {
      const { kavach, helper, temp, lend, reasons } = await setUp(open)
      const first = await lend({ fromAgent: 'clerk', toAgent: temp, permissions: [READ], maxDepth: 2 })
      const wide = await lend({ fromAgent: temp, toAgent: helper, permissions: [READ, WRITE] })
      const { id } = await lend({ fromAgent: temp, toAgent: helper, permissions: [READ], through: first.id })
      expect(await reasons(helper, { delegation: wide.id })).toEqual(['allowed', 'allowed', 'no-grant'])
      expect(await reasons(helper, { delegation: id })).toEqual(['allowed', 'no-grant', 'no-grant'])
      const answer = await kavach.authorize(helper, { action: 'read', resource: 'doc:a', delegation: id })
      expect(answer.via).toEqual(['clerk', temp])
      await kavach.delegation.revoke(first.id)
      expect(await reasons(helper, { delegation: id })).toEqual(['no-grant', 'no-grant', 'no-grant'])
    })
  })
}

describe('the named delegation', () => {
  const strangers: readonly [string, (made: Made) => string | Promise<string>][] = [
    ['that does not exist', () => 'dlg_01K0000000000000000000000'],
    ['that is no id', () => ''],
    ['to another agent', ({ foreign }) => foreign.id],
    ['that was revoked', async ({ own, kavach }) => (await kavach.delegation.revoke(own.id)).id],
    ['of the policy', ({ declared }) => declared.id],
  ]
  test.each(strangers)('%s allows nothing, and the denial has a row', async (_what, idOf) => {
    const made = await make()
    const delegation = await idOf(made)
    const { auditId, ...answer } = await made.kavach.authorize('courier', {
      action: 'read',
      resource: 'doc:public:a',
      delegation,
    })
    expect(answer).toMatchObject({ allowed: false, reason: 'no-grant', code: 'KVCH_E_AGENT_PERMISSION_DENIED' })
    const row = await made.kavach.audit.get(auditId ?? '')
    expect(row).toMatchObject({ agent: 'courier', result: 'denied', reason: 'no-grant', delegation })
  })

  test('that has expired allows nothing', async () => {
    const { kavach, host, helper, lend, reasons } = await setUp()
    const { id } = await lend({
      fromAgent: 'clerk',
      toAgent: helper,
      permissions: [READ],
      expiresAt: host.now() + 60_000,
    })
    expect(await reasons(helper, { delegation: id })).toEqual(['allowed', 'no-grant', 'no-grant'])
    await host.advance(60_000)
    expect(await reasons(helper, { delegation: id })).toEqual(['no-grant', 'no-grant', 'no-grant'])
    expect(await kavach.possible(helper, [{ action: 'read', resource: 'doc:a' }], { delegation: id })).toEqual([false])
  })

  test('that is no text makes the request invalid', async () => {
    const { reasons } = await setUp()
    const odd: readonly unknown[] = [7, null, ['dlg_1'], '\ud800', 'x'.repeat(2000)]
    for (const delegation of odd) {
      expect((await reasons('courier', { delegation: delegation as string }))[0]).toBe('invalid-request')
    }
  })

  test('and the chain that is stated must both hold', async () => {
    const { helper, temp, lend, reasons } = await setUp()
    const first = await lend({ fromAgent: 'clerk', toAgent: temp, permissions: [READ], maxDepth: 2 })
    const { id } = await lend({ fromAgent: temp, toAgent: helper, permissions: [READ], through: first.id })
    const [chain, other, shorter] = await Promise.all(
      [['clerk', temp], ['chief', temp], [temp]].map((via) => reasons(helper, { delegation: id, via })),
    )
    expect(chain).toEqual(['allowed', 'no-grant', 'no-grant'])
    expect(other).toEqual(['no-grant', 'no-grant', 'no-grant'])
    expect(shorter).toEqual(['no-grant', 'no-grant', 'no-grant'])
  })

  test('and a stated empty chain: the delegation decides', async () => {
    const { helper, lend, reasons } = await setUp()
    const { id } = await lend({ fromAgent: 'clerk', toAgent: helper, permissions: [READ] })
    expect(await reasons(helper, { delegation: id, via: [] })).toEqual(['allowed', 'no-grant', 'no-grant'])
  })

  test('is part of what a retry must repeat', async () => {
    const { kavach, helper, lend } = await setUp()
    const ids = [
      await lend({ fromAgent: 'clerk', toAgent: helper, permissions: [READ] }),
      await lend({ fromAgent: 'clerk', toAgent: helper, permissions: [READ] }),
    ].map(({ id }) => id)
    const ask = async (delegation: string | undefined) =>
      (await kavach.authorize(helper, { action: 'read', resource: 'doc:a', idempotencyKey: 'k', delegation })).reason
    expect([await ask(ids[0]), await ask(ids[0]), await ask(ids[1])]).toEqual([
      'allowed',
      'allowed',
      'idempotency-conflict',
    ])
  })

  test('is counted for lists of what is possible', async () => {
    const { kavach, helper, temp, lend } = await setUp()
    const requests = ['read', 'write', 'send'].map((action) => ({ action, resource: 'doc:a' }))
    const read = await lend({ fromAgent: 'clerk', toAgent: temp, permissions: [READ], maxDepth: 2 })
    const write = await lend({ fromAgent: 'clerk', toAgent: temp, permissions: [WRITE], maxDepth: 2 })
    const { id } = await lend({ fromAgent: temp, toAgent: helper, permissions: [WRITE], through: write.id })
    expect(await kavach.possible(temp, requests, { delegation: read.id })).toEqual([true, false, false])
    expect(await kavach.possible(temp, requests, { delegation: write.id })).toEqual([false, true, false])
    expect(await kavach.possible(helper, requests, { delegation: id })).toEqual([false, true, false])
    expect(await kavach.possible(helper, requests, { delegation: write.id })).toEqual([false, false, false])
  })

  test('is the only one of its pair with which the row is explained', async () => {
    const { kavach, site, helper, temp, lend } = await setUp()
    const first = await lend({ fromAgent: 'clerk', toAgent: temp, permissions: [READ], maxDepth: 2 })
    await lend({ fromAgent: 'clerk', toAgent: temp, permissions: [WRITE], maxDepth: 2 })
    const { id } = await lend({ fromAgent: temp, toAgent: helper, permissions: [READ], through: first.id })
    await lend({ fromAgent: temp, toAgent: helper, permissions: [WRITE] })
    const request = { action: 'read', resource: 'doc:a' }
    const { auditId = '' } = await kavach.authorize(helper, { ...request, delegation: id })
    const { state } = await recordedDecision(site, auditId)
    const shown = state.delegations.map(({ from, to, grants }) => [from, to, grants.flatMap(({ actions }) => actions)])
    expect(shown).toEqual([
      ['clerk', temp, ['read']],
      [temp, helper, ['read']],
    ])
    const plain = await kavach.authorize(helper, request)
    const whole = await recordedDecision(site, plain.auditId ?? '')
    expect(whole.state.delegations.flatMap(({ grants }) => grants.map(({ actions }) => actions))).toEqual([['write']])
  })

  test('is not in the row of a request that names none', async () => {
    const { kavach } = await setUp()
    const { auditId } = await kavach.authorize('courier', { action: 'read', resource: 'doc:public:a' })
    expect(Object.keys(await kavach.audit.get(auditId ?? ''))).not.toContain('delegation')
  })
})

describe('a delegation that counts only when it is named', () => {
  test('gives its receiver nothing, and no chain', async () => {
    const { kavach, helper, lend, reasons } = await setUp()
    const made = await lend({ fromAgent: 'clerk', toAgent: helper, permissions: [READ], onlyWhenNamed: true })
    expect(made).toMatchObject({ onlyWhenNamed: true })
    expect(await reasons(helper, { delegation: made.id })).toEqual(['allowed', 'no-grant', 'no-grant'])
    expect(await reasons(helper, {})).toEqual(['no-grant', 'no-grant', 'no-grant'])
    expect(await reasons(helper, { via: ['clerk'] })).not.toContain('allowed')
    expect(await kavach.delegation.listChains(helper)).toEqual([])
    expect(await kavach.delegation.getEffectivePermissions(helper)).toEqual([])
    expect(await kavach.possible(helper, [{ action: 'read', resource: 'doc:a' }])).toEqual([false])
  })

  test('cannot be passed on but through it', async () => {
    const { helper, temp, lend } = await setUp()
    const { id: through } = await lend({
      fromAgent: 'clerk',
      toAgent: helper,
      permissions: [READ],
      onlyWhenNamed: true,
      maxDepth: 2,
    })
    const passedOn = { fromAgent: helper, toAgent: temp, permissions: [READ] }
    await expect(lend(passedOn)).rejects.toMatchObject({ code: 'KVCH_E_AGENT_DELEGATION_ESCALATES' })
    expect(await lend({ ...passedOn, through })).toMatchObject({ through, onlyWhenNamed: true })
  })

  test('there may be any number of them, and revoking one is noticed by the next request', async () => {
    const { kavach, helper, lend, reasons } = await setUp()
    const ids: string[] = []
    for (let at = 0; at < 70; at++) {
      const from = await kavach.agents.create({ ownerId: 'ann', name: `a${at}`, type: 'service', permissions: [READ] })
      const { id } = await lend({ fromAgent: from.id, toAgent: helper, permissions: [READ], onlyWhenNamed: true })
      ids.push(id)
    }
    const [first = '', last = ''] = [ids[0], ids.at(-1)]
    expect(await reasons(helper, { delegation: last })).toEqual(['allowed', 'no-grant', 'no-grant'])
    expect(await reasons(helper, { delegation: first })).toEqual(['allowed', 'no-grant', 'no-grant'])
    await kavach.delegation.revoke(first)
    expect(await reasons(helper, { delegation: first })).toEqual(['no-grant', 'no-grant', 'no-grant'])
    expect(await reasons(helper, { delegation: last })).toEqual(['allowed', 'no-grant', 'no-grant'])
  })

  test('ends with its delegator, whose end is not that of its receiver', async () => {
    const { kavach, helper, temp, lend, reasons } = await setUp()
    const { id } = await lend({ fromAgent: temp, toAgent: helper, permissions: [WRITE], onlyWhenNamed: true })
    expect(await reasons(helper, { delegation: id })).toEqual(['no-grant', 'allowed', 'no-grant'])
    await kavach.agents.revoke(temp)
    expect(await reasons(helper, { delegation: id })).toEqual(['no-grant', 'no-grant', 'no-grant'])
    expect((await kavach.agents.get(helper)).status).toBe('active')
    expect((await kavach.delegation.get(id)).revokedAt).not.toBeNull()
  })
})

describe('a delegation through another one', () => {
  test('gives no more than that one gives, whatever else the delegator holds', async () => {
    const { helper, temp, lend } = await setUp()
    const { id: through } = await lend({ fromAgent: 'clerk', toAgent: temp, permissions: [READ], maxDepth: 2 })
    const wider = lend({ fromAgent: temp, toAgent: helper, permissions: [WRITE], through })
    await expect(wider).rejects.toMatchObject({
      code: 'KVCH_E_AGENT_DELEGATION_ESCALATES',
      details: { excess: 'requests', witness: { action: 'write' } },
    })
    expect(await lend({ fromAgent: temp, toAgent: helper, permissions: [READ], through })).toMatchObject({ through })
  })

  test('cannot be made through one that may not be passed on', async () => {
    const { helper, temp, lend } = await setUp()
    const { id: through } = await lend({ fromAgent: 'clerk', toAgent: temp, permissions: [READ] })
    const made = lend({ fromAgent: temp, toAgent: helper, permissions: [READ], through })
    await expect(made).rejects.toMatchObject({ code: 'KVCH_E_AGENT_DELEGATION_DEPTH' })
  })

  test('cannot be made through one to somebody else', async () => {
    const { helper, temp, lend } = await setUp()
    const { id: through } = await lend({ fromAgent: 'clerk', toAgent: helper, permissions: [READ], maxDepth: 2 })
    const made = lend({ fromAgent: temp, toAgent: helper, permissions: [WRITE], through })
    await expect(made).rejects.toMatchObject({
      code: 'KVCH_E_AGENT_DELEGATION_INVALID',
      details: { path: 'through' },
    })
  })
})

interface Made {
  readonly kavach: Kavach
  readonly own: Delegation
  readonly foreign: Delegation
  readonly declared: Delegation
}

/** A courier to whom the policy and the clerk lend something, and somebody else to whom the clerk does. */
async function make(): Promise<Made> {
  const { kavach, helper, lend } = await setUp()
  const own = await lend({ fromAgent: 'clerk', toAgent: 'courier', permissions: [READ] })
  const foreign = await lend({ fromAgent: 'clerk', toAgent: helper, permissions: [READ] })
  const { delegations } = await kavach.delegation.list({ fromAgent: 'chief' })
  const [declared] = delegations
  if (declared === undefined) throw new Error('the policy declares one')
  return { kavach, own, foreign, declared }
}
