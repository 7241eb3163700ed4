/**
 * Factors of an authority: who grants the call, at what outcome, and why nobody does. Language reference, sections 5
 * and 6.
 */
import type { AtomNode } from '../../grammar/index.ts'
import { type Asked, type ConditionKind, judgeAtom, judgeConjunction, kindOfAtom } from './condition.ts'
import { type Charge, chargeLimit, scopePart } from './meter.ts'
import { firstReason, isBetter, REASONS, type Reason, worst } from './outcome.ts'
import { matchesPattern } from './pattern.ts'
import type { Approval, Boundary, Delegation, Grant, Limit, Policy, Principal, Scope } from './policy.ts'
import type { Request } from './request.ts'

/** One decision's surroundings. */
export interface Case {
  readonly policy: Policy
  readonly request: Request
  readonly possible: boolean
  /** Told of every atom that is judged. */
  readonly observe: ((atom: AtomNode) => void) | undefined
}

/** A satisfied grant, and what else it brings into its factor. */
export interface Candidate {
  readonly grant: Grant
  readonly holder: Principal
  /** The grant's own limits and those of its delegation. */
  readonly limits: readonly Limit[]
  /** What a grant of a delegation made at run time brings with it. */
  readonly boundary: Held | undefined
}

/** The boundary's factor for the receiver of a delegation made at run time, and its limits. */
interface Held {
  readonly factor: Satisfied
  readonly limits: readonly Limit[]
}

export interface Satisfied {
  readonly kind: 'satisfied'
  /** In the order that breaks ties: policy before run time, then by id. Never empty. */
  readonly candidates: readonly Candidate[]
}

export type Factor = Satisfied | { readonly kind: 'unsatisfied'; readonly cause: Reason }

/** own(A), for the root of the chain. */
export function ownFactor(principal: Principal, surroundings: Case): Factor {
  return judgeGrants(
    principal.grants.map((grant) => ({ grant, holder: principal, limits: grant.limits, boundary: undefined })),
    surroundings,
  )
}

/** boundary(A), for a principal held by it and for the receiver of a delegation made at run time. */
export function boundaryFactor(principal: Principal, surroundings: Case): Factor {
  const { grants } = surroundings.policy.boundary
  return judgeGrants(
    grants.map((grant) => ({ grant, holder: principal, limits: grant.limits, boundary: undefined })),
    surroundings,
  )
}

/**
 * The hop to `receiver` with `hopsLeft` hops behind it, by any of `delegations`, all of them for this pair.
 *
 * `since` is the instant at which the hop was opened.
 */
export function hopFactor(
  receiver: Principal,
  hop: {
    readonly delegations: readonly Delegation[]
    readonly since: bigint | undefined
    readonly hopsLeft: bigint
  },
  surroundings: Case,
): Factor {
  if (hop.delegations.length === 0) return { kind: 'unsatisfied', cause: 'no-grant' }
  const { now } = surroundings.request
  const { boundary: box } = surroundings.policy
  const faults = hop.delegations.map((delegation) => faultOf(delegation, { ...hop, now, box }))
  const usable = hop.delegations.filter((_, index) => faults[index] === undefined)
  if (usable.length === 0) {
    const cause = firstReason(faults.filter((fault) => fault !== undefined)) ?? 'no-grant'
    return { kind: 'unsatisfied', cause }
  }
  const boundary = boundaryFactor(receiver, surroundings)
  const all = usable.flatMap((delegation) =>
    delegation.grants.map((grant) => ({
      grant,
      holder: receiver,
      limits: [...grant.limits, ...delegation.limits],
      boundary: undefined,
      isRuntime: delegation.isRuntime,
    })),
  )
  const satisfied = all.filter(({ grant }) => isSatisfied(grant, receiver, surroundings))
  const candidates = satisfied.flatMap(({ isRuntime, ...candidate }): Candidate[] => {
    if (!isRuntime) return [candidate]
    return boundary.kind === 'satisfied' ? [{ ...candidate, boundary: { factor: boundary, limits: box.limits } }] : []
  })
  if (candidates.length > 0) return { kind: 'satisfied', candidates: candidates.toSorted(byId) }
  if (satisfied.length > 0) return boundary
  return { kind: 'unsatisfied', cause: nearestMiss(all, surroundings) }
}

/** What the factor charges when a call costs `amountNanoUsd` and only grants estimated at most `ceiling` may be used. */
export interface Choice {
  readonly charge: Charge
  readonly grant: Grant
  /** The largest estimate among this grant and the boundary's. */
  readonly estimateNanoUsd: bigint
}

/** The candidate that the factor charges; nothing when each of them is estimated above the ceiling. */
export function choose(
  factor: Satisfied,
  pass: { readonly request: Request; readonly amountNanoUsd: bigint; readonly ceiling: bigint | undefined },
): Choice | undefined {
  let best: (Choice & { readonly isMetered: boolean }) | undefined
  for (const { grant, holder, limits, boundary } of factor.candidates) {
    if (pass.ceiling !== undefined && grant.estimateNanoUsd > pass.ceiling) continue
    const nested = boundary && choose(boundary.factor, pass)
    if (boundary !== undefined && nested === undefined) continue
    const charges = [...limits, ...(boundary?.limits ?? [])].map((limit) =>
      chargeLimit(limit, holderScope(limit, holder, pass.request), pass),
    )
    if (grant.approval !== undefined && !isApproved(grant.approval, pass.request)) {
      charges.push({ outcome: 'approval', reservations: [] })
    }
    if (nested !== undefined) charges.push(nested.charge)
    const choice = {
      charge: joinCharges(charges),
      grant,
      estimateNanoUsd: larger(grant.estimateNanoUsd, nested?.estimateNanoUsd ?? 0n),
      isMetered: limits.length > 0,
    }
    // Candidates come in the order of the last tie break, so that an equal one never replaces the one before.
    const isPreferred =
      best === undefined ||
      isBetter(choice.charge.outcome, best.charge.outcome) ||
      (choice.charge.outcome === best.charge.outcome && best.isMetered && !choice.isMetered)
    if (isPreferred) best = choice
  }
  return best
}

