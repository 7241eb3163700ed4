import { describe, expect, test } from 'vitest'
import { isPromise } from '../../../runtime/awaitable.ts'
import { createMemoryStore } from '../../../storage/memory.ts'
import { NOW } from '../site.ts'
import { slowly } from '../slow-store.ts'
import { ASKED, codeOf, deskOf } from './site.ts'

const HOUR = 3_600_000

describe('a request that waits', () => {
  test('is what an approver sees, and a row that says nothing of the arguments', async () => {
    const { site, approvals, ask } = deskOf()
    const id = await ask({ needs: [{ by: 'role:finance', withinMs: 1000 }] })
    expect(id).toMatch(/^apr_[0-9A-HJKMNP-TV-Z]{26}$/)
    expect(await approvals.api.get(id)).toEqual({
      id,
      status: 'pending',
      ...ASKED.request,
      needs: [{ by: 'role:finance', withinMs: 1000 }],
      votes: [],
      requestedAt: '2026-04-01T12:00:00.000Z',
      expiresAt: '2026-04-01T13:00:00.000Z',
    })
    const log = await site.log()
    expect(log).toMatchObject([
      {
        kind: 'approval.request',
        agent: 'agt_payer',
        actor: 'host',
        request_id: 'req_1',
        approval: id,
        digest: 'd1',
        action: 'execute',
        resource: 'mcp:payments:refund',
        chain: ['agt_boss', 'agt_payer'],
        generation: 3,
      },
    ])
    expect(JSON.stringify(log)).not.toContain('amount')
  })

  test('is not doubled, asked again in the same change or in others', async () => {
    const { site, approvals, ask } = deskOf()
    const first = await ask()
    const again = await Promise.all(Array.from({ length: 10 }, () => ask()))
    const together = await site.change(async (change) =>
      Promise.all(Array.from({ length: 10 }, () => approvals.request(change, { ...ASKED, digest: 'd2' }))),
    )
    expect(new Set(again)).toEqual(new Set([first]))
    expect(new Set(together.map(({ id }) => id)).size).toBe(1)
    expect(await site.read(async (reader) => (await reader.find('approvals', 'key')).length)).toBe(2)
  })

  test('is not doubled where the store has to be waited for', async () => {
    const { site, approvals } = deskOf({}, { store: slowly(createMemoryStore()) })
    const together = await site.change(async (change) =>
      Promise.all(Array.from({ length: 10 }, () => approvals.request(change, ASKED))),
    )
    expect(new Set(together.map(({ id }) => id)).size).toBe(1)
    expect(await site.read(async (reader) => (await reader.find('approvals', 'key')).length)).toBe(1)
  })

  test('is there at once where the store answers at once, so that no decision waits for it', async () => {
    const { site, approvals } = deskOf({ webhook: { url: 'https://example.com/' }, onRequest: () => undefined })
    await site.change((change) => {
      const row = approvals.request(change, ASKED)
      expect(isPromise(row)).toBe(false)
      expect(isPromise(approvals.granted(change, 'd1', NOW))).toBe(false)
    })
  })

  test('is asked anew once it was denied or has expired, which closes the old one', async () => {
    const { site, approvals, ask } = deskOf()
    const denied = await ask()
    await approvals.api.deny(denied, { approver: 'ann' })
    const expired = await ask()
    site.host.setNow(NOW + HOUR)
    const fresh = await ask()
    expect(new Set([denied, expired, fresh]).size).toBe(3)
    const rows = await site.read((reader) => reader.find('approvals', 'key'))
    expect(rows.map(({ status }) => status)).toEqual(['denied', 'expired', 'pending'])
    expect((await site.log()).map(({ kind }) => kind)).toEqual([
      'approval.request',
      'approval.deny',
      'approval.request',
      'approval.expire',
      'approval.request',
    ])
  })
})

describe('an approval that was given', () => {
  test('stands for its digest, names who agreed, and counts from the first vote', async () => {
    const { site, approvals, ask, granted } = deskOf()
    const id = await ask({ needs: [{}, { by: 'role:finance' }] })
    await approvals.api.approve(id, { approver: { id: 'ann', roles: ['role:ops', 'role:all'] } })
    expect(await granted()).toBeUndefined()
    site.host.setNow(NOW + 5000)
    await approvals.api.approve(id, { approver: { id: 'bob', roles: ['role:finance', 'role:all'] } })
    expect(await granted()).toEqual({
      id,
      approvedBy: ['ann', 'role:ops', 'role:all', 'bob', 'role:finance'],
      approvedAt: NOW,
    })
    expect(await granted('d2')).toBeUndefined()
  })

  test('lets the same request succeed, which no approval of the reference system could, and once', async () => {
    const { site, approvals, ask, granted } = deskOf()
    const id = await ask()
    await approvals.api.approve(id, { approver: 'ann' })
    expect(await granted()).toEqual({ id, approvedBy: ['ann'], approvedAt: NOW })
    const uses = await Promise.all(
      Array.from({ length: 50 }, (_, i) => codeOf(site.change((change) => approvals.use(change, id, `aud_${i}`)))),
    )
    expect(uses.filter((code) => code === 'done')).toHaveLength(1)
    expect(uses.filter((code) => code === 'KVCH_E_APPROVAL_CLOSED')).toHaveLength(49)
    expect([await granted(), (await approvals.api.get(id)).status]).toEqual([undefined, 'used'])
    expect((await site.log()).filter(({ kind }) => kind === 'approval.use')).toMatchObject([
      { approval: id, decision: 'aud_0' },
    ])
    expect(await ask()).not.toBe(id)
  })

  test('can be used for as long as it could be given, and not after', async () => {
    const { site, approvals, ask, granted } = deskOf({ ttlSeconds: 60 })
    const id = await ask()
    site.host.setNow(NOW + 59_000)
    await approvals.api.approve(id, { approver: 'ann' })
    site.host.setNow(NOW + 118_999)
    expect(await granted()).toBeDefined()
    site.host.setNow(NOW + 119_000)
    expect(await granted()).toBeUndefined()
    expect(await codeOf(site.change((change) => approvals.use(change, id)))).toBe('KVCH_E_APPROVAL_CLOSED')
    expect((await approvals.api.get(id)).status).toBe('expired')
  })

  test('is the latest, should there be several', async () => {
    const { site, approvals, ask, granted } = deskOf()
    const [first, other] = [await ask(), await ask({ digest: 'd2' })]
    await approvals.api.approve(first, { approver: 'ann' })
    await approvals.api.approve(other, { approver: 'ann' })
    // An approval that is too old for the policy is asked for anew; both stand then.
    const second = await ask()
    site.host.setNow(NOW + 1000)
    await approvals.api.approve(second, { approver: 'bob' })
    expect(await granted()).toEqual({ id: second, approvedBy: ['bob'], approvedAt: NOW + 1000 })
  })
})
