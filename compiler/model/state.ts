/**
 * What was made at run time, read from the JSON of `--state`: agents, delegations, and which agents are revoked or
 * suspended. Language reference, section 10.
 */
import { type JsonPlace, jsonPlace, StateFault } from './json-place.ts'
import { nameFault } from './literals/name.ts'
import { parseStamp } from './literals/time.ts'
import { createPermissionReader, type PermissionReader } from './permission.ts'
import type { GrantModel, LimitModel, PrincipalType } from './policy.ts'

/** An agent made at run time. It lives inside the boundary, which is the policy's and not stated here. */
export interface RuntimeAgent {
  readonly name: string
  readonly type: PrincipalType
  readonly owner?: string
  readonly grants: readonly GrantModel[]
  /** Every call of the agent is charged to them. The JSON of `--state` does not offer them. */
  readonly limits?: readonly LimitModel[]
  /** 0-5; the boundary's own bound holds beside it. */
  readonly mayDelegate?: number
  /** Milliseconds since 1970. */
  readonly expiresAt?: number
}

export interface RuntimeDelegation {
  readonly from: string
  readonly to: string
  readonly grants: readonly GrantModel[]
  /** Further hops, 0-5; default 0. */
  readonly depth?: number
  /** Milliseconds since 1970. */
  readonly expiresAt?: number
  readonly revoked?: boolean
}

/** In the order of the JSON. Grant ids ascend from 0 over all agents, then over all delegations. */
export interface State {
  readonly agents: readonly RuntimeAgent[]
  readonly delegations: readonly RuntimeDelegation[]
  /** Names of agents, of the policy or made at run time. */
  readonly revoked: readonly string[]
  readonly suspended: readonly string[]
}

export type ParsedState =
  | { readonly ok: true; readonly value: State }
  /** Begins with the path of the member that is wrong, such as `agents[0].permissions[1].resource`. */
  | { readonly ok: false; readonly message: string }

/** Reads a state; `null` members are absent, and so is a `null` state. Unknown members are faults. */
export function parseState(json: unknown): ParsedState {
  try {
    return { ok: true, value: readState(jsonPlace(json ?? {})) }
  } catch (error) {
    if (error instanceof StateFault) return { ok: false, message: error.message }
    throw error
  }
}

const MAX_DEPTH = 5

function readState(place: JsonPlace): State {
  const members = place.object(['agents', 'delegations', 'revoked', 'suspended'])
  const reader = createPermissionReader()
  const made = new Set<string>()
  const agents = (members.agents?.list() ?? []).map((entry) => readAgent(entry, reader, made))
  const delegations = (members.delegations?.list() ?? []).map((entry) => readDelegation(entry, reader))
  return {
    agents,
    delegations,
    revoked: (members.revoked?.list() ?? []).map(readName),
    suspended: (members.suspended?.list() ?? []).map(readName),
  }
}

const AGENT_MEMBERS = ['name', 'type', 'owner', 'permissions', 'mayDelegate', 'expiresAt'] as const

function readAgent(place: JsonPlace, reader: PermissionReader, made: Set<string>): RuntimeAgent {
  const { name, type, owner, permissions, mayDelegate, expiresAt } = place.object(AGENT_MEMBERS)
  const agent = readName(name ?? place.missing('name'))
  if (made.has(agent)) place.fail(`the agent \`${agent}\` is made twice`)
  made.add(agent)
  return {
    name: agent,
    type: readType(type ?? place.missing('type')),
    ...(owner && { owner: owner.text() }),
    grants: reader.read(permissions, { kind: 'runtime agent', name: agent }),
    ...(mayDelegate && { mayDelegate: readHops(mayDelegate) }),
    ...(expiresAt && { expiresAt: readInstant(expiresAt) }),
  }
}

const DELEGATION_MEMBERS = ['from', 'to', 'permissions', 'depth', 'expiresAt', 'revoked'] as const

function readDelegation(place: JsonPlace, reader: PermissionReader): RuntimeDelegation {
  const { from, to, permissions, depth, expiresAt, revoked } = place.object(DELEGATION_MEMBERS)
  const giver = readName(from ?? place.missing('from'))
  const receiver = readName(to ?? place.missing('to'))
  if (giver === receiver) place.fail(`\`${giver}\` delegates to itself`)
  return {
    from: giver,
    to: receiver,
    grants: reader.read(permissions, { kind: 'runtime delegation', name: `${giver} -> ${receiver}` }),
    ...(depth && { depth: readHops(depth) }),
    ...(expiresAt && { expiresAt: readInstant(expiresAt) }),
    ...(revoked && { revoked: revoked.flag() }),
  }
}

function readName(place: JsonPlace): string {
  const name = place.text()
  const fault = nameFault(name)
  return fault === undefined ? name : place.fail(`the name ${fault}`)
}

function readType(place: JsonPlace): PrincipalType {
  const type = place.text()
  if (type === 'autonomous' || type === 'delegated' || type === 'service') return type
  return place.fail('must be `autonomous`, `delegated` or `service`')
}

function readHops(place: JsonPlace): number {
  const hops = place.count()
  return hops <= MAX_DEPTH ? hops : place.fail(`must be at most ${MAX_DEPTH}`)
}

function readInstant(place: JsonPlace): number {
  if (typeof place.value === 'number') return place.count()
  const parsed = parseStamp(place.text())
  return parsed.ok ? parsed.value : place.fail(parsed.fault.message)
}
