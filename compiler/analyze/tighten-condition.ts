/**
 * Narrower conditions for the facts that were seen: bounds move to the outermost value, and what no request needed leaves its list.
 *
 * Only what is written in the condition itself is touched: no sets, no negations, no `=` and no regex. Where the fact of one use is
 * not known, its atom stays.
 */
import type { AtomNode, CompareAtom, InAtom, PolicyFile, TextEdit } from '../../grammar/index.ts'
import { formatDecimal, parseAddress, parseDecimal, weekRanges } from '../model/index.ts'
import { sitesOf, type WrittenPolicy } from './mutate-site.ts'

/** Facts of a request as a log records them. */
export interface SeenFacts {
  readonly args?: Readonly<Record<string, unknown>>
  readonly ip?: string
  /** Milliseconds since 1970. */
  readonly now?: number
  readonly trust?: number
  readonly cost?: number
}

export interface ConditionKeeper {
  /** `knowsArguments` is false where `args` are not all that was asked. */
  readonly add: (facts: SeenFacts, ids: readonly number[], knowsArguments: boolean) => void
  /** Edits of a grant's condition. */
  readonly edits: (id: number) => readonly TextEdit[]
}

export function createConditions(policy: WrittenPolicy): ConditionKeeper {
  const trackers = new Map<number, readonly Tracker[]>()
  for (const site of sitesOf(policy)) {
    if (site.kind !== 'grant' || site.node.when === undefined) continue
    const { file } = site
    trackers.set(
      site.id,
      site.node.when.atoms.flatMap((atom) => trackerOf(atom, file) ?? []),
    )
  }
  return {
    add: (facts, ids, knowsArguments) => {
      for (const id of new Set(ids)) {
        for (const tracker of trackers.get(id) ?? []) {
          const isKnown = knowsArguments || !tracker.isOfArguments
          tracker.see(isKnown ? facts : {})
        }
      }
    },
    edits: (id) => (trackers.get(id) ?? []).flatMap((tracker) => tracker.edit() ?? []),
  }
}

interface Tracker {
  readonly isOfArguments: boolean
  readonly see: (facts: SeenFacts) => void
  /** `undefined` where nothing is narrower, or something is not known. */
  readonly edit: () => TextEdit | undefined
}

function trackerOf(atom: AtomNode, file: PolicyFile): Tracker | undefined {
  if (atom.negated) return undefined
  if (atom.kind === 'compare') return boundTracker(atom, file)
  return atom.kind === 'in' ? listTracker(atom, file) : undefined
}

function boundTracker({ path, operator, value }: CompareAtom, file: PolicyFile): Tracker | undefined {
  if (value.kind !== 'decimal' || operator === '=') return undefined
  const isLeast = operator === '>='
  let outermost: bigint | undefined
  let isKnown = true
  return {
    isOfArguments: isOfArguments(path),
    see: (facts) => {
      const units = unitsOf(path, facts)
      if (units === undefined) isKnown = false
      else if (outermost === undefined || (isLeast ? units < outermost : units > outermost)) outermost = units
    },
    edit: () => {
      if (!isKnown || outermost === undefined || outermost < 0n) return undefined
      const bound = value.value.units
      const isNarrower = isLeast ? outermost > bound : outermost < bound
      if (!isNarrower) return undefined
      const { start, end } = value
      return { path: file.path, span: { start, end }, text: formatDecimal(outermost) }
    },
  }
}

type Path = InAtom['path']

function isOfArguments({ root }: Path): boolean {
  return root === 'args' || root === 'len'
}

function unitsOf(path: Path, facts: SeenFacts): bigint | undefined {
  const value = factOf(path, facts)
  const number = path.root === 'len' ? (typeof value === 'string' ? [...value].length : undefined) : value
  if (typeof number !== 'number') return undefined
  const parsed = parseDecimal(String(number))
  return parsed.ok ? parsed.value.units : undefined
}

function factOf({ root, names }: Path, { args, ip, now, trust, cost }: SeenFacts): unknown {
  switch (root) {
    case 'ip':
      return ip
    case 'time':
      return now
    case 'trust':
      return trust
    case 'cost':
      return cost
    case 'args':
    case 'len':
      return names.reduce((value: unknown, { text }) => memberOf(value, text), args)
    default:
      return undefined
  }
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
}

function listTracker({ path, values }: InAtom, file: PolicyFile): Tracker | undefined {
  const matchers = matchersOf(values)
  if (matchers === undefined || matchers.length < 2) return undefined
  const needed = new Set<number>()
  let isKnown = true
  return {
    isOfArguments: isOfArguments(path),
    see: (facts) => {
      const value = factOf(path, facts)
      const at = matchers.findIndex(({ matches }) => matches(value))
      if (at < 0) isKnown = false
      else needed.add(at)
    },
    edit: () => {
      const [first, last] = [matchers[0], matchers.at(-1)]
      if (!isKnown || needed.size === 0 || needed.size === matchers.length) return undefined
      if (first === undefined || last === undefined) return undefined
      const kept = matchers.filter((_, at) => needed.has(at)).map(({ start, end }) => file.text.slice(start, end))
      return { path: file.path, span: { start: first.start, end: last.end }, text: kept.join(', ') }
    },
  }
}

interface Matcher {
  readonly start: number
  readonly end: number
  readonly matches: (value: unknown) => boolean
}

const WEEK_MINUTES = 10_080
const MINUTE_MS = 60_000
/** 1970 began on a Thursday. */
const FIRST_MINUTE = 3 * 1440

/** `undefined` for what is not looked at. */
function matchersOf(values: InAtom['values']): readonly Matcher[] | undefined {
  switch (values.kind) {
    case 'cidrs':
      return values.items.map(({ start, end, value: { low, high } }) => ({
        start,
        end,
        matches: (value) => {
          const parsed = typeof value === 'string' ? parseAddress(value) : undefined
          return parsed?.ok === true && parsed.value >= low && parsed.value <= high
        },
      }))
    case 'hours':
      return values.items.map(({ start, end, value: hours }) => {
        const ranges = weekRanges([hours])
        return {
          start,
          end,
          matches: (value) => {
            if (typeof value !== 'number') return false
            const minute = (Math.floor(value / MINUTE_MS) + FIRST_MINUTE) % WEEK_MINUTES
            return ranges.some(({ from, to }) => minute >= from && minute < to)
          },
        }
      })
    case 'list':
      return values.items.map((item) => ({
        start: item.start,
        end: item.end,
        matches: (value) => {
          if (item.kind !== 'decimal') return value === item.value
          const parsed = typeof value === 'number' ? parseDecimal(String(value)) : undefined
          return parsed?.ok === true && parsed.value.units === item.value.units
        },
      }))
    default:
      return undefined
  }
}
