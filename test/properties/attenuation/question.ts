/** What is asked: a chain of principals and the facts of one call. */
import fc from 'fast-check'
import { maybe, mostly } from './arbitrary.ts'
import { ACTIONS, RESOURCES } from './scope.ts'

/** Wednesday the first of April 2026, 10:00 UTC: what a world is written about. */
export const BASE = Date.UTC(2026, 3, 1, 10)
export const WEEK = 7 * 86_400_000

/** Facts are asked as they stand here; `now` alone moves, by whole weeks, so that no hour of the week changes. */
export interface Facts {
  readonly action: string
  readonly resource: string
  readonly ip: string | undefined
  /** Milliseconds beside BASE. */
  readonly now: number | 'malformed' | undefined
  readonly since: number | 'malformed' | undefined
  /** USD. */
  readonly cost: number | undefined
  readonly trust: number | undefined
  readonly tenant: string | undefined
  readonly args: { readonly [name: string]: unknown } | undefined
  readonly approvedBy: readonly string[]
  /** Milliseconds beside BASE. */
  readonly approvedAt: number | 'malformed' | undefined
  readonly possible: boolean
}

export interface Question {
  /** Root first. */
  readonly chain: readonly string[]
  /** When the hop that leaves the principal at this place was opened; `undefined`: as the request says. */
  readonly since: readonly (number | undefined)[]
  readonly facts: Facts
  readonly readings: Readings
}

/** Calls and USD. */
export interface Readings {
  readonly used: { readonly [window: string]: number }
  readonly spent: { readonly [window: string]: number }
  readonly meters: { readonly [key: string]: number }
}

export const NO_READINGS: Readings = { used: {}, spent: {}, meters: {} }

/** The same call by the principal at `index`, through those in front of it. */
export function prefixOf(question: Question, index: number): Question {
  return { ...question, chain: question.chain.slice(0, index + 1) }
}

/** Milliseconds since 1970, when they are known. */
export function nowOf({ now }: Facts, weeks: number): number | undefined {
  return typeof now === 'number' ? BASE + now + weeks * WEEK : undefined
}

/** The request as it is sent, `weeks` after BASE. */
export function toRequest({ chain, since, facts, readings }: Question, weeks: number) {
  const instant = (at: number | 'malformed' | undefined) => (at === 'malformed' ? 'yesterday' : at && BASE + at)
  const now = nowOf(facts, weeks)
  return {
    agent: chain.at(-1) ?? '',
    ...(chain.length > 1 && {
      via: chain.slice(0, -1).map((agent, index) => {
        const opened = since[index]
        return opened === undefined ? agent : { agent, since: BASE + opened }
      }),
    }),
    action: facts.action,
    resource: facts.resource,
    ip: facts.ip,
    now: facts.now === 'malformed' ? 'yesterday' : now,
    since: instant(facts.since),
    cost: facts.cost,
    trust: facts.trust,
    tenant: facts.tenant,
    ...(facts.args && { args: facts.args }),
    approvedBy: facts.approvedBy,
    approvedAt: instant(facts.approvedAt),
    readings,
  }
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const ARGS = {
  path: '/docs/a',
  mode: 'append',
  n: 5,
  flag: true,
  net: '10.1.2.3',
  at: '2026-04-01T10:00:00Z',
  deep: { x: 'ab' },
}

const args = fc.oneof(
  { weight: 80, arbitrary: fc.constant(ARGS) },
  { weight: 1, arbitrary: fc.constant(undefined) },
  {
    weight: 8,
    arbitrary: fc.constantFrom<{ readonly [name: string]: unknown }>(
      {},
      { ...ARGS, path: '/etc/passwd' },
      { ...ARGS, path: '/docs/bb' },
      { ...ARGS, path: undefined },
      { ...ARGS, path: null },
      { ...ARGS, mode: 'drop' },
      { ...ARGS, mode: 'read' },
      { ...ARGS, n: 11 },
      { ...ARGS, n: '5' },
      { ...ARGS, flag: false },
      { ...ARGS, net: '192.168.0.1' },
      { ...ARGS, net: '10.9.0.1' },
      { ...ARGS, at: '2026-04-01T20:00:00Z' },
      { ...ARGS, at: 'noon' },
      { ...ARGS, deep: { x: 'c' } },
      { ...ARGS, deep: 'flat' },
      { ...ARGS, force: true },
    ),
  },
)

/** The facts of a call that most of a world is written for, with a few of them changed. */
export const facts: fc.Arbitrary<Facts> = fc.record({
  action: mostly(40, 'read', ACTIONS),
  resource: mostly(60, 'mcp:github:issues', RESOURCES),
  ip: mostly(60, '10.1.2.3', ['10.9.0.1', '192.168.0.1', '2001:db8::1', '010.1.2.3', undefined]),
  now: mostly(80, 0, [5 * HOUR, -1, 1, 12 * HOUR, 84 * HOUR, 'malformed', undefined]),
  since: mostly(50, -30 * MINUTE, [-2 * HOUR, 0, 'malformed', undefined]),
  cost: mostly(6, undefined, [0.5, 0.5, 0.5, 2, 0, 1e-9, 0.1]),
  trust: mostly(50, 70, [60, 59.999, 100, undefined]),
  tenant: mostly(4, 't1', ['t2', undefined]),
  args,
  approvedBy: mostly(26, ['boss', 'é'], [[], ['boss'], ['é'], ['nobody']]),
  approvedAt: mostly(30, -10 * MINUTE, [-20 * MINUTE, -8 * 24 * HOUR, 'malformed', undefined]),
  possible: mostly(20, false, [true]),
})

/** Instants of hops; most say nothing. */
export const hopsSince: fc.Arbitrary<readonly (number | undefined)[]> = fc.array(
  maybe(0.1, fc.constantFrom(-MINUTE, -45 * MINUTE, -3 * HOUR)),
  { minLength: 7, maxLength: 7 },
)
