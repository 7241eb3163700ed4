/**
 * The chains that a comparison must look at: those of the same principals in both policies, where something that they are made
 * of is not the same. Everything else is recognised by its keys.
 *
 * A chain over a hop made at run time begins at whoever may delegate and ends at anybody: of the roots, and of the receivers,
 * that the keys do not tell apart one stands for all.
 */
import type { Universe } from '../algebra/index.ts'
import type { Chain } from './chain.ts'
import { delegationKey, pairName, type Side } from './diff-side.ts'
import { groupBy } from './group.ts'

/** Chains of the same principals in both policies. */
export interface ChainPair {
  /** Names from the root to the one that acts; those made at run time are `*`. */
  readonly who: readonly string[]
  /** Others that the same is true of, with the pair itself. */
  readonly alike: readonly (readonly string[])[]
  readonly isRuntime: boolean
  readonly old: readonly Chain[]
  readonly new: readonly Chain[]
}

/** A principal made at run time, in the names of a chain. `*` is no name. */
export const ANYBODY = '*'

export interface PairOptions {
  /** Only chains at whose end this agent stands; `*` for those made at run time. */
  readonly agent?: string
}

export interface Changes {
  readonly guards: boolean
  readonly boundary: boolean
}

export function changesOf(old: Side, new_: Side): Changes {
  const isSame = old.guards.size === new_.guards.size && [...old.guards.keys()].every((key) => new_.guards.has(key))
  return { guards: !isSame, boundary: old.boundaryKey !== new_.boundaryKey }
}

export function* chainPairs(
  old: Side,
  new_: Side,
  universe: Universe,
  options: PairOptions = {},
): Generator<ChainPair> {
  const changes = changesOf(old, new_)
  const names = [...new Set([...old.agents.keys(), ...new_.agents.keys()])].sort()
  const isWanted = (name: string): boolean => options.agent === undefined || options.agent === name
  const affected = changes.guards ? new Set(names) : affectedAgents(old, new_, names)
  for (const name of names) {
    if (affected.has(name) && isWanted(name)) yield* declaredPairs(old, new_, name)
  }
  yield* runtimePairs(old, new_, { names, changes, isWanted, universe })
}

/** Agents that changed, and all that something is delegated to by them, however far. */
function affectedAgents(old: Side, new_: Side, names: readonly string[]): ReadonlySet<string> {
  const affected = new Set(names.filter((name) => old.rootKey(name) !== new_.rootKey(name)))
  const below = new Map<string, Set<string>>()
  for (const side of [old, new_]) {
    for (const delegations of side.pairs.values()) {
      for (const { from, to } of delegations.slice(0, 1)) {
        const receivers = below.get(from)
        if (receivers === undefined) below.set(from, new Set([to]))
        else receivers.add(to)
        const pair = pairName(from, to)
        if (!affected.has(to) && pairKey(old, pair) !== pairKey(new_, pair)) affected.add(to)
      }
    }
  }
  const open = [...affected]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const to of below.get(name) ?? []) {
      if (affected.has(to)) continue
      affected.add(to)
      open.push(to)
    }
  }
  return affected
}

function pairKey(side: Side, pair: string): string {
  return (side.pairs.get(pair) ?? []).map(delegationKey).sort().join(' ')
}

function declaredPairs(old: Side, new_: Side, name: string): readonly ChainPair[] {
  const pairs = new Map<string, { old: Chain[]; new: Chain[] }>()
  for (const [side, chains] of [
    ['old', old.chains.declaredTo(name)],
    ['new', new_.chains.declaredTo(name)],
  ] as const) {
    for (const chain of chains) {
      const who = JSON.stringify(chain.principals.map((principal) => principal.name))
      const pair = pairs.get(who) ?? { old: [], new: [] }
      pairs.set(who, pair)
      pair[side].push(chain)
    }
  }
  return [...pairs.values()].map((pair) => {
    const who = ([...pair.new, ...pair.old][0]?.principals ?? []).map((principal) => principal.name)
    return { who, alike: [who], isRuntime: false, ...pair }
  })
}

