/**
 * A request as a point in the space of its facts: what it says in every dimension, which conditions hold there, and the
 * requests that differ from it in some facts only.
 */
import {
  ABSENT,
  argumentDimension,
  argumentPath,
  atomSets,
  type Box,
  EVERY_REQUEST,
  everythingAt,
  type FactSet,
  IS_APPROVED,
  IS_FALSE,
  IS_TRUE,
  instantsFrom,
  intersectBoxes,
  type KeySet,
  MAX_DOUBLED,
  MAX_MS,
  MISSING,
  minuteOfWeek,
  NO_SUCH,
  NOT_APPROVED,
  OTHER,
  restrict,
  restrictToTrue,
  type Subject,
  UNREADABLE,
  type Universe,
} from '../algebra/index.ts'
import { type AtomModel, parseAddress } from '../model/index.ts'
import { isRecord, isText, type RequestFacts, readInstant } from './explain-request.ts'

/**
 * What a caller can change of a request without asking for something else: `ip`, `now`, `trust`, `cost`, `approval`; `call`
 * is whether there are arguments at all, `arg NAME` one of them with all that is below it, `extra` one that no rule names.
 */
export type FactName = 'ip' | 'now' | 'trust' | 'cost' | 'approval' | 'call' | 'extra' | `arg ${string}`

export interface RequestPoint {
  /** What the request says in a dimension. */
  readonly at: (dimension: string) => FactSet
  readonly judge: (atom: AtomModel, subject: Subject) => 'true' | 'false' | 'unknown'
  /** Whether the request is in the box. */
  readonly isIn: (box: Box) => boolean
  /** Each way to enter the box, as the facts that have to change for it; one empty way when the request is in it. */
  readonly waysInto: (box: Box) => readonly (readonly FactName[])[]
  /**
   * The requests of the box that differ from this one in `changed` at most; `undefined` when there is none. A time that is
   * known only becomes later.
   */
  readonly within: (box: Box, changed: readonly FactName[]) => Box | undefined
}

export function createPoint(facts: RequestFacts, universe: Universe): RequestPoint {
  const known = new Map<string, FactSet>()
  const present = Object.keys(facts.args ?? {})

  const at = (dimension: string): FactSet => {
    const before = known.get(dimension)
    if (before !== undefined) return before
    const set = factAt(dimension, facts, universe)
    known.set(dimension, set)
    return set
  }

  const holdsAt = (dimension: string, set: FactSet): boolean => {
    if (set.kind === 'keys') return hasNames(set, facts.args)
    return restrict(new Map([[dimension, at(dimension)]]), dimension, set, universe) !== undefined
  }

  const isTrue = (atom: AtomModel, subject: Subject): boolean => {
    const { dimension, whenTrue } = atomSets(atom, universe)
    if (dimension === 'type' || dimension === 'owner') {
      return restrictToTrue(EVERY_REQUEST, [atom], subject, universe) !== undefined
    }
    return holdsAt(dimension, whenTrue)
  }

  const waysInto = (box: Box): readonly (readonly FactName[])[] => {
    const missed = new Set<FactName>()
    for (const [dimension, set] of box) {
      if (dimension === 'args' || holdsAt(dimension, set)) continue
      const fact = factOf(dimension)
      if (fact === undefined) return []
      missed.add(fact)
    }
    const keys = box.get('args')
    const others = keys?.kind === 'keys' && !holdsAt('args', keys) ? waysIntoNames(keys, facts.args) : [[]]
    return others.map((more) => [...new Set([...missed, ...more])])
  }

  const within = (box: Box, changed: readonly FactName[]): Box | undefined => {
    const query = new Map<string, FactSet>([['args', namesWhen(facts.args, changed)]])
    const open = new Set<string>(changed)
    if (open.has('now') && facts.now !== undefined) query.set('now', instantsFrom(facts.now))
    for (const name of present) if (!open.has(`arg ${name}`)) put(query, argumentDimension([name]), at)
    for (const dimension of box.keys()) {
      const fact = factOf(dimension)
      if (dimension !== 'args' && (fact === undefined || !open.has(fact))) put(query, dimension, at)
    }
    const isAgeOpen = open.has('now') && typeof facts.approvedAt === 'number'
    if (!isAgeOpen || open.has('approval')) return intersectBoxes(box, query, universe)
    // The approval keeps its time, so that its age is a matter of the present.
    const { 'approval-age': age, rest } = takeAge(box)
    query.delete('approval-age')
    const bounded = age && restrict(rest, 'now', instantsOfAge(age, Number(facts.approvedAt)), universe)
    if (age !== undefined && bounded === undefined) return undefined
    return intersectBoxes(bounded ?? rest, query, universe)
  }

  return {
    at,
    judge: (atom, subject) => {
      if (isTrue(atom, subject)) return 'true'
      return isTrue({ ...atom, negated: !atom.negated }, subject) ? 'false' : 'unknown'
    },
    isIn: (box) => [...box].every(([dimension, set]) => holdsAt(dimension, set)),
    waysInto,
    within,
  }
}

