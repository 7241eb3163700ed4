/** Conditions: their text beside what they say, told by plain JavaScript over the facts of a question. */
import fc from 'fast-check'
import { maybe } from './arbitrary.ts'
import type { Facts } from './question.ts'

/** How narrow each set of a policy is: 0 as wide as at first, 2 the narrowest. */
export interface Sets {
  readonly office: number
  readonly workday: number
  readonly safe: number
}

export interface Person {
  readonly name: string
  readonly type: 'autonomous' | 'service' | 'delegated'
  readonly owner: string | undefined
}

export interface Asked {
  readonly facts: Facts
  /** Milliseconds since 1970. */
  readonly now: number | undefined
  readonly person: Person
  readonly sets: Sets
}

/** `undefined`: the fact is not known. */
type Truth = boolean | undefined | 'absent'

/** One atom, or one constraint of a permission made at run time. */
export interface Condition {
  readonly kind: string
  /** Policy text; JSON of the constraint for one of a permission. */
  readonly text: string
  readonly isNegated: boolean
  readonly says: (asked: Asked) => Truth
}

/** Whether all of them count as true where truth opens access. */
export function opens(conditions: readonly Condition[], asked: Asked): boolean {
  return conditions.every((condition) => truthOf(condition, asked, true) === true)
}

/** Whether a `forbid ... when` with these lets a request pass. */
export function spares(conditions: readonly Condition[], asked: Asked): boolean {
  return conditions.some((condition) => truthOf(condition, asked, false) === false)
}

function truthOf({ says, isNegated }: Condition, asked: Asked, helps: boolean): boolean | undefined {
  const truth = says(asked)
  if (truth === 'absent') return asked.facts.possible ? helps : undefined
  return truth === undefined ? undefined : truth !== isNegated
}

/** Values of the sets of a policy, the widest first. */
export const SET_VALUES = {
  office: ['cidr [10.0.0.0/8, 2001:db8::/32]', 'cidr [10.1.0.0/16]', 'cidr [10.1.2.4]'],
  workday: ['hours mon-fri 08:00-18:00', 'hours mon-fri 09:00-12:00', 'hours tue 09:00-12:00'],
  safe: ['regex /\\/docs\\/[a-z]+/', 'regex /\\/docs\\/a/', 'regex /\\/docs\\/aa/'],
} as const

const WIDE: Sets = { office: 0, workday: 0, safe: 0 }

function isInOffice(address: string | undefined, { office }: Sets): boolean | undefined {
  if (address === undefined || address.startsWith('010.') || !/^[0-9a-f.:]+$/.test(address)) return undefined
  if (office === 0) return address.startsWith('10.') || address.startsWith('2001:db8:')
  return address.startsWith(office === 1 ? '10.1.' : '10.1.2.4')
}

function isInWorkday(at: number | undefined, { workday }: Sets): boolean | undefined {
  if (at === undefined || Number.isNaN(at)) return undefined
  const day = new Date(at).getUTCDay()
  const hour = new Date(at).getUTCHours()
  if (workday === 0) return day >= 1 && day <= 5 && hour >= 8 && hour < 18
  return (workday === 1 ? day >= 1 && day <= 5 : day === 2) && hour >= 9 && hour < 12
}

function isSafe(path: string, { safe }: Sets): boolean {
  return safe === 0 ? /^\/docs\/[a-z]+$/.test(path) : path === (safe === 1 ? '/docs/a' : '/docs/aa')
}

function known<T>(value: T | undefined, says: (value: T) => boolean): boolean | undefined {
  return value === undefined ? undefined : says(value)
}

/** What a top-level argument says when it is a text. */
function text({ facts }: Asked, name: string, says: (value: string) => boolean | undefined): Truth {
  const value = facts.args?.[name]
  if (value === undefined) return 'absent'
  return typeof value === 'string' ? says(value) : undefined
}

function number({ facts }: Asked, name: string, says: (value: number) => boolean): Truth {
  const value = facts.args?.[name]
  if (value === undefined) return 'absent'
  return typeof value === 'number' ? says(value) : undefined
}

/** The argument `flag` itself. */
function flag({ facts }: Asked): Truth {
  const value = facts.args?.flag
  if (value === undefined) return 'absent'
  return typeof value === 'boolean' ? value : undefined
}

/** The argument `deep.x`, whose way may be blocked. */
function deep({ facts }: Asked, says: (value: string) => boolean): Truth {
  const outer = facts.args?.deep
  if (outer === undefined) return 'absent'
  if (typeof outer !== 'object' || outer === null || !('x' in outer)) return undefined
  return typeof outer.x === 'string' ? says(outer.x) : undefined
}

/** No argument of a question but `force` is missing from the list. */
const ONLY = 'args only [path, mode, n, flag, net, at, deep]'

