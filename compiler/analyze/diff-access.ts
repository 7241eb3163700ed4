/**
 * What one pair of chains can do in one policy and not in the other.
 *
 * A chain can do what every factor of it grants, its principals let through and no guardrail denies. So access is new where
 * a factor grants what the same factor of the other policy does not, where principals let through what they did not, and
 * where a guardrail that is gone denied it. Each is a seed, from which the other factors cut their part; nothing is taken
 * from the combinations of the other policy, which are many.
 */
import {
  type Box,
  EVERY_REQUEST,
  forbidBoxes,
  IS_APPROVED,
  includesBox,
  intersectBoxes,
  requireBoxes,
  type Subject,
  scopeBox,
  subtractBoxes,
  type Universe,
} from '../algebra/index.ts'
import type { GrantModel, LimitModel, PatternLiteral } from '../model/index.ts'
import { type AccessBox, accessOf, grantedTo } from './access.ts'
import type { Chain, ChainFactor, FactorGrant } from './chain.ts'
import { createOverlapIndex, type OverlapIndex } from './diff-overlap.ts'
import { ANYBODY } from './diff-pairs.ts'
import {
  factorGrantKey,
  factorKeys,
  type Guard,
  pairName,
  principalKey,
  type Side,
  subjectText,
  type Telling,
} from './diff-side.ts'
import { boxKey } from './region-key.ts'

/** A part of the access that is new to a chain. */
export interface GainedBox {
  readonly box: Box
  readonly chain: Chain
  /** `approval`: the same was allowed before, with an approval that is not needed any more. */
  readonly kind: 'access' | 'approval'
  readonly cause: Cause
  /** Ids of the grants that allow it, root first. */
  readonly grants: readonly number[]
  /** Of what it was made, for words. */
  readonly patterns: readonly PatternLiteral[]
}

/** Why access is new. Ids of grants are those of the policy that has the access, ids of guardrails of the other one. */
export type Cause =
  | { readonly kind: 'grants'; readonly ids: readonly number[] }
  | { readonly kind: 'guardrail'; readonly id: number }
  /** Expiry, type, owner, budget or depth of these agents or hops. */
  | { readonly kind: 'principals'; readonly names: readonly string[] }

/** The two policies, as a question about one direction sees them. */
export interface Direction {
  /** Has the access. */
  readonly to: Side
  /** Does not. */
  readonly from: Side
  readonly telling: Telling
  readonly universe: Universe
  /** Guardrails that `from` has and `to` has not. */
  readonly lostGuards: readonly Guard[]
}

export function createDirection(from: Side, to: Side, telling: Telling, universe: Universe): Direction {
  const lostGuards = [...from.guards].flatMap(([key, guards]) => (to.guards.has(key) ? [] : guards))
  return { to, from, telling, universe, lostGuards }
}

/** Chains of the same principals: of the policy that has the access, and of the other one. */
export interface Asked {
  /** Names from the root to the one that acts. */
  readonly who: readonly string[]
  readonly to: readonly Chain[]
  readonly from: readonly Chain[]
}

/** The boxes that are new to these chains. @throws {TooHard} */
export function gainedBy(asked: Asked, direction: Direction): readonly GainedBox[] {
  return asked.to.flatMap((chain) => gainedByChain(chain, asked, direction))
}

function gainedByChain(chain: Chain, { who, from: others }: Asked, direction: Direction): readonly GainedBox[] {
  const last = chain.principals.at(-1)
  // Whoever is not declared any more is nobody who could have gained something.
  if (last === undefined || (last.isRuntime && who.at(-1) !== ANYBODY)) return []
  const counterparts = others.map((other) => specialise(other, last.subject))
  const match = counterparts.find((other) => isSameShape(other, chain))
  const rest = [...counterparts.filter((other) => other !== match), ...alsoDeclared(chain, direction.from)]
  const isCoupled = areEstimatesCoupled([chain, ...counterparts], direction)
  const seeds = match === undefined ? newSeeds(chain, direction) : changedSeeds(chain, match, isCoupled, direction)
  const gained: GainedBox[] = []
  for (const seed of seeds) {
    // With coupled estimates what was held cannot be taken away factor by factor.
    const holders = isCoupled && match !== undefined ? [match, ...rest] : rest
    gained.push(...grow(seed, { chain, holders, direction }))
  }
  return gained
}

