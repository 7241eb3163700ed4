/**
 * The executable meaning of the language: decides a request by walking the syntax tree, as docs/language.md says it.
 *
 * Slow and obvious on purpose. It shares no code with resolution, lowering, emission and the engine, so that it can judge
 * them.
 */
import { type AtomNode, type PolicyFile, parsePolicy } from '../../grammar/index.ts'
import { judgeAtom, judgeConjunction, kindOfAtom } from './condition.ts'
import { roundUp } from './decimal.ts'
import {
  askAbout,
  boundaryFactor,
  type Case,
  choose,
  estimatesOf,
  type Factor,
  holderScope,
  hopFactor,
  isApproved,
  joinCharges,
  larger,
  matchesScope,
  ownFactor,
  REASON_OF_KIND,
  type Satisfied,
} from './factor.ts'
import { type Charge, chargeLimit, type Reservation, scopePart } from './meter.ts'
import { firstReason, isBetter, type Outcome, type Reason } from './outcome.ts'
import { type KeyOf, type LimitAll, type Policy, type Principal, toPolicy } from './policy.ts'
import { parseRequest, type Request } from './request.ts'
import { type State, toState } from './state.ts'

export interface ReferenceDecision {
  readonly decision: Outcome
  /** True for `allow` and `throttle`. */
  readonly allowed: boolean
  readonly reason: Reason
  /** Each meter once; empty unless allowed. */
  readonly reservations: readonly Reservation[]
  /** Ids of the grants charged by own(A0) and by each hop, root first, -1 for one made at run time; empty unless allowed. */
  readonly charged: readonly number[]
}

export interface Reference {
  /** Total: no request makes it throw. */
  decide(request: unknown, options?: ReferenceOptions): ReferenceDecision
}

export interface ReferenceOptions {
  /** Counts absent arguments for access. */
  readonly possible?: boolean
  /** Told of every atom that the decision asked, as often as it was asked. */
  readonly observe?: (atom: AtomNode) => void
}

/**
 * Makes a reference of parsed files and, if given, the JSON of `--state`.
 *
 * The KEY of a meter is not the hash of section 8 but a structural name: `#n` for the n-th limit clause in source order,
 * `~n` for the n-th of the state; `options.keyOf` and `options.stateKeys` may give the hashes instead. `readings.meters` is
 * read under these keys.
 *
 * @throws {TypeError} when `state` is not a state
 */
export function createReference(
  files: readonly PolicyFile[],
  state?: unknown,
  options: { readonly keyOf?: KeyOf; readonly stateKeys?: readonly string[] } = {},
): Reference {
  const policy = toPolicy(files, options.keyOf)
  const made = toState(state, policy, options.stateKeys ?? [])
  return {
    decide(value, options = {}) {
      const request = parseRequest(value)
      if (request === undefined) return refuse('invalid-request')
      const { possible = false, observe } = options
      return decideRequest({ policy, request, possible, observe }, made)
    },
  }
}

/** Parses the texts first. @throws {SyntaxError} when one of them has an error */
export function referenceFromText(
  texts: readonly { readonly path: string; readonly text: string }[],
  state?: unknown,
): Reference {
  const files = texts.map(({ path, text }) => {
    const { file, diagnostics } = parsePolicy(path, text)
    const error = diagnostics.find((diagnostic) => diagnostic.severity === 'error')
    if (error !== undefined) throw new SyntaxError(`${path}:${error.span.start}: ${error.message}`)
    return file
  })
  return createReference(files, state)
}

