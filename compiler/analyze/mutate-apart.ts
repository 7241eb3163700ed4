/**
 * Whether two policies can be told apart by any request, and by which.
 *
 * Equal means: the same verdict for every request, all approvals, and whatever the meters read. The proof compares what each
 * chain can do, box by box. A box of one policy is covered when the other has the request under a subset of the same limits, with
 * the same numbers: then no reading of meters takes it from one and leaves it to the other. Covered both ways, every
 * verdict is the same, because each is a matter of what would be allowed with more approvals or with fresh meters (language
 * reference, section 6). Reasons, and which of several meters is charged, are not compared.
 */
import {
  type Box,
  createUniverse,
  EVERY_REQUEST,
  intersectBoxes,
  MISSING,
  scopeBox,
  subtractBoxes,
  TooHard,
  type Universe,
  type WitnessHints,
} from '../algebra/index.ts'
import { formatDecimal, type GuardrailLimitModel, type LimitModel, type PolicyModel } from '../model/index.ts'
import { type AccessBox, accessOf, createGuardrails, type Guardrails, largestEstimate } from './access.ts'
import { type Chain, type Chains, createChains } from './chain.ts'
import { toRequest, type WitnessState } from './counterexample.ts'
import { affectedNames, type ChainPair, isReachChanged, type Lifetimes, lifetimesOf, pairsOf } from './mutate-chains.ts'
import { type AskedReadings, type AskedRequest, type Asker, createAsker, tryAsker } from './mutate-decide.ts'
import { liftZeros } from './mutate-lift.ts'

export type Apart =
  | ToldApart
  /** Proved. */
  | { readonly kind: 'equal' }
  /** Neither; never to be read as one of the two. */
  | { readonly kind: 'unknown'; readonly why: string }

/** A request on which two engines give two verdicts. */
export interface ToldApart {
  readonly kind: 'apart'
  readonly request: AskedRequest
  /** What must have been made at run time. */
  readonly state?: WitnessState
  /** Of the first policy, and of the second. */
  readonly verdicts: readonly [Verdict, Verdict]
}

export interface Verdict {
  readonly decision: string
  readonly reason: string
}

/** Compares others with one policy. */
export interface Comparer {
  readonly tellApart: (other: PolicyModel) => Apart
}

/** Less than a second's work. */
export const APART_STEPS = 6_000_000

/** `steps` bounds the work of each comparison. */
export function createComparer(model: PolicyModel, steps: number = APART_STEPS): Comparer {
  const universe = createUniverse(steps)
  const one = sideOf(model, createAsker(model), universe)
  return {
    tellApart: (other) => {
      const asker = tryAsker(other)
      if (asker === undefined) return { kind: 'unknown', why: 'the engine refuses the policy' }
      universe.renew(steps)
      try {
        return compare(one, sideOf(other, asker, universe), universe)
      } catch (error) {
        if (error instanceof TooHard) return { kind: 'unknown', why: 'the comparison takes more work than its budget' }
        throw error
      }
    },
  }
}

interface Side {
  readonly model: PolicyModel
  readonly asker: Asker
  readonly chains: Chains
  readonly guardrails: Guardrails
  readonly lifetimes: Lifetimes
  /** Whether a top-level limit counts money. */
  readonly isBudgeted: boolean
  readonly hints: WitnessHints
}

function sideOf(stated: PolicyModel, asker: Asker, universe: Universe): Side {
  const model = liftZeros(stated)
  const named = [...model.agents, ...model.roles].flatMap(({ grants }) => grants.flatMap(({ actions = [] }) => actions))
  return {
    model,
    asker,
    chains: createChains(model, (cost) => universe.budget.spend(cost)),
    guardrails: createGuardrails(model, universe),
    lifetimes: lifetimesOf(model),
    isBudgeted: model.limits.some(({ limit }) => limit.kind === 'budget'),
    hints: { actions: [...new Set(named)].slice(0, 16) },
  }
}