function grantsCause(ids: readonly number[]): Cause {
  return { kind: 'grants', ids: [...new Set(ids)].sort((a, b) => a - b) }
}

/** A receiver that the other policy does not declare could be made there, of the same type and owner. */
function specialise(chain: Chain, subject: Subject): Chain {
  const last = chain.principals.at(-1)
  if (last === undefined || last.subject.kind !== 'any' || subject.kind === 'any') return chain
  const end = chain.factors.length - 1
  return {
    ...chain,
    principals: [...chain.principals.slice(0, -1), { ...last, subject }],
    factors: chain.factors.map((factor, index) =>
      index === end ? { grants: factor.grants.map((held) => ({ ...held, subject })) } : factor,
    ),
  }
}

/** A delegation made at run time gives nothing new where a declared one gives the same. */
function alsoDeclared(chain: Chain, from: Side): readonly Chain[] {
  const [last, giver] = [chain.principals.at(-1), chain.principals.at(-2)]
  if (last === undefined || giver === undefined || !chain.runtimeHops.includes(true)) return []
  if (!from.pairs.has(pairName(giver.name, last.name))) return []
  return from.chains.declaredTo(last.name).filter((other) => isSameWay(other, chain))
}

function isSameWay(a: Chain, b: Chain): boolean {
  return (
    a.principals.length === b.principals.length && a.principals.every(({ name }, at) => b.principals[at]?.name === name)
  )
}

function isSameShape(a: Chain, b: Chain): boolean {
  return (
    a.principals.length === b.principals.length &&
    a.runtimeHops.every((isRuntime, hop) => isRuntime === b.runtimeHops[hop])
  )
}

/** A chain that the other policy does not have is new as a whole. */
function newSeeds(chain: Chain, { from, to, universe }: Direction): readonly Seed[] {
  const isNew = new Set<number>()
  for (const [index, { grants }] of chain.factors.entries()) {
    const known = knownGrants(chain, index, from)
    for (const held of grants) if (!known.has(factorGrantKey(held))) isNew.add(held.grant.id)
  }
  const declared = chain.principals.flatMap(({ name, isRuntime }) => (isRuntime ? [] : [name]))
  const changed = declared.filter((name) => to.receiverKey(name) !== from.receiverKey(name))
  // Where nobody changed the way is longer: by a delegation's depth, or by the boundary's.
  const isByBoundary = chain.runtimeHops.includes(true) || declared.length === 0
  const principals: Cause = { kind: 'principals', names: changed.length > 0 || isByBoundary ? changed : declared }
  const causeOf = (ids: readonly number[]): Cause => {
    const fresh = ids.filter((id) => isNew.has(id))
    return fresh.length > 0 ? grantsCause(fresh) : principals
  }
  const lists = chain.factors.map((factor) => boxesOf(factor.grants, universe))
  return [{ start: EVERY_REQUEST, lists, first: 0, causeOf }]
}

/**
 * Where a chain of both policies can have gained something: each such request lies in a seed. With coupled estimates seeds are
 * all combinations with something that changed, whatever the other policy gives.
 */
