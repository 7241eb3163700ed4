/** A concrete request out of a box: the counterexample that a person can read and an engine can decide. */
import { formatAddress, type PrincipalType } from '../model/index.ts'
import { instantsFrom } from './atom-set.ts'
import { type Box, intersectBoxes } from './box.ts'
import { argumentPath } from './dimension.ts'
import type { FactSet, SumSet } from './fact-set.ts'
import { findKeys } from './feasible.ts'
import { numberWithin } from './json-number.ts'
import { findInstant, findNumber, findText, simplestOf } from './member.ts'
import { ABSENT, IS_APPROVED, IS_FALSE, IS_TRUE, MISSING, OTHER, TYPE_BITS, UNREADABLE } from './specials.ts'
import type { Universe } from './universe.ts'

/** Members of a request (language reference, section 2) that a box decides. Facts that it leaves open are not there. */
export interface Witness {
  readonly action: string
  readonly resource: string
  readonly args?: { readonly [name: string]: unknown }
  readonly ip?: string
  /** Milliseconds since 1970, negative before. */
  readonly now?: number
  readonly trust?: number
  readonly cost?: number
  readonly approvedBy?: readonly string[]
  readonly approvedAt?: number | string
  /** Type and owner of a principal that does not exist yet, and of one above it. */
  readonly acting?: WitnessPrincipal
  readonly root?: WitnessPrincipal
}

export interface WitnessPrincipal {
  readonly type: PrincipalType
  readonly owner?: string
}

/** What makes a witness look like a request of this policy; nothing depends on it. */
export interface WitnessHints {
  /** Names to use for an action that may be any. */
  readonly actions?: readonly string[]
  /** Milliseconds since 1970: the first good instant from here on is taken. */
  readonly around?: number
}

/** 2026-01-05, a Monday, 00:00 UTC. */
const AROUND = 1_767_571_200_000

/** A request in `box`; `undefined` when none was found, which does not say that there is none. */
export function findWitness(box: Box, universe: Universe, hints: WitnessHints = {}): Witness | undefined {
  const action = findAction(box.get('action'), hints.actions ?? [])
  const resource = findResource(box.get('resource'), universe)
  const instant = findNow(box, hints.around ?? AROUND, universe)
  const args = findArguments(box, universe)
  const numbers = [findPlainNumber(box.get('trust')), findPlainNumber(box.get('cost'))] as const
  const [trust, cost] = numbers
  const approval = findApproval(box, instant === 'missing' || instant === undefined ? undefined : instant)
  if (action === undefined || resource === undefined || instant === undefined || args === undefined) return undefined
  if (trust === undefined || cost === undefined || approval === undefined) return undefined
  const ip = findAddress(box.get('ip'))
  if (ip === undefined) return undefined
  const acting = findPrincipal(box, '', universe)
  const root = findPrincipal(box, ':root', universe)
  if (acting === undefined || root === undefined) return undefined
  return {
    action,
    resource,
    ...(args !== 'missing' && { args }),
    ...(ip !== 'missing' && { ip }),
    ...(instant !== 'missing' && { now: instant }),
    ...(trust !== 'missing' && { trust }),
    ...(cost !== 'missing' && { cost }),
    ...approval,
    ...(acting !== 'open' && { acting }),
    ...(root !== 'open' && { root }),
  }
}

function findAction(set: FactSet | undefined, hints: readonly string[]): string | undefined {
  if (set === undefined) return hints[0] ?? 'read'
  if (set.kind !== 'names') return undefined
  if (!set.isExcluding) return [...set.names].sort()[0]
  const known = hints.find((name) => !set.names.has(name))
  if (known !== undefined) return known
  for (let n = 0; ; n++) {
    const name = n === 0 ? 'act' : `act_${n}`
    if (!set.names.has(name)) return name
  }
}

function findResource(set: FactSet | undefined, { languages }: Universe): string | undefined {
  if (set === undefined) return 'a'
  return set.kind === 'text' ? languages.shortestResource(set.language) : undefined
}

function findNow(box: Box, around: number, universe: Universe): number | 'missing' | undefined {
  const set = box.get('now')
  // The age of an approval counts from the present.
  if (set === undefined) return isAgeStated(box.get('approval-age')) ? around : 'missing'
  if (set.kind !== 'sum') return undefined
  const from = (ms: number) =>
    intersectBoxes(new Map([['now', set]]), new Map([['now', instantsFrom(ms)]]), universe)?.get('now')
  for (const candidates of [from(around), from(0), set]) {
    if (candidates?.kind !== 'sum') continue
    for (const cell of candidates.parts.get('instant') ?? []) {
      const instant = findInstant(cell)
      if (instant !== undefined) return Number(instant)
    }
  }
  return (set.specials & MISSING) !== 0 ? 'missing' : undefined
}

function isAgeStated(age: FactSet | undefined): boolean {
  return age?.kind === 'ranges' && age.specials === 0
}

function findPlainNumber(set: FactSet | undefined): number | 'missing' | undefined {
  if (set === undefined) return 'missing'
  if (set.kind !== 'ranges') return undefined
  const doubled = simplestOf(set.ranges)
  const number = doubled === undefined ? undefined : numberWithin({ low: doubled, high: doubled })
  return number ?? ((set.specials & MISSING) !== 0 ? 'missing' : undefined)
}

