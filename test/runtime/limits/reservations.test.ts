import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  completeReservation,
  expireReservations,
  openReservation,
  type Settlement,
} from '../../../runtime/limits/index.ts'
import type { Change } from '../../../runtime/site.ts'
import { NOW, siteOf, type TestSite } from '../site.ts'

const DAY = Date.UTC(2026, 3, 1)
const MONTH = DAY
const TEN_MINUTES = 600_000
const OPEN = { agent: 'agt_1', expiresAt: NOW + TEN_MINUTES }

/** Takes from the meters as a decision does, or refuses; then opens the reservation. */
async function reserve(
  change: Change,
  seq: number,
  amount: number,
  caps: Readonly<Record<string, number>>,
): Promise<boolean> {
  const amounts = Object.entries(caps).map(([key, limit]) => ({
    key,
    windowStart: key === 'month' ? MONTH : DAY,
    amount,
    limit,
  }))
  const meters = await Promise.all(
    amounts.map(async ({ key, windowStart, limit }) => {
      const used = (await change.get('meters', { key, windowStart }))?.used ?? 0
      return { key, windowStart, used: used + amount, fits: used < limit && used + amount <= limit }
    }),
  )
  if (meters.some(({ fits }) => !fits)) return false
  await change.put(
    'meters',
    meters.map(({ fits: _, ...meter }) => meter),
  )
  await openReservation(change, { seq, agent: 'agt_1', amounts, expiresAt: change.now + TEN_MINUTES })
  return true
}

async function metersOf(site: TestSite): Promise<Readonly<Record<string, number>>> {
  const rows = await site.read((reader) => reader.find('meters', 'key'))
  return Object.fromEntries(rows.map(({ key, used }) => [key, used]))
}

async function stateOf(site: TestSite, seq: number): Promise<string | undefined> {
  return (await site.read((reader) => reader.get('reservations', { seq })))?.state
}

const complete = (site: TestSite, settlement: Settlement) =>
  site.change((change) => completeReservation(change, settlement))

describe('a call that was reserved with 30 of 100 a day and of 1,000 a month', () => {
  async function reserved(): Promise<TestSite> {
    const site = siteOf()
    await site.change((change) => reserve(change, 7, 30, { day: 100, month: 1000 }))
    return site
  }

  test.each<[string, Omit<Settlement, 'seq'>, number, string]>([
    ['costs what it did cost', { outcome: 'success', actualNanoUsd: 12 }, 12, 'settled'],
    ['costs what was reserved when nobody says more', { outcome: 'success', actualNanoUsd: undefined }, 30, 'settled'],
    [
      'costs nothing when it failed and nobody says more',
      { outcome: 'failure', actualNanoUsd: undefined },
      0,
      'released',
    ],
    ['costs what it did cost though it failed', { outcome: 'failure', actualNanoUsd: 5 }, 5, 'settled'],
    ['costs nothing when it says so', { outcome: 'success', actualNanoUsd: 0 }, 0, 'released'],
  ])('%s', async (_, settlement, actual, state) => {
    const site = await reserved()
    expect(await complete(site, { seq: 7, ...settlement })).toEqual({
      reservedNanoUsd: 30,
      actualNanoUsd: actual,
      overrunNanoUsd: 0,
      isLate: false,
    })
    expect(await metersOf(site)).toEqual({ day: actual, month: actual })
    expect(await stateOf(site, 7)).toBe(state)
  })

  test('uses up every budget when it costs more than was reserved', async () => {
    const site = await reserved()
    expect(await complete(site, { seq: 7, outcome: 'success', actualNanoUsd: 31 })).toEqual({
      reservedNanoUsd: 30,
      actualNanoUsd: 31,
      overrunNanoUsd: 1,
      isLate: false,
    })
    expect(await metersOf(site)).toEqual({ day: 100, month: 1000 })
    expect(await site.change((change) => reserve(change, 8, 1, { day: 100 }))).toBe(false)
  })

  test('is over the cap when it did cost more than that, and meters stay exact numbers', async () => {
    const site = await reserved()
    await complete(site, { seq: 7, outcome: 'success', actualNanoUsd: 250 })
    expect(await metersOf(site)).toEqual({ day: 250, month: 1000 })
    const other = await reserved()
    await other.change((change) => change.put('meters', [{ key: 'day', windowStart: DAY, used: 100 }]))
    await complete(other, { seq: 7, outcome: 'success', actualNanoUsd: Number.MAX_SAFE_INTEGER })
    expect((await metersOf(other)).day).toBe(Number.MAX_SAFE_INTEGER)
  })

  test('is completed once', async () => {
    const site = await reserved()
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => complete(site, { seq: 7, outcome: 'success', actualNanoUsd: i })),
    )
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const codes = all.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    expect(new Set(codes)).toEqual(new Set(['KVCH_E_RESERVATION_CLOSED']))
    expect(await metersOf(site)).toEqual({ day: 0, month: 0 })
  })

  test('counts as spent when its time is over, whether or not somebody has swept', async () => {
    for (const isSwept of [false, true]) {
      const site = await reserved()
      site.host.setNow(NOW + TEN_MINUTES)
      if (isSwept) await site.change((change) => expireReservations(change, 10))
      const settled = await complete(site, { seq: 7, outcome: 'failure', actualNanoUsd: 0 })
      expect(settled).toEqual({ reservedNanoUsd: 30, actualNanoUsd: 0, overrunNanoUsd: 0, isLate: true })
      expect(await metersOf(site)).toEqual({ day: 30, month: 30 })
      await expect(complete(site, { seq: 7, outcome: 'failure', actualNanoUsd: 0 })).rejects.toMatchObject({
        code: 'KVCH_E_RESERVATION_CLOSED',
      })
    }
  })

  test('does not bring back a meter whose window was swept away', async () => {
    const site = await reserved()
    await site.change((change) => change.remove('meters', { key: 'day', windowStart: DAY }))
    await complete(site, { seq: 7, outcome: 'success', actualNanoUsd: 10 })
    expect(await metersOf(site)).toEqual({ month: 10 })
  })
})

