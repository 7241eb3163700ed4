import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Caps, impliedCaps, unreachedLimits, widerLimits } from '../../../compiler/algebra/index.ts'
import type { LimitModel, LimitWindow } from '../../../compiler/model/index.ts'

const MINUTES: Readonly<Record<LimitWindow, number>> = { minute: 1, hour: 60, day: 1440, month: 44_640 }
const WINDOWS = ['minute', 'hour', 'day', 'month'] as const

const cap = fc.option(fc.oneof(fc.bigInt(0n, 5n), fc.bigInt(0n, 400n), fc.bigInt(0n, 9000n)), { nil: undefined })
const caps = fc
  .record({ minute: cap, hour: cap, day: cap, month: cap })
  .map((all): Caps => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)))

/** Calls in each window of a month, when every minute takes as many as `wish` says and the caps leave. */
function simulate(stated: Caps, wish: (minute: number) => bigint): Readonly<Record<LimitWindow, bigint>> {
  const used = { minute: 0n, hour: 0n, day: 0n, month: 0n }
  const most = { minute: 0n, hour: 0n, day: 0n, month: 0n }
  for (let minute = 0; minute < MINUTES.month; minute++) {
    for (const window of WINDOWS) if (minute % MINUTES[window] === 0) used[window] = 0n
    let calls = wish(minute)
    for (const window of WINDOWS) {
      const bound = stated[window]
      if (bound !== undefined && bound - used[window] < calls) calls = bound - used[window]
    }
    for (const window of WINDOWS) {
      used[window] += calls
      if (used[window] > most[window]) most[window] = used[window]
    }
  }
  return most
}

describe('the most that nested windows allow', () => {
  it('is reached by whoever calls as soon as may be', () => {
    fc.assert(
      fc.property(caps, (stated) => {
        const implied = impliedCaps(stated)
        const reached = simulate(stated, () => 1_000_000n)
        for (const window of WINDOWS) {
          const bound = implied[window]
          if (bound !== undefined) expect({ window, calls: reached[window] }).toEqual({ window, calls: bound })
        }
      }),
      { numRuns: 40 },
    )
  })

  it('is never passed, whenever the calls are made', () => {
    fc.assert(
      fc.property(caps, fc.array(fc.bigInt(0n, 300n), { minLength: 1, maxLength: 97 }), (stated, wishes) => {
        const implied = impliedCaps(stated)
        const reached = simulate(stated, (minute) => wishes[minute % wishes.length] ?? 0n)
        for (const window of WINDOWS) expect(reached[window] <= (implied[window] ?? reached[window])).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  it('has no bound where no window is bounded from below or above', () => {
    expect(impliedCaps({})).toEqual({})
    expect(impliedCaps({ hour: 5n })).toEqual({ minute: 5n, hour: 5n, day: 120n, month: 3720n })
    expect(impliedCaps({ month: 7n })).toEqual({ minute: 7n, hour: 7n, day: 7n, month: 7n })
  })
})

function rate(windows: Caps, each?: 'resource' | 'owner' | 'tenant'): LimitModel {
  return {
    kind: 'rate',
    key: '',
    windows: WINDOWS.flatMap((window) => {
      const count = windows[window]
      return count === undefined ? [] : [{ window, count }]
    }),
    ...(each !== undefined && { each }),
  }
}

describe('limits that are wider', () => {
  it('are found in the window where they allow more', () => {
    expect(widerLimits([rate({ minute: 2n })], [rate({ hour: 100n })])).toEqual([
      { kind: 'rate', each: undefined, window: 'hour', outer: 100n, inner: 120n },
    ])
    expect(widerLimits([rate({ minute: 2n })], [rate({ hour: 120n })])).toEqual([])
  })

  it('a rate for each resource bounds nothing for one without, and the reverse', () => {
    const plain = rate({ hour: 5n })
    const keyed = rate({ hour: 5n }, 'resource')
    const wider = { kind: 'rate', window: 'hour', outer: 5n, inner: undefined }
    expect(widerLimits([keyed], [plain])).toEqual([{ ...wider, each: undefined }])
    expect(widerLimits([plain], [keyed])).toEqual([{ ...wider, each: 'resource' }])
    expect(widerLimits([keyed], [keyed])).toEqual([])
  })

  it('of several clauses every one is kept, so the least counts', () => {
    expect(widerLimits([rate({ hour: 9n }), rate({ hour: 5n })], [rate({ hour: 5n })])).toEqual([])
  })

  it('a stated limit above what the outer ones allow is never reached', () => {
    expect(unreachedLimits([rate({ day: 500n })], [rate({ hour: 20n })])).toEqual([
      { kind: 'rate', each: undefined, window: 'day', outer: 480n, inner: 500n },
    ])
    expect(unreachedLimits([rate({ day: 480n })], [rate({ hour: 20n })])).toEqual([])
  })
})
