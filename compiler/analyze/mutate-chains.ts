/** The chains that two nearly equal policies have between them, where something that they are made of is not the same. */
import type { Universe } from '../algebra/index.ts'
import type { AgentModel, DelegationModel, GrantModel, PolicyModel } from '../model/index.ts'
import { type Chain, type ChainPrincipal, type Chains, extend, type FactorGrant, limitText } from './chain.ts'
import { groupBy } from './group.ts'

/** A chain of the same principals in both policies; `undefined` where one of them has it not. */
export interface ChainPair {
  readonly one: Chain | undefined
  readonly other: Chain | undefined
  /** Nothing is different, guardrails apart. */
  readonly isSame: boolean
  readonly isSamePrincipals: boolean
  /** Whether both have that grant in that factor, on the same terms. */
  readonly isShared: (factor: number, grant: GrantModel) => boolean
}

interface Side {
  readonly model: PolicyModel
  readonly chains: Chains
  readonly lifetimes: Lifetimes
}

/** How long the hop of a delegated grant stays open, ms; a grant that is missing lasts. */
export type Lifetimes = ReadonlyMap<GrantModel, number>

export function lifetimesOf({ delegations }: PolicyModel): Lifetimes {
  return new Map(
    delegations.flatMap(({ expiresIn, grants }) =>
      expiresIn === undefined ? [] : grants.map((grant) => [grant, expiresIn] as const),
    ),
  )
}

/** Agents whose chains may differ: `undefined` stands for all of them. Parts that are the same object are the same. */
export function affectedNames(one: PolicyModel, other: PolicyModel): ReadonlySet<string> | undefined {
  const isEverybody =
    one.forbids !== other.forbids ||
    one.requires !== other.requires ||
    one.limits !== other.limits ||
    one.boundary !== other.boundary
  if (isEverybody) return undefined
  const affected = new Set<string>()
  const agents = new Map(one.agents.map((agent) => [agent.name, agent]))
  for (const agent of other.agents) {
    const before = agents.get(agent.name)
    if (before === undefined || !isSameAgent(before, one, agent, other)) affected.add(agent.name)
    agents.delete(agent.name)
  }
  for (const name of agents.keys()) affected.add(name)
  for (const { to } of changedDelegations(one, other)) affected.add(to)
  const below = groupBy([...one.delegations, ...other.delegations], ({ from }) => from)
  const open = [...affected]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const { to } of below.get(name) ?? []) {
      if (affected.has(to)) continue
      affected.add(to)
      open.push(to)
    }
  }
  return affected
}

function isSameAgent(agent: AgentModel, model: PolicyModel, other: AgentModel, otherModel: PolicyModel): boolean {
  if (agent !== other) return false
  return (agent.roles ?? []).every((role) => model.roles[role] === otherModel.roles[role])
}

function changedDelegations(one: PolicyModel, other: PolicyModel): readonly DelegationModel[] {
  if (one.delegations === other.delegations) return []
  const [before, after] = [new Set(one.delegations), new Set(other.delegations)]
  return [...one.delegations.filter((it) => !after.has(it)), ...other.delegations.filter((it) => !before.has(it))]
}

/** Every chain that ends at one of `names`, or with `undefined` at anybody, through the API included. Declared ones first. */
export function* pairsOf(
  one: Side,
  other: Side,
  names: ReadonlySet<string> | undefined,
  universe: Universe,
): Generator<ChainPair> {
  const all = [...new Set([...one.model.agents, ...other.model.agents].map(({ name }) => name))]
  const wanted = names === undefined ? all : all.filter((name) => names.has(name))
  const toPair = pairing(one.lifetimes, other.lifetimes)
  for (const name of wanted) {
    yield* matched(one.chains.declaredTo(name), other.chains.declaredTo(name), toPair)
  }
  if (one.model.boundary === undefined && other.model.boundary === undefined) return
  if (names === undefined) {
    const [first, second] = [one.chains.runtimeAlone(), other.chains.runtimeAlone()]
    yield toPair(first, second)
  }
  const roots = delegatorsOf(one.model, other.model, 1)
  const receivers = receiverKinds(one.model, other.model, all)
  for (const root of roots) {
    for (const kind of receivers) {
      universe.budget.spend(1)
      const isTouched =
        names === undefined ||
        (root !== undefined && names.has(root)) ||
        kind.some((name) => name !== undefined && names.has(name))
      if (!isTouched) continue
      const receiver = kind.find((name) => name === undefined || name !== root)
      if (receiver === undefined && kind[0] !== undefined) continue
      const [first, second] = [one.chains.handed(root, receiver), other.chains.handed(root, receiver)]
      if (first !== undefined || second !== undefined) yield toPair(first, second)
    }
  }
  const far = delegatorsOf(one.model, other.model, 2)
  for (const [middle, receiver] of delegatedPairs([one.model, other.model])) {
    if (names !== undefined && !names.has(receiver) && !names.has(middle)) continue
    for (const root of far) {
      universe.budget.spend(one.model.agents.length + one.model.delegations.length)
      if (root === middle || root === receiver) continue
      const [first, second] = [one, other].map((side) => behind(side, root, middle, receiver))
      if (first !== undefined || second !== undefined) yield toPair(first, second)
    }
  }
  if (!one.chains.isSubjectAsked && !other.chains.isSubjectAsked) return
  for (const name of wanted) {
    const isLong = (chain: Chain) => chain.runtimeHops[0] === true && chain.runtimeHops.length > 1
    yield* matched(one.chains.to(name).filter(isLong), other.chains.to(name).filter(isLong), toPair)
  }
}