function changedSeeds(chain: Chain, match: Chain, isCoupled: boolean, direction: Direction): readonly Seed[] {
  const { universe, telling } = direction
  const isOther = chain.principals.map((principal, at) => {
    const before = match.principals[at]
    return before === undefined || subjectText(principal.subject, telling) !== subjectText(before.subject, telling)
  })
  const isNew = new Set<number>()
  const parts = chain.factors.map((_, index) => {
    const old = match.factors[index]
    const isChanged = (held: FactorGrant): boolean =>
      isOther[index] === true || old === undefined || !keysOf(old).has(factorGrantKey(held))
    return splitFactor(chain.factors[index]?.grants ?? [], { old, isChanged, isNew, isCoupled }, direction)
  })
  const names = chain.principals.flatMap(({ name, isRuntime }, at) =>
    isOther[at] === true && !isRuntime ? [name] : [],
  )
  const kept = (): readonly (readonly HeldBox[])[] => parts.map((part) => part.kept())
  const seeds: Seed[] = []
  for (const [at, part] of parts.entries()) {
    if (part.fresh.length === 0) continue
    const causeOf = (ids: readonly number[]): Cause =>
      isOther[at] === true ? { kind: 'principals', names } : grantsCause(ids.filter((id) => isNew.has(id)))
    const lists = parts.map((other, index) => (index === at ? part.fresh : index < at ? other.kept() : other.own()))
    seeds.push({ start: EVERY_REQUEST, lists, first: at, causeOf })
  }
  seeds.push(...principalSeeds({ chain, match, isCoupled, kept }, direction))
  const guards = names.length > 0 ? [...direction.from.guards.values()].flat() : direction.lostGuards
  for (const guard of guards) {
    const starts = match.principals.flatMap(({ subject }) => guardBoxes(guard, subject, isCoupled, universe))
    const distinct = new Map(starts.map((box) => [boxKey(box, universe), box]))
    const cause: Cause = direction.lostGuards.includes(guard)
      ? { kind: 'guardrail', id: guard.rule.id }
      : { kind: 'principals', names }
    for (const start of distinct.values()) {
      if (isBeside(start, parts[0]?.own() ?? [], universe)) continue
      seeds.push({ start, lists: kept(), first: 0, causeOf: () => cause })
    }
  }
  return seeds
}

/** Whether nothing of what is held meets the box: most guardrails are about other things. */
function isBeside(start: Box, held: readonly HeldBox[], universe: Universe): boolean {
  return !held.some(({ box }) => intersectBoxes(start, box, universe) !== undefined)
}

/** What the principals themselves let through now: later expiries, higher budgets. */
function principalSeeds(
  {
    chain,
    match,
    isCoupled,
    kept,
  }: {
    readonly chain: Chain
    readonly match: Chain
    readonly isCoupled: boolean
    readonly kept: () => readonly (readonly HeldBox[])[]
  },
  { telling, universe }: Direction,
): readonly Seed[] {
  const names = chain.principals.flatMap((principal, at) => {
    const before = match.principals[at]
    const isSame = before !== undefined && principalKey(principal, telling) === principalKey(before, telling)
    return isSame || principal.isRuntime ? [] : [principal.name]
  })
  const isSame = chain.principals.every((principal, at) => {
    const before = match.principals[at]
    return before !== undefined && principalKey(principal, telling) === principalKey(before, telling)
  })
  if (isSame) return []
  const [is] = grantedTo({ ...chain, factors: [] }, EVERY_REQUEST, universe)
  const [was] = grantedTo({ ...match, factors: [] }, EVERY_REQUEST, universe)
  if (is === undefined) return []
  const starts = was === undefined || isCoupled ? [is.box] : subtractBoxes([is.box], [was.box], universe)
  const cause: Cause = { kind: 'principals', names }
  return starts.map((start) => ({ start, lists: kept(), first: 0, causeOf: () => cause }))
}

interface SplitFactor {
  readonly own: () => readonly HeldBox[]
  /** What no grant of the other policy's factor gives. */
  readonly fresh: readonly HeldBox[]
  /** What the other policy's factor gives as well. */
  readonly kept: () => readonly HeldBox[]
}

interface Splitting {
  readonly old: ChainFactor | undefined
  readonly isChanged: (held: FactorGrant) => boolean
  /** Grants that give something new are put here. */
  readonly isNew: Set<number>
  readonly isCoupled: boolean
}

