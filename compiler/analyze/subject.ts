/** One policy under analysis: its chains, its guardrails, an engine to ask, and a budget for each question. */
import {
  type Box,
  createUniverse,
  QUESTION_STEPS,
  TooHard,
  type Universe,
  type WitnessHints,
} from '../algebra/index.ts'
import type { GrantModel, PolicyModel } from '../model/index.ts'
import { type AccessBox, accessOf, type Beside, createGuardrails, type Guardrails } from './access.ts'
import { type Chain, type Chains, createChains } from './chain.ts'
import { type Counterexample, createReplayer, type Replayer, toRequest } from './counterexample.ts'

export interface AnalyzeOptions {
  /** Bound on the work of one question; beyond it the answer is *unknown*. */
  readonly steps?: number
  /** Bound on the work of all questions together; 25 questions at their bound unless it is said. */
  readonly totalSteps?: number
  /** Milliseconds since 1970: witnesses are sought from here on. */
  readonly around?: number
  /** Lets two policies share what was learnt of their patterns. */
  readonly universe?: Universe
}

export interface PolicyUnderAnalysis {
  readonly model: PolicyModel
  readonly replayer: Replayer
  readonly hints: WitnessHints
  /** Runs one question in a budget of its own. The answer is *unknown* when it is used up. */
  readonly ask: <T>(question: (inquiry: Inquiry) => T) => T | Unknown
}

/** What a question is given. */
export interface Inquiry {
  readonly universe: Universe
  readonly chains: Chains
  readonly guardrails: Guardrails
}

/** The question took more work than it may have. Never to be read as yes or no. */
export interface Unknown {
  readonly kind: 'unknown'
  readonly why: string
}

export function analyze(model: PolicyModel, options: AnalyzeOptions = {}): PolicyUnderAnalysis {
  const { steps = QUESTION_STEPS, around } = options
  let left = options.totalSteps ?? HARD_QUESTIONS * steps
  const universe = options.universe ?? createUniverse(steps)
  const inquiry = {
    universe,
    chains: createChains(model, (cost) => universe.budget.spend(cost)),
    guardrails: createGuardrails(model, universe),
  }
  const hints = { actions: actionsOf(model), ...(around !== undefined && { around }) }
  return {
    model,
    replayer: createReplayer(model),
    hints,
    ask: (question) => {
      const allotted = Math.min(steps, left)
      universe.renew(allotted)
      try {
        return question(inquiry)
      } catch (error) {
        if (!(error instanceof TooHard)) throw error
        const whose = allotted < steps ? 'the questions about this policy take' : 'the question takes'
        return { kind: 'unknown', why: `${whose} more work than ${allotted < steps ? 'their' : 'its'} budget` }
      } finally {
        left -= allotted - universe.budget.left
      }
    },
  }
}

/** How many questions of one policy may be hard: a policy with a thousand of them ends in *unknown* all the same. */
const HARD_QUESTIONS = 25

/** Actions that the policy names, for witnesses to use. */
function actionsOf(model: PolicyModel): readonly string[] {
  const names = new Set<string>()
  const add = (grants: readonly GrantModel[]) => {
    for (const { actions = [] } of grants) for (const action of actions) names.add(action)
  }
  for (const agent of model.agents) {
    add(agent.grants)
    if (names.size > 8) break
  }
  add(model.roles.flatMap(({ grants }) => grants).slice(0, 64))
  return [...names]
}

/** A part of a chain's access, shown by a request that the engine allowed. */
export interface FoundAccess {
  readonly kind: 'found'
  readonly chain: Chain
  readonly access: AccessBox
  readonly example: Counterexample
}

/**
 * The first request of `query` that the chain may make and that `beside` does not leave out; `undefined` when there is none. Pieces whose members were not
 * found, or which the engine denies, leave the answer unknown.
 */
export function findAccess(
  { replayer, hints }: PolicyUnderAnalysis,
  { universe, guardrails }: Inquiry,
  chain: Chain,
  query: Box,
  beside?: Beside,
): FoundAccess | Unknown | undefined {
  let doubt: Unknown | undefined
  for (const access of accessOf(chain, query, guardrails, universe, beside)) {
    const asked = toRequest(chain, access.box, universe, hints)
    if (asked === undefined) {
      doubt ??= { kind: 'unknown', why: 'no concrete request was found for a case that could not be ruled out' }
      continue
    }
    const decision = replayer.decide(asked.request, asked.state)
    if (!decision.allowed) {
      doubt ??= {
        kind: 'unknown',
        why: `the engine denies ${JSON.stringify(asked.request)} (${decision.reason}), which could not be ruled out`,
      }
      continue
    }
    const example = { request: asked.request, ...(asked.state && { state: asked.state }), decision }
    return { kind: 'found', chain, access, example }
  }
  return doubt
}
