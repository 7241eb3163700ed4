/**
 * Whether a delegation may be made, and what exactly it gives.
 *
 * Permissions that state constraints are compared with all that the delegator holds, conditions, approvals and limits included.
 * Permissions without constraints are compared by their actions and resources alone: whatever the delegator must meet is asked at
 * every call through the delegation, because each hop is judged by itself. What the words of permissions can say of it is written
 * down with the delegation too, so that it stays when the delegator is given more.
 */
import {
  type Authority,
  asksAboutSubject,
  createAuthority,
  createUniverse,
  type DelegationAnswer,
  decideAttenuation,
  decideDelegation,
  type RuntimeAuthority,
  TooHard,
  type Universe,
  type UnreachedLimit,
  type Witness,
} from '../../compiler/algebra/index.ts'
import { formatPattern, type GrantModel, type PolicyModel } from '../../compiler/model/index.ts'
import {
  authorityOf,
  type Closure,
  createHoldings,
  type HeldPermission,
  heldBy,
  lowerPermissions,
  type Permission,
  type Receiver,
} from '../authority/index.ts'
import { KavachError } from '../errors.ts'
import type { ReadDelegation } from './input.ts'

export interface Asked extends ReadDelegation {
  readonly receiver: Receiver
  readonly now: number
}

/**
 * The permissions to be stored.
 *
 * @throws {KavachError} KVCH_E_AGENT_DELEGATION_INVALID for what is no permission, KVCH_E_AGENT_DELEGATION_ESCALATES with a request
 * that the delegator may not make in `details.witness`, KVCH_E_AGENT_DELEGATION_DEPTH
 */
export function judgeDelegation(asked: Asked, closure: Closure, policy: PolicyModel): readonly Permission[] {
  const { from, receiver, permissions } = asked
  // Looked at as a whole, so that what is wrong is named by its place.
  lowerPermissions(from, receiver, permissions)
  // They are permissions, as they were just read.
  const all = permissions as readonly Permission[]
  const stated = all.filter(({ constraints }) => constraints !== undefined && constraints !== null)
  const inheriting = all.filter((permission) => !stated.includes(permission))
  const { model, made } = authorityOf(closure, policy)
  const universe = createUniverse()
  try {
    const judge = (given: readonly GrantModel[], holders: Holders) => decide(asked, given, holders, universe)
    judge(lowerPermissions(from, receiver, stated), { model, made })
    judge(lowerPermissions(from, receiver, inheriting).map(withoutTerms), strip({ model, made }))
    return [...stated, ...inherit(inheriting, asked, closure, policy)]
  } catch (error) {
    if (!(error instanceof TooHard)) throw error
    throw new KavachError(
      'KVCH_E_AGENT_DELEGATION_ESCALATES',
      'whether the delegator holds this takes too much work to decide; give fewer permissions, or simpler patterns',
      { cause: error },
    )
  }
}

interface Holders {
  readonly model: PolicyModel
  readonly made: RuntimeAuthority
}

function decide(asked: Asked, grants: readonly GrantModel[], { model, made }: Holders, universe: Universe): void {
  if (grants.length === 0) return
  const { from, to, depth, expiresAt, now } = asked
  universe.renew()
  const authority = createAuthority(model, (steps) => universe.budget.spend(steps), made)
  const hints = { around: now, actions: grants.flatMap(({ actions = [] }) => actions) }
  const delegation = { from, to, grants, depth, ...(expiresAt !== null && { expiresAt }) }
  const answer = decideDelegation(authority, delegation, universe, hints)
  switch (answer.kind) {
    case 'within': {
      const [limit] = answer.unreached
      if (limit !== undefined) throw widerLimit(from, limit)
      return
    }
    case 'unknown':
      throw new TooHard()
    case 'void':
    case 'escalates':
      if (answer.kind === 'escalates' && answer.excess !== 'requests') throw escalates(asked, answer)
      if (isOnlyTooDeep(asked, grants, authority, { model, made }, universe)) throw tooDeep(asked)
      throw escalates(asked, answer)
  }
}

/** Whether it is held, but not to be passed on: everything that came to the delegator, whatever its depth, would cover it. */
function isOnlyTooDeep(
  { from, to }: Asked,
  grants: readonly GrantModel[],
  authority: Authority,
  { model, made }: Holders,
  universe: Universe,
): boolean {
  const [giver, receiver] = [authority.subjectOf(from), authority.subjectOf(to)]
  if (giver === undefined || receiver === undefined) return false
  const agent = [...model.agents, ...made.agents].find(({ name }) => name === from)
  const received = [...model.delegations, ...made.delegations].filter((one) => one.to === from)
  const held = [...(agent === undefined ? [] : [ownGrants(model, agent)]), ...received.map((one) => one.grants)].map(
    (own) => ({ factors: [[{ grants: own, subject: giver }]] }),
  )
  universe.renew()
  return decideAttenuation({ given: { grants, subject: receiver }, held }, universe).kind === 'within'
}

