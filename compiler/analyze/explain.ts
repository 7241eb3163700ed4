/**
 * Why a request is decided as it is, and what would open it.
 *
 * The decision is the engine's. Beside it stands what led there: who takes part, the grants of every factor with each
 * condition judged, the guardrails, the meters; and for what is not allowed the fewest facts that have to change, and the
 * edits of the policy that would do.
 */
import {
  type Decision,
  EngineError,
  type EngineRequest,
  type LiveEngine,
  loadLiveEngine,
  type Meter,
} from '../../engine-wasm/host/index.ts'
import { createUniverse, QUESTION_STEPS, TooHard, type Universe } from '../algebra/index.ts'
import { emitImage, emitState } from '../emit/index.ts'
import type { PolicyModel, State } from '../model/index.ts'
import { type Chain, createChains } from './chain.ts'
import { findChain, NO_STATE, type RequestChain } from './explain-chain.ts'
import { type ChangeAnswer, findChanges } from './explain-change.ts'
import { type EditSuggestion, suggestEdits } from './explain-edit.ts'
import { type PlacedEdit, type PolicyText, placeEdit } from './explain-edit-text.ts'
import { createPoint } from './explain-point.ts'
import { isRecord, type RequestFacts, readRequest } from './explain-request.ts'
import { createRuleJudge, type FactorExplained, type GuardExplained } from './explain-rules.ts'

export interface ExplainOptions {
  /** What was made at run time. */
  readonly state?: State
  /** An engine that answers for the policy with that state; one is started otherwise. */
  readonly engine?: LiveEngine
  /** Text and lines of the policy, which edits are placed in. */
  readonly text?: PolicyText
  /** `false` leaves out what would open it, which is most of the work. */
  readonly changes?: boolean
  /** Lets several questions about one policy share what was learnt of its patterns. */
  readonly universe?: Universe
  /** Bound on the work; beyond it the change of the request is *unknown*. */
  readonly steps?: number
}

export interface RequestExplanation {
  /** As it was asked. */
  readonly request: unknown
  readonly decision: Decision
  /** Why it is no request. */
  readonly fault: string | undefined
  /** Absent for what is no request. */
  readonly chain: RequestChain | undefined
  readonly factors: readonly FactorExplained[]
  /** The guardrails for this action on this resource. */
  readonly guards: readonly GuardExplained[]
  readonly meters: readonly MeterExplained[]
  /** The facts that would have to change; absent for what is allowed, is no request, or was not asked. */
  readonly change: ChangeAnswer | undefined
  /** Delegators through which the agent may make the same request, root first in each; empty for the agent alone. */
  readonly otherChains: readonly (readonly string[])[]
  /** Edits of the policy, those that open least besides first. */
  readonly edits: readonly PlacedSuggestion[]
  /** The conditions were not judged, because that would have taken more work than the budget. */
  readonly isCutShort: boolean
}

export interface MeterExplained extends Meter {
  /** What it reads, in the unit of its limit. */
  readonly reading: string | number
}

export interface PlacedSuggestion extends EditSuggestion {
  /** In the order of `edits`; an edit whose place is not known is missing. */
  readonly placed: readonly PlacedEdit[]
}