/** Boxes are made of the grants that are asked about only: mostly few of many. */
function splitFactor(
  grants: readonly FactorGrant[],
  { old, isChanged, isNew, isCoupled }: Splitting,
  { universe }: Direction,
): SplitFactor {
  const changed = new Set(grants.filter(isChanged))
  const near = (held: FactorGrant): readonly HeldBox[] =>
    old === undefined || isCoupled ? [] : boxesOf(indexOf(old).near(held.grant), universe)
  const fresh = boxesOf([...changed], universe).flatMap((item) => {
    const holes = near(item.held).filter(({ box }) => intersectBoxes(item.box, box, universe) !== undefined)
    const left = subtractBoxes([item.box], inOrder(holes, universe), universe)
    if (left.length > 0) isNew.add(item.held.grant.id)
    const patterns = [...item.patterns, ...holes.flatMap((hole) => hole.patterns)]
    return left.map((box) => ({ ...item, box, patterns }))
  })
  const own = once(() => boxesOf(grants, universe))
  const kept = once(() =>
    own().flatMap((item) => {
      if (!changed.has(item.held)) return [item]
      return near(item.held).flatMap(({ box }) => {
        const common = intersectBoxes(item.box, box, universe)
        return common === undefined ? [] : [{ ...item, box: common }]
      })
    }),
  )
  return { own, fresh, kept }
}

function once<T>(compute: () => T): () => T {
  let known: { readonly value: T } | undefined
  return () => {
    known ??= { value: compute() }
    return known.value
  }
}

const FACTOR_KEYS = new WeakMap<ChainFactor, ReadonlySet<string>>()

function keysOf(factor: ChainFactor): ReadonlySet<string> {
  const known = FACTOR_KEYS.get(factor) ?? factorKeys(factor)
  FACTOR_KEYS.set(factor, known)
  return known
}

/** A grant of a factor, and the requests that it lets through by itself. */
interface HeldBox {
  readonly held: FactorGrant
  readonly box: Box
  readonly patterns: readonly PatternLiteral[]
  readonly estimate: bigint
  readonly cap: bigint | undefined
}

function boxesOf(grants: readonly FactorGrant[], universe: Universe): readonly HeldBox[] {
  return grants.flatMap((held) => {
    const alone: Chain = { principals: [], factors: [{ grants: [held] }], runtimeHops: [] }
    const [access] = grantedTo(alone, EVERY_REQUEST, universe)
    if (access === undefined) return []
    const cap = capOf([...held.limits, ...(held.grant.limits ?? [])])
    return [{ held, box: access.box, patterns: held.grant.patterns, estimate: held.grant.estimateNanoUsd ?? 0n, cap }]
  })
}

function capOf(limits: readonly LimitModel[]): bigint | undefined {
  let cap: bigint | undefined
  for (const limit of limits) {
    if (limit.kind === 'budget') for (const { capNanoUsd } of limit.windows) cap = leastOf(cap, capNanoUsd)
  }
  return cap
}

/** A box, and for each factor the alternatives that share it. */
interface Seed {
  readonly start: Box
  readonly lists: readonly (readonly HeldBox[])[]
  /** The factor to begin with: the one with the fewest requests. */
  readonly first: number
  readonly causeOf: (ids: readonly number[]) => Cause
}

interface Growing {
  readonly chain: Chain
  /** Chains of the other policy whose access is taken away. */
  readonly holders: readonly Chain[]
  readonly direction: Direction
}

/** What the chain can do within a seed, less the guardrails. */
function grow(seed: Seed, { chain, holders, direction }: Growing): readonly GainedBox[] {
  const { to, universe } = direction
  const gained: GainedBox[] = []
  for (const { box, chosen } of combinationsOf(seed, universe)) {
    for (const access of accessOf({ ...chain, factors: onlyOf(chosen) }, box, to.guardrails, universe)) {
      const holes = holders.flatMap((other) => heldWithin(other, access, direction))
      const ids = access.grants.map(({ id }) => id)
      const patterns = [...chosen.flatMap((item) => item.patterns), ...holes.flatMap((hole) => hole.patterns)]
      for (const left of subtractBoxes([access.box], inOrder(holes, universe), universe)) {
        gained.push({ box: left, chain, kind: kindOf(left), cause: seed.causeOf(ids), grants: ids, patterns })
      }
    }
  }
  return gained
}

