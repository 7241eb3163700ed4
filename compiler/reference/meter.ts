/** What a limit says to one call, and what the call would take from its meters. Language reference, sections 6 and 8. */
import type { Window } from '../../grammar/index.ts'
import { roundUp } from './decimal.ts'
import { windowStart } from './instant.ts'
import { type Outcome, worst } from './outcome.ts'
import type { Limit } from './policy.ts'
import type { Request } from './request.ts'

/** One unit to take from one meter. Amounts are whole numbers, calls or nano-USD. */
export interface Reservation {
  readonly key: string
  readonly window: Window
  readonly windowStart: number | null
  readonly amount: string
  readonly limit: string
  readonly unit: 'calls' | 'nanoUsd'
}

export interface Charge {
  readonly outcome: Outcome
  readonly reservations: readonly Reservation[]
}

/** `scope` is what follows the window in a meter's key, such as `['agent=planner']`. */
export function chargeLimit(
  limit: Limit,
  scope: readonly string[],
  call: { readonly request: Request; readonly amountNanoUsd: bigint },
): Charge {
  const { request, amountNanoUsd } = call
  const meter = (clause: string, window: Window) => [clause, window, ...scope].join('/')
  const reserve = (key: string, window: Window): Pick<Reservation, 'key' | 'window' | 'windowStart'> => {
    const start = request.now === undefined ? null : Number(windowStart(request.now, window))
    return { key, window, windowStart: start }
  }
  const outcomes: Outcome[] = []
  const reservations: Reservation[] = []
  const count = (key: string, window: Window, most: bigint) => {
    outcomes.push(usedOf(request, key, window) + 1n > most ? 'limited' : 'allow')
    reservations.push({ ...reserve(key, window), amount: '1', limit: `${most}`, unit: 'calls' })
  }
  if (limit.kind === 'rate') {
    for (const { window, count: most } of limit.windows) count(meter(limit.clause, window), window, most)
    return { outcome: worst(outcomes), reservations }
  }
  const { throttle } = limit
  let isThrottled = false
  for (const { window, capNanoUsd } of limit.windows) {
    const key = meter(limit.clause, window)
    const spent = spentOf(request, key, window)
    outcomes.push(spent >= capNanoUsd || spent + amountNanoUsd > capNanoUsd ? 'deny' : 'allow')
    if (throttle !== undefined && spent >= (capNanoUsd * throttle.percent) / 100n) isThrottled = true
    reservations.push({ ...reserve(key, window), amount: `${amountNanoUsd}`, limit: `${capNanoUsd}`, unit: 'nanoUsd' })
  }
  if (throttle !== undefined && isThrottled) {
    outcomes.push('throttle')
    count(meter(`${limit.clause}p`, throttle.window), throttle.window, throttle.count)
  }
  return { outcome: worst(outcomes), reservations }
}

/** A part of a meter's scope; an absent owner or tenant is the bare word. */
export function scopePart(name: 'agent' | 'owner' | 'tenant' | 'resource', value: string | undefined): string {
  return value === undefined ? name : `${name}=${encodeURIComponent(value)}`
}

/** Readings are whole: a fraction of a call or of a nano-dollar counts as one. */
function usedOf(request: Request, key: string, window: Window): bigint {
  const reading = request.readings.meters.get(key) ?? request.readings.used.get(window)
  return reading === undefined ? 0n : roundUp(reading, 0)
}

function spentOf(request: Request, key: string, window: Window): bigint {
  const reading = request.readings.meters.get(key) ?? request.readings.spent.get(window)
  return reading === undefined ? 0n : roundUp(reading, 9)
}