function findAddress(set: FactSet | undefined): string | 'missing' | undefined {
  if (set === undefined) return 'missing'
  if (set.kind !== 'ranges') return undefined
  const mapped = 0xffffn << 32n
  const best =
    set.ranges.flatMap(({ low, high }) => {
      const from = low > mapped ? low : mapped
      const to = high < mapped + 0xffffffffn ? high : mapped + 0xffffffffn
      return from <= to ? [from === to ? from : from + 1n] : []
    })[0] ?? set.ranges[0]?.low
  if (best !== undefined) return formatAddress(best)
  return (set.specials & MISSING) !== 0 ? 'missing' : undefined
}

interface ApprovalFacts {
  readonly approvedBy?: readonly string[]
  readonly approvedAt?: number | string
}

function findApproval(box: Box, now: number | undefined): ApprovalFacts | undefined {
  const labels: string[] = []
  const barred = new Set<string>()
  let isNeeded = false
  for (const [key, set] of box) {
    if (set.kind !== 'ranges' || (key !== 'approved' && !key.startsWith('approved:'))) continue
    const label = key.slice('approved:'.length)
    if (set.specials === IS_APPROVED) {
      if (key === 'approved') isNeeded = true
      else labels.push(label)
    } else if (key !== 'approved' && (set.specials & IS_APPROVED) === 0) {
      barred.add(label)
    }
  }
  if (isNeeded && labels.length === 0) {
    let label = 'somebody'
    while (barred.has(label)) label += '-else'
    labels.push(label)
  }
  const approvedBy = labels.length === 0 ? {} : { approvedBy: labels }
  const age = box.get('approval-age')
  if (age?.kind !== 'ranges' || (age.specials & MISSING) !== 0) return approvedBy
  const [range] = age.ranges
  if (range !== undefined && now !== undefined) {
    const milliseconds = range.low > 0n ? range.low : range.high < 0n ? range.high : 0n
    const approvedAt = now - Number(milliseconds)
    if (approvedAt >= 0) return { ...approvedBy, approvedAt }
  }
  return (age.specials & UNREADABLE) !== 0 ? { ...approvedBy, approvedAt: 'unknown' } : undefined
}

function findPrincipal(box: Box, place: '' | ':root', { languages }: Universe): WitnessPrincipal | 'open' | undefined {
  const type = box.get(`type${place}`)
  const owner = box.get(`owner${place}`)
  if (type === undefined && owner === undefined) return 'open'
  const bits = type?.kind === 'ranges' ? type.specials : 7
  const stated = { type: PREFERRED_TYPES.find((candidate) => (bits & TYPE_BITS[candidate]) !== 0) ?? 'autonomous' }
  if (owner?.kind !== 'text' || (owner.specials & MISSING) !== 0) return stated
  const text = languages.samples(owner.language, 8).find((sample) => sample !== '')
  return text === undefined ? undefined : { ...stated, owner: text }
}

const PREFERRED_TYPES: readonly PrincipalType[] = ['autonomous', 'service', 'delegated']

type Arguments = { [name: string]: unknown }

function findArguments(box: Box, universe: Universe): Arguments | 'missing' | undefined {
  const keys = findKeys(box)
  if (keys === undefined) return undefined
  if (keys.isAbsent) return 'missing'
  const demanded = new Set(keys.names)
  const args: Arguments = {}
  const paths = [...box].flatMap(([key, set]) => {
    const path = argumentPath(key)
    return path === undefined || set.kind !== 'sum' ? [] : [{ path, set }]
  })
  // Only what must be there is: another name may be one too many. What lies below an argument makes it an object.
  for (const { path, set } of paths.sort((a, b) => a.path.length - b.path.length)) {
    const isDemanded = isForced(set) || (path.length === 1 && demanded.has(path[0] ?? ''))
    if (!isDemanded || paths.some((other) => isForced(other.set) && isBelow(other.path, path))) continue
    const value = findValue(set, universe)
    if (value === undefined || !put(args, path, value.value)) return undefined
  }
  for (const name of keys.names) if (!Object.hasOwn(args, name)) put(args, [name], true)
  return args
}

function isForced({ specials }: SumSet): boolean {
  return (specials & ABSENT) === 0
}

function isBelow(path: readonly string[], above: readonly string[]): boolean {
  return path.length > above.length && above.every((name, index) => name === path[index])
}

/** Puts the value at its path; false when something that is no object is in the way. */
function put(args: Arguments, path: readonly string[], value: unknown): boolean {
  let here: Arguments = args
  for (const [index, name] of path.entries()) {
    if (index === path.length - 1) {
      define(here, name, value)
      return true
    }
    const below: unknown = Object.hasOwn(here, name) ? here[name] : undefined
    if (below === undefined || below === null) {
      const made: Arguments = {}
      define(here, name, made)
      here = made
    } else if (isObject(below)) {
      here = below
    } else {
      return false
    }
  }
  return false
}

function define(object: Arguments, name: string, value: unknown): void {
  // An argument may be called `__proto__`.
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
}

function isObject(value: unknown): value is Arguments {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value that reads well: a text, a number, a truth; else `null`. */
function findValue(set: SumSet, universe: Universe): { readonly value: unknown } | undefined {
  for (const cell of set.parts.get('string') ?? []) {
    const value = findText(cell, universe)
    if (value !== undefined) return { value }
  }
  for (const cell of set.parts.get('number') ?? []) {
    const doubled = findNumber(cell)
    const value = doubled === undefined ? undefined : numberWithin({ low: doubled, high: doubled })
    if (value !== undefined) return { value }
  }
  if ((set.specials & IS_TRUE) !== 0) return { value: true }
  if ((set.specials & IS_FALSE) !== 0) return { value: false }
  return (set.specials & OTHER) !== 0 ? { value: null } : undefined
}