/** Differences that are tried before the question is given up, and of one chain before the next one is. */
const MAX_TRIED = 80
const MAX_TRIED_OF_CHAIN = 4

function compare(one: Side, other: Side, universe: Universe): Apart {
  const names = affectedNames(one.model, other.model)
  const isGuarded = isSameGuards(one.model, other.model)
  /** Told apart, but by nothing that a test can say. */
  let untestable: ToldApart | undefined
  let doubt: string | undefined
  let tried = 0
  for (const pair of pairsOf(one, other, names, universe)) {
    if (isGuarded && pair.isSame) continue
    for (const isForward of [true, false]) {
      const [from, to] = isForward ? [one, other] : [other, one]
      let triedOfChain = 0
      for (const left of uncovered({ pair, isForward, from, to, isGuarded }, universe)) {
        universe.budget.spend(1000)
        doubt ??= NO_REQUEST
        const found = witnessOf(left, { one, other, from }, universe)
        if (found !== undefined && isTestable(found)) return found
        untestable ??= found
        if (++tried >= MAX_TRIED) return untestable ?? { kind: 'unknown', why: NO_REQUEST }
        if (++triedOfChain >= MAX_TRIED_OF_CHAIN) break
      }
    }
  }
  if (untestable !== undefined) return untestable
  if (doubt === undefined && isReachChanged(one.model, other.model)) {
    doubt = 'longer delegations made at run time may tell the two apart'
  }
  return doubt === undefined ? { kind: 'equal' } : { kind: 'unknown', why: doubt }
}

const NO_REQUEST = 'no request was found for a difference that could not be ruled out'

function isTestable({ request, state }: ToldApart): boolean {
  return state === undefined && request.approvedAt === undefined
}

function isSameGuards(one: PolicyModel, other: PolicyModel): boolean {
  return one.forbids === other.forbids && one.requires === other.requires && one.limits === other.limits
}

interface Question {
  readonly pair: ChainPair
  readonly isForward: boolean
  readonly from: Side
  readonly to: Side
  readonly isGuarded: boolean
}

/** What one policy allows a chain and the other, perhaps, does not. */
interface Uncovered {
  readonly chain: Chain
  readonly box: Box
  /** That may make the difference, and as how much a call may count that states no cost. */
  readonly limits: readonly LimitModel[]
  readonly estimates: readonly bigint[]
  /** How long the hops are open, ms, where that makes the difference. */
  readonly ages: readonly number[]
}

function* uncovered({ pair, isForward, from, to, isGuarded }: Question, universe: Universe): Generator<Uncovered> {
  const [chain, counterpart] = isForward ? [pair.one, pair.other] : [pair.other, pair.one]
  if (chain === undefined) return
  const changedLimits = changedGuardrails(from.model.limits, to.model.limits, universe)
  const keepsPrincipals = isGuarded && pair.isSamePrincipals
  for (const access of accessOf(chain, EVERY_REQUEST, from.guardrails, universe)) {
    if (keepsPrincipals && access.grants.every((grant, at) => pair.isShared(at, grant))) continue
    const held = counterpart === undefined ? [] : [...accessOf(counterpart, access.box, to.guardrails, universe)]
    const terms = termsOf(access, from)
    const holes = held.filter((hole) => isWithin(termsOf(hole, to), terms))
    const left = subtractBoxes(
      [access.box],
      holes.map(({ box }) => box),
      universe,
    )
    const limits = distinctLimits([access, ...held])
    const lifetimes = [...terms.lifetimes, ...held.flatMap((hole) => termsOf(hole, to).lifetimes)]
    const ages = [...new Set(lifetimes)].flatMap((ms) => (ms === undefined ? [] : [ms - 1, ms]))
    const estimates = [terms.estimate, ...held.map(({ grants }) => largestEstimate(grants))]
    const whole = held.map((hole) => hole.box)
    // What the other one does not allow at all is the surest difference.
    const outright = left.length === 0 ? [] : subtractBoxes(left, whole, universe)
    const shared = { chain, limits, estimates: [...new Set(estimates)], ages }
    for (const box of [...outright, ...left]) yield { ...shared, box }
    for (const { box: scope, limits: counted } of changedLimits) {
      const common = intersectBoxes(scope, access.box, universe)
      if (common !== undefined) yield { chain, box: common, limits: counted, estimates: [terms.estimate], ages: [] }
    }
  }
}

