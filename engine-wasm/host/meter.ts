/** Meters: their keys, their readings, and what a decision takes from them (docs/language.md section 8). */
import {
  FIELD_READINGS,
  PER_AGENT_RESOURCE,
  PER_ALL,
  PER_OWNER,
  PER_TENANT,
  REQ_FIELDS_LENGTH,
  RES_METER_COUNT,
  RES_METER_SIZE,
  RES_METERS,
  RM_AMOUNT,
  RM_KEY,
  RM_LIMIT,
  RM_MONEY,
  RM_OWNER,
  RM_OWNER_LENGTH,
  RM_PACING,
  RM_PER,
  RM_PRINCIPAL,
  RM_READING,
  RM_WINDOW,
  RM_WINDOW_START,
} from '../format/layout.ts'
import type { Machine } from './machine.ts'
import { chainOf, type EngineRequest, type Window } from './request.ts'

const WINDOWS: readonly Window[] = ['minute', 'hour', 'day', 'month']
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

export interface Charge {
  readonly reservation: Reservation
  readonly reading: bigint
}

/** The meters in the response of the machine. */
export function readMeters(m: Machine, request: EngineRequest): readonly Charge[] {
  const { view } = m
  const count = view.getUint32(m.response + RES_METER_COUNT, true)
  const names = count > 0 ? chainOf(request) : []
  return Array.from({ length: count }, (_, i): Charge => {
    const at = m.response + RES_METERS + i * RES_METER_SIZE
    const u64 = (offset: number) => view.getBigUint64(at + offset, true)
    const window = WINDOWS[view.getUint8(at + RM_WINDOW)] ?? 'minute'
    const start = Number(view.getBigInt64(at + RM_WINDOW_START, true))
    const clause = u64(RM_KEY).toString(16).padStart(16, '0') + (view.getUint8(at + RM_PACING) ? 'p' : '')
    const scope = scopeOf(m, at, names[view.getUint32(at + RM_PRINCIPAL, true)], request)
    const reservation: Reservation = {
      key: [clause, window, ...scope].join('/'),
      window,
      // Windows start at whole minutes, before 1970 too: -1 is none of them.
      windowStart: start === -1 ? null : start,
      amount: `${u64(RM_AMOUNT)}`,
      limit: `${u64(RM_LIMIT)}`,
      unit: view.getUint8(at + RM_MONEY) ? 'nanoUsd' : 'calls',
    }
    return { reservation, reading: u64(RM_READING) }
  })
}

/** The meter alone. */
export function toMeter({ reservation: { amount: _, ...meter } }: Charge): Meter {
  return meter
}

function scopeOf(m: Machine, at: number, name: string | undefined, request: EngineRequest): readonly string[] {
  const per = m.view.getUint8(at + RM_PER)
  if (per === PER_ALL) return []
  if (per === PER_TENANT) return [scopePart('tenant', request.tenant)]
  if (per === PER_OWNER) {
    const owner = m.view.getUint32(at + RM_OWNER, true)
    return [scopePart('owner', owner && m.text(owner, m.view.getUint32(at + RM_OWNER_LENGTH, true)))]
  }
  const agent = scopePart('agent', name)
  return per === PER_AGENT_RESOURCE ? [agent, scopePart('resource', request.resource)] : [agent]
}

/** An absent owner or tenant is the bare word. */
function scopePart(word: string, value: string | number | null | undefined): string {
  return value ? `${word}=${encodeURIComponent(value)}` : word
}

const MAX_READING = 2n ** 64n - 1n

/**
 * A reading in calls (`places` 0) or nano-USD (9), rounded up: what is used in part is used.
 *
 * @returns nothing for what is no amount
 */
export function toUnits(value: unknown, places: number): bigint | undefined {
  if (typeof value !== 'string' && !(typeof value === 'number' && value >= 0)) return undefined
  const parts = /^(0|[1-9]\d*)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value))
  if (parts === null || (parts[3] && typeof value === 'string')) return undefined
  const [, whole = '', fraction = '', power = '0'] = parts
  const digits = whole + fraction
  const point = whole.length + Number(power) + places
  const head = digits.slice(0, Math.max(0, point)).padEnd(point, '0').replace(/^0+/, '')
  if (head.length > 20) return MAX_READING
  const units = BigInt(head) + (/[1-9]/.test(digits.slice(Math.max(0, point))) ? 1n : 0n)
  return units < MAX_READING ? units : MAX_READING
}

/** Readings by key, window and kind, all of them checked; nothing when one is malformed. */
export interface ReadingTable {
  readonly used: ReadonlyMap<string, unknown>
  readonly spent: ReadonlyMap<string, unknown>
  readonly meters: ReadonlyMap<string, unknown>
}

export function readReadings(readings: unknown): ReadingTable | undefined {
  const all = entriesOf(readings)
  const used = amountsOf(all?.get('used'))
  const spent = amountsOf(all?.get('spent'))
  const meters = amountsOf(all?.get('meters'))
  return all && used && spent && meters && { used, spent, meters }
}

function amountsOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  const entries = entriesOf(value ?? {})
  return entries && [...entries.values()].every((amount) => toUnits(amount, 0) !== undefined) ? entries : undefined
}

/** Own members that are neither null nor undefined. */
function entriesOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return new Map(Object.entries(value).filter(([, member]) => member !== null && member !== undefined))
}

/** Writes what the meters read behind the request of `length` bytes; the new length, or -1 when there is no room. */
export function putReadings(m: Machine, length: number, meters: readonly Charge[], table: ReadingTable): number {
  m.at = m.request + length
  if (!m.room(5 + 8 * meters.length)) return -1
  const { view, at } = m
  view.setUint8(at, FIELD_READINGS)
  view.setUint32(at + 1, meters.length, true)
  meters.forEach(({ reservation: { key, window, unit } }, i) => {
    const isMoney = unit === 'nanoUsd'
    const value = table.meters.get(key) ?? (isMoney ? table.spent : table.used).get(window) ?? 0
    view.setBigUint64(at + 5 + 8 * i, toUnits(value, isMoney ? 9 : 0) ?? MAX_READING, true)
  })
  const added = 5 + 8 * meters.length
  const fields = m.request + REQ_FIELDS_LENGTH
  view.setUint32(fields, view.getUint32(fields, true) + added, true)
  return length + added
}

/**
 * Seconds until the last window of the limits in the way is over. Nothing when no limit is in the way, one of them never
 * lets this through, or the time is unknown.
 */
export function retryAfter(charges: readonly Charge[], now: EngineRequest['now']): number | undefined {
  let latest = 0
  for (const { reservation, reading } of charges) {
    const amount = BigInt(reservation.amount)
    const limit = BigInt(reservation.limit)
    if (reading < limit && reading + amount <= limit) continue
    if (limit === 0n || amount > limit || reservation.windowStart === null) return undefined
    latest = Math.max(latest, windowEnd(reservation.window, reservation.windowStart))
  }
  const at = typeof now === 'string' ? Date.parse(now) : (now ?? 0)
  return latest === 0 ? undefined : Math.ceil((latest - at) / 1000)
}

function windowEnd(window: Window, start: number): number {
  const length = WINDOW_MS[WINDOWS.indexOf(window)]
  if (length !== undefined) return start + length
  const month = new Date(start)
  return month.setUTCMonth(month.getUTCMonth() + 1)
}
