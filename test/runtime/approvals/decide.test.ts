import { describe, expect, test } from 'vitest'
import { NOW } from '../site.ts'
import { ASKED, agentRow, codeOf, deskOf } from './site.ts'

const HOUR = 3_600_000

describe('one decision', () => {
  test('is what 20 who approve and deny at once come to', async () => {
    const { site, approvals, ask } = deskOf()
    const id = await ask()
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        codeOf(approvals.api[i % 2 === 0 ? 'deny' : 'approve'](id, { approver: `person-${i}` })),
      ),
    )
    expect(all.filter((code) => code === 'done')).toHaveLength(1)
    expect(all.filter((code) => code === 'KVCH_E_APPROVAL_CLOSED')).toHaveLength(19)
    const decisions = (await site.log()).filter(({ kind }) => kind === 'approval.approve' || kind === 'approval.deny')
    expect(decisions).toHaveLength(1)
  })

  test('says who, when and why, and the note stands beside the log', async () => {
    const { site, approvals, ask } = deskOf()
    const id = await ask()
    site.host.setNow(NOW + 1000)
    const decided = await approvals.api.approve(id, { approver: { id: 'ann', roles: ['role:ops'] }, note: 'ask Bob' })
    expect(decided).toMatchObject({
      status: 'approved',
      votes: [{ approver: 'ann', roles: ['role:ops'], at: '2026-04-01T12:00:01.000Z' }],
      decidedAt: '2026-04-01T12:00:01.000Z',
      expiresAt: '2026-04-01T13:00:01.000Z',
      note: 'ask Bob',
    })
    const log = await site.log()
    expect(log[1]).toMatchObject({
      kind: 'approval.approve',
      actor: 'ann',
      approval: id,
      roles: ['role:ops'],
      status: 'approved',
    })
    expect(JSON.stringify(log)).not.toContain('ask Bob')
  })

  test('cannot be taken once the request has expired, which the reference system let happen', async () => {
    const { site, approvals, ask } = deskOf()
    const id = await ask()
    site.host.setNow(NOW + HOUR)
    await expect(approvals.api.approve(id, { approver: 'ann' })).rejects.toMatchObject({
      code: 'KVCH_E_APPROVAL_CLOSED',
      message: 'the approval is expired',
      details: { status: 'expired' },
    })
    expect(await codeOf(approvals.api.deny(id, { approver: 'ann' }))).toBe('KVCH_E_APPROVAL_CLOSED')
    expect((await site.log()).map(({ kind }) => kind)).toEqual(['approval.request', 'approval.expire'])
  })

  test('is of a request that exists', async () => {
    const { approvals } = deskOf()
    expect(await codeOf(approvals.api.approve('apr_1', { approver: 'ann' }))).toBe('KVCH_E_APPROVAL_NOT_FOUND')
    expect(await codeOf(approvals.api.get('apr_1'))).toBe('KVCH_E_APPROVAL_NOT_FOUND')
  })
})

describe('two needs', () => {
  const needs = [{ by: 'role:security' }, { by: 'role:finance' }]
  const ann = { approver: { id: 'ann', roles: ['role:security', 'role:finance'] } }
  const bob = { approver: { id: 'bob', roles: ['role:security'] } }

  test('need two votes, of two people', async () => {
    const { approvals, ask } = deskOf()
    const id = await ask({ needs })
    expect((await approvals.api.approve(id, ann)).status).toBe('pending')
    await expect(approvals.api.approve(id, ann)).rejects.toMatchObject({
      code: 'KVCH_E_APPROVAL_FORBIDDEN',
      message: 'this approver has agreed already; another one is needed',
    })
    expect((await approvals.api.approve(id, bob)).status).toBe('approved')
  })

  test('take no vote of those whose agreement is not needed any more', async () => {
    const { approvals, ask } = deskOf()
    const id = await ask({ needs })
    await approvals.api.approve(id, bob)
    const others = [{ approver: { id: 'carl', roles: ['role:security'] } }, { approver: 'dan' }]
    for (const other of others) {
      await expect(approvals.api.approve(id, other)).rejects.toMatchObject({
        code: 'KVCH_E_APPROVAL_FORBIDDEN',
        message: 'what is still needed is the vote of somebody else',
      })
      expect(await codeOf(approvals.api.deny(id, other))).toBe('KVCH_E_APPROVAL_FORBIDDEN')
    }
    expect((await approvals.api.get(id)).status).toBe('pending')
  })

  test('are over when one of those who may agree denies, even if they had agreed', async () => {
    const { approvals, ask, granted } = deskOf()
    const id = await ask({ needs })
    await approvals.api.approve(id, bob)
    expect((await approvals.api.deny(id, bob)).status).toBe('denied')
    expect(await granted()).toBeUndefined()
  })
})