interface RuntimeQuestion {
  readonly names: readonly string[]
  readonly changes: Changes
  readonly isWanted: (name: string) => boolean
  readonly universe: Universe
}

function* runtimePairs(
  old: Side,
  new_: Side,
  { names, changes, isWanted, universe }: RuntimeQuestion,
): Generator<ChainPair> {
  if (old.model.boundary === undefined && new_.model.boundary === undefined) return
  const isAllChanged = changes.guards || changes.boundary
  if (isAllChanged && isWanted(ANYBODY)) {
    yield {
      who: [ANYBODY],
      alike: [[ANYBODY]],
      isRuntime: true,
      old: present(old.chains.runtimeAlone()),
      new: present(new_.chains.runtimeAlone()),
    }
  }
  const delegators = names.filter((name) => mayDelegate(old, name) || mayDelegate(new_, name))
  const roots = [...kindsOf(delegators, (name) => [old.rootKey(name), new_.rootKey(name)]), [undefined]]
  const receivers: readonly (readonly (string | undefined)[])[] = [
    [undefined],
    ...kindsOf(names, (name) => [old.receiverKey(name), new_.receiverKey(name)]),
  ]
  for (const kind of roots) {
    const [root] = kind
    const isRootChanged = root !== undefined && old.rootKey(root) !== new_.rootKey(root)
    for (const ends of receivers) {
      universe.budget.spend(1)
      // An agent does not delegate to itself.
      const others = ends.filter((name) => name === undefined || name !== root)
      const wanted = others.filter((name) => isWanted(name ?? ANYBODY))
      if (wanted.length === 0) continue
      const [receiver] = wanted
      const isChanged = receiver !== undefined && old.receiverKey(receiver) !== new_.receiverKey(receiver)
      if (!isAllChanged && !isRootChanged && !isChanged) continue
      const pair = { old: present(handed(old, root, receiver)), new: present(handed(new_, root, receiver)) }
      const to = receiver ?? ANYBODY
      yield {
        who: [root ?? ANYBODY, to],
        alike: kind.filter((name) => name === undefined || name !== to).map((name) => [name ?? ANYBODY, to]),
        isRuntime: true,
        ...pair,
      }
    }
  }
  if (old.chains.isSubjectAsked || new_.chains.isSubjectAsked) yield* overMiddle(old, new_, names.filter(isWanted))
}

/** An agent that is not declared can be made, and be given the same. */
function handed(side: Side, root: string | undefined, receiver: string | undefined): Chain | undefined {
  const isDeclared = receiver === undefined || side.agents.has(receiver)
  return side.chains.handed(root, isDeclared ? receiver : undefined)
}

/** Chains whose first hop is made at run time and whose others are declared. */
function* overMiddle(old: Side, new_: Side, names: readonly string[]): Generator<ChainPair> {
  for (const name of names) {
    const pairs = new Map<string, { old: Chain[]; new: Chain[]; who: readonly string[] }>()
    for (const [side, chains] of [
      ['old', old.chains.to(name)],
      ['new', new_.chains.to(name)],
    ] as const) {
      for (const chain of chains) {
        if (chain.runtimeHops[0] !== true || chain.runtimeHops.length < 2) continue
        const who = chain.principals.map((principal) => (principal.isRuntime ? ANYBODY : principal.name))
        const key = JSON.stringify(who)
        const pair = pairs.get(key) ?? { old: [], new: [], who }
        pairs.set(key, pair)
        pair[side].push(chain)
      }
    }
    for (const pair of pairs.values()) yield { ...pair, alike: [pair.who], isRuntime: true }
  }
}

function mayDelegate({ agents }: Side, name: string): boolean {
  return (agents.get(name)?.mayDelegate ?? 0) > 0
}

/** Names with equal keys together, in their order. */
function kindsOf(
  names: readonly string[],
  keyOf: (name: string) => readonly unknown[],
): readonly (readonly string[])[] {
  return [...groupBy(names, (name) => JSON.stringify(keyOf(name))).values()]
}

function present(chain: Chain | undefined): readonly Chain[] {
  return chain === undefined ? [] : [chain]
}
