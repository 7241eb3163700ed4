/** What the chains of a run were, and whether they were the right ones. */
import { CONDITION_KINDS } from './condition.ts'
import type { Answer } from './oracle.ts'
import type { Question } from './question.ts'
import { covers } from './scope.ts'
import { STEP_KINDS, type StepKind } from './step.ts'
import { findAgent, type Grant, idOf, ownGrants, type World } from './world.ts'

export interface Tally {
  /** Random chains that were asked; their parts, and what is asked again, are not counted. */
  readonly chains: () => number
  readonly chain: (world: World, question: Question, answer: Answer, shape: string) => void
  readonly step: (kind: StepKind, effect: string, hasBitten: boolean) => void
  /** A meter was used up, and the chain asked again. */
  readonly exhausted: () => void
  readonly print: () => string
  /** What there is too little of; empty when the run was a fair one. */
  readonly shortfalls: () => readonly string[]
}

/** What a grant may hold beside conditions. */
const CLAUSE_KINDS = ['rate', 'budget', 'approval', 'estimate', 'expiry', 'depth', 'boundary'] as const

const LEAST_ALLOWED = 0.25
const LEAST_OF_DEPTH = 0.08
const LEAST_ALLOWED_OF_DEEPEST = 0.08
const LEAST_OF_STEP = 0.002
const LEAST_OF_KIND = 0.005
const LEAST_BITING = 0.1

export function createTally(): Tally {
  const depths = new Counts()
  const allowedDepths = new Counts()
  const decisions = new Counts()
  const reasons = new Counts()
  const shapes = new Counts()
  const steps = new Counts()
  const kinds = new Counts()
  const allowedKinds = new Counts()
  let chains = 0
  let narrowings = 0
  let bites = 0
  let exhausted = 0
  return {
    chains: () => chains,
    chain(world, question, { decision, allowed, reason }, shape) {
      chains++
      const depth = String(question.chain.length - 1)
      depths.add(depth)
      decisions.add(decision)
      reasons.add(reason)
      shapes.add(shape)
      if (allowed) allowedDepths.add(depth)
      for (const kind of kindsMet(world, question)) {
        kinds.add(kind)
        if (allowed) allowedKinds.add(kind)
      }
    },
    step(kind, effect, hasBitten) {
      steps.add(kind)
      if (effect !== 'narrower') return
      narrowings++
      if (hasBitten) bites++
    },
    exhausted: () => exhausted++,
    print: () =>
      [
        `${chains} chains, ${exhausted} of them once more with a meter used up; ${steps.total()} steps, ${narrowings} of them narrowings, of which ${bites} took something from the sample`,
        `hops        ${depths.print(chains)}`,
        `allowed     ${percent(allowedDepths.total() / chains)}; by hops, of their own: ${allowedDepths.printOf(depths)}`,
        `decisions   ${decisions.print(chains)}`,
        `reasons     ${reasons.print(chains)}`,
        `shapes      ${shapes.print(chains)}`,
        `constraints ${kinds.print(chains)}`,
        `  allowed   ${allowedKinds.print(chains)}`,
        `steps       ${steps.print(steps.total())}`,
      ].join('\n'),
    shortfalls: () => {
      const wanted: (readonly [string, number, number])[] = [
        ['allowed chains', allowedDepths.total() / chains, LEAST_ALLOWED],
        ['allowed chains of 5 hops', allowedDepths.of('5') / depths.of('5'), LEAST_ALLOWED_OF_DEEPEST],
        ['narrowings that took something away', bites / narrowings, LEAST_BITING],
        ...['0', '1', '2', '3', '4', '5'].map(
          (hops) => [`chains of ${hops} hops`, depths.of(hops) / chains, LEAST_OF_DEPTH] as const,
        ),
        ...STEP_KINDS.map((kind) => [`steps ${kind}`, steps.of(kind) / steps.total(), LEAST_OF_STEP] as const),
        ...[...CONDITION_KINDS, ...CLAUSE_KINDS].map(
          (kind) => [`allowed chains with ${kind}`, allowedKinds.of(kind) / chains, LEAST_OF_KIND] as const,
        ),
      ]
      return wanted.flatMap(([name, found, least]) =>
        found >= least ? [] : [`${name}: ${percent(found)}, at least ${percent(least)} wanted`],
      )
    },
  }
}

/** Kinds of the constraints on what could have opened the way of a chain. */
function kindsMet(world: World, { chain, facts }: Question): ReadonlySet<string> {
  const kinds = new Set<string>()
  const meet = (grants: readonly Grant[]) => {
    for (const grant of grants.filter((one) => covers(one, facts.action, facts.resource))) {
      for (const { kind } of grant.when) kinds.add(kind)
      for (const { kind } of grant.limits) kinds.add(kind)
      if (grant.approval !== undefined) kinds.add('approval')
      if (grant.estimate > 0) kinds.add('estimate')
    }
  }
  for (const [index, name] of chain.entries()) {
    const agent = findAgent(world, name)
    if (agent === undefined) continue
    if (index === 0) meet(ownGrants(world, agent))
    if (agent.expiresAt !== undefined) kinds.add('expiry')
    for (const { kind } of agent.limits) kinds.add(kind)
    const pair = idOf({ from: chain[index - 1] ?? '', to: name })
    const delegations = world.delegations.filter((delegation) => idOf(delegation) === pair)
    for (const delegation of delegations) {
      meet(delegation.grants)
      for (const { kind } of delegation.limits) kinds.add(kind)
      if (delegation.expiresAt !== undefined || delegation.expiresIn !== undefined) kinds.add('expiry')
      if (delegation.depth !== undefined && delegation.depth < 5) kinds.add('depth')
    }
    if (agent.isRuntime || delegations.some(({ isRuntime }) => isRuntime)) {
      kinds.add('boundary')
      meet(world.boundary?.grants ?? [])
    }
  }
  return kinds
}

class Counts {
  private readonly counts = new Map<string, number>()

  add(key: string): void {
    this.counts.set(key, this.of(key) + 1)
  }

  of(key: string): number {
    return this.counts.get(key) ?? 0
  }

  total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0)
  }

  print(total: number): string {
    const sorted = [...this.counts].sort(([, a], [, b]) => b - a)
    return sorted.map(([key, count]) => `${key} ${percent(count / total)}`).join(', ')
  }

  /** Shares of those that `all` counts under the same key. */
  printOf(all: Counts): string {
    const sorted = [...this.counts].sort(([a], [b]) => (a < b ? -1 : 1))
    return sorted.map(([key, count]) => `${key}: ${percent(count / all.of(key))}`).join(', ')
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
