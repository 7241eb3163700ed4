/**
 * Boxes of gained access put together as a person reads them: one region for each cause, with everybody that it is true of,
 * and a request that was decided by the engines of both policies before it is shown.
 */
import { type Box, MISSING, QUESTION_STEPS, restrict, subtractBoxes, TooHard, TYPE_BITS } from '../algebra/index.ts'
import { sha256, toHex } from '../model/index.ts'
import { toRequest, type WitnessRequest, type WitnessState } from './counterexample.ts'
import { describeBox, type Fact } from './describe.ts'
import type { Cause, Direction, GainedBox } from './diff-access.ts'
import type { GainedEntry, Gains } from './diff-compare.ts'
import { ANYBODY } from './diff-pairs.ts'
import type { Side } from './diff-side.ts'
import { groupBy } from './group.ts'
import { boxKey } from './region-key.ts'

export interface Region {
  readonly kind: GainedBox['kind']
  readonly cause: Cause
  /**
   * 16 hex digits of what was gained by whom: it changes when the region grows, and with nothing else. Not of the witness, of
   * rules or of their lines.
   */
  readonly digest: string
  readonly parts: readonly RegionPart[]
  /** Grants that allow it, by their ids in the policy that has the access. */
  readonly grants: readonly number[]
  readonly witness: RegionWitness
}

/** The same boxes for some chains. */
export interface RegionPart {
  /** Names from the root to the one that acts; `*` is anybody made at run time. */
  readonly who: readonly (readonly string[])[]
  /** The first boxes in words; `boxCount` says how many there are. */
  readonly boxes: readonly (readonly Fact[])[]
  readonly boxCount: number
}

/** Decided by both: allowed where the access is, and not in the other policy, for `reason`. */
export interface RegionWitness {
  readonly request: WitnessRequest
  /** JSON of `--state`; absent when the policy declares everybody in the chain. */
  readonly state?: WitnessState
  readonly reason: string
}

/** A question that was not answered: its access may be new or not. */
export interface UnknownRegion {
  readonly who: readonly string[]
  /** What it was about, where that is known. */
  readonly facts?: readonly Fact[]
  readonly why: string
}

export interface FoundRegions {
  readonly regions: readonly Region[]
  readonly unknown: readonly UnknownRegion[]
}

/** Boxes of a part, and parts of a region, that are put in words. */
const MAX_BOXES = 4
const MAX_PARTS = 6

export function toRegions({ entries, direction }: Gains, isNew: boolean): FoundRegions {
  const unknown: UnknownRegion[] = []
  const regions = new Map<string, Region>()
  for (const group of groupBy(entries, ({ kind, cause }) => JSON.stringify([kind, cause])).values()) {
    const region = toRegion(withoutCovered(group, direction), direction, isNew, unknown)
    if (region === undefined) continue
    // Two rules may give exactly the same.
    const twin = regions.get(region.digest)
    regions.set(region.digest, twin === undefined ? region : { ...twin, grants: union(twin.grants, region.grants) })
  }
  return { regions: [...regions.values()].sort(byCause), unknown }
}

const CAUSES = ['grants', 'guardrail', 'principals'] as const

/** In the order of the text, and the same whichever of the two policies was named first. */
function byCause({ cause: a, kind }: Region, { cause: b, kind: other }: Region): number {
  const order = CAUSES.indexOf(a.kind) - CAUSES.indexOf(b.kind)
  if (order !== 0) return order
  const [left, right] = [numbersOf(a), numbersOf(b)]
  for (const [index, id] of left.entries()) {
    const next = right[index]
    if (next === undefined || id !== next) return id - (next ?? -1)
  }
  const texts = [JSON.stringify([a, kind]), JSON.stringify([b, other])] as const
  return texts[0] < texts[1] ? -1 : 1
}

function numbersOf(cause: Cause): readonly number[] {
  return cause.kind === 'grants' ? cause.ids : cause.kind === 'guardrail' ? [cause.id] : []
}