function decideRequest(surroundings: Case, state: State): ReferenceDecision {
  const { policy, request } = surroundings
  const chain = request.chain.map((name) => policy.agents.get(name) ?? state.agents.get(name))
  const principals = chain.filter((principal) => principal !== undefined)
  const hops = principals.length - 1

  // Judged before anything else: whatever follows is not looked at when one of these exists.
  const first: Reason[] = chain.includes(undefined) ? ['agent-unknown'] : []
  for (const { name } of principals) {
    if (state.revoked.has(name)) first.push('agent-revoked')
    if (state.suspended.has(name)) first.push('agent-suspended')
  }
  if (principals.some((principal) => isExpired(principal, request))) first.push('agent-expired')
  if (request.chain.length - 1 > 5) first.push('delegation-depth')
  const status = firstReason(first)
  if (status !== undefined) return refuse(status)

  const factors = factorsOf(principals, surroundings, state)
  const causes: Reason[] = []
  if (principals.some((principal, index) => lacksDepth(principal, { index, hops, policy }))) {
    causes.push('delegation-depth')
  }
  for (const factor of [...factors.path, ...factors.boundaries]) {
    if (factor.kind === 'unsatisfied') causes.push(factor.cause)
  }
  causes.push(...deniedByGuardrails(principals, surroundings))
  // Each of these stands before `budget-exhausted`, the only other cause of a deny.
  const cause = firstReason(causes)
  if (cause !== undefined) return refuse(cause)

  const isSatisfied = (factor: Factor): factor is Satisfied => factor.kind === 'satisfied'
  const path = factors.path.filter(isSatisfied)
  return charge({ path, boundaries: factors.boundaries.filter(isSatisfied) }, principals, surroundings)
}

function isExpired({ expiresAt }: Principal, { now }: Request): boolean {
  return expiresAt !== undefined && (now === undefined || now >= expiresAt)
}

/** Whether what leaves the principal at `index` of the chain goes further than it may pass on. */
function lacksDepth(
  principal: Principal,
  place: { readonly index: number; readonly hops: number; readonly policy: Policy },
): boolean {
  const hopsLeft = place.hops - place.index
  if (hopsLeft === 0) return false
  let may = principal.mayDelegate
  if (principal.isRuntime) {
    const most = place.policy.boundary.mayDelegate
    may = may === undefined || may > most ? most : may
  }
  if (may === undefined) return place.index === 0
  return may < BigInt(hopsLeft)
}

function factorsOf(
  principals: readonly Principal[],
  surroundings: Case,
  state: State,
): { readonly path: readonly Factor[]; readonly boundaries: readonly Factor[] } {
  const { policy, request } = surroundings
  const hops = principals.length - 1
  const path = principals.map((principal, index): Factor => {
    const giver = principals[index - 1]
    if (giver === undefined) return ownFactor(principal, surroundings)
    const delegations = [...policy.delegations, ...state.delegations].filter(
      ({ from, to }) => from === giver.name && to === principal.name,
    )
    const hop = { delegations, since: request.since[index - 1], hopsLeft: BigInt(hops - index) }
    return hopFactor(principal, hop, surroundings)
  })
  const held = principals.filter((principal) => principal.isRuntime)
  return { path, boundaries: held.map((principal) => boundaryFactor(principal, surroundings)) }
}

function deniedByGuardrails(principals: readonly Principal[], surroundings: Case): readonly Reason[] {
  const { policy, request } = surroundings
  const causes: Reason[] = []
  for (const forbid of policy.forbids.filter((rule) => matchesScope(rule, request))) {
    const denies = principals.some((principal) => {
      const when = forbid.when && judgeConjunction(forbid.when, askAbout(principal, 'false', surroundings))
      const unless = forbid.unless && judgeConjunction(forbid.unless, askAbout(principal, 'true', surroundings))
      return when !== 'false' && unless !== 'true'
    })
    if (denies) causes.push('forbidden')
  }
  for (const { condition } of policy.requires.filter((rule) => matchesScope(rule, request))) {
    for (const principal of principals) {
      const asked = askAbout(principal, 'true', surroundings)
      const failed = condition.filter((atom) => judgeAtom(atom, asked) !== 'true')
      causes.push(...failed.map((atom) => REASON_OF_KIND[kindOfAtom(atom)]))
    }
  }
  return causes
}

