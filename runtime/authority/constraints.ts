/** Constraints as JSON says them, and what two of them say together. */
import { intersectRanges, mergeRanges } from '../../compiler/algebra/index.ts'
import {
  type AtomModel,
  type CidrLiteral,
  formatCidr,
  type GrantModel,
  parseCidr,
  type WeekRange,
} from '../../compiler/model/index.ts'

/** The constraints of a permission: docs/language.md, section 10. */
export interface Constraints {
  readonly maxCallsPerMinute?: number
  readonly maxCallsPerHour?: number
  readonly maxCallsPerDay?: number
  readonly budgetUsdPerDay?: number
  readonly budgetUsdPerMonth?: number
  readonly throttlePerMinute?: number
  readonly allowedHoursUTC?: string
  readonly timeWindow?: { readonly start: string; readonly end: string }
  readonly ipAllowlist?: readonly string[]
  readonly requireApproval?: boolean
  readonly argPatterns?: { readonly [path: string]: string }
}

/** What several constraints say together. */
export interface Terms {
  /** The least of each. */
  readonly limits: ReadonlyMap<Limit, number>
  /** `HH:MM-HH:MM`; all of them hold. */
  readonly hours: readonly string[]
  /** Nothing: every address. */
  readonly addresses: readonly CidrLiteral[] | undefined
  readonly needsApproval: boolean
  /** Regexes by the path of the argument; all of them hold. */
  readonly patterns: ReadonlyMap<string, readonly string[]>
  /** Facts that are asked for as well, in ways that these constraints have no words for. */
  readonly others: readonly string[]
}

const LIMITS = [
  'maxCallsPerMinute',
  'maxCallsPerHour',
  'maxCallsPerDay',
  'budgetUsdPerDay',
  'budgetUsdPerMonth',
  'throttlePerMinute',
] as const

type Limit = (typeof LIMITS)[number]

/** `throttlePerMinute` of a budget that states none. */
const THROTTLE_PER_MINUTE = 6

export const NO_TERMS: Terms = {
  limits: new Map(),
  hours: [],
  addresses: undefined,
  needsApproval: false,
  patterns: new Map(),
  others: [],
}

/** Constraints that were looked at before. */
export function termsOf(constraints: Constraints): Terms {
  const { allowedHoursUTC, timeWindow, ipAllowlist, requireApproval, argPatterns } = constraints
  const limits = new Map<Limit, number>()
  for (const name of LIMITS) {
    const value = constraints[name]
    if (value !== undefined && value !== null) limits.set(name, value)
  }
  if (hasBudget(limits) && !limits.has('throttlePerMinute')) limits.set('throttlePerMinute', THROTTLE_PER_MINUTE)
  const hours = [allowedHoursUTC, timeWindow && `${timeWindow.start}-${timeWindow.end}`]
  return {
    limits,
    hours: [...new Set(hours.filter((range) => typeof range === 'string'))],
    addresses: ipAllowlist?.map(readCidr),
    needsApproval: requireApproval === true,
    patterns: new Map(Object.entries(argPatterns ?? {}).map(([path, regex]) => [path, [regex]])),
    others: [],
  }
}

/** What a grant of the policy asks for, as far as constraints can say it. */
export function termsOfGrant({ when = [], limits = [], approval }: GrantModel): Terms {
  const least = new Map<Limit, number>()
  const others: string[] = []
  const hours: string[] = []
  let addresses: readonly CidrLiteral[] | undefined
  for (const limit of limits) {
    if (limit.kind === 'rate' && limit.each !== undefined) others.push(`rate each ${limit.each}`)
    else if (limit.kind === 'rate') {
      for (const { window, count } of limit.windows) {
        const name = RATES[window]
        if (name === undefined) others.push(`rate per ${window}`)
        else put(least, name, Number(count))
      }
    } else {
      for (const { window, capNanoUsd } of limit.windows) {
        const name = BUDGETS[window]
        if (name === undefined) others.push(`budget per ${window}`)
        else put(least, name, Number(capNanoUsd) / 1e9)
      }
    }
  }
  for (const atom of when) {
    const range = atom.kind === 'time-in' && !atom.negated ? dailyRange(atom.ranges) : undefined
    if (range !== undefined) hours.push(range)
    else if (atom.kind === 'ip-in' && !atom.negated)
      addresses = meetAddresses(addresses, atom.ranges.flatMap(networksOf))
    else others.push(factOf(atom))
  }
  if (hasBudget(least)) put(least, 'throttlePerMinute', THROTTLE_PER_MINUTE)
  return { limits: least, hours, addresses, needsApproval: approval !== undefined, patterns: new Map(), others }
}

/** Both; nothing when no address meets them. */
export function meetTerms(a: Terms, b: Terms): Terms | undefined {
  const limits = new Map(a.limits)
  for (const [name, value] of b.limits) put(limits, name, value)
  const addresses = meetAddresses(a.addresses, b.addresses)
  if (addresses?.length === 0) return undefined
  const patterns = new Map(a.patterns)
  for (const [path, regexes] of b.patterns)
    patterns.set(path, [...new Set([...(patterns.get(path) ?? []), ...regexes])])
  return {
    limits,
    hours: [...new Set([...a.hours, ...b.hours])],
    addresses,
    needsApproval: a.needsApproval || b.needsApproval,
    patterns,
    others: [...new Set([...a.others, ...b.others])],
  }
}