function union(a: readonly number[], b: readonly number[]): readonly number[] {
  return [...new Set([...a, ...b])].sort((x, y) => x - y)
}

interface Keyed {
  readonly entry: GainedEntry
  readonly key: string
}

function toRegion(
  entries: readonly GainedEntry[],
  direction: Direction,
  isNew: boolean,
  unknown: UnknownRegion[],
): Region | undefined {
  const { universe } = direction
  const keyed = entries.map((entry): Keyed => ({ entry, key: boxKey(entry.box, universe) }))
  let shown: RegionWitness | undefined
  const sound: Keyed[] = []
  for (const same of groupBy(keyed, ({ key }) => key).values()) {
    const [first] = same
    if (first === undefined) continue
    const witness = replay(first.entry, direction)
    if (typeof witness === 'string') {
      unknown.push({ who: first.entry.who[0] ?? [], facts: factsOf(first.entry, direction), why: witness })
      continue
    }
    shown ??= witness
    sound.push(...same)
  }
  const [first] = sound
  if (first === undefined || shown === undefined) return undefined
  const parts = toParts(sound)
  const { kind, cause } = first.entry
  const content = JSON.stringify([
    isNew ? 'new' : 'lost',
    kind,
    parts.map(({ who, boxes }) => [who, boxes.map(({ key }) => key)]),
  ])
  return {
    kind,
    cause,
    digest: toHex(sha256(ENCODER.encode(content)).subarray(0, 8)),
    grants: [...new Set(sound.flatMap(({ entry }) => entry.grants))].sort((a, b) => a - b),
    parts: parts.map(({ who, boxes }, index) => ({
      who,
      boxes: index < MAX_PARTS ? boxes.slice(0, MAX_BOXES).map(({ entry }) => factsOf(entry, direction)) : [],
      boxCount: boxes.length,
    })),
    witness: shown,
  }
}

const ENCODER = new TextEncoder()

interface Part {
  readonly who: readonly (readonly string[])[]
  /** By their keys, each once. */
  readonly boxes: readonly Keyed[]
}

