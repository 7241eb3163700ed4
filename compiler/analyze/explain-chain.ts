/**
 * The chain of one request, with the agents and delegations made at run time that it goes through: who takes part, in which
 * state, and every way in which the hops may be taken.
 */
import type { Subject } from '../algebra/index.ts'
import type {
  AgentModel,
  DelegationModel,
  GrantModel,
  LimitModel,
  PolicyModel,
  PrincipalType,
  RuntimeAgent,
  RuntimeDelegation,
  State,
} from '../model/index.ts'
import type { Chain, ChainFactor, ChainPrincipal, FactorGrant } from './chain.ts'
import { type Charged, remainingGuardrail, remainingLimit } from './explain-meters.ts'
import type { RequestFacts } from './explain-request.ts'

export const NO_STATE: State = { agents: [], delegations: [], revoked: [], suspended: [] }

export interface Member extends Charged {
  readonly origin: 'policy' | 'run time' | 'nowhere'
  readonly type: PrincipalType | undefined
  readonly subject: Subject
  readonly status: 'active' | 'revoked' | 'suspended' | 'expired' | 'unknown'
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined
  /** Hops that may leave it: of a root, or of an intermediate that states it. */
  readonly mayDelegate: number | undefined
  /** Own grants, those of roles included. */
  readonly grants: readonly GrantModel[]
  readonly limits: readonly LimitModel[]
  readonly roles: readonly string[]
}

export interface Hop {
  readonly from: string
  readonly to: string
  readonly delegations: readonly HopDelegation[]
}

export interface HopDelegation {
  readonly origin: 'policy' | 'run time'
  readonly grants: readonly GrantModel[]
  readonly limits: readonly LimitModel[]
  readonly depth: number
  /** Milliseconds since 1970, counted from `since` where the policy says `expires in`; `unknown` without a `since`. */
  readonly expiresAt: number | 'unknown' | undefined
  readonly expiresInMs: number | undefined
  /** Why it cannot be used. */
  readonly fault: 'expired' | 'revoked' | 'depth' | undefined
  /** Revoked or too shallow: no fact of a request makes it usable for this chain. */
  readonly isLost: boolean
}

/** A delegator that may not pass on as often as this chain does. */
export interface DepthFault {
  readonly name: string
  readonly needed: number
  readonly has: number
}

export interface RequestChain {
  readonly members: readonly Member[]
  readonly hops: readonly Hop[]
  /** Causes that no fact of the request can change. */
  readonly isTooLong: boolean
  readonly depthFaults: readonly DepthFault[]
}

const MAX_HOPS = 5

/** Looks everybody up and judges the hops, as sections 4 and 5 of the language reference say. */
export function findChain(model: PolicyModel, state: State, facts: RequestFacts): RequestChain {
  const names = [...facts.via.map(({ agent }) => agent), facts.agent]
  const members = names.map((name) => findMember(name, model, state, facts.now))
  const count = facts.via.length
  const boundaryDepth = model.boundary?.mayDelegate ?? 0
  const hops = facts.via.map(({ agent: from, since }, index): Hop => {
    const to = names[index + 1] ?? ''
    const left = count - index - 1
    const declared = model.delegations.filter((one) => one.from === from && one.to === to)
    const made = state.delegations.filter((one) => one.from === from && one.to === to)
    return {
      from,
      to,
      delegations: [
        ...declared.map((one) => toDelegation(one, { origin: 'policy', since, now: facts.now, left, boundaryDepth })),
        ...made.map((one) => toDelegation(one, { origin: 'run time', since, now: facts.now, left, boundaryDepth })),
      ],
    }
  })
  const depthFaults = members.flatMap(({ name, mayDelegate, origin }, index) => {
    const needed = count - index
    if (needed <= 0 || origin === 'nowhere') return []
    const has = mayDelegate ?? (index === 0 ? 0 : MAX_HOPS)
    return has < needed ? [{ name, needed, has }] : []
  })
  return { members, hops, isTooLong: count > MAX_HOPS, depthFaults }
}

function findMember(name: string, model: PolicyModel, state: State, now: number | undefined): Member {
  const declared = model.agents.find((agent) => agent.name === name)
  const made = declared === undefined ? state.agents.find((agent) => agent.name === name) : undefined
  const found: AgentModel | RuntimeAgent | undefined = declared ?? made
  if (found === undefined) {
    return {
      name,
      owner: undefined,
      origin: 'nowhere',
      type: undefined,
      subject: { kind: 'any', place: 'acting' },
      status: 'unknown',
      expiresAt: undefined,
      mayDelegate: undefined,
      grants: [],
      limits: [],
      roles: [],
    }
  }
  const { type, owner, expiresAt } = found
  const bound = model.boundary?.mayDelegate ?? 0
  const roles = (declared?.roles ?? []).flatMap((index) => model.roles[index] ?? [])
  const isExpired = expiresAt !== undefined && (now === undefined || now >= expiresAt)
  return {
    name,
    owner,
    origin: made === undefined ? 'policy' : 'run time',
    type,
    subject: { kind: 'known', type, owner },
    status: state.revoked.includes(name)
      ? 'revoked'
      : state.suspended.includes(name)
        ? 'suspended'
        : isExpired
          ? 'expired'
          : 'active',
    expiresAt,
    mayDelegate: made === undefined ? declared?.mayDelegate : Math.min(made.mayDelegate ?? bound, bound),
    grants: [...new Set([...found.grants, ...roles.flatMap(({ grants }) => grants)])],
    limits: declared?.limits ?? [],
    roles: roles.map((role) => role.name),
  }
}