/** As constraints, and the facts that these have no words for. `undefined` when they say nothing. */
export function constraintsOf({ limits, hours, addresses, needsApproval, patterns, others }: Terms): {
  readonly constraints: Constraints | undefined
  readonly others: readonly string[]
} {
  const more = [...others]
  const stated: { [name: string]: Constraints[keyof Constraints] } = {}
  for (const name of LIMITS) {
    const value = limits.get(name)
    const isSaid = name === 'throttlePerMinute' && value === THROTTLE_PER_MINUTE
    if (value !== undefined && !isSaid) stated[name] = value
  }
  const [first, second, ...rest] = narrowest(hours)
  if (first !== undefined) stated.allowedHoursUTC = first
  if (second !== undefined) {
    const [start = '', end = ''] = second.split('-')
    stated.timeWindow = { start, end }
  }
  if (rest.length > 0) more.push('time')
  if (addresses !== undefined) stated.ipAllowlist = addresses.map(formatCidr)
  if (needsApproval) stated.requireApproval = true
  if (patterns.size > 0) {
    stated.argPatterns = Object.fromEntries([...patterns].map(([path, regexes]) => [path, regexes.at(-1) ?? '']))
    for (const [path, regexes] of patterns) if (regexes.length > 1) more.push(`args.${path}`)
  }
  return { constraints: Object.keys(stated).length === 0 ? undefined : stated, others: [...new Set(more)].sort() }
}

const RATES: { readonly [window: string]: Limit | undefined } = {
  minute: 'maxCallsPerMinute',
  hour: 'maxCallsPerHour',
  day: 'maxCallsPerDay',
}
const BUDGETS: { readonly [window: string]: Limit | undefined } = {
  day: 'budgetUsdPerDay',
  month: 'budgetUsdPerMonth',
}

function put(limits: Map<Limit, number>, name: Limit, value: number): void {
  limits.set(name, Math.min(limits.get(name) ?? value, value))
}

function hasBudget(limits: ReadonlyMap<Limit, number>): boolean {
  return limits.has('budgetUsdPerDay') || limits.has('budgetUsdPerMonth')
}

function readCidr(text: string): CidrLiteral {
  const parsed = parseCidr(text)
  if (!parsed.ok) throw new TypeError(parsed.fault.message)
  return parsed.value
}

function meetAddresses(
  a: readonly CidrLiteral[] | undefined,
  b: readonly CidrLiteral[] | undefined,
): readonly CidrLiteral[] | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return intersectRanges(mergeRanges(a), mergeRanges(b)).flatMap(networksOf)
}

/** The networks that a range of addresses is made of. */
function networksOf({ low, high }: CidrLiteral): readonly CidrLiteral[] {
  const networks: CidrLiteral[] = []
  for (let from = low; from <= high; ) {
    let size = 1n
    while (from % (size * 2n) === 0n && from + size * 2n - 1n <= high) size *= 2n
    networks.push({ low: from, high: from + size - 1n })
    from += size
  }
  return networks
}

const DAY = 1440

/** The one range that every day has. */
function dailyRange(ranges: readonly WeekRange[]): string | undefined {
  const minutes = new Set<number>()
  const days = Array.from({ length: 7 }, () => new Set<number>())
  for (const { from, to } of ranges) for (let at = from; at < to; at++) days[Math.floor(at / DAY)]?.add(at % DAY)
  for (const minute of days[0] ?? []) minutes.add(minute)
  if (days.some((day) => day.size !== minutes.size || [...day].some((minute) => !minutes.has(minute)))) return undefined
  const starts = [...minutes].filter((minute) => !minutes.has((minute + DAY - 1) % DAY))
  const ends = [...minutes].filter((minute) => !minutes.has((minute + 1) % DAY)).map((minute) => minute + 1)
  const [start] = starts
  const [end] = ends
  if (minutes.size === DAY) return '00:00-24:00'
  if (starts.length !== 1 || start === undefined || end === undefined) return undefined
  return `${clock(start)}-${clock(end)}`
}

function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
}

/** Without the ranges that hold another one. */
function narrowest(hours: readonly string[]): readonly string[] {
  const ranges = hours.map((text) => ({ text, minutes: minutesOf(text) }))
  return ranges
    .filter(({ minutes }, at) =>
      ranges.every((other, place) => {
        const isWithin = other.minutes.every((minute) => minutes.includes(minute))
        return place === at || !isWithin || (other.minutes.length === minutes.length && place > at)
      }),
    )
    .map(({ text }) => text)
}

function minutesOf(range: string): readonly number[] {
  const [from = 0, to = 0] = range.split('-').map((text) => {
    const [hour = 0, minute = 0] = text.split(':').map(Number)
    return hour * 60 + minute
  })
  return Array.from({ length: (to - from + DAY) % DAY || DAY }, (_, at) => (from + at) % DAY)
}

function factOf(atom: AtomModel): string {
  switch (atom.kind) {
    case 'ip-in':
      return 'ip'
    case 'time-in':
      return 'time'
    case 'number':
      return atom.root
    case 'agent-type':
      return 'agent.type'
    case 'agent-owner':
    case 'agent-owner-matches':
      return 'agent.owner'
    case 'args-only':
      return 'args'
    default:
      return `${atom.kind === 'len' ? 'len' : 'args'}.${atom.path.join('.')}`
  }
}