/** Where two lists of top-level limits count differently. */
function changedGuardrails(
  ones: readonly GuardrailLimitModel[],
  others: readonly GuardrailLimitModel[],
  universe: Universe,
): readonly { readonly box: Box; readonly limits: readonly LimitModel[] }[] {
  if (ones === others) return []
  const ids = [...new Set([...ones, ...others].map(({ id }) => id))]
  return ids.flatMap((id) => {
    const [a, b] = [ones.find((rule) => rule.id === id), others.find((rule) => rule.id === id)]
    if (a === b) return []
    const [first, second] = [a && scopeBox(a, universe), b && scopeBox(b, universe)]
    const boxes = [first, second].flatMap((box) => (box === undefined ? [] : [box]))
    const isMoved = a !== undefined && b !== undefined && a.limit === b.limit && a.per === b.per
    const limits = [a, b].flatMap((rule) => (rule === undefined ? [] : [rule.limit]))
    const changed = isMoved
      ? [
          ...subtractBoxes(boxes.slice(0, 1), boxes.slice(1), universe),
          ...subtractBoxes(boxes.slice(1), boxes.slice(0, 1), universe),
        ]
      : boxes
    return changed.map((box) => ({ box, limits }))
  })
}

interface Terms {
  readonly limits: ReadonlySet<string>
  readonly estimate: bigint
  /**
   * Of each factor: which grant is chosen, and as how much a call counts, depend on all of them. Empty without budgets, and where the
   * request states its cost.
   */
  readonly estimates: string
  /** For each factor how long the hop is open, ms. */
  readonly lifetimes: readonly (number | undefined)[]
}

/** On which terms an access is had: the limits it is charged to, as how much, and how long. */
function termsOf({ box, limits, grants }: AccessBox, { lifetimes, isBudgeted }: Side): Terms {
  const cost = box.get('cost')
  const isCostStated = cost?.kind === 'ranges' && (cost.specials & MISSING) === 0
  const isCounted = !isCostStated && (isBudgeted || limits.some(({ kind }) => kind === 'budget'))
  return {
    limits: new Set(limits.map(limitText)),
    estimate: largestEstimate(grants),
    estimates: isCounted ? grants.map(({ estimateNanoUsd = 0n }) => estimateNanoUsd).join() : '',
    lifetimes: grants.map((grant) => lifetimes.get(grant)),
  }
}

/** Whether whoever meets the terms of `outer` meets those of `inner`. */
function isWithin(inner: Terms, outer: Terms): boolean {
  const isOpen = inner.lifetimes.every((ms, factor) => {
    const other = outer.lifetimes[factor]
    return ms === undefined || (other !== undefined && other <= ms)
  })
  return isOpen && inner.estimates === outer.estimates && [...inner.limits].every((limit) => outer.limits.has(limit))
}

const TEXTS = new WeakMap<LimitModel, string>()