interface HopFacts {
  readonly origin: HopDelegation['origin']
  readonly since: number | undefined
  readonly now: number | undefined
  /** Hops behind this one. */
  readonly left: number
  readonly boundaryDepth: number
}

function toDelegation(
  { grants, depth = 0, expiresAt, revoked, ...others }: DelegationModel | RuntimeDelegation,
  { origin, since, now, left, boundaryDepth }: HopFacts,
): HopDelegation {
  const expiresIn = 'expiresIn' in others ? others.expiresIn : undefined
  const limits = 'limits' in others ? (others.limits ?? []) : []
  const end = expiresIn === undefined ? expiresAt : since === undefined ? 'unknown' : since + expiresIn
  const isExpired = end !== undefined && (end === 'unknown' || now === undefined || now >= end)
  const isShallow = depth < left || (origin === 'run time' && boundaryDepth < left)
  return {
    origin,
    grants,
    limits,
    depth,
    expiresAt: end,
    expiresInMs: expiresIn,
    fault: isExpired ? 'expired' : revoked === true ? 'revoked' : isShallow ? 'depth' : undefined,
    isLost: revoked === true || isShallow,
  }
}

/** Which facts beside the plain ones are taken as they could be. */
export interface Relaxed {
  /** Meters read 0. */
  readonly readings: boolean
  /** The hops are opened anew, at the time of the call. */
  readonly since: boolean
}

/** Every way to take the hops of a chain, for the analyses: one delegation for each hop. Empty when nobody may act so. */
export function alternativesOf(
  { members, hops, isTooLong, depthFaults }: RequestChain,
  model: PolicyModel,
  facts: RequestFacts,
  relaxed: Relaxed,
): readonly Chain[] {
  if (isTooLong || depthFaults.length > 0) return []
  if (members.some(({ status }) => status === 'revoked' || status === 'suspended' || status === 'unknown')) return []
  const left = (limits: readonly LimitModel[], holder: Charged): readonly LimitModel[] =>
    relaxed.readings ? limits : limits.map((limit) => remainingLimit(limit, holder, facts))
  const boxed = model.boundary ?? { grants: [] }

  const factor = (
    grants: readonly GrantModel[],
    holder: Member,
    terms: Pick<FactorGrant, 'limits' | 'needsNow' | 'expiresAt'> = { limits: [], needsNow: false },
  ): ChainFactor => ({
    grants: grants.map((grant) => ({
      ...terms,
      limits: left(terms.limits, holder),
      grant: grant.limits === undefined ? grant : { ...grant, limits: left(grant.limits, holder) },
      subject: holder.subject,
    })),
  })

  const [root] = members
  if (root === undefined) return []
  const start: Chain = {
    principals: members.map((member): ChainPrincipal => {
      const limits = [...member.limits, ...(member.origin === 'run time' ? (boxed.limits ?? []) : [])]
      const { name, subject, expiresAt } = member
      const isRuntime = member.origin === 'run time'
      return { name, isRuntime, subject, limits: left(limits, member), ...(expiresAt !== undefined && { expiresAt }) }
    }),
    factors: [
      factor(root.grants, root),
      ...members.filter(({ origin }) => origin === 'run time').map((member) => factor(boxed.grants, member)),
    ],
    runtimeHops: [],
  }
  return hops.reduce<readonly Chain[]>(
    (chains, hop, index) => {
      const receiver = members[index + 1]
      if (receiver === undefined) return []
      const ways = hop.delegations.flatMap((delegation) => {
        const { origin, grants, limits, isLost, expiresAt, expiresInMs } = delegation
        const isOpenedAnew = relaxed.since && expiresInMs !== undefined
        if (isLost || (expiresAt === 'unknown' && !isOpenedAnew)) return []
        if (isOpenedAnew && expiresInMs === 0) return []
        const terms = {
          limits,
          needsNow: expiresInMs !== undefined,
          ...(typeof expiresAt === 'number' && !isOpenedAnew && { expiresAt }),
        }
        const own = factor(grants, receiver, terms)
        if (origin === 'policy') return [[own]]
        // What is given at run time lives in the boundary, which charges the receiver.
        return [[own, factor(boxed.grants, receiver, { limits: boxed.limits ?? [], needsNow: false })]]
      })
      const isRuntime = (factors: readonly ChainFactor[]): boolean => factors.length > 1
      return chains.flatMap((chain) =>
        ways.map((factors) => ({
          ...chain,
          factors: [...chain.factors, ...factors],
          runtimeHops: [...chain.runtimeHops, isRuntime(factors)],
        })),
      )
    },
    [start],
  )
}

/** The model whose top-level limits are what is left of them for this chain. */
export function withRemainingGuardrails(
  model: PolicyModel,
  { members }: RequestChain,
  facts: RequestFacts,
  { readings }: Relaxed,
): PolicyModel {
  if (readings) return model
  return { ...model, limits: model.limits.map((rule) => remainingGuardrail(rule, members, facts)) }
}
