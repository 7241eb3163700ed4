/**
 * Nine factors of trust, each from 0 (nothing speaks for the agent) to 1. The score is their sum by weight, so a factor moves
 * it by its weight and by no more, whatever the others are. docs/trust.md explains them.
 *
 * Everything is counted in whole thousandths and whole percents: the same facts give the same digits everywhere.
 */

/** What the log says of an agent, in its last rows. */
export interface TrustFacts {
  /** Milliseconds since it was made. */
  readonly ageMs: number
  /** Decisions that allowed. */
  readonly allowed: number
  /** Decisions that denied for what it asked for, not for how often. */
  readonly refused: number
  readonly rateLimited: number
  /** Tokens that were not accepted. */
  readonly failedAuthentications: number
  /** Budgets that were used up or overrun. */
  readonly overspent: number
  readonly approvalsGiven: number
  readonly approvalsDenied: number
  readonly succeeded: number
  readonly failed: number
  /** Milliseconds since the last anomaly; absent when there was none. */
  readonly sinceAnomalyMs: number | undefined
}

export type FactorName =
  | 'age'
  | 'volume'
  | 'compliance'
  | 'authentication'
  | 'pace'
  | 'thrift'
  | 'approvals'
  | 'reliability'
  | 'stability'

export interface Factor {
  readonly name: FactorName
  /** The weights of all nine sum to 1. */
  readonly weight: number
  /** 0 to 1. */
  readonly value: number
  /** Weight times value. */
  readonly contribution: number
}

export interface TrustScore {
  /** 0 to 1. */
  readonly score: number
  /** The same from 0 to 100: what `trust` is in a policy. */
  readonly trust: number
  readonly factors: readonly Factor[]
}

const DAY_MS = 86_400_000
const WHOLE = 1000

interface Rule {
  readonly name: FactorName
  readonly percent: number
  /** Thousandths, 0 to 1,000, before they are cut to a whole number. */
  readonly thousandths: (facts: TrustFacts) => number
}

const RULES: readonly Rule[] = [
  { name: 'age', percent: 10, thousandths: ({ ageMs }) => part(ageMs, 30 * DAY_MS) },
  { name: 'volume', percent: 10, thousandths: ({ allowed }) => part(allowed, 100) },
  { name: 'compliance', percent: 20, thousandths: ({ allowed, refused }) => share(allowed, refused) },
  { name: 'authentication', percent: 10, thousandths: (facts) => WHOLE - part(facts.failedAuthentications, 10) },
  { name: 'pace', percent: 10, thousandths: ({ allowed, rateLimited }) => share(allowed, rateLimited) },
  { name: 'thrift', percent: 10, thousandths: ({ overspent }) => WHOLE - part(overspent, 5) },
  { name: 'approvals', percent: 10, thousandths: (facts) => share(facts.approvalsGiven, facts.approvalsDenied) },
  { name: 'reliability', percent: 10, thousandths: ({ succeeded, failed }) => share(succeeded, failed) },
  {
    name: 'stability',
    percent: 10,
    thousandths: ({ sinceAnomalyMs }) => (sinceAnomalyMs === undefined ? WHOLE : part(sinceAnomalyMs, 30 * DAY_MS)),
  },
]

/** The score of these facts, with all that it is made of. */
export function scoreOf(facts: TrustFacts): TrustScore {
  let sum = 0
  const factors = RULES.map(({ name, percent, thousandths }): Factor => {
    const value = Math.floor(Math.min(WHOLE, Math.max(0, thousandths(facts))))
    sum += percent * value
    return { name, weight: percent / 100, value: value / WHOLE, contribution: (percent * value) / (100 * WHOLE) }
  })
  return { score: sum / (100 * WHOLE), trust: sum / WHOLE, factors }
}

function part(amount: number, whole: number): number {
  return (amount * WHOLE) / whole
}

/** Half, where nothing is known. */
function share(good: number, bad: number): number {
  return good + bad === 0 ? WHOLE / 2 : part(good, good + bad)
}