/** Chooses a grant in every factor and charges what they and the limits of the chain ask for. Section 6. */
function charge(
  factors: { readonly path: readonly Satisfied[]; readonly boundaries: readonly Satisfied[] },
  principals: readonly Principal[],
  surroundings: Case,
): ReferenceDecision {
  const { request } = surroundings
  const all = [...factors.path, ...factors.boundaries]
  const attempt = (amountNanoUsd: bigint, ceiling: bigint | undefined) => {
    const choices = all.map((factor) => choose(factor, { request, amountNanoUsd, ceiling }))
    const chosen = choices.filter((choice) => choice !== undefined)
    if (chosen.length < all.length) return undefined
    const largest = chosen.map(({ estimateNanoUsd }) => estimateNanoUsd).reduce(larger, 0n)
    if (ceiling !== undefined && largest !== ceiling) return undefined
    const limits = chargeLimits(principals, amountNanoUsd, surroundings)
    const whole = joinCharges([...chosen.map((choice) => choice.charge), ...limits])
    return { ...whole, charged: chosen.slice(0, factors.path.length).map(({ grant }) => grant.id) }
  }
  if (request.cost !== undefined) {
    const only = attempt(roundUp(request.cost, 9), undefined)
    return only === undefined ? refuse('no-grant') : answer(only, only.charged)
  }
  let best: (Charge & { readonly charged: readonly number[] }) | undefined
  const estimates = new Set([0n, ...all.flatMap(estimatesOf)])
  for (const estimate of [...estimates].sort((a, b) => (a < b ? 1 : -1))) {
    const next = attempt(estimate, estimate)
    if (next !== undefined && (best === undefined || isBetter(next.outcome, best.outcome))) best = next
  }
  return best === undefined ? refuse('no-grant') : answer(best, best.charged)
}

/** Limits that hold whatever grant is chosen: of the principals, of the boundary, and the guardrails. */
function chargeLimits(
  principals: readonly Principal[],
  amountNanoUsd: bigint,
  { policy, request }: Case,
): readonly Charge[] {
  const call = { request, amountNanoUsd }
  const charges: Charge[] = []
  for (const principal of principals) {
    const limits = principal.isRuntime ? [...principal.limits, ...policy.boundary.limits] : principal.limits
    for (const limit of limits) charges.push(chargeLimit(limit, holderScope(limit, principal, request), call))
  }
  for (const { limit, each } of policy.limits.filter((rule) => matchesScope(rule, request))) {
    for (const scope of guardrailScopes(each, principals, request)) charges.push(chargeLimit(limit, scope, call))
  }
  for (const { approval } of policy.requires.filter((rule) => matchesScope(rule, request))) {
    if (approval !== undefined && !isApproved(approval, request))
      charges.push({ outcome: 'approval', reservations: [] })
  }
  return charges
}

function guardrailScopes(
  each: LimitAll['each'],
  principals: readonly Principal[],
  request: Request,
): readonly (readonly string[])[] {
  switch (each) {
    case undefined:
      return [[]]
    case 'tenant':
      return [[scopePart('tenant', request.tenant)]]
    case 'agent':
      return principals.map(({ name }) => [scopePart('agent', name)])
    case 'owner':
      return [...new Set(principals.map(({ owner }) => scopePart('owner', owner)))].map((part) => [part])
  }
}

const REASON_OF_OUTCOME: Readonly<Record<Outcome, Reason>> = {
  allow: 'allowed',
  throttle: 'throttled',
  approval: 'approval-required',
  limited: 'rate-limited',
  deny: 'budget-exhausted',
}

function answer({ outcome, reservations }: Charge, charged: readonly number[]): ReferenceDecision {
  const decision = outcome
  const allowed = decision === 'allow' || decision === 'throttle'
  const once = new Map(reservations.map((reservation) => [reservation.key, reservation]))
  return {
    decision,
    allowed,
    reason: REASON_OF_OUTCOME[decision],
    reservations: allowed ? [...once.values()] : [],
    charged: allowed ? charged : [],
  }
}

function refuse(reason: Reason): ReferenceDecision {
  return { decision: 'deny', allowed: false, reason, reservations: [], charged: [] }
}
