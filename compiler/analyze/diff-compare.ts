/** Asks, for every chain that may differ, what it can do in one policy and not in the other; each question in its budget. */
import { createUniverse, QUESTION_STEPS, TooHard } from '../algebra/index.ts'
import type { PolicyModel } from '../model/index.ts'
import { createDirection, type Direction, type GainedBox, gainedBy } from './diff-access.ts'
import { ANYBODY, type ChainPair, chainPairs } from './diff-pairs.ts'
import { createSide, tellingOf } from './diff-side.ts'
import { analyze } from './subject.ts'

export interface CompareOptions {
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

/** Boxes of one direction, with those whom they are true of. */
export interface Gains {
  readonly entries: readonly GainedEntry[]
  readonly direction: Direction
}

export interface GainedEntry extends GainedBox {
  readonly who: readonly (readonly string[])[]
}

export interface Comparison {
  readonly gained: Gains
  readonly lost: Gains
  readonly unknown: readonly UnansweredQuestion[]
  /** Chains that were compared; the others were recognised as unchanged. */
  readonly compared: number
}

export interface UnansweredQuestion {
  readonly who: readonly string[]
  readonly why: string
}

/** All questions together may take as much as so many hard ones. */
const HARD_QUESTIONS = 15
const TOO_HARD = 'the question takes more work than its budget'

export function compareAccess(old: PolicyModel, new_: PolicyModel, options: CompareOptions = {}): Comparison {
  const { steps = QUESTION_STEPS, around, agent, progress } = options
  const universe = createUniverse(steps)
  const telling = tellingOf([old, new_])
  const analysis = { universe, steps, ...(around !== undefined && { around }) }
  const before = createSide(analyze(old, analysis), universe, telling)
  const after = createSide(analyze(new_, analysis), universe, telling)
  const gainedEntries: GainedEntry[] = []
  const lostEntries: GainedEntry[] = []
  const gained = { entries: gainedEntries, direction: createDirection(before, after, telling, universe) }
  const lost = { entries: lostEntries, direction: createDirection(after, before, telling, universe) }
  const unknown: UnansweredQuestion[] = []
  let compared = 0
  let left = options.totalSteps ?? HARD_QUESTIONS * steps
  /** Each question is paid from what is left for all. */
  const ask = ({ alike, who }: ChainPair, into: GainedEntry[], question: () => readonly GainedBox[]) => {
    const paid = Math.min(steps, left)
    universe.renew(paid)
    try {
      for (const box of question()) into.push({ ...box, who: alike })
      left -= paid - universe.budget.left
    } catch (error) {
      if (!(error instanceof TooHard)) throw error
      left -= paid
      unknown.push({ who, why: TOO_HARD })
    }
  }
  try {
    universe.renew(left)
    for (const pair of chainPairs(before, after, universe, agent === undefined ? {} : { agent })) {
      compared++
      progress?.(compared)
      const { who, old: from, new: to } = pair
      ask(pair, gainedEntries, () => gainedBy({ who, to, from }, gained.direction))
      ask(pair, lostEntries, () => gainedBy({ who, to: from, from: to }, lost.direction))
      // Finding the next chain is paid too.
      universe.renew(left)
    }
  } catch (error) {
    if (!(error instanceof TooHard)) throw error
    unknown.push({ who: [agent ?? ANYBODY], why: 'there are more chains than can be looked at' })
  }
  return { gained, lost, unknown, compared }
}