/** Every estimate that could be charged in this factor. */
export function estimatesOf(factor: Satisfied): readonly bigint[] {
  return factor.candidates.flatMap(({ grant, boundary }) => [
    grant.estimateNanoUsd,
    ...(boundary === undefined ? [] : estimatesOf(boundary.factor)),
  ])
}

export function joinCharges(charges: readonly Charge[]): Charge {
  return {
    outcome: worst(charges.map((charge) => charge.outcome)),
    reservations: charges.flatMap((charge) => charge.reservations),
  }
}

export function matchesScope({ actions, patterns }: Scope, { action, segments }: Request): boolean {
  if (actions !== undefined && !actions.includes(action)) return false
  return patterns.some((pattern) => matchesPattern(pattern, segments))
}

export function isApproved({ by, withinMs }: Approval, { approvedBy, approvedAt, now }: Request): boolean {
  if (by === undefined ? approvedBy.length === 0 : !approvedBy.includes(by)) return false
  if (withinMs === undefined || approvedAt === 'absent') return true
  return approvedAt !== 'unknown' && now !== undefined && now < approvedAt + withinMs
}

/** A condition's surroundings when it is asked about `principal`. */
export function askAbout(
  principal: Principal,
  helps: Asked['helps'],
  { policy, request, possible, observe }: Case,
): Asked {
  return { request, principal, sets: policy.sets, possible, helps, observe }
}

export const REASON_OF_KIND: Readonly<Record<ConditionKind, Reason>> = {
  agent: 'forbidden',
  ip: 'ip-not-allowed',
  time: 'outside-hours',
  args: 'arg-mismatch',
  'args-only': 'unexpected-arg',
  trust: 'trust-too-low',
  cost: 'cost-too-high',
}

/** The scope of the meters of a limit held by somebody. */
export function holderScope(limit: Limit, holder: Principal, request: Request): readonly string[] {
  switch (limit.kind === 'rate' ? limit.each : undefined) {
    case undefined:
      return [scopePart('agent', holder.name)]
    case 'resource':
      return [scopePart('agent', holder.name), scopePart('resource', request.resource)]
    case 'owner':
      return [scopePart('owner', holder.owner)]
    case 'tenant':
      return [scopePart('tenant', request.tenant)]
  }
}

function judgeGrants(candidates: readonly Candidate[], surroundings: Case): Factor {
  const satisfied = candidates.filter(({ grant, holder }) => isSatisfied(grant, holder, surroundings))
  if (satisfied.length > 0) return { kind: 'satisfied', candidates: satisfied.toSorted(byId) }
  return { kind: 'unsatisfied', cause: nearestMiss(candidates, surroundings) }
}

/** Grants of the policy have unique ids; those of run time stay behind them in the order in which they were added. */
function byId(a: { readonly grant: Grant }, b: { readonly grant: Grant }): number {
  const rank = ({ id }: Grant) => (id < 0 ? Number.MAX_SAFE_INTEGER : id)
  return rank(a.grant) - rank(b.grant)
}

function isSatisfied(grant: Grant, principal: Principal, surroundings: Case): boolean {
  const asked = askAbout(principal, 'true', surroundings)
  return matchesScope(grant, surroundings.request) && judgeConjunction(grant.when, asked) === 'true'
}

function nearestMiss(
  candidates: readonly { readonly grant: Grant; readonly holder: Principal }[],
  surroundings: Case,
): Reason {
  let nearest: { readonly grant: Grant; readonly failing: ReadonlySet<Reason> } | undefined
  for (const { grant, holder } of candidates.toSorted(byId)) {
    if (!matchesScope(grant, surroundings.request)) continue
    const asked = askAbout(holder, 'true', surroundings)
    const failed = grant.when.filter((atom) => judgeAtom(atom, asked) !== 'true').map(kindOfAtom)
    if (failed.includes('agent')) continue
    const failing = new Set(failed.map((kind) => REASON_OF_KIND[kind]))
    if (nearest === undefined || failing.size < nearest.failing.size) nearest = { grant, failing }
  }
  return REASONS.find((reason) => nearest?.failing.has(reason)) ?? 'no-grant'
}

function faultOf(
  delegation: Delegation,
  hop: {
    readonly since: bigint | undefined
    readonly hopsLeft: bigint
    readonly now: bigint | undefined
    readonly box: Boundary
  },
): Reason | undefined {
  const { since, now, hopsLeft, box } = hop
  const { expiresAt, expiresIn } = delegation
  if (expiresAt !== undefined && (now === undefined || now >= expiresAt)) return 'delegation-expired'
  if (expiresIn !== undefined && (now === undefined || since === undefined || now >= since + expiresIn)) {
    return 'delegation-expired'
  }
  if (delegation.isRevoked) return 'delegation-revoked'
  if (delegation.depth < hopsLeft) return 'delegation-depth'
  if (delegation.isRuntime && box.mayDelegate < hopsLeft) return 'delegation-depth'
  return undefined
}

export function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
