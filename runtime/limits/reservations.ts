/**
 * Money between the decision and the end of the call.
 *
 * A decision that is allowed takes its estimate from every budget of its chain, in the transaction that records it, and opens
 * a reservation. `complete` says what the call did cost, once: the rest goes back, and what is beyond the reservation is an
 * overrun, which uses up each of the budgets and is recorded as an anomaly. A reservation that nobody completes in time counts
 * as spent.
 *
 * INVARIANT: what is *reserved* never exceeds a cap: only decisions reserve, and they look first. `used` is above a cap only by
 * what calls did cost beyond their reservations. Whoever opens a reservation has taken its amounts from the meters.
 */
import { after } from '../awaitable.ts'
import { KavachError } from '../errors.ts'
import type { Change } from '../site.ts'
import type { Awaitable } from '../store.ts'
import type { Row } from '../tables.ts'

/** Nano-USD below 2^53. */
export interface ReservedAmount {
  readonly key: string
  readonly windowStart: number
  readonly amount: number
  readonly limit: number
}

export interface Reservation {
  /** The row of the log whose decision reserved it. */
  readonly seq: number
  readonly agent: string
  readonly amounts: readonly ReservedAmount[]
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

export interface Settlement {
  readonly seq: number
  /** What the call did cost; without it what was reserved is what it cost, or nothing after a failure. */
  readonly actualNanoUsd: number | undefined
  readonly outcome: 'success' | 'failure'
}

export interface Settled {
  /** The largest amount that was reserved. */
  readonly reservedNanoUsd: number
  readonly actualNanoUsd: number
  /** What it did cost beyond the reservation. */
  readonly overrunNanoUsd: number
  /** It had counted as spent before; no meter was changed. */
  readonly isLate: boolean
}

/** Notes what a decision has taken; the meters are the decision's. */
export function openReservation(change: Change, { seq, agent, amounts, expiresAt }: Reservation): Awaitable<void> {
  return change.insert('reservations', [{ seq, agent, amounts: JSON.stringify(amounts), expiresAt, state: 'open' }])
}

/**
 * Ends a reservation, once, and brings the meters in line with what the call did cost.
 *
 * @throws {KavachError} KVCH_E_RESERVATION_CLOSED
 */
export function completeReservation(change: Change, settlement: Settlement): Awaitable<Settled> {
  const { seq } = settlement
  return after(change.get('reservations', { seq }), (row) => {
    if (row === undefined || row.state === 'settled' || row.state === 'released') {
      throw new KavachError('KVCH_E_RESERVATION_CLOSED')
    }
    return settleRow(change, row, settlement)
  })
}

function settleRow(change: Change, row: Row<'reservations'>, settlement: Settlement): Awaitable<Settled> {
  const amounts = readAmounts(row)
  const reservedNanoUsd = Math.max(0, ...amounts.map(({ amount }) => amount))
  const actualNanoUsd = settlement.actualNanoUsd ?? (settlement.outcome === 'success' ? reservedNanoUsd : 0)
  const settled: Settled = {
    reservedNanoUsd,
    actualNanoUsd,
    // Where no budget is, none is overrun.
    overrunNanoUsd: amounts.length === 0 ? 0 : Math.max(0, actualNanoUsd - reservedNanoUsd),
    // One whose time is over is spent, whether or not the sweeper has come by.
    isLate: row.state === 'expired' || row.expiresAt <= change.now,
  }
  const state = actualNanoUsd === 0 && !settled.isLate ? 'released' : 'settled'
  return after(change.put('reservations', [{ ...row, state }]), () =>
    settled.isLate ? settled : after(adjustAll(change, amounts, actualNanoUsd), () => settled),
  )
}

/** One after the other: two amounts may be of the same meter. */
function adjustAll(change: Change, amounts: readonly ReservedAmount[], actual: number, from = 0): Awaitable<void> {
  const amount = amounts[from]
  if (amount === undefined) return undefined
  return after(adjust(change, amount, actual), () => adjustAll(change, amounts, actual, from + 1))
}

function adjust(change: Change, { key, windowStart, amount, limit }: ReservedAmount, actual: number): Awaitable<void> {
  if (actual === amount) return undefined
  return after(change.get('meters', { key, windowStart }), (meter) => {
    // A window that was swept away is over for good.
    if (meter === undefined) return undefined
    const exact = Math.max(0, meter.used + actual - amount)
    const used = Math.min(actual > amount ? Math.max(limit, exact) : exact, Number.MAX_SAFE_INTEGER)
    return change.put('meters', [{ key, windowStart, used }])
  })
}

/**
 * Counts reservations as spent that nobody completed in time: at most `limit` of them, the oldest first.
 *
 * @returns those that expired
 */
export async function expireReservations(change: Change, limit: number): Promise<readonly Row<'reservations'>[]> {
  const range = { equal: ['open'], before: change.now + 1, limit }
  const due = await change.find('reservations', 'byState', range)
  if (due.length > 0)
    await change.put(
      'reservations',
      due.map((row) => ({ ...row, state: 'expired' as const })),
    )
  return due
}

function readAmounts({ amounts }: Row<'reservations'>): readonly ReservedAmount[] {
  // `openReservation` wrote it.
  return JSON.parse(amounts) as readonly ReservedAmount[]
}