function put(query: Map<string, FactSet>, dimension: string, at: (dimension: string) => FactSet): void {
  query.set(dimension, at(dimension))
}

/** `undefined` for what makes it another request. */
function factOf(dimension: string): FactName | undefined {
  switch (dimension) {
    case 'ip':
    case 'now':
    case 'trust':
    case 'cost':
      return dimension
    case 'approval-age':
      return 'approval'
  }
  if (dimension === 'approved' || dimension.startsWith('approved:')) return 'approval'
  const [name] = argumentPath(dimension) ?? []
  return name === undefined ? undefined : `arg ${name}`
}

function takeAge(box: Box): { readonly 'approval-age': FactSet | undefined; readonly rest: Box } {
  const rest = new Map(box)
  rest.delete('approval-age')
  return { 'approval-age': box.get('approval-age'), rest }
}

function instantsOfAge(age: FactSet, approvedAt: number): FactSet {
  if (age.kind !== 'ranges') throw new RangeError('an age is a set of ranges')
  const ranges = age.ranges.flatMap(({ low, high }) => {
    const from = BigInt(approvedAt) + low
    const to = BigInt(approvedAt) + high
    return to < 0n ? [] : [{ low: from < 0n ? 0n : from, high: to > MAX_MS ? MAX_MS : to }]
  })
  const ms: FactSet = { kind: 'ranges', specials: 0, ranges }
  const isUnreadableIn = (age.specials & UNREADABLE) !== 0
  const parts = ranges.length === 0 ? [] : ([['instant', [new Map([['instant.ms', ms]])]]] as const)
  return { kind: 'sum', specials: isUnreadableIn ? MISSING : 0, parts: new Map(parts) }
}

/** Whether a call with just these names is in the set. */
function hasNames({ isAbsentIn, cells }: KeySet, args: RequestFacts['args']): boolean {
  if (args === undefined) return isAbsentIn
  const names = Object.keys(args)
  return cells.some(
    ({ allowed, beyond }) =>
      (allowed === undefined || names.every((name) => allowed.has(name))) &&
      beyond.every((inside) => names.some((name) => !inside.has(name))),
  )
}

/** For each cell of names the arguments that are too many, or the one that is missing. */
function waysIntoNames(keys: KeySet, args: RequestFacts['args']): readonly (readonly FactName[])[] {
  const names = Object.keys(args ?? {})
  return keys.cells.map(({ allowed, beyond }) => {
    const surplus = names.filter((name) => allowed !== undefined && !allowed.has(name))
    const lacking = beyond.filter((inside) => names.every((name) => inside.has(name)))
    const facts: FactName[] = surplus.map((name): FactName => `arg ${name}`)
    for (const inside of lacking) {
      const name = allowed && [...allowed].find((candidate) => !inside.has(candidate))
      facts.push(name === undefined ? 'extra' : `arg ${name}`)
    }
    if (args === undefined && facts.length === 0) facts.push('call')
    return facts
  })
}

/** The names that a call may have when only `changed` is changed. Those that it must keep are demanded one by one. */
function namesWhen(args: RequestFacts['args'], changed: readonly FactName[]): KeySet {
  const own = Object.keys(args ?? {})
  const added = changed.flatMap((fact) => (fact.startsWith('arg ') ? [fact.slice('arg '.length)] : []))
  const isAnyName = changed.includes('extra')
  const allowed = isAnyName ? undefined : new Set([...own, ...added])
  const isTouched = args !== undefined || added.length > 0 || isAnyName || changed.includes('call')
  return { kind: 'keys', isAbsentIn: args === undefined, cells: isTouched ? [{ allowed, beyond: [] }] : [] }
}

function factAt(dimension: string, facts: RequestFacts, universe: Universe): FactSet {
  const { languages } = universe
  switch (dimension) {
    case 'action':
      return { kind: 'names', isExcluding: false, names: new Set([facts.action]) }
    case 'resource':
      return { kind: 'text', specials: 0, language: languages.ofTexts([facts.resource]) }
    case 'ip':
      return facts.ip === undefined ? special(MISSING) : exactly(facts.ip)
    case 'now':
      return instantAt(facts.now)
    case 'trust':
    case 'cost': {
      const number = facts[dimension]
      return number === undefined ? special(MISSING) : exactly(doubledOf(number))
    }
    case 'args':
      return namesWhen(facts.args, [])
    case 'approved':
      return special(facts.approvedBy.length > 0 ? IS_APPROVED : NOT_APPROVED)
    case 'approval-age':
      return ageOf(facts)
  }
  if (dimension.startsWith('approved:')) {
    return special(facts.approvedBy.includes(dimension.slice('approved:'.length)) ? IS_APPROVED : NOT_APPROVED)
  }
  const path = argumentPath(dimension)
  return path === undefined ? everythingAt(dimension, universe) : argumentAt(facts.args, path, universe)
}