function onlyOf(chosen: readonly HeldBox[]): readonly ChainFactor[] {
  return chosen.map(({ held }) => ({ grants: [held] }))
}

/** One alternative of every factor each, with the box that they share; what lies in another one is left out. */
function combinationsOf({ start, lists, first }: Omit<Seed, 'causeOf'>, universe: Universe): readonly Combination[] {
  let partials: readonly Partial[] = [{ box: start, chosen: lists.map(() => undefined), estimate: 0n, cap: undefined }]
  const order = [first, ...lists.keys()].filter((index, at, self) => self.indexOf(index) === at)
  for (const index of order) {
    const next: Partial[] = []
    for (const partial of partials) {
      for (const item of lists[index] ?? []) {
        const box = intersectBoxes(partial.box, item.box, universe)
        if (box === undefined) continue
        next.push({
          box,
          chosen: partial.chosen.with(index, item),
          estimate: greatestOf(item.estimate, partial.estimate),
          cap: leastOf(item.cap, partial.cap),
        })
      }
    }
    partials = withoutWithin(next, universe)
    if (partials.length === 0) return []
  }
  return partials.map(({ box, chosen }) => ({
    box,
    chosen: chosen.flatMap((item) => (item === undefined ? [] : [item])),
  }))
}

interface Combination {
  readonly box: Box
  /** By factor. */
  readonly chosen: readonly HeldBox[]
}

interface Partial {
  readonly box: Box
  readonly chosen: readonly (HeldBox | undefined)[]
  /** The largest estimate, and the least cap: they decide together whether a call without a stated cost is paid for. */
  readonly estimate: bigint
  readonly cap: bigint | undefined
}

function greatestOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function leastOf(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a < b ? a : b
}

/** More alternatives than this are only compared for equality. */
const MAX_PAIRWISE = 128

/** Without those that lie in another one that is paid for as often. */
function withoutWithin(partials: readonly Partial[], universe: Universe): readonly Partial[] {
  if (partials.length < 2) return partials
  const distinct = new Map<string, Partial>()
  for (const item of partials) {
    const key = `${item.estimate} ${item.cap ?? ''} ${boxKey(item.box, universe)}`
    if (!distinct.has(key)) distinct.set(key, item)
  }
  if (distinct.size > MAX_PAIRWISE) return [...distinct.values()]
  let largest: readonly Partial[] = []
  for (const item of distinct.values()) {
    if (largest.some((other) => isWithin(item, other, universe))) continue
    largest = [...largest.filter((other) => !isWithin(other, item, universe)), item]
  }
  return largest
}

function isWithin(inner: Partial, outer: Partial, universe: Universe): boolean {
  if (outer.estimate > inner.estimate) return false
  if (outer.cap !== undefined && (inner.cap === undefined || outer.cap < inner.cap)) return false
  return includesBox(outer.box, inner.box, universe)
}

/**
 * Whether some estimate may exceed some cap: then the grants of different factors decide together whether a call without a
 * stated cost is paid for.
 */
function areEstimatesCoupled(chains: readonly Chain[], { to, from }: Direction): boolean {
  let most = 0n
  for (const { factors } of chains) {
    for (const { grants } of factors) {
      for (const { grant } of grants) if ((grant.estimateNanoUsd ?? 0n) > most) most = grant.estimateNanoUsd ?? 0n
    }
  }
  if (most === 0n) return false
  const limits = [
    ...chains.flatMap(({ principals }) => principals.flatMap((principal) => principal.limits)),
    ...chains.flatMap(({ factors }) => factors.flatMap(({ grants }) => grants.flatMap((held) => held.limits))),
    ...[to, from].flatMap(({ model }) => model.limits.map(({ limit }) => limit)),
  ]
  return limits.some((limit) => limit.kind === 'budget' && limit.windows.some(({ capNanoUsd }) => capNanoUsd < most))
}

