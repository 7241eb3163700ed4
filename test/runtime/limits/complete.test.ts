import { describe, expect, test } from 'vitest'
import { entryOf } from '../../../runtime/audit/index.ts'
import { createComplete, expireDue, openReservation } from '../../../runtime/limits/index.ts'
import { NOW, siteOf, type TestSite } from '../site.ts'

const DAY = Date.UTC(2026, 3, 1)
const CENT = 10_000_000

/** A decision with a row, which reserved some cents of a budget of one dollar. */
async function decided(site: TestSite, result: 'allowed' | 'denied', cents?: number): Promise<string> {
  return site.change(async (change) => {
    const auditId = change.record(entryOf({ kind: 'decision', agent: 'agt_1', actor: 'agt_1', result, members: {} }))
    if (cents !== undefined) {
      const meter = { key: 'budget', windowStart: DAY }
      await change.put('meters', [{ ...meter, used: cents * CENT }])
      const amounts = [{ ...meter, amount: cents * CENT, limit: 100 * CENT }]
      const seq = Number(auditId.slice(4))
      await openReservation(change, { seq, agent: 'agt_1', amounts, expiresAt: change.now + 600_000 })
    }
    return auditId
  })
}

const used = async (site: TestSite) =>
  (await site.read((reader) => reader.get('meters', { key: 'budget', windowStart: DAY })))?.used

test('a call that did cost less gives back the rest, and its end is a row', async () => {
  const site = siteOf()
  const auditId = await decided(site, 'allowed', 30)
  site.host.setNow(NOW + 1234)
  const completion = { outcome: 'success', costUsd: 0.125, note: 'two pages' } as const
  expect(await createComplete(site)(auditId, completion, { actor: 'guard' })).toEqual({
    auditId: 'aud_1',
    reservedUsd: 0.3,
    costUsd: 0.125,
    overrunUsd: 0,
    isLate: false,
  })
  expect(await used(site)).toBe(125_000_000)
  expect((await site.log()).slice(1)).toMatchObject([
    {
      kind: 'complete',
      agent: 'agt_1',
      actor: 'guard',
      decision: 'aud_0',
      outcome: 'success',
      note: 'two pages',
      reserved_nano_usd: 300_000_000,
      actual_nano_usd: 125_000_000,
      late: false,
      duration_ms: 1234,
    },
  ])
})

test('a call that did cost more uses up the budget and is an anomaly', async () => {
  const site = siteOf()
  const auditId = await decided(site, 'allowed', 30)
  expect(await createComplete(site)(auditId, { outcome: 'success', costUsd: 0.31 })).toMatchObject({ overrunUsd: 0.01 })
  expect(await used(site)).toBe(100 * CENT)
  expect((await site.log()).slice(2)).toMatchObject([
    {
      kind: 'anomaly',
      agent: 'agt_1',
      anomaly: 'budget-overrun',
      decision: 'aud_0',
      completion: 'aud_1',
      overrun_nano_usd: CENT,
    },
  ])
})

test('a call without a price is completed once too', async () => {
  const site = siteOf()
  const auditId = await decided(site, 'allowed')
  const complete = createComplete(site)
  expect(await complete(auditId, { outcome: 'success', costUsd: 5 })).toEqual({
    auditId: 'aud_1',
    reservedUsd: 0,
    costUsd: 5,
    overrunUsd: 0,
    isLate: false,
  })
  await expect(complete(auditId, { outcome: 'success' })).rejects.toMatchObject({ code: 'KVCH_E_RESERVATION_CLOSED' })
  expect((await site.log()).map(({ kind }) => kind)).toEqual(['decision', 'complete'])
})

test('what comes too late is recorded and changes no budget', async () => {
  const site = siteOf()
  const auditId = await decided(site, 'allowed', 30)
  site.host.setNow(NOW + 600_000)
  expect(await site.change((change) => expireDue(change, 10))).toBe(1)
  expect(await createComplete(site)(auditId, { outcome: 'failure' })).toMatchObject({ costUsd: 0, isLate: true })
  expect(await used(site)).toBe(30 * CENT)
  expect((await site.log()).slice(1)).toMatchObject([
    { kind: 'reservation.expire', agent: 'agt_1', decision: 'aud_0' },
    { kind: 'complete', outcome: 'failure', late: true },
  ])
})

describe('there is nothing to complete', () => {
  test('for a call that was denied', async () => {
    const site = siteOf()
    const auditId = await decided(site, 'denied')
    await expect(createComplete(site)(auditId, { outcome: 'success' })).rejects.toMatchObject({
      code: 'KVCH_E_RESERVATION_CLOSED',
      message: '`aud_0` was denied, so there is nothing to complete',
    })
  })

  test('for a row that is no decision, or is not there', async () => {
    const site = siteOf()
    const complete = createComplete(site)
    await complete(await decided(site, 'allowed'), { outcome: 'success' })
    for (const auditId of ['aud_1', 'aud_2']) {
      await expect(complete(auditId, { outcome: 'success' })).rejects.toMatchObject({
        code: 'KVCH_E_AUDIT_NOT_FOUND',
        message: `\`${auditId}\` is no decision of this project`,
      })
    }
  })

  test('for a call of two months ago', async () => {
    const site = siteOf()
    const auditId = await decided(site, 'allowed')
    site.host.setNow(NOW + 62 * 86_400_000)
    await expect(createComplete(site)(auditId, { outcome: 'success' })).rejects.toMatchObject({
      message: '`aud_0` is too long ago to be completed',
    })
  })
})

test.each<[string, unknown, string]>([
  ['aud_x', { outcome: 'success' }, 'auditId: `aud_x` is no audit id'],
  ['aud_0', undefined, 'completion: must be an object with `outcome`'],
  ['aud_0', {}, 'outcome: must be `success` or `failure`'],
  ['aud_0', { outcome: 'success', cost: 1 }, 'cost: there is no such member'],
  ['aud_0', { outcome: 'success', costUsd: -1 }, 'costUsd: must be an amount of USD, 0 or more and below 9007199'],
  ['aud_0', { outcome: 'success', costUsd: '1' }, 'costUsd: must be an amount of USD, 0 or more and below 9007199'],
  ['aud_0', { outcome: 'success', note: 'x'.repeat(1001) }, 'note: must be a text of at most 1000 characters'],
])('%s with %j is refused', async (auditId, completion, message) => {
  const site = siteOf()
  await decided(site, 'allowed')
  // Callers without types write this too.
  await expect(createComplete(site)(auditId, completion as never)).rejects.toMatchObject({
    code: 'KVCH_E_REQUEST_INVALID',
    message,
  })
})