function special(specials: number): FactSet {
  return { kind: 'ranges', specials, ranges: [] }
}

function exactly(value: bigint): FactSet {
  return { kind: 'ranges', specials: 0, ranges: [{ low: value, high: value }] }
}

const MS_OF_WEEK = 604_800_000

function instantAt(now: number | undefined): FactSet {
  if (now === undefined) return { kind: 'sum', specials: MISSING, parts: new Map() }
  // Nothing tells the time before 1970 apart but the minute of the week.
  const ms = now >= 0 ? now : (now % MS_OF_WEEK) + MS_OF_WEEK
  const cell = new Map([
    ['instant.ms', exactly(BigInt(ms))],
    ['instant.minute', exactly(minuteOfWeek(BigInt(ms)))],
  ])
  return { kind: 'sum', specials: 0, parts: new Map([['instant', [cell]]]) }
}

function ageOf({ now, approvedAt }: RequestFacts): FactSet {
  if (approvedAt === 'absent') return special(MISSING)
  return approvedAt === 'unreadable' || now === undefined ? special(UNREADABLE) : exactly(BigInt(now - approvedAt))
}

/** A JSON number as the algebra counts: doubled, in units of 10^-9, odd where it lies between two units. */
function doubledOf(number: number): bigint {
  const [mantissa = '', exponent = '0'] = String(Math.abs(number)).split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  const digits = BigInt(whole + fraction)
  const shift = Number(exponent) - fraction.length + 9
  const size = shift >= 0 ? 2n * digits * 10n ** BigInt(shift) : gapped(digits, 10n ** BigInt(-shift))
  const bounded = size > MAX_DOUBLED ? MAX_DOUBLED : size
  return number < 0 ? -bounded : bounded
}

function gapped(digits: bigint, divisor: bigint): bigint {
  const units = digits / divisor
  return digits % divisor === 0n ? 2n * units : 2n * units + 1n
}

/** Below so many names nothing is read. */
const MAX_LEVELS = 16
const MISSING_ARGUMENT: FactSet = { kind: 'sum', specials: ABSENT, parts: new Map() }

function argumentAt(args: RequestFacts['args'], path: readonly string[], universe: Universe): FactSet {
  if (path.length > MAX_LEVELS) return MISSING_ARGUMENT
  let value: unknown = args
  for (const name of path) {
    if (!isRecord(value) || !Object.hasOwn(value, name)) return MISSING_ARGUMENT
    value = value[name]
  }
  if (value === undefined) return MISSING_ARGUMENT
  return valueAt(value, universe)
}

function valueAt(value: unknown, { languages }: Universe): FactSet {
  const sum = (type: string, cell: Box): FactSet => ({ kind: 'sum', specials: 0, parts: new Map([[type, [cell]]]) })
  if (typeof value === 'boolean') return { kind: 'sum', specials: value ? IS_TRUE : IS_FALSE, parts: new Map() }
  if (typeof value === 'number' && Number.isFinite(value)) {
    const minute = minuteAt(value)
    const cell = new Map([['number.value', exactly(doubledOf(value))]])
    // Whole numbers beyond the last instant are left open, which no rule can tell from what they are.
    if (minute !== 'beyond') cell.set('number.minute', minute)
    return sum('number', cell)
  }
  if (typeof value === 'string' && isText(value)) {
    const address = parseAddress(value)
    return sum(
      'string',
      new Map<string, FactSet>([
        ['string.text', { kind: 'text', specials: 0, language: languages.ofTexts([value]) }],
        ['string.length', exactly(BigInt(Array.from(value).length))],
        ['string.address', address.ok ? exactly(address.value) : special(NO_SUCH)],
        ['string.minute', minuteOf(readInstant(value))],
      ]),
    )
  }
  return { kind: 'sum', specials: OTHER, parts: new Map() }
}

function minuteAt(value: number): FactSet | 'beyond' {
  if (Number.isInteger(value) && value > Number.MAX_SAFE_INTEGER) return 'beyond'
  return minuteOf(readInstant(value))
}

function minuteOf(instant: number | undefined): FactSet {
  if (instant === undefined) return special(NO_SUCH)
  const ms = instant >= 0 ? instant : (instant % MS_OF_WEEK) + MS_OF_WEEK
  return exactly(minuteOfWeek(BigInt(ms)))
}