/** What the other policy gives at that place of the chain, whether or not it reaches it. */
function knownGrants(chain: Chain, index: number, from: Side): ReadonlySet<string> {
  const held = index === 0 ? chain.principals[0] : chain.principals[index]
  if (held === undefined) return new Set()
  const plain = (keys: ReadonlySet<string>) => new Set([...keys].map((key) => `${key}   false`))
  if (index === 0) return plain(held.isRuntime ? from.boundaryGrants : from.ownGrants(held.name))
  if (chain.runtimeHops[index - 1] === true) return plain(from.boundaryGrants)
  return from.pairGrants(pairName(chain.principals[index - 1]?.name ?? '', held.name))
}

const HELD = new WeakMap<Chain, readonly Combination[]>()

/** What a chain of the other policy can do within an access box. */
function heldWithin(
  chain: Chain,
  { box, grants }: AccessBox,
  { from, universe }: Direction,
): readonly { readonly box: Box; readonly patterns: readonly PatternLiteral[] }[] {
  const scope = grants.at(-1)
  const last = chain.factors.at(-1)
  if (scope === undefined || last === undefined) return []
  let combinations = HELD.get(chain)
  if (combinations === undefined) {
    const lists = chain.factors.map((factor) => boxesOf(factor.grants, universe))
    combinations = combinationsOf({ start: EVERY_REQUEST, lists, first: 0 }, universe)
    HELD.set(chain, combinations)
  }
  const near = new Set(indexOf(last).near(scope))
  return combinations.flatMap(({ box: held, chosen }) => {
    const end = chosen.at(-1)
    if (end === undefined || !near.has(end.held)) return []
    const common = intersectBoxes(held, box, universe)
    if (common === undefined) return []
    const found = [...accessOf({ ...chain, factors: onlyOf(chosen) }, common, from.guardrails, universe)]
    return found.map((access) => ({ box: access.box, patterns: end.patterns }))
  })
}

const INDICES = new WeakMap<readonly FactorGrant[], OverlapIndex<FactorGrant>>()

function indexOf({ grants }: ChainFactor): OverlapIndex<FactorGrant> {
  const known = INDICES.get(grants)
  if (known !== undefined) return known
  const index = createOverlapIndex(grants, ({ grant }): GrantModel => grant)
  INDICES.set(grants, index)
  return index
}

/** The pieces that are left depend on the order of the holes, which must not depend on the order of the text. */
function inOrder(holes: readonly { readonly box: Box }[], universe: Universe): readonly Box[] {
  if (holes.length < 2) return holes.map(({ box }) => box)
  const keyed = new Map(holes.map(({ box }) => [boxKey(box, universe), box]))
  return [...keyed].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, box]) => box)
}

/** Only an approval is missing from what was held before. */
function kindOf(box: Box): GainedBox['kind'] {
  for (const [dimension, set] of box) {
    if (set.kind !== 'ranges') continue
    const isApproval = dimension === 'approved' || dimension.startsWith('approved:')
    if (isApproval && (set.specials & IS_APPROVED) === 0) return 'approval'
    // Only what was approved too long ago, or at an unknown time, is left by `within`.
    if (dimension === 'approval-age' && set.ranges.every(({ low }) => low > 0n)) return 'approval'
  }
  return 'access'
}

/** What a guardrail denies to a subject; of a limit, with coupled estimates, whatever it may. */
function guardBoxes(guard: Guard, subject: Subject, isCoupled: boolean, universe: Universe): readonly Box[] {
  switch (guard.kind) {
    case 'forbid':
      return forbidBoxes(guard.rule, subject, universe)
    case 'require':
      return requireBoxes(guard.rule, subject, universe)
    case 'limit': {
      const scope = scopeBox(guard.rule, universe)
      if (scope === undefined || isCoupled) return scope === undefined ? [] : [scope]
      const payer = { name: '', isRuntime: true, subject, limits: [guard.rule.limit] }
      const [paid] = grantedTo({ principals: [payer], factors: [], runtimeHops: [] }, scope, universe)
      return paid === undefined ? [scope] : subtractBoxes([scope], [paid.box], universe)
    }
  }
}
