/**
 * Whether a delegation may be made, and what exactly it gives.
 *
 * Permissions that state constraints are compared with all that the delegator holds, conditions, approvals and limits included.
 * Permissions without constraints are compared by their actions and resources alone: whatever the delegator must meet is asked at
 * every call through the delegation, because each hop is judged by itself. What the words of permissions can say of it is written
 * down with the delegation too, so that it stays when the delegator is given more.
 */
import {
  type AttenuationAnswer,
  type Authority,
  asksAboutSubject,
  createAuthority,
  createUniverse,
  type DelegationAnswer,
  decideAttenuation,
  decideDelegation,
  type HeldGrants,
  type Holding,
  type RuntimeAuthority,
  TooHard,
  type Universe,
  type UnreachedLimit,
  type Witness,
} from '../../compiler/algebra/index.ts'
import { formatPattern, type GrantModel, heldGrants, type PolicyModel } from '../../compiler/model/index.ts'
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
      throw refusalOf(asked, answer, whatIsLacking(asked, grants, authority, { model, made }, universe))
  }
}

/** What of it the delegator may not even do itself; nothing when it may do all of it, but not pass it on. */
function whatIsLacking(
  { from, to }: Asked,
  grants: readonly GrantModel[],
  authority: Authority,
  holders: Holders,
  universe: Universe,
): Wider | undefined {
  const receiver = authority.subjectOf(to)
  if (receiver === undefined) throw new KavachError('KVCH_E_AGENT_NOT_FOUND')
  universe.renew()
  const given = { grants, subject: receiver }
  const answer = decideAttenuation({ given, held: heldForItself(from, authority, holders) }, universe)
  if (answer.kind === 'unknown') throw new TooHard()
  return answer.kind === 'wider' ? answer : undefined
}

type Wider = Extract<AttenuationAnswer, { readonly kind: 'wider' }>

/** All ways in which an agent can act, whether it may pass them on or not. */
function heldForItself(name: string, authority: Authority, { model, made }: Holders): readonly Holding[] {
  const subject = authority.subjectOf(name)
  if (subject === undefined) return []
  const declared = model.agents.find((agent) => agent.name === name)
  const agent = declared ?? made.agents.find((one) => one.name === name)
  const boundary: readonly (readonly HeldGrants[])[] = [[{ grants: model.boundary?.grants ?? [], subject }]]
  const cut = (isMade: boolean) => (isMade ? boundary : [])
  const isMade = declared === undefined
  const own = declared === undefined ? (agent?.grants ?? []) : heldGrants(model, declared)
  const received = [
    ...model.delegations.map((edge) => ({ edge, isBounded: isMade })),
    ...made.delegations.map((edge) => ({ edge, isBounded: true })),
  ].filter(({ edge }) => edge.to === name && edge.revoked !== true)
  return [
    { factors: [[{ grants: own, subject }], ...cut(isMade)] },
    ...received.flatMap(({ edge, isBounded }) =>
      authority.holdings(edge.from, { depth: 0, expiresIn: undefined }).map(({ factors }) => ({
        factors: [...factors, [{ grants: edge.grants, subject }], ...cut(isBounded)],
      })),
    ),
  ]
}

function tooDeep({ from, depth }: Asked): KavachError {
  return new KavachError(
    'KVCH_E_AGENT_DELEGATION_DEPTH',
    `\`${from}\` holds this, but may not pass it on ${depth + 1} hop${depth === 0 ? '' : 's'} deep`,
    { details: { maxDepth: depth + 1 } },
  )
}

function refusalOf(
  asked: Asked,
  answer: Extract<DelegationAnswer, { readonly kind: 'void' | 'escalates' }>,
  lacking: Wider | undefined,
): KavachError {
  const { from } = asked
  const code = 'KVCH_E_AGENT_DELEGATION_ESCALATES'
  const isExpiry = answer.kind === 'escalates' && answer.excess === 'expiry'
  if (lacking === undefined && !isExpiry) return tooDeep(asked)
  const { witness, nearest } = lacking ?? (answer.kind === 'escalates' ? answer.answer : {})
  const details = {
    excess: isExpiry ? 'expiry' : 'requests',
    witness,
    ...(nearest && { nearest: scopeText(nearest.grant), narrower: nearest.narrower }),
  }
  if (isExpiry) {
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