/** Explains one request, which may be anything that JSON can say. Meters of which it says nothing read 0. */
export function explainRequest(model: PolicyModel, request: unknown, options: ExplainOptions = {}): RequestExplanation {
  const { state = NO_STATE, steps = QUESTION_STEPS } = options
  const engine = options.engine ?? startEngine(model, state)
  const decision = decide(engine, request)
  const read = readRequest(request)
  const nothing = {
    request,
    decision,
    chain: undefined,
    factors: [],
    guards: [],
    meters: [],
    change: undefined,
    otherChains: [],
    edits: [],
  }
  if (!read.ok || !isRecord(request)) {
    return { ...nothing, fault: read.ok ? 'the request is no object' : read.message, isCutShort: false }
  }
  if (decision.reason === 'invalid-request') {
    return { ...nothing, fault: 'the engine cannot read it: it is too large, or nests too deeply', isCutShort: false }
  }
  const { facts } = read
  const universe = options.universe ?? createUniverse(steps)
  universe.renew(steps)
  const chain = findChain(model, state, facts)
  const point = createPoint(facts, universe)
  const meters = readMeters(engine, request, facts)
  try {
    const judge = createRuleJudge(point, facts, universe)
    const factors = judge.factors(chain, model)
    const guards = judge.guards(chain, model)
    const explained = { request, decision, fault: undefined, chain, factors, guards, meters, isCutShort: false }
    const isFinal = decision.reason === 'stale-policy' || decision.reason === 'engine-fault'
    if (decision.allowed || isFinal || options.changes === false) {
      return { ...explained, change: undefined, otherChains: [], edits: [] }
    }
    universe.renew(steps)
    const change = findChanges({
      model,
      chain,
      facts,
      point,
      request,
      decide: (other) => decide(engine, other),
      universe,
    })
    universe.renew(steps)
    const decideUnder = (other: PolicyModel): Decision => decide(startEngine(other, state), request)
    const found = suggestEdits({ model, chain, facts, point, factors, guards, decideUnder, universe })
    const edits = found.map((suggestion) => withPlaces(suggestion, options.text))
    universe.renew(steps)
    const chains = createChains(model, (cost) => universe.budget.spend(cost)).to(facts.agent)
    const otherChains = findOtherChains(chains, request, facts, (other) => decide(engine, other))
    return { ...explained, change, otherChains, edits }
  } catch (error) {
    if (!(error instanceof TooHard)) throw error
    const change = { kind: 'unknown', why: 'the question takes more work than its budget' } as const
    return { ...nothing, fault: undefined, chain, meters, change, isCutShort: true }
  }
}

function startEngine(model: PolicyModel, state: State): LiveEngine {
  const engine = loadLiveEngine(emitImage(model))
  for (const record of emitState(state)) {
    try {
      engine.putRecord(record)
    } catch (error) {
      // The agent that the policy declares stands.
      if (!(error instanceof EngineError) || error.code !== 'name-taken') throw error
    }
  }
  for (const name of state.revoked) engine.setFlag(name, 'revoked')
  for (const name of state.suspended) engine.setFlag(name, 'suspended')
  return engine
}

function decide(engine: LiveEngine, request: unknown): Decision {
  // The engine answers what is no request too.
  const asked = isRecord(request) ? { ...request, readings: request.readings ?? {} } : request
  return engine.decide(asked as EngineRequest, { charge: 'caller' })
}

/** Declared chains through which the engine allows what it denies through this one. */
function findOtherChains(
  chains: readonly Chain[],
  request: object,
  { via, now }: RequestFacts,
  decideOther: (request: object) => Decision,
): readonly (readonly string[])[] {
  const own = via.map(({ agent }) => agent).join('\0')
  return chains
    .filter(({ runtimeHops }) => !runtimeHops.includes(true))
    .map(({ principals }) => principals.slice(0, -1).map(({ name }) => name))
    .filter((names) => names.join('\0') !== own && decideOther({ ...request, via: names, since: now }).allowed)
}

/** The meters that the decision depends on, named by the engine, which asks for what is not read. */
function readMeters(engine: LiveEngine, request: object, { readings }: RequestFacts): readonly MeterExplained[] {
  const unread = { ...request, readings: undefined }
  const { meters = [] } = engine.decide(unread as unknown as EngineRequest)
  return meters.map((meter) => {
    const ofWindow = meter.unit === 'calls' ? readings.used[meter.window] : readings.spent[meter.window]
    const reading = readings.meters[meter.key] ?? ofWindow ?? 0
    return { ...meter, reading: typeof reading === 'number' ? reading : String(reading) }
  })
}

function withPlaces(suggestion: EditSuggestion, text: PolicyText | undefined): PlacedSuggestion {
  const placed = text === undefined ? [] : suggestion.edits.flatMap((edit) => placeEdit(edit, text) ?? [])
  return { ...suggestion, placed }
}