/** True in the world as it is meant. */
const ATOMS: readonly (readonly [kind: string, text: string, says: (asked: Asked) => Truth])[] = [
  ['ip', 'ip in office', ({ facts, sets }) => isInOffice(facts.ip, sets)],
  ['ip', 'ip in cidr [10.0.0.0/8, 2001:db8::/32]', ({ facts }) => isInOffice(facts.ip, WIDE)],
  ['time', 'time in workday', ({ now, sets }) => isInWorkday(now, sets)],
  ['time', 'time in hours mon-fri 08:00-18:00', ({ now }) => isInWorkday(now, WIDE)],
  ['args-matches', 'args.path matches safe', (asked) => text(asked, 'path', (path) => isSafe(path, asked.sets))],
  ['args-matches', 'args.deep.x matches /a?b*/', (asked) => deep(asked, (x) => /^a?b*$/.test(x))],
  ['args-in', 'args.mode in ["append", "read"]', (asked) => text(asked, 'mode', (mode) => mode !== 'drop')],
  ['args-equal', 'args.mode = "append"', (asked) => text(asked, 'mode', (mode) => mode === 'append')],
  ['args-equal', 'args.flag = true', flag],
  ['args-compare', 'args.n <= 10', (asked) => number(asked, 'n', (n) => n <= 10)],
  ['args-compare', 'args.n >= 5', (asked) => number(asked, 'n', (n) => n >= 5)],
  ['args-cidr', 'args.net in office', (asked) => text(asked, 'net', (net) => isInOffice(net, asked.sets))],
  ['args-hours', 'args.at in workday', (asked) => text(asked, 'at', (at) => isInWorkday(Date.parse(at), asked.sets))],
  ['args-only', ONLY, ({ facts }) => (facts.args === undefined ? 'absent' : !('force' in facts.args))],
  ['len', 'len.path <= 8', (asked) => text(asked, 'path', (path) => path.length <= 8)],
  ['trust', 'trust >= 60', ({ facts }) => known(facts.trust, (trust) => trust >= 60)],
  ['trust', 'trust >= 65.5', ({ facts }) => known(facts.trust, (trust) => trust >= 65.5)],
  ['cost', 'cost <= 1', ({ facts }) => known(facts.cost, (cost) => cost <= 1)],
  ['agent.type', 'agent.type in [autonomous, service, delegated]', () => true],
  ['agent.type', 'agent.type in [autonomous, delegated]', ({ person }) => person.type !== 'service'],
  ['agent.owner', 'agent.owner in ["ada", "bob"]', ({ person }) => known(person.owner, (owner) => owner !== 'é ü')],
  ['agent.owner', 'agent.owner matches /.+/', ({ person }) => known(person.owner, () => true)],
]

const MEANT: readonly Condition[] = ATOMS.map(([kind, words, says]) => ({ kind, text: words, isNegated: false, says }))

/** Whether it asks a set, which may become narrower. */
export function overSet({ text }: Condition): boolean {
  return / (office|workday|safe)$/.test(text)
}

const OVER_NONE = MEANT.filter((atom) => !overSet(atom))

/** False in the world as it is meant. */
const CONTRARY: readonly Condition[] = OVER_NONE.map((atom) => ({
  ...atom,
  text: `not ${atom.text}`,
  isNegated: true,
}))

/** An atom of a grant or a `require`. */
export const atom: fc.Arbitrary<Condition> = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(...MEANT) },
  { weight: 1, arbitrary: fc.constantFrom(...CONTRARY) },
)

/** An atom of a `forbid ... when`, over no set. */
export const contraryAtom: fc.Arbitrary<Condition> = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(...CONTRARY) },
  { weight: 1, arbitrary: fc.constantFrom(...OVER_NONE) },
)

const CONSTRAINTS: readonly (readonly [kind: string, value: unknown, says: (asked: Asked) => Truth])[] = [
  ['allowedHoursUTC', '09:00-12:00', ({ now }) => known(now, (at) => [9, 10, 11].includes(new Date(at).getUTCHours()))],
  ['allowedHoursUTC', '22:00-11:00', ({ now }) => known(now, (at) => (new Date(at).getUTCHours() + 2) % 24 < 13)],
  ['timeWindow', { start: '10:00', end: '16:00' }, ({ now }) => known(now, (at) => /1[0-5]/.test(hourOf(at)))],
  ['ipAllowlist', ['10.1.2.3', '10.1.0.0/16'], ({ facts }) => isInOffice(facts.ip, { ...WIDE, office: 1 })],
  ['ipAllowlist', ['2001:db8::/32', '10.0.0.0/8'], ({ facts }) => isInOffice(facts.ip, WIDE)],
  ['argPatterns', { path: '/docs/[a-z]+' }, (asked) => text(asked, 'path', (path) => isSafe(path, WIDE))],
  ['argPatterns', { 'deep.x': 'a?b*' }, (asked) => deep(asked, (x) => /^a?b*$/.test(x))],
]

function hourOf(at: number): string {
  return String(new Date(at).getUTCHours())
}

/** A constraint of a permission, with its value as JSON. */
export const constraint: fc.Arbitrary<Condition> = fc.constantFrom(
  ...CONSTRAINTS.map(([kind, value, says]) => ({ kind, text: JSON.stringify(value), isNegated: false, says })),
)

export const CONDITION_KINDS: readonly string[] = [...new Set([...ATOMS, ...CONSTRAINTS].map(([kind]) => kind))]

/** A few atoms, often none. */
export const atoms: fc.Arbitrary<readonly Condition[]> = maybe(
  0.45,
  fc.array(atom, { minLength: 1, maxLength: 3 }),
).map((found) => found ?? [])

/** A few constraints, each of another kind. */
export const constraints: fc.Arbitrary<readonly Condition[]> = maybe(
  0.5,
  fc.uniqueArray(constraint, { minLength: 1, maxLength: 3, selector: ({ kind }) => kind }),
).map((found) => found ?? [])
