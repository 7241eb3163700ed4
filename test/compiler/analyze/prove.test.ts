import { describe, expect, it } from 'vitest'
import { summariesOf } from './proofs.ts'

describe('what can be told apart only at the edges', () => {
  it('a number beyond 2^53 is no time, so that neither hours nor their opposite hold it', () => {
    const summaries = summariesOf(`policy p
      set h = hours daily 00:00-12:00
      autonomous agent i { allow read on x when args.t = 10_000_000_000_000_000 }
      autonomous agent o {
        allow read on x when args.t in h
        allow read on x when not args.t in h
      }
      assert i within o
    `)
    expect(summaries).toEqual([
      { refuted: 'not-held', by: { agent: 'i', action: 'read', resource: 'x', args: { t: 1e16 } } },
    ])
  })

  it('an expiry before 1970 leaves the years before it', () => {
    const summaries = summariesOf(`policy p
      autonomous agent old { allow read on x expires at 1970-01-01T00:00:00Z }
      assert never old can read on x
    `)
    expect(summaries).toEqual([
      { refuted: 'allowed', by: { agent: 'old', action: 'read', resource: 'x', now: '0000-01-01T00:00:00.000Z' } },
    ])
  })

  it('minutes of the week are those of years before 1970 too', () => {
    const summaries = summariesOf(`policy p
      set h = hours fri 00:00-12:00
      autonomous agent i { allow read on x when args.t = "1960-01-01T00:00:00Z" and args.t in h }
      assert never i can read on x
    `)
    expect(summaries).toEqual([
      {
        refuted: 'allowed',
        by: { agent: 'i', action: 'read', resource: 'x', args: { t: '1960-01-01T00:00:00Z' } },
      },
    ])
  })

  it('a two-hour delegation on a Sunday meets hours from Monday to Friday in nothing', () => {
    const summaries = summariesOf(`policy p
      set week = hours mon-fri 00:00-24:00
      set sunday = hours sun 10:00-12:00
      autonomous agent root { allow read on x when time in week may delegate depth 1 }
      delegated agent helper {}
      delegated agent later {}
      delegate root -> helper { allow read on x when time in sunday }
      delegate root -> later { allow read on x when time in sunday expires at 2026-01-05T00:00:01Z }
      assert never helper, later can read on x
    `)
    expect(summaries).toEqual(['proved'])
  })

  it('hours meet an expiry in the last week before it', () => {
    const text = (expiry: string) => `policy p
      set week = hours mon-fri 09:00-17:00
      set start = hours mon 09:00-09:01
      autonomous agent a { allow read on x when time in week and trust >= 1 expires at ${expiry} }
      forbid * on ** when not time in start
      assert never a can read on x
    `
    expect(summariesOf(text('0000-01-03T09:00:00Z'))).toEqual(['proved'])
    expect(summariesOf(text('0000-01-03T09:00:00.001Z'))).toEqual([
      {
        refuted: 'allowed',
        by: { agent: 'a', action: 'read', resource: 'x', now: '0000-01-03T09:00:00.000Z', trust: 1 },
      },
    ])
  })
})

describe('approvals', () => {
  it('one that is good for longer is not one that is good for less', () => {
    const summaries = summariesOf(`policy p
      autonomous agent d { allow read on x needs approval within 2h }
      assert every read on x needs approval within 1h
      assert every read on x needs approval within 2h
      assert every read on x needs approval within 3h
      assert every read on x needs approval by "boss"
    `)
    const now = 1_767_571_200_000
    expect(summaries).toEqual([
      {
        refuted: 'allowed',
        by: {
          agent: 'd',
          action: 'read',
          resource: 'x',
          now,
          approvedBy: ['somebody'],
          approvedAt: now - 3_600_000,
        },
      },
      'proved',
      'proved',
      { refuted: 'allowed', by: { agent: 'd', action: 'read', resource: 'x', approvedBy: ['somebody'] } },
    ])
  })

  it('its age counts from a known present', () => {
    const summaries = summariesOf(`policy p
      set always = hours daily 00:00-24:00
      autonomous agent i { allow read on x needs approval within 2h }
      autonomous agent o {
        allow read on x needs approval within 1h
        allow read on x when time in always needs approval within 2h
      }
      assert i within o
    `)
    expect(summaries).toEqual(['proved'])
  })
})

describe('arguments', () => {
  it('what need not be there is left out of a counterexample', () => {
    const summaries = summariesOf(`policy p
      autonomous agent i { allow read on x when args only [a] }
      autonomous agent o { allow read on x when args.b = "v" }
      autonomous agent i2 { allow read on x }
      autonomous agent o2 {
        allow read on x when args.x = "v"
        allow read on x when args only [x]
        allow read on x when not args only [x]
      }
      assert i within o
      assert i2 within o2
    `)
    expect(summaries).toEqual([
      { refuted: 'not-held', by: { agent: 'i', action: 'read', resource: 'x', args: {} } },
      { refuted: 'not-held', by: { agent: 'i2', action: 'read', resource: 'x' } },
    ])
  })

  it('one that must be there, of no type that a condition can ask for, is null', () => {
    const summaries = summariesOf(`policy p
      autonomous agent i { allow read on x when args only [a, b] and not args only [a] }
      autonomous agent o {
        allow read on x when args.b in ["v"]
        allow read on x when not args.b in ["v"]
        allow read on x when args.b <= 0
        allow read on x when args.b >= 0
        allow read on x when args.b = true
        allow read on x when args.b = false
      }
      assert i within o
    `)
    expect(summaries).toEqual([
      { refuted: 'not-held', by: { agent: 'i', action: 'read', resource: 'x', args: { b: null } } },
    ])
  })

  it('one with another below it is an object, and no text', () => {
    const summaries = summariesOf(`policy p
      autonomous agent i { allow read on x when args.a.b = "v" }
      autonomous agent o { allow read on x when args.a = "v" }
      assert i within o
    `)
    expect(summaries).toEqual([
      { refuted: 'not-held', by: { agent: 'i', action: 'read', resource: 'x', args: { a: { b: 'v' } } } },
    ])
  })
})

describe('numbers', () => {
  it('a decimal that no JSON number is, is never met', () => {
    const summaries = summariesOf(`policy p
      autonomous agent a { allow read on x when args.n = 999_999_999_999_999_999.999999999 }
      autonomous agent b { allow read on x when args.n >= 9_007_199_254_740_993 and args.n <= 9_007_199_254_740_993 }
      autonomous agent c { allow read on x when trust = 0.123456789 and cost = 123_456_789.123456789 }
      assert never a, b, c can read on x
    `)
    expect(summaries).toEqual(['proved'])
  })

  it('a gap between two decimals holds numbers as long as doubles are finer', () => {
    const summaries = summariesOf(`policy p
      autonomous agent a { allow read on x when not args.n <= 0.1 and not args.n >= 0.100000001 }
      autonomous agent b { allow read on x when not args.n <= 1_000_000_000 and not args.n >= 1_000_000_000.000000001 }
      assert never a can read on x
      assert never b can read on x
    `)
    expect(summaries).toEqual([
      { refuted: 'allowed', by: { agent: 'a', action: 'read', resource: 'x', args: { n: 0.1000000005 } } },
      'proved',
    ])
  })
})