describe('nobody decides', () => {
  async function withAgents() {
    const desk = deskOf()
    await desk.site.change((change) =>
      change.put('agents', [
        agentRow('agt_payer', 'user-1', 'payer'),
        agentRow('agt_boss', 'user-2', 'boss'),
        agentRow('agt_sibling', 'user-1', 'sibling'),
        agentRow('agt_cousin', 'user-2', 'cousin'),
        agentRow('agt_other', 'user-3', 'other'),
        agentRow('agt_free', null, 'free'),
      ]),
    )
    return { ...desk, id: await desk.ask() }
  }

  test.each([
    ['their own request', 'agt_payer'],
    ['it under their name', 'payer'],
    ['what is done on their behalf', 'agt_boss'],
    ['for another agent of their owner', 'agt_sibling'],
    ['that under their name', 'sibling'],
    ['for an agent whose delegator has their owner', 'agt_cousin'],
  ])('%s', async (_, approver) => {
    const { approvals, site, id } = await withAgents()
    for (const verb of ['approve', 'deny'] as const) {
      await expect(approvals.api[verb](id, { approver })).rejects.toMatchObject({
        code: 'KVCH_E_APPROVAL_FORBIDDEN',
        message: 'nobody decides a request of their own, nor one of another agent of the same owner',
      })
    }
    expect((await approvals.api.get(id)).status).toBe('pending')
    expect((await site.log()).slice(1)).toMatchObject([
      { kind: 'approval.refuse', actor: approver, approval: id, attempted: 'approve' },
      { kind: 'approval.refuse', actor: approver, approval: id, attempted: 'deny' },
    ])
  })

  test.each(['user-1', 'agt_other', 'agt_free', 'somebody'])('but %s may', async (approver) => {
    const { approvals, id } = await withAgents()
    expect((await approvals.api.approve(id, { approver })).status).toBe('approved')
  })
})

describe('a port that authenticates', () => {
  const authenticate = async (credential: unknown) =>
    credential === 'right' ? { id: 'ann', roles: ['role:finance'] } : undefined

  test('says who decides', async () => {
    const { approvals, ask } = deskOf({ authenticate })
    const id = await ask({ needs: [{ by: 'role:finance' }] })
    const { votes } = await approvals.api.approve(id, { credential: 'right' })
    expect(votes).toMatchObject([{ approver: 'ann', roles: ['role:finance'] }])
  })

  test.each([
    [{ credential: 'wrong' }, 'the credential is of nobody who may decide'],
    [{}, 'the credential is of nobody who may decide'],
    [{ approver: 'ann' }, 'approvers are authenticated here: give a `credential`'],
    [{ approver: 'ann', credential: 'right' }, 'approvers are authenticated here: give a `credential`'],
  ])('does not believe %j', async (by, message) => {
    const { approvals, ask } = deskOf({ authenticate })
    const id = await ask()
    await expect(approvals.api.approve(id, by)).rejects.toMatchObject({ code: 'KVCH_E_APPROVAL_FORBIDDEN', message })
    expect((await approvals.api.get(id)).status).toBe('pending')
  })
})

test.each<[unknown, string]>([
  [undefined, 'by: must be an object with `approver` or `credential`'],
  [{}, 'approver: say who decides'],
  [{ credential: 'x' }, 'credential: nobody checks it; set `approvals.authenticate`, or give `approver`'],
  [{ approver: '' }, 'approver: must be an id, or an object with `id` and `roles`'],
  [{ approver: { id: 'ann', roles: 'all' } }, 'approver.roles: must be a list of texts'],
  [{ approver: 'ann', role: 'x' }, 'role: there is no such member'],
  [{ approver: 'ann', note: 7 }, 'note: must be a text of at most 1000 characters'],
])('%j is no vote', async (by, message) => {
  const { approvals, ask } = deskOf()
  const id = await ask()
  // Callers without types write this too.
  await expect(approvals.api.approve(id, by as never)).rejects.toMatchObject({
    code: 'KVCH_E_REQUEST_INVALID',
    message,
  })
})

test('a request that nobody named has been asked under one generation, and is another one under the next', async () => {
  const { approvals, ask, granted } = deskOf()
  const id = await ask({ digest: 'of generation 3' })
  await approvals.api.approve(id, { approver: 'ann' })
  // The digest is of the request and the generation, so after a reload the decision asks for another one.
  expect(await granted('of generation 4')).toBeUndefined()
  expect(await ask({ digest: 'of generation 4', request: { ...ASKED.request, generation: 4 } })).not.toBe(id)
})