/** Chains with the same boxes together, shortest chains first. */
function toParts(keyed: readonly Keyed[]): readonly Part[] {
  const boxesOf = new Map<string, { readonly who: readonly string[]; readonly boxes: Map<string, Keyed> }>()
  for (const item of keyed) {
    for (const who of item.entry.who) {
      const name = JSON.stringify(who)
      const known = boxesOf.get(name) ?? { who, boxes: new Map() }
      boxesOf.set(name, known)
      known.boxes.set(item.key, item)
    }
  }
  const parts = groupBy(boxesOf.values(), ({ boxes }) => [...boxes.keys()].sort().join())
  return [...parts.values()]
    .map((chains) => ({
      who: chains.map(({ who }) => who).sort(byChain),
      boxes: [...(chains[0]?.boxes ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item),
    }))
    .sort((a, b) => byChain(a.who[0] ?? [], b.who[0] ?? []))
}

function byChain(a: readonly string[], b: readonly string[]): number {
  if (a.length !== b.length) return a.length - b.length
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

/** Guardrails are words for what is left of a grant. */
function factsOf({ box, patterns }: GainedBox, { to, universe }: Direction): readonly Fact[] {
  universe.renew(QUESTION_STEPS)
  const { forbids, requires, limits } = to.model
  const guards = [...forbids, ...requires, ...limits].flatMap((guard) => guard.patterns)
  return describeBox(box, universe, { patterns: [...patterns, ...guards] })
}

/** A request of the box that the one policy allows and the other does not, or why there is none. */
function replay({ chain, box }: GainedEntry, { to, from, universe }: Direction): RegionWitness | string {
  let asked: ReturnType<typeof toRequest>
  universe.renew(QUESTION_STEPS)
  try {
    asked = toRequest(chain, box, universe, to.hints)
  } catch (error) {
    if (!(error instanceof TooHard)) throw error
    return 'finding a request takes more work than its budget'
  }
  if (asked === undefined) return 'no concrete request was found for a case that could not be ruled out'
  const { request, state } = asked
  const names = chain.principals.map(({ name }) => name)
  const decision = to.replayerOf(names).decide(request, state)
  if (!decision.allowed) {
    return `the engine denies ${JSON.stringify(request)} (${decision.reason}), which could not be ruled out`
  }
  const other = from.replayerOf(names).decide(request, stateIn(from, chain.principals, state))
  if (other.allowed) return `the other policy allows ${JSON.stringify(request)} as well, which could not be ruled out`
  return { request, ...(state && { state }), reason: other.reason }
}

/** What must be made at run time in the other policy: also receivers that it does not declare. */
function stateIn(
  side: Side,
  principals: GainedBox['chain']['principals'],
  state: WitnessState | undefined,
): WitnessState | undefined {
  if (state === undefined) return undefined
  const made = state.agents.filter(({ name }) => !side.agents.has(name))
  const others = principals.flatMap(({ name, subject, isRuntime }) => {
    const isReceiver = state.delegations.some(({ to }) => to === name)
    if (isRuntime || side.agents.has(name) || !isReceiver || subject.kind !== 'known') return []
    const { type, owner } = subject
    return [{ name, type, ...(owner !== undefined && { owner }), permissions: EVERYTHING, mayDelegate: MAX_HOPS }]
  })
  const agents = [...made, ...others]
  const isThere = (name: string): boolean => side.agents.has(name) || agents.some((agent) => agent.name === name)
  return { agents, delegations: state.delegations.filter(({ from, to }) => isThere(from) && isThere(to)) }
}

const EVERYTHING = [{ resource: '**', actions: ['*'] }] as const
const MAX_HOPS = 5

/**
 * Leaves out what a declared agent could be given at run time when anybody made at run time could be given it too: the same
 * access, said for everybody.
 */
function withoutCovered(entries: readonly GainedEntry[], direction: Direction): readonly GainedEntry[] {
  const anybody = groupBy(
    entries.filter(({ who }) => who[0]?.at(-1) === ANYBODY),
    ({ who }) => JSON.stringify(who[0]),
  )
  if (anybody.size === 0) return entries
  return entries.filter((entry) => {
    const [who] = entry.who
    if (who === undefined || who.length !== 2 || !entry.chain.runtimeHops.includes(true)) return true
    const shorter = [JSON.stringify([ANYBODY]), ...(who[1] === ANYBODY ? [] : [JSON.stringify([who[0], ANYBODY])])]
    const wider = shorter.flatMap((name) => anybody.get(name) ?? []).map(({ box }) => box)
    return wider.length === 0 || !isCovered(entry, wider, direction)
  })
}

/** The box with the type and owner that its last principal happens to have. */
function asAnybody({ box, chain }: GainedEntry, { universe, telling }: Direction): Box {
  const subject = chain.principals.at(-1)?.subject
  if (subject?.kind !== 'known') return box
  const { type, owner } = subject
  let narrow: Box | undefined = box
  if (telling.types)
    narrow = restrict(narrow, 'type', { kind: 'ranges', specials: TYPE_BITS[type], ranges: [] }, universe)
  if (telling.owners && narrow !== undefined) {
    const language = owner === undefined ? universe.languages.nothing : universe.languages.ofTexts([owner])
    narrow = restrict(
      narrow,
      'owner',
      { kind: 'text', specials: owner === undefined ? MISSING : 0, language },
      universe,
    )
  }
  return narrow ?? box
}

function isCovered(entry: GainedEntry, wider: readonly Box[], direction: Direction): boolean {
  const { universe } = direction
  universe.renew(QUESTION_STEPS)
  try {
    return subtractBoxes([asAnybody(entry, direction)], wider, universe).length === 0
  } catch (error) {
    if (error instanceof TooHard) return false
    throw error
  }
}
