/** Meters: their keys, their readings, and what a decision takes from them (docs/language.md section 8). */
import {
  PER_AGENT_RESOURCE,
  PER_ALL,
  PER_OWNER,
  PER_TENANT,
  RES_METER_COUNT,
  RES_METER_SIZE,
  RES_METERS,
  RM_AMOUNT,
  RM_KEY,
  RM_LIMIT,
  RM_OWNER,
  RM_OWNER_LENGTH,
  RM_PRINCIPAL,
  RM_READING,
  RM_WINDOW,
  RM_WINDOW_START,
} from '../format/layout.ts'
import { decimalOf } from './decimal.ts'
import { listOf, type Machine } from './machine.ts'
import { chainOf, type EngineRequest, MALFORMED, type Window } from './request.ts'
import { wordsOf } from './words.ts'

export const WINDOWS = wordsOf('minute hour day month')
/** A start when there is no `now`. Windows start at whole minutes, before 1970 too. */
export const UNKNOWN = -1
const WINDOW_MS = [60_000, 3_600_000, 86_400_000]

/** One meter that a decision depends on. Limits and amounts are whole numbers as text. */
export interface Meter {
  readonly key: string
  readonly window: Window
  /** Milliseconds since 1970; `null` without a known `now`. */
  readonly windowStart: number | null
  readonly limit: string
  readonly unit: 'calls' | 'nanoUsd'
}

/** What to take from a meter: `used + amount` must not exceed `limit`. */
export interface Reservation extends Meter {
  readonly amount: string
}

/** What a decision takes from a meter, and when the meter lets it through, as `freeAt` says. */
export type Charge = readonly [meter: Meter, reservation: Reservation, freeAt: number]

/** The meters in the response of the machine. */
export function readCharges(m: Machine, request: EngineRequest): readonly Charge[] {
  const names = chainOf(request)
  return listOf(m.u32(RES_METER_COUNT), (i): Charge => {
    const at = RES_METERS + i * RES_METER_SIZE
    // A byte each, in this order: window, pacing, scope, money.
    const kinds = m.u32(at + RM_WINDOW)
    const window = kinds & 255
    const per = (kinds >> 16) & 255
    const limit = m.u64(at + RM_LIMIT)
    const amount = m.u64(at + RM_AMOUNT)
    const reading = m.u64(at + RM_READING)
    const start = m.i64(at + RM_WINDOW_START)
    const owner = m.u32(at + RM_OWNER)
    const scope =
      per === PER_ALL
        ? ''
        : per === PER_TENANT
          ? scopePart('tenant', request.tenant)
          : per === PER_OWNER
            ? scopePart('owner', owner && m.text(owner, m.u32(at + RM_OWNER_LENGTH)))
            : scopePart('agent', names[m.u32(at + RM_PRINCIPAL)]) +
              (per === PER_AGENT_RESOURCE ? scopePart('resource', request.resource) : '')
    const clause =
      m
        .u64(at + RM_KEY)
        .toString(16)
        .padStart(16, '0') + ((kinds >> 8) & 1 ? 'p' : '')
    const meter: Meter = {
      key: `${clause}/${WINDOWS[window]}${scope}`,
      window: WINDOWS[window] as Window, // One of the four, by its number.
      windowStart: start === UNKNOWN ? null : start,
      limit: `${limit}`,
      unit: kinds >> 24 ? 'nanoUsd' : 'calls',
    }
    return [meter, { ...meter, amount: `${amount}` }, freeAt(window, start, reading, amount, limit)]
  })
}

/** An absent owner or tenant is the bare word. */
export const scopePart = (word: string, value: string | number | null | undefined) =>
  `/${word}${value ? `=${encodeURIComponent(value)}` : ''}`

/** When a meter lets the amount through again: 0 is now, infinity never; `start` is that of the window. */
export function freeAt(window: number, start: number, reading: bigint, amount: bigint, limit: bigint): number {
  if (reading < limit && reading + amount <= limit) return 0
  if (limit === 0n || amount > limit || start === UNKNOWN) return Number.POSITIVE_INFINITY
  const length = WINDOW_MS[window]
  const end = new Date(start)
  return length ? start + length : end.setUTCMonth(end.getUTCMonth() + 1)
}

/** Seconds until all limits in the way have begun anew. Nothing when none is in the way, or one of them stays. */
export function retryAfter(times: readonly number[], now: EngineRequest['now']): number | undefined {
  const until = Math.max(0, ...times)
  if (until === 0 || until === Number.POSITIVE_INFINITY) return undefined
  // Only a known time lets it end.
  return Math.ceil((until - (typeof now === 'number' ? now : Date.parse(now as string))) / 1000)
}

const MAX_READING = 2n ** 64n - 1n

/**
 * A reading in calls (`places` 0) or nano-USD (9), rounded up: what is used in part is used.
 *
 * Throws for what is no amount.
 */
export function toUnits(value: unknown, places: number): bigint {
  // What is neither has no such method.
  const [digits, power] = decimalOf(typeof value === 'string' ? `${value}e0` : (value as number).toExponential())
  if (digits < '0') throw MALFORMED
  const point = Math.max(0, digits.length + power + places)
  // A text below 1 begins with one zero, so this is 10 ** 20 or more.
  if (point > 20) return MAX_READING
  const units = BigInt(digits.slice(0, point).padEnd(point, '0')) + BigInt(Number(digits.slice(point)) > 0)
  return units < MAX_READING ? units : MAX_READING
}

/** What a meter reads. */
export type Lookup = (meter: Meter) => bigint

/** Looks meters up in the readings of a request. Throws when one of them is malformed. */
export function readReadings(readings: unknown): Lookup {
  const { used, spent, meters } = ownMembers(readings)
  const [calls, money, exact] = [used, spent, meters].map((part) => {
    const amounts = ownMembers(part ?? {})
    for (const name in amounts) toUnits(amounts[name] ?? 0, 0)
    return amounts
  })
  return ({ key, window, unit }) => {
    const isMoney = unit === 'nanoUsd'
    return toUnits(exact?.[key] ?? (isMoney ? money : calls)?.[window] ?? 0, isMoney ? 9 : 0)
  }
}

/** Own members alone. Throws when there can be none. */
export function ownMembers(value: unknown): { readonly [name: string]: unknown } {
  if (typeof value !== 'object' || Array.isArray(value)) throw MALFORMED
  return { __proto__: null, ...value }
}
