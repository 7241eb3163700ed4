import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FactorName, scoreOf, type TrustFacts } from '../../../runtime/trust/index.ts'
import { NEW_AGENT_FACTS } from './new-agent.ts'

const DAY = 86_400_000

/** Every factor is at its half. */
const HALF: TrustFacts = {
  ageMs: 15 * DAY,
  allowed: 50,
  refused: 50,
  rateLimited: 50,
  failedAuthentications: 5,
  overspent: 2.5,
  approvalsGiven: 1,
  approvalsDenied: 1,
  succeeded: 3,
  failed: 3,
  sinceAnomalyMs: 15 * DAY,
}

const WEIGHTS: { readonly [F in FactorName]: number } = {
  age: 0.1,
  volume: 0.1,
  compliance: 0.2,
  authentication: 0.1,
  pace: 0.1,
  thrift: 0.1,
  approvals: 0.1,
  reliability: 0.1,
  stability: 0.1,
}

/** Facts that take one factor to its worst and to its best, and leave the others. */
const EXTREMES: { readonly [F in FactorName]: readonly [worst: Partial<TrustFacts>, best: Partial<TrustFacts>] } = {
  age: [{ ageMs: 0 }, { ageMs: 400 * DAY }],
  volume: [
    { allowed: 0, refused: 0, rateLimited: 0 },
    { allowed: 100, refused: 100, rateLimited: 100 },
  ],
  compliance: [{ refused: 1e9 }, { refused: 0 }],
  authentication: [{ failedAuthentications: 10 }, { failedAuthentications: 0 }],
  pace: [{ rateLimited: 1e9 }, { rateLimited: 0 }],
  thrift: [{ overspent: 5 }, { overspent: 0 }],
  approvals: [{ approvalsGiven: 0 }, { approvalsDenied: 0 }],
  reliability: [{ succeeded: 0 }, { failed: 0 }],
  stability: [{ sinceAnomalyMs: 0 }, { sinceAnomalyMs: undefined }],
}

test('the weights that are printed sum to 1', () => {
  const { factors } = scoreOf(HALF)
  expect(Object.fromEntries(factors.map(({ name, weight }) => [name, weight]))).toEqual(WEIGHTS)
  expect(factors.reduce((sum, { weight }) => sum + weight * 100, 0)).toBe(100)
})

describe.each(Object.keys(WEIGHTS))('%s', (key) => {
  const name = key as FactorName // It is a key of `WEIGHTS`.
  const [worst, best] = EXTREMES[name].map((facts) => scoreOf({ ...HALF, ...facts }))

  test('moves the score by its weight, the others fixed', () => {
    const thousandths = Math.round(1000 * WEIGHTS[name])
    expect(Math.round(1000 * ((best?.score ?? 0) - (worst?.score ?? 0)))).toBe(thousandths)
  })

  test('leaves the others as they are', () => {
    const others = (score: typeof worst) => score?.factors.filter((factor) => factor.name !== name)
    expect(others(worst)).toEqual(others(best))
    expect(others(best)).toEqual(scoreOf(HALF).factors.filter((factor) => factor.name !== name))
  })
})

test('an agent that nobody knows anything of is in the middle, where a threshold of 60 keeps it out', () => {
  expect(scoreOf(NEW_AGENT_FACTS)).toEqual({
    score: 0.55,
    trust: 55,
    factors: [
      { name: 'age', weight: 0.1, value: 0, contribution: 0 },
      { name: 'volume', weight: 0.1, value: 0, contribution: 0 },
      { name: 'compliance', weight: 0.2, value: 0.5, contribution: 0.1 },
      { name: 'authentication', weight: 0.1, value: 1, contribution: 0.1 },
      { name: 'pace', weight: 0.1, value: 0.5, contribution: 0.05 },
      { name: 'thrift', weight: 0.1, value: 1, contribution: 0.1 },
      { name: 'approvals', weight: 0.1, value: 0.5, contribution: 0.05 },
      { name: 'reliability', weight: 0.1, value: 0.5, contribution: 0.05 },
      { name: 'stability', weight: 0.1, value: 1, contribution: 0.1 },
    ],
  })
})

test('a score is a decimal of at most five places, from 0 to 1, and trust is a hundred of it', () => {
  const count = fc.nat(2000)
  const facts = fc.record({
    ageMs: fc.integer({ min: -DAY, max: 100 * DAY }),
    allowed: count,
    refused: count,
    rateLimited: count,
    failedAuthentications: count,
    overspent: count,
    approvalsGiven: count,
    approvalsDenied: count,
    succeeded: count,
    failed: count,
    sinceAnomalyMs: fc.option(fc.integer({ min: 0, max: 100 * DAY }), { nil: undefined }),
  })
  fc.assert(
    fc.property(facts, (some) => {
      const { score, trust } = scoreOf(some)
      expect(score).toBeGreaterThanOrEqual(0)
      expect(score).toBeLessThanOrEqual(1)
      expect(`${score}`).toMatch(/^[01](\.\d{1,5})?$/)
      expect(trust).toBe(Math.round(score * 100_000) / 1000)
    }),
  )
})
