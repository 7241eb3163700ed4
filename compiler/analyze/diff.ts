/**
 * What two policies allow differently, and everything else that a reviewer must know of a change.
 *
 * Access is compared for every acting principal and every chain, those that the API could make included. What did not change
 * is recognised by its keys and not proved again; each question has a budget, beyond which its answer is *unknown*.
 */
import { createUniverse, QUESTION_STEPS, TooHard, type Universe } from '../algebra/index.ts'
import type { PolicyModel } from '../model/index.ts'
import { createDirection, type Direction, type GainedBox, gainedBy } from './diff-access.ts'
import { diffLimits, type LimitChange } from './diff-limits.ts'
import {
  type AgentChange,
  type DepthChange,
  diffAgents,
  diffDepths,
  diffExpiries,
  type ExpiryChange,
} from './diff-members.ts'
import { ANYBODY, type ChainPair, chainPairs } from './diff-pairs.ts'
import { createSide, tellingOf } from './diff-side.ts'
import { type Catalogs, diffTools, type ToolChange } from './diff-tools.ts'
import { type FoundRegions, type GainedEntry, type Region, toRegions, type UnknownRegion } from './region.ts'
import { analyze } from './subject.ts'

/** A policy and what its text says beyond the model. */
export interface DiffedPolicy {
  readonly model: PolicyModel
  /** Assertions as written; absent for an image, which does not hold them. */
  readonly assertions?: readonly string[] | undefined
  /** Absent for an image. */
  readonly catalogs?: Catalogs | undefined
}

export interface DiffOptions {
  /** Bound on the work of one question. */
  readonly steps?: number
  /** Bound on the work of all questions together; what is asked beyond it is *unknown*. */
  readonly totalSteps?: number
  /** Milliseconds since 1970: witnesses are sought from here on. */
  readonly around?: number
  /** Access only of chains at whose end this agent stands; `*` for agents made at run time. */
  readonly agent?: string
  /** Told of every chain that is compared. */
  readonly progress?: (compared: number) => void
}

export interface PolicyDiff {
  readonly newAccess: readonly Region[]
  readonly lostAccess: readonly Region[]
  readonly unknown: readonly UnknownRegion[]
  readonly agents: readonly AgentChange[]
  readonly limits: readonly LimitChange[]
  readonly expiries: readonly ExpiryChange[]
  readonly depths: readonly DepthChange[]
  /** Absent when one of the two is an image. */
  readonly assertions?: { readonly added: readonly string[]; readonly removed: readonly string[] }
  /** Absent when one of the two is an image. */
  readonly tools?: readonly ToolChange[]
  readonly generation: {
    readonly old: number
    readonly new: number
    /** Something changed and the generation did not grow: hosts would refuse the new policy. */
    readonly isStale: boolean
  }
  /** Chains that were compared; the others were recognised as unchanged. */
  readonly compared: number
}

export function diffPolicies(old: DiffedPolicy, new_: DiffedPolicy, options: DiffOptions = {}): PolicyDiff {
  const access = diffAccess(old.model, new_.model, options)
  const sections = {
    agents: diffAgents(old.model, new_.model),
    limits: diffLimits(old.model, new_.model),
    expiries: diffExpiries(old.model, new_.model),
    depths: diffDepths(old.model, new_.model),
  }
  const isChanged =
    access.newAccess.length + access.lostAccess.length + access.unknown.length > 0 ||
    Object.values(sections).some((changes) => changes.length > 0)
  const [before, after] = [old.model.generation, new_.model.generation]
  return {
    ...access,
    ...sections,
    ...(old.assertions && new_.assertions && { assertions: diffTexts(old.assertions, new_.assertions) }),
    ...(old.catalogs && new_.catalogs && { tools: diffTools(old.catalogs, new_.catalogs, new_.model) }),
    generation: { old: before, new: after, isStale: isChanged && after <= before },
  }
}

function diffTexts(
  old: readonly string[],
  new_: readonly string[],
): { added: readonly string[]; removed: readonly string[] } {
  return { added: without(new_, old), removed: without(old, new_) }
}

/** Each text of `others` takes away one equal text. */
function without(texts: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>()
  for (const text of others) left.set(text, (left.get(text) ?? 0) + 1)
  return texts.filter((text) => {
    const count = left.get(text) ?? 0
    left.set(text, count - 1)
    return count <= 0
  })
}

/** All questions together may take as much as so many hard ones. */
const HARD_QUESTIONS = 50

function diffAccess(
  old: PolicyModel,
  new_: PolicyModel,
  options: DiffOptions,
): Pick<PolicyDiff, 'newAccess' | 'lostAccess' | 'unknown' | 'compared'> {
  const { steps = QUESTION_STEPS, around, agent, progress } = options
  const universe = createUniverse(steps)
  const telling = tellingOf([old, new_])
  const analysis = { universe, steps, ...(around !== undefined && { around }) }
  const before = createSide(analyze(old, analysis), universe, telling)
  const after = createSide(analyze(new_, analysis), universe, telling)
  const gains = createDirection(before, after, telling, universe)
  const losses = createDirection(after, before, telling, universe)
  const gained: GainedEntry[] = []
  const lost: GainedEntry[] = []
  const unknown: UnknownRegion[] = []
  let compared = 0
  let left = options.totalSteps ?? HARD_QUESTIONS * steps
  /** Each question is paid from what is left for all. */
  const ask = (pair: ChainPair, put: (found: readonly GainedBox[]) => void, question: () => readonly GainedBox[]) => {
    const paid = Math.min(steps, left)
    universe.renew(paid)
    try {
      put(question())
      left -= paid - universe.budget.left
    } catch (error) {
      if (!(error instanceof TooHard)) throw error
      left -= paid
      unknown.push({ who: pair.who, facts: [], why: TOO_HARD })
    }
  }
  const entries =
    (into: GainedEntry[], { alike }: ChainPair) =>
    (found: readonly GainedBox[]) => {
      for (const box of found) into.push({ ...box, who: alike })
    }
  try {
    universe.renew(left)
    for (const pair of chainPairs(before, after, universe, agent === undefined ? {} : { agent })) {
      compared++
      progress?.(compared)
      const { who, old: from, new: to } = pair
      ask(pair, entries(gained, pair), () => gainedBy({ who, to, from }, gains))
      ask(pair, entries(lost, pair), () => gainedBy({ who, to: from, from: to }, losses))
      // Finding the next chain is paid too.
      universe.renew(left)
    }
  } catch (error) {
    if (!(error instanceof TooHard)) throw error
    unknown.push({ who: [agent ?? ANYBODY], facts: [], why: 'there are more chains than can be looked at' })
  }
  const [newAccess, lostAccess] = [regionsOf(gained, gains, true, universe), regionsOf(lost, losses, false, universe)]
  return {
    newAccess: newAccess.regions,
    lostAccess: lostAccess.regions,
    unknown: [...unknown, ...newAccess.unknown, ...lostAccess.unknown],
    compared,
  }
}

const TOO_HARD = 'the question takes more work than its budget'

function regionsOf(
  entries: readonly GainedEntry[],
  direction: Direction,
  isNew: boolean,
  universe: Universe,
): FoundRegions {
  universe.renew(QUESTION_STEPS)
  return toRegions(entries, direction, isNew)
}