test('what was never reserved cannot be completed', async () => {
  await expect(complete(siteOf(), { seq: 1, outcome: 'success', actualNanoUsd: 1 })).rejects.toMatchObject({
    code: 'KVCH_E_RESERVATION_CLOSED',
  })
})

test('only what is due expires, the oldest first and so many at a time', async () => {
  const site = siteOf()
  await site.change(async (change) => {
    for (const seq of [1, 2, 3, 4]) {
      await openReservation(change, { ...OPEN, seq, amounts: [], expiresAt: NOW + 10 - seq })
    }
  })
  site.host.setNow(NOW + 8)
  const sweep = () => site.change(async (change) => (await expireReservations(change, 2)).map(({ seq }) => seq))
  expect([await sweep(), await sweep(), await sweep()]).toEqual([[4, 3], [2], []])
  expect(await Promise.all([1, 2, 3, 4].map((seq) => stateOf(site, seq)))).toEqual([
    'open',
    'expired',
    'expired',
    'expired',
  ])
})

/** What a run may do. Numbers name one of the calls that were reserved before. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('reserve' as const), amount: fc.integer({ min: 0, max: 40 }) }),
  fc.record({
    kind: fc.constant('complete' as const),
    call: fc.nat(19),
    share: fc.option(fc.double({ min: 0, max: 1.2, noNaN: true }), { nil: undefined }),
    outcome: fc.constantFrom('success' as const, 'failure' as const),
  }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: TEN_MINUTES }) }),
  fc.record({ kind: fc.constant('sweep' as const) }),
)

test('however reserving, completing and expiring alternate, no money is lost, doubled or reserved beyond a cap', async () => {
  const CAPS = { day: 100, month: 130 }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const site = siteOf()
      const calls: {
        readonly seq: number
        readonly amount: number
        readonly expiresAt: number
        spent: number | undefined
      }[] = []
      /** What budgets must read, and what is above their caps for overruns alone. */
      const model: { -readonly [K in keyof typeof CAPS]: number } = { day: 0, month: 0 }
      let overrun = 0
      for (const one of steps) {
        switch (one.kind) {
          case 'reserve': {
            const seq = calls.length
            const fits = Object.entries(CAPS).every(([key, cap]) => {
              const used = model[key as keyof typeof CAPS] // `CAPS` has these keys.
              return used < cap && used + one.amount <= cap
            })
            expect(await site.change((change) => reserve(change, seq, one.amount, CAPS))).toBe(fits)
            if (!fits) break
            calls.push({ seq, amount: one.amount, expiresAt: site.host.now() + TEN_MINUTES, spent: undefined })
            model.day += one.amount
            model.month += one.amount
            break
          }
          case 'complete': {
            const call = calls[one.call]
            if (call === undefined) break
            const stated = one.share === undefined ? undefined : Math.floor(call.amount * one.share)
            const actual = stated ?? (one.outcome === 'success' ? call.amount : 0)
            const settling = complete(site, { seq: call.seq, outcome: one.outcome, actualNanoUsd: stated })
            if (call.spent !== undefined) {
              await expect(settling).rejects.toMatchObject({ code: 'KVCH_E_RESERVATION_CLOSED' })
              break
            }
            const isLate = call.expiresAt <= site.host.now()
            const extra = Math.max(0, actual - call.amount)
            expect(await settling).toEqual({
              reservedNanoUsd: call.amount,
              actualNanoUsd: actual,
              overrunNanoUsd: extra,
              isLate,
            })
            call.spent = isLate ? call.amount : actual
            if (isLate) break
            overrun += extra
            for (const key of ['day', 'month'] as const) {
              const exact = model[key] + actual - call.amount
              model[key] = extra > 0 ? Math.max(CAPS[key], exact) : exact
            }
            break
          }
          case 'wait':
            site.host.setNow(Math.min(site.host.now() + one.ms, DAY + 86_399_000))
            break
          case 'sweep':
            await site.change((change) => expireReservations(change, 3))
        }
        const used = await metersOf(site)
        expect({ day: used.day ?? 0, month: used.month ?? 0 }).toEqual(model)
        if (overrun > 0) continue
        // Without an overrun a budget reads what completed calls did cost and what the others have reserved, and no more than its cap.
        const sum = calls.reduce((total, { amount, spent }) => total + (spent ?? amount), 0)
        expect(model).toEqual({ day: sum, month: sum })
        expect(sum).toBeLessThanOrEqual(CAPS.day)
      }
    }),
    { numRuns: 200 },
  )
})