/** Meter and numbers. */
export function limitText(limit: LimitModel): string {
  const known = TEXTS.get(limit)
  if (known !== undefined) return known
  const text = JSON.stringify(limit, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  TEXTS.set(limit, text)
  return text
}

function distinctLimits(pieces: readonly AccessBox[]): readonly LimitModel[] {
  return [...new Map(pieces.flatMap(({ limits }) => limits).map((limit) => [limitText(limit), limit])).values()]
}

interface Sides {
  readonly one: Side
  readonly other: Side
  /** Whose access it is. */
  readonly from: Side
}

function witnessOf(
  { chain, box, limits, estimates, ages }: Uncovered,
  { one, other, from }: Sides,
  universe: Universe,
): ToldApart | undefined {
  const asked = toRequest(chain, box, universe, from.hints)
  if (asked === undefined) return undefined
  const { approvedAt, ...undated } = asked.request
  const { cost, ...free } = undated
  const state = asked.state === undefined || isOfTests(asked.state) ? undefined : asked.state
  if (state !== undefined) universe.budget.spend(STATE_STEPS)
  // The simplest first: tests say neither when something was approved nor, unless they must, what it costs.
  const plains = [free, ...(cost === undefined ? [] : [undated]), ...(approvedAt === undefined ? [] : [asked.request])]
  for (const plain of plains) {
    for (const request of [...withAges(plain, ages), ...withReadings(plain, limits, estimates)]) {
      universe.budget.spend(DECISION_STEPS)
      const [before, after] = [one.asker.decide(request, state), other.asker.decide(request, state)]
      if (before.decision === after.decision) continue
      const verdicts = [
        { decision: before.decision, reason: before.reason },
        { decision: after.decision, reason: after.reason },
      ] as const
      return { kind: 'apart', request, ...(state && { state }), verdicts }
    }
  }
  return undefined
}

/** What asking both engines costs, and starting both with a state, in steps of the algebra. */
const DECISION_STEPS = 400
const STATE_STEPS = 40_000

/** Whether the state is that of `as runtime`, which every asker has. */
function isOfTests({ agents, delegations }: WitnessState): boolean {
  const [agent, second] = agents
  return (
    delegations.length === 0 &&
    second === undefined &&
    agent?.name === 'runtime' &&
    agent.type === 'autonomous' &&
    agent.owner === undefined
  )
}

function withAges(request: AskedRequest, ages: readonly number[]): readonly AskedRequest[] {
  const { now } = request
  if (typeof now !== 'number') return []
  return ages.map((age) => ({ ...request, since: now - age }))
}

/** The request with fresh meters, then with readings at the bounds of the limits. */
function* withReadings(
  request: AskedRequest,
  limits: readonly LimitModel[],
  estimates: readonly bigint[],
): Generator<AskedRequest> {
  yield request
  const all: { used: Record<string, string>; spent: Record<string, string> } = { used: {}, spent: {} }
  for (const limit of limits) {
    for (const readings of readingsAt(limit, estimates)) yield { ...request, readings }
    if (limit.kind === 'rate') for (const { window, count } of limit.windows) all.used[window] = String(count)
    else for (const { window, capNanoUsd } of limit.windows) all.spent[window] = formatDecimal(capNanoUsd)
  }
  if (limits.length > 1) yield { ...request, readings: { used: all.used, spent: all.spent } }
}

const CENT = 10_000_000n

function readingsAt(limit: LimitModel, estimates: readonly bigint[]): readonly AskedReadings[] {
  if (limit.kind === 'rate') {
    return limit.windows.flatMap(({ window, count }) =>
      [count - 1n, count, count + 1n]
        .filter((used) => used >= 0n)
        .map((used) => ({ used: { [window]: String(used) } })),
    )
  }
  const { throttle } = limit
  return limit.windows.flatMap(({ window, capNanoUsd }) => {
    const spending = (units: bigint) => ({ spent: { [window]: formatDecimal(units) } })
    const below = estimates.map((estimate) => capNanoUsd - estimate + 1n)
    const atCap = [capNanoUsd - CENT, capNanoUsd, capNanoUsd + CENT, ...below]
      .filter((units) => units >= 0n)
      .map(spending)
    if (throttle === undefined) return atCap
    const from = (capNanoUsd * BigInt(throttle.percent)) / 100n
    const paced = [from - 1n, from].filter((units) => units >= 0n).map(spending)
    return [
      ...paced,
      ...paced.map((readings) => ({ ...readings, used: { [throttle.window]: String(throttle.count) } })),
      ...atCap,
    ]
  })
}