function ownGrants(
  { roles }: PolicyModel,
  agent: { readonly grants: readonly GrantModel[]; readonly roles?: readonly number[] },
): readonly GrantModel[] {
  return [...agent.grants, ...(agent.roles ?? []).flatMap((role) => roles[role]?.grants ?? [])]
}

function tooDeep({ from, depth }: Asked): KavachError {
  return new KavachError(
    'KVCH_E_AGENT_DELEGATION_DEPTH',
    `\`${from}\` holds this, but may not pass it on ${depth + 1} hop${depth === 0 ? '' : 's'} deep`,
    { details: { maxDepth: depth + 1 } },
  )
}

function escalates(asked: Asked, answer: Exclude<DelegationAnswer, { kind: 'within' | 'unknown' }>): KavachError {
  const code = 'KVCH_E_AGENT_DELEGATION_ESCALATES'
  const { from } = asked
  if (answer.kind === 'void') return new KavachError(code, `\`${from}\` holds nothing that it may pass on`)
  const { excess } = answer
  if (excess === 'depth') return tooDeep(asked)
  const { witness, nearest } = answer.answer
  const details = { excess, witness, ...(nearest && { nearest: scopeText(nearest.grant), narrower: nearest.narrower }) }
  if (excess === 'expiry') {
    return new KavachError(code, `\`${from}\` does not hold this until the delegation expires`, { details })
  }
  const near =
    nearest === undefined ? '' : `; the nearest that it holds is ${scopeText(nearest.grant)}${HOW[nearest.narrower]}`
  return new KavachError(code, `\`${from}\` may not do ${requestText(witness)}${near}`, { details })
}

const HOW = {
  action: '',
  resource: '',
  condition: ', under narrower conditions',
  approval: ', with an approval',
}

function widerLimit(from: string, { limit }: UnreachedLimit): KavachError {
  const { kind, window, outer, inner } = limit
  const amount = (value: bigint | undefined) =>
    value === undefined ? 'any number' : kind === 'rate' ? `${value} calls` : `${Number(value) / 1e9} USD`
  return new KavachError(
    'KVCH_E_AGENT_DELEGATION_ESCALATES',
    `this gives ${amount(inner)} per ${window}, and \`${from}\` has ${amount(outer)}`,
    { details: { excess: 'limit', limit: { kind, window, given: `${inner}`, held: `${outer}` } } },
  )
}

function requestText(witness: Witness | undefined): string {
  if (witness === undefined) return 'all of this'
  const { action, resource, ...facts } = witness
  const more = Object.keys(facts).length === 0 ? '' : ` with ${JSON.stringify(facts)}`
  return `\`${action}\` on \`${resource}\`${more}`
}

function scopeText({ actions, patterns }: GrantModel): string {
  const resources = patterns.map(formatPattern).join(', ')
  return `\`${actions?.join(', ') ?? '*'}\` on \`${resources === '' ? 'some resources' : resources}\``
}

/** Actions and resources alone. What is asked about the holder stays: where that fails, the grant is none of its. */
function withoutTerms({ when = [], limits: _, approval: __, ...grant }: GrantModel): GrantModel {
  const kept = when.filter(asksAboutSubject)
  return { ...grant, ...(kept.length > 0 && { when: kept }) }
}

function strip({ model, made }: Holders): Holders {
  const bare = <T extends { readonly grants: readonly GrantModel[] }>(holder: T): T => ({
    ...holder,
    grants: holder.grants.map(withoutTerms),
  })
  return {
    model: {
      ...model,
      roles: model.roles.map(bare),
      agents: model.agents.map(bare),
      delegations: model.delegations.map(bare),
      ...(model.boundary && { boundary: bare(model.boundary) }),
    },
    made: { agents: made.agents.map(bare), delegations: made.delegations.map(bare) },
  }
}

/** Permissions that one permission may become. */
const MAX_PARTS = 64

/** The permissions with what the delegator must meet for them. */
function inherit(
  permissions: readonly Permission[],
  { from, depth, now }: Asked,
  closure: Closure,
  policy: PolicyModel,
): readonly Permission[] {
  if (permissions.length === 0) return []
  const holdings = createHoldings()
  const held = heldBy(from, closure, policy, holdings, { now, left: depth + 1 })
  return permissions.flatMap((permission) => {
    const parts = holdings.toPermissions(holdings.meet(holdings.ofPermissions([permission], undefined), held))
    // What has no words is asked at every call all the same.
    return parts.length === 0 || parts.length > MAX_PARTS ? [permission] : parts.map(toPermission)
  })
}

function toPermission({ resource, actions, constraints }: HeldPermission): Permission {
  return { resource, actions, ...(constraints && { constraints }) }
}
