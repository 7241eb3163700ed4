/**
 * What one pair of chains can do in one policy and not in the other.
 *
 * Access can only be new where a grant is new, where a guardrail of the other policy denied it, or where a principal of the
 * chain changed. So all combinations of grants with a new one are asked about, and those without only within what the
 * changed guardrails denied.
 */
import {
  type Box,
  EVERY_REQUEST,
  forbidBoxes,
  IS_APPROVED,
  requireBoxes,
  type Subject,
  scopeBox,
  subtractBoxes,
  type Universe,
} from '../algebra/index.ts'
import type { GrantModel, PatternLiteral } from '../model/index.ts'
import { type AccessBox, accessOf } from './access.ts'
import type { Chain, ChainFactor, FactorGrant } from './chain.ts'
import { createOverlapIndex, type OverlapIndex } from './diff-overlap.ts'
import { ANYBODY } from './diff-pairs.ts'
import { factorGrantKey, factorKeys, type Guard, pairName, principalKey, type Side, type Telling } from './diff-side.ts'
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
  const declared = alsoDeclared(chain, direction.from)
  const comparison = { chain, counterparts: [...counterparts, ...declared], direction }
  const match = counterparts.find((other) => isSamePrincipals(other, chain, direction.telling))
  if (match === undefined)
    return compare(comparison, chain.factors, EVERY_REQUEST, causeOfNew(chain, counterparts, direction))
  const changed = chain.factors.map((factor, index) => {
    const known = match.factors[index]
    const keys = known === undefined ? new Set() : factorKeys(known)
    return factor.grants.map((held) => !keys.has(factorGrantKey(held)))
  })
  const isOf = (index: number, wanted: boolean) => (_: FactorGrant, at: number) => changed[index]?.[at] === wanted
  const gained: GainedBox[] = []
  for (const [at] of chain.factors.entries()) {
    if (changed[at]?.includes(true) !== true) continue
    // Each combination once: the first new grant of it stands here.
    const factors = chain.factors.map(
      (factor, index): ChainFactor => ({
        grants: index > at ? factor.grants : factor.grants.filter(isOf(index, index === at)),
      }),
    )
    const isNew = new Set(
      chain.factors.flatMap(({ grants }, index) => grants.filter(isOf(index, true)).map(({ grant }) => grant.id)),
    )
    gained.push(...compare(comparison, factors, EVERY_REQUEST, (ids) => grantsCause(ids.filter((id) => isNew.has(id)))))
  }
  if (direction.lostGuards.length === 0) return gained
  const unchanged = chain.factors.map(({ grants }, index) => ({ grants: grants.filter(isOf(index, false)) }))
  for (const guard of direction.lostGuards) {
    const seen = new Set<string>()
    for (const { subject } of match.principals) {
      for (const box of guardBoxes(guard, subject, direction.universe)) {
        const key = boxKey(box, direction.universe)
        if (seen.has(key)) continue
        seen.add(key)
        gained.push(...compare(comparison, unchanged, box, () => ({ kind: 'guardrail', id: guard.rule.id })))
      }
    }
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

/** Whether the two differ at most in their grants. */
function isSamePrincipals(a: Chain, b: Chain, telling: Telling): boolean {
  return (
    a.principals.length === b.principals.length &&
    a.runtimeHops.every((isRuntime, hop) => isRuntime === b.runtimeHops[hop]) &&
    a.principals.every((principal, at) => {
      const other = b.principals[at]
      return other !== undefined && principalKey(principal, telling) === principalKey(other, telling)
    })
  )
}

/** Whether the cause of a wholly new chain is the grants that the other policy does not have, or its principals. */
function causeOfNew(
  chain: Chain,
  counterparts: readonly Chain[],
  { from, telling }: Direction,
): (ids: readonly number[]) => Cause {
  const isNew = new Set<number>()
  const names: string[] = []
  for (const [index, { grants }] of chain.factors.entries()) {
    const known = knownGrants(chain, index, from)
    for (const held of grants) if (!known.has(factorGrantKey(held))) isNew.add(held.grant.id)
  }
  const [other] = counterparts
  for (const [at, principal] of chain.principals.entries()) {
    const before = other?.principals[at]
    const isSame = before !== undefined && principalKey(before, telling) === principalKey(principal, telling)
    if (!isSame && !principal.isRuntime) names.push(principal.name)
  }
  const principals: Cause = { kind: 'principals', names }
  return (ids) => {
    const fresh = ids.filter((id) => isNew.has(id))
    return fresh.length > 0 ? grantsCause(fresh) : principals
  }
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

interface Comparison {
  readonly chain: Chain
  readonly counterparts: readonly Chain[]
  readonly direction: Direction
}

function compare(
  { chain, counterparts, direction }: Comparison,
  factors: readonly ChainFactor[],
  query: Box,
  causeOf: (ids: readonly number[]) => Cause,
): readonly GainedBox[] {
  if (factors.some(({ grants }) => grants.length === 0)) return []
  const { to, from, universe } = direction
  const gained: GainedBox[] = []
  for (const access of accessOf({ ...chain, factors }, query, to.guardrails, universe)) {
    const holes = counterparts.flatMap((other) => [...heldWithin(other, access, from, universe)])
    const left = subtractBoxes([access.box], inOrder(holes, universe), universe)
    const ids = access.grants.map(({ id }) => id)
    const cause = left.length === 0 ? undefined : causeOf(ids)
    if (cause === undefined) continue
    const grants = [...access.grants, ...holes.flatMap((hole) => hole.grants)]
    const patterns = grants.flatMap((grant) => grant.patterns)
    for (const box of left) gained.push({ box, chain, kind: kindOf(box), cause, grants: ids, patterns })
  }
  return gained
}

/** What the other chain can do within an access box: only grants whose scope can meet the box are looked at. */
function* heldWithin(chain: Chain, { box, grants }: AccessBox, side: Side, universe: Universe): Generator<AccessBox> {
  const scope = grants.at(-1)
  if (scope === undefined) return
  const factors = chain.factors.map((factor) => ({ grants: indexOf(factor).near(scope) }))
  yield* accessOf({ ...chain, factors }, box, side.guardrails, universe)
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
function inOrder(holes: readonly AccessBox[], universe: Universe): readonly Box[] {
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

/** What a guardrail denies to a subject; of a limit, whatever it may. */
function guardBoxes(guard: Guard, subject: Subject, universe: Universe): readonly Box[] {
  switch (guard.kind) {
    case 'forbid':
      return forbidBoxes(guard.rule, subject, universe)
    case 'require':
      return requireBoxes(guard.rule, subject, universe)
    case 'limit': {
      const scope = scopeBox(guard.rule, universe)
      return scope === undefined ? [] : [scope]
    }
  }
}