function delegatedPairs(models: readonly PolicyModel[]): readonly (readonly [string, string])[] {
  const pairs = models.flatMap(({ delegations }) => delegations.map(({ from, to }) => [from, to] as const))
  return [...new Map(pairs.map((pair) => [JSON.stringify(pair), pair])).values()]
}

/** A declared hop behind one that was made at run time. */
function behind(
  { model, chains }: Side,
  root: string | undefined,
  middle: string,
  receiver: string,
): Chain | undefined {
  const first = chains.handed(root, middle)
  const agent = model.agents.find(({ name }) => name === receiver)
  // A run-time root may delegate as far as the boundary says, a declared one as far as it says itself.
  const hops = root === undefined ? model.boundary : model.agents.find(({ name }) => name === root)
  const given = model.delegations.filter(
    ({ from, to, revoked, expiresIn }) => from === middle && to === receiver && revoked !== true && expiresIn !== 0,
  )
  if (first === undefined || agent === undefined || given.length === 0) return undefined
  if ((hops?.mayDelegate ?? 0) < 2 || (model.boundary?.mayDelegate ?? 0) < 1) return undefined
  return extend(first, [{ from: middle, to: receiver, delegations: given }], new Map([[receiver, agent]]))
}

/**
 * Whether the policies differ in how far something may be delegated, and the API could delegate it further: longer chains than
 * those of `pairsOf` may then be usable in one of them only.
 */
export function isReachChanged(one: PolicyModel, other: PolicyModel): boolean {
  if (one.boundary === undefined && other.boundary === undefined) return false
  if (one.boundary?.mayDelegate !== other.boundary?.mayDelegate) return true
  const reach = ({ agents, delegations }: PolicyModel): string =>
    JSON.stringify([
      agents.map(({ name, mayDelegate }) => [name, mayDelegate ?? null]),
      delegations.filter(({ depth = 0 }) => depth > 0).map(({ from, to, depth }) => [from, to, depth ?? 0]),
    ])
  return reach(one) !== reach(other)
}

/** Who may delegate so many hops in one of the two, and `undefined` for who is made at run time. */
function delegatorsOf(one: PolicyModel, other: PolicyModel, hops: number): readonly (string | undefined)[] {
  const names = [one, other].flatMap(({ agents }) =>
    agents.flatMap(({ name, mayDelegate = 0 }) => (mayDelegate >= hops ? [name] : [])),
  )
  return [...new Set(names), undefined]
}

/** Receivers that what is made at run time treats alike, in both policies; `undefined` is one made at run time too. */
function receiverKinds(
  one: PolicyModel,
  other: PolicyModel,
  names: readonly string[],
): readonly (readonly (string | undefined)[])[] {
  const [before, after] = [one, other].map(({ agents }) => new Map(agents.map((agent) => [agent.name, agent])))
  const keyOf = (agent: AgentModel | undefined): unknown =>
    agent && [agent.type, agent.owner ?? null, agent.expiresAt ?? null, (agent.limits ?? []).map(limitText)]
  const kinds = groupBy(names, (name) => JSON.stringify([keyOf(before?.get(name)) ?? 0, keyOf(after?.get(name)) ?? 0]))
  return [...kinds.values(), [undefined]]
}

function* matched(
  ones: readonly Chain[],
  others: readonly Chain[],
  toPair: ReturnType<typeof pairing>,
): Generator<ChainPair> {
  const rest = new Map(others.map((chain) => [chainKey(chain), chain]))
  for (const chain of ones) {
    const key = chainKey(chain)
    yield toPair(chain, rest.get(key))
    rest.delete(key)
  }
  for (const chain of rest.values()) yield toPair(undefined, chain)
}

function chainKey({ principals, runtimeHops }: Chain): string {
  return JSON.stringify([principals.map(({ name }) => name), runtimeHops])
}

function pairing(ones: Lifetimes, others: Lifetimes): (one: Chain | undefined, other: Chain | undefined) => ChainPair {
  const isSameHeld = (a: FactorGrant, b: FactorGrant): boolean =>
    a.grant === b.grant &&
    ones.get(a.grant) === others.get(b.grant) &&
    a.expiresAt === b.expiresAt &&
    a.needsNow === b.needsNow &&
    isAlike(a.limits, b.limits, (x, y) => x === y)
  return (one, other) => {
    if (one === undefined || other === undefined) {
      return { one, other, isSame: one === other, isSamePrincipals: false, isShared: () => false }
    }
    const isSamePrincipals = isAlike(one.principals, other.principals, isSamePrincipal)
    const isSame =
      isSamePrincipals && isAlike(one.factors, other.factors, (a, b) => isAlike(a.grants, b.grants, isSameHeld))
    const isShared = (factor: number, grant: GrantModel): boolean => {
      const holds = (chain: Chain) => chain.factors[factor]?.grants.find((held) => held.grant === grant)
      const [a, b] = [holds(one), holds(other)]
      return a !== undefined && b !== undefined && isSameHeld(a, b)
    }
    return { one, other, isSame, isSamePrincipals, isShared }
  }
}

function isAlike<T>(a: readonly T[], b: readonly T[], isEqual: (a: T, b: T) => boolean): boolean {
  if (a === b) return true
  return (
    a.length === b.length &&
    a.every((item, at) => {
      const other = b[at]
      return other !== undefined && isEqual(item, other)
    })
  )
}

function isSamePrincipal(a: ChainPrincipal, b: ChainPrincipal): boolean {
  return (
    JSON.stringify(a.subject) === JSON.stringify(b.subject) &&
    a.expiresAt === b.expiresAt &&
    isAlike(a.limits, b.limits, (x, y) => x === y)
  )
}
