/**
 * Which limits are narrower: the numeric order of nested windows.
 *
 * The windows of the language are aligned and nest: minute in hour in day in month, a month counting as 31 days. The most
 * that a holder of limits `n_w` can use in a window W is
 *
 * ```
 * M(W) = min(n_W, M(w) * W/w for the next smaller window w, n_w' for every larger window w')
 * ```
 *
 * and limits stay within others exactly when `M(W) <= N` for every `(N, W)` of the others. Money has the same order.
 */
import type { LimitModel, LimitWindow, RateModel } from '../model/index.ts'

/** Windows from short to long, each with how often it holds the one before. */
const WINDOWS: readonly (readonly [LimitWindow, bigint])[] = [
  ['minute', 1n],
  ['hour', 60n],
  ['day', 24n],
  ['month', 31n],
]

/** Most calls, or nano-USD, in each window; a window that is missing is unbounded. */
export type Caps = { readonly [W in LimitWindow]?: bigint }

/** The tightest cap that `stated` implies for every window. */
export function impliedCaps(stated: Caps): Caps {
  const implied: { [W in LimitWindow]?: bigint } = {}
  let shorter: bigint | undefined
  for (const [index, [window, holds]] of WINDOWS.entries()) {
    const fromShorter = shorter === undefined ? undefined : shorter * holds
    const own = WINDOWS.slice(index).map(([longer]) => stated[longer])
    shorter = least([fromShorter, ...own])
    if (shorter !== undefined) implied[window] = shorter
  }
  return implied
}

/** A cap of the outer limits that the inner ones do not keep. */
export interface WiderLimit {
  readonly kind: LimitModel['kind']
  readonly each: RateModel['each']
  readonly window: LimitWindow
  /** Calls, or nano-USD. */
  readonly outer: bigint
  /** What the inner limits allow in that window; `undefined` when they do not bound it. */
  readonly inner: bigint | undefined
}

/**
 * Where `inner` allows more than `outer`. A rate `each resource` bounds nothing for an outer rate without `each`, and a rate
 * with an `each` is kept only by one with the same.
 */
export function widerLimits(inner: readonly LimitModel[], outer: readonly LimitModel[]): readonly WiderLimit[] {
  const wider: WiderLimit[] = []
  for (const clause of meterKinds(outer)) {
    const stated = capsOf(outer, clause)
    const implied = impliedCaps(capsOf(inner, clause))
    for (const [window] of WINDOWS) {
      const bound = stated[window]
      const most = implied[window]
      if (bound === undefined || (most !== undefined && most <= bound)) continue
      wider.push({ ...clause, window, outer: bound, inner: most })
    }
  }
  return wider
}

/** A declared limit that is never reached, because the outer limits allow less. */
export function unreachedLimits(inner: readonly LimitModel[], outer: readonly LimitModel[]): readonly WiderLimit[] {
  const found: WiderLimit[] = []
  for (const clause of meterKinds(inner)) {
    const stated = capsOf(inner, clause)
    const most = impliedCaps(capsOf(outer, clause))
    for (const [window] of WINDOWS) {
      const declared = stated[window]
      const bound = most[window]
      if (declared === undefined || bound === undefined || declared <= bound) continue
      found.push({ ...clause, window, outer: bound, inner: declared })
    }
  }
  return found
}

interface MeterKind {
  readonly kind: LimitModel['kind']
  readonly each: RateModel['each']
}

function meterKinds(limits: readonly LimitModel[]): readonly MeterKind[] {
  const kinds = new Map<string, MeterKind>()
  for (const limit of limits) {
    const each = limit.kind === 'rate' ? limit.each : undefined
    kinds.set(`${limit.kind} ${each ?? ''}`, { kind: limit.kind, each })
  }
  return [...kinds.values()]
}

/** The least cap of each window over all clauses of one kind: every one of them is charged. */
export function capsOf(limits: readonly LimitModel[], { kind, each }: MeterKind): Caps {
  const caps: { [W in LimitWindow]?: bigint } = {}
  const put = (window: LimitWindow, cap: bigint) => {
    caps[window] = least([caps[window], cap]) ?? cap
  }
  for (const limit of limits) {
    if (limit.kind !== kind) continue
    if (limit.kind === 'rate') {
      if (limit.each === each) for (const { window, count } of limit.windows) put(window, count)
    } else {
      for (const { window, capNanoUsd } of limit.windows) put(window, capNanoUsd)
    }
  }
  return caps
}

function least(values: readonly (bigint | undefined)[]): bigint | undefined {
  let smallest: bigint | undefined
  for (const value of values) {
    if (value !== undefined && (smallest === undefined || value < smallest)) smallest = value
  }
  return smallest
}
