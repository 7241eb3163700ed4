/** Delegations: made, listed and taken back, and what agents hold by them. */
import type { GrantModel, PolicyModel } from '../../compiler/model/index.ts'
import { entryOf } from '../audit/index.ts'
import {
  type Acting,
  actorOf,
  assertKnown,
  type Closure,
  counts,
  countsUnnamed,
  createHoldings,
  delegationsFrom,
  type HeldPermission,
  heldBy,
  incomingPaths,
  incomingThrough,
  loadClosure,
  loadHops,
  lowerPermissions,
  MAX_PATHS,
  type Permission,
  readLimit,
} from '../authority/index.ts'
import { KavachError } from '../errors.ts'
import type { Change, Json, Site } from '../site.ts'
import type { Reader } from '../store.ts'
import type { Row } from '../tables.ts'
import { ulid } from '../ulid.ts'
import { type NewDelegation, readNewDelegation } from './input.ts'
import { type Asked, judgeDelegation } from './judge.ts'
import { type Chain, chainOf, type Delegation, type DelegationPage, viewOf } from './view.ts'

export interface Delegations {
  /**
   * Lends authority of one agent to another. What is stored, and returned, is what was asked for under the constraints of the
   * delegator.
   *
   * @throws {KavachError} KVCH_E_AGENT_DELEGATION_INVALID with the path of what is wrong; KVCH_E_AGENT_DELEGATION_ESCALATES with a
   * request that the delegator may not make in `details.witness`; KVCH_E_AGENT_DELEGATION_DEPTH; KVCH_E_AGENT_NOT_FOUND,
   * KVCH_E_AGENT_REVOKED, KVCH_E_AGENT_EXPIRED for either agent, KVCH_E_AGENT_SUSPENDED for the delegator
   */
  readonly delegate: (delegation: NewDelegation, acting?: Acting) => Promise<Delegation>
  /** @throws {KavachError} KVCH_E_AGENT_DELEGATION_NOT_FOUND */
  readonly get: (id: string) => Promise<Delegation>
  /** In the order in which they were made, those that are over included. @throws {KavachError} KVCH_E_REQUEST_INVALID */
  readonly list: (filter?: DelegationFilter) => Promise<DelegationPage>
  /** Chains that end in the agent, root first, at most 64; the short ones come first. @throws {KavachError} KVCH_E_AGENT_NOT_FOUND */
  readonly listChains: (agentId: string) => Promise<readonly Chain[]>
  /**
   * Takes authority back, and with it all that was passed on of it. Once more changes nothing.
   *
   * @throws {KavachError} KVCH_E_AGENT_DELEGATION_NOT_FOUND; KVCH_E_AGENT_DELEGATION_INVALID for one of the policy
   */
  readonly revoke: (id: string, acting?: Acting) => Promise<Delegation>
  /**
   * What an agent can do by itself and through all chains that end in it. Constraints are those of the whole chain; guardrails
   * are not counted, and neither are rates and budgets of whole agents.
   *
   * @throws {KavachError} KVCH_E_AGENT_NOT_FOUND
   */
  readonly getEffectivePermissions: (agentId: string) => Promise<readonly HeldPermission[]>
}

export interface DelegationFilter {
  readonly fromAgent?: string | undefined
  readonly toAgent?: string | undefined
  /** Only those that count now. */
  readonly isLive?: boolean | undefined
  /** 1 to 1,000; default 100. */
  readonly limit?: number | undefined
  /** Of the page before. */
  readonly cursor?: string | undefined
}

const INVALID = 'KVCH_E_AGENT_DELEGATION_INVALID'
const PAGE = 1000

export function createDelegations(site: Site): Delegations {
  async function delegate(input: NewDelegation, acting?: Acting): Promise<Delegation> {
    const actor = actorOf(acting, INVALID)
    return site.change(async (change) => viewOf(await makeDelegation(site, change, input, { actor })))
  }

  async function revoke(id: string, acting?: Acting): Promise<Delegation> {
    const actor = actorOf(acting, 'KVCH_E_REQUEST_INVALID')
    return site.change(async (change) => viewOf(await revokeDelegation(change, id, actor)))
  }

  /** Reads the chains of an agent. */
  function withClosure<T>(agentId: string, work: (closure: Closure, now: number) => T): Promise<T> {
    return site.read(async (reader) => {
      const now = site.host.now()
      const row = typeof agentId === 'string' ? await reader.get('agents', { id: agentId }) : undefined
      if (row === undefined) throw new KavachError('KVCH_E_AGENT_NOT_FOUND')
      return work(await loadClosure(reader, [agentId], now), now)
    })
  }

  return {
    delegate,
    get: (id) => site.read(async (reader) => viewOf(await findDelegation(reader, id))),
    list: async (filter = {}) => site.read((reader) => list(reader, filter, site.host.now())),
    listChains: async (agentId) =>
      withClosure(agentId, ({ incoming }, now) =>
        incomingPaths(agentId, incoming, now).map((path) => chainOf(path, agentId)),
      ),
    revoke,
    getEffectivePermissions: async (agentId) =>
      withClosure(agentId, (closure, now) => {
        const holdings = createHoldings()
        return holdings.toPermissions(heldBy(agentId, closure, site.policy().model, holdings, { now }))
      }),
  }
}

export interface Lending {
  /** For the log. */
  readonly actor: string
  /** What is given must lie in this too, beside what the delegator holds. */
  readonly within?: readonly Permission[] | undefined
}

/**
 * Lends authority within a change.
 *
 * @throws {KavachError} as `delegate`
 */
export async function makeDelegation(
  site: Pick<Site, 'host' | 'policy'>,
  change: Change,
  input: NewDelegation,
  { actor, within }: Lending,
): Promise<Row<'delegations'>> {
  const { now } = change
  const asked = readNewDelegation(input, now)
  const { model } = site.policy()
  if (model.boundary === undefined) {
    throw new KavachError(INVALID, 'the policy has no `boundary runtime`, so nothing is delegated beside it')
  }
  const { from, to, depth, expiresAt, through, named, metadata } = asked
  const giver = await findAgent(change, from, 'fromAgent')
  const receiver = await findAgent(change, to, 'toAgent')
  if (giver.status === 'suspended') throw refusal('KVCH_E_AGENT_SUSPENDED', giver, 'is suspended')
  const hops = through === null ? [] : await findHops(change, from, through)
  if (hops.some((hop) => hop.from === to)) {
    throw new KavachError(INVALID, `toAgent: \`${to}\` stands in the chain already`, { details: { path: 'toAgent' } })
  }
  const closure = await loadClosure(change, [from, to, ...hops.map((hop) => hop.from)], now)
  const permissions = judgeWithin({ ...asked, receiver, now }, onlyThrough(hops, { closure, model }), within)
  // What is stored must be what the engine can be given.
  lowerPermissions(from, receiver, permissions)
  const row: Row<'delegations'> = {
    id: `dlg_${ulid(site.host, now)}`,
    from,
    to,
    origin: 'runtime',
    permissions: JSON.stringify(permissions),
    depth,
    expiresAt,
    createdAt: now,
    revokedAt: null,
    through,
    named,
  }
  if (named === null) {
    await assertFewPaths(change, row)
    await change.put('agents', [{ ...receiver, version: change.epoch() }])
  }
  await change.insert('delegations', [row])
  change.record(
    entryOf({
      kind: 'delegation.create',
      agent: to,
      actor,
      members: {
        ...membersOf(row),
        ...(metadata !== null && { metadata: JSON.parse(metadata) as Json }), // It was JSON a moment ago.
      },
    }),
  )
  return row
}

/**
 * Takes a delegation back within a change. Once more changes nothing.
 *
 * @throws {KavachError} KVCH_E_AGENT_DELEGATION_NOT_FOUND; KVCH_E_AGENT_DELEGATION_INVALID for one of the policy
 */
export async function revokeDelegation(change: Change, id: string, actor: string): Promise<Row<'delegations'>> {
  const row = await findDelegation(change, id)
  if (row.origin === 'policy') throw new KavachError(INVALID, 'the policy declares this delegation: take it out there')
  if (row.revokedAt !== null) return row
  const next = { ...row, revokedAt: change.now }
  await change.put('delegations', [next])
  const receiver = await change.get('agents', { id: row.to })
  const isRemembered = receiver !== undefined && row.named === null
  if (isRemembered) await change.put('agents', [{ ...receiver, version: change.epoch() }])
  change.record(
    entryOf({ kind: 'delegation.revoke', agent: row.to, actor, members: { delegation: id, from: row.from } }),
  )
  return next
}

/** @throws {KavachError} when it is unknown, revoked or expired */
async function findAgent(change: Change, id: string, path: string): Promise<Row<'agents'>> {
  const row = await change.get('agents', { id })
  if (row === undefined) {
    throw new KavachError('KVCH_E_AGENT_NOT_FOUND', `${path}: \`${id}\` does not exist in this project`, {
      details: { path, agent: id },
    })
  }
  if (row.status === 'revoked') throw refusal('KVCH_E_AGENT_REVOKED', row, 'was revoked')
  const isExpired = row.expiresAt !== null && row.expiresAt <= change.now
  if (isExpired) throw refusal('KVCH_E_AGENT_EXPIRED', row, 'has expired')
  return row
}

function refusal(
  code: 'KVCH_E_AGENT_REVOKED' | 'KVCH_E_AGENT_EXPIRED' | 'KVCH_E_AGENT_SUSPENDED',
  { id }: Row<'agents'>,
  what: string,
): KavachError {
  return new KavachError(code, `\`${id}\` ${what}`, { details: { agent: id } })
}

interface Holders {
  readonly closure: Closure
  readonly model: PolicyModel
}

async function findHops(change: Change, from: string, through: string): Promise<readonly Row<'delegations'>[]> {
  const hops = await loadHops(change, from, through, change.now)
  if (hops !== undefined) return hops
  throw new KavachError(INVALID, `through: there is no live delegation \`${through}\` to \`${from}\``, {
    details: { path: 'through' },
  })
}

/** As if those to whom these delegations lead held nothing but by them. */
function onlyThrough(hops: readonly Row<'delegations'>[], { closure, model }: Holders): Holders {
  if (hops.length === 0) return { closure, model }
  const held = new Map(hops.map(({ to }): [string, readonly Permission[]] => [to, []]))
  const incoming = incomingThrough(hops, closure.incoming)
  const live = (id: string) => incoming(id).filter(({ from }) => closure.isLive(from))
  return holding(held, { closure: { ...closure, incoming: live }, model })
}

/** As if these agents held this themselves, and nothing of what the policy says that they hold. */
function holding(held: ReadonlyMap<string, readonly Permission[]>, { closure, model }: Holders): Holders {
  const agents = new Map(closure.agents)
  const lowered = new Map<string, readonly GrantModel[]>()
  for (const [id, permissions] of held) {
    const row = agents.get(id)
    if (row === undefined) continue
    agents.set(id, { ...row, permissions: JSON.stringify(permissions) })
    lowered.set(id, lowerPermissions(id, row, permissions))
  }
  return {
    closure: { ...closure, agents },
    model: {
      ...model,
      agents: model.agents.map((agent) => {
        const grants = lowered.get(agent.name)
        return grants === undefined ? agent : { ...agent, grants, roles: [] }
      }),
      delegations: model.delegations.filter(({ to }) => !lowered.has(to)),
    },
  }
}

/** The permissions to be stored: within what the delegator holds, and within what they are asked to lie in. */
function judgeWithin(asked: Asked, holders: Holders, within: readonly Permission[] | undefined): readonly Permission[] {
  const given = judgeDelegation(asked, holders.closure, holders.model)
  if (within === undefined) return given
  const alone = { ...holders, closure: { ...holders.closure, incoming: () => [] } }
  const { closure, model } = holding(new Map([[asked.from, within]]), alone)
  const cut = judgeDelegation(asked, closure, model)
  const holdings = createHoldings()
  return holdings.toPermissions(
    holdings.meet(holdings.ofPermissions(given, undefined), holdings.ofPermissions(cut, undefined)),
  )
}

async function findDelegation(reader: Reader, id: string): Promise<Row<'delegations'>> {
  const row = typeof id === 'string' && id !== '' ? await reader.get('delegations', { id }) : undefined
  if (row === undefined) throw new KavachError('KVCH_E_AGENT_DELEGATION_NOT_FOUND')
  return row
}

/**
 * Every decision tries the chains of its agent, so there are at most 64 of them. Counted are those of the receiver, and of
 * everybody to whom it could pass this on.
 */
async function assertFewPaths(change: Change, made: Row<'delegations'>): Promise<void> {
  const below = new Set([made.to])
  let level: readonly string[] = [made.to]
  for (let hop = 0; hop < made.depth; hop++) {
    const next = new Set<string>()
    for (const id of level) {
      for (const row of await delegationsFrom(change, id)) {
        if (countsUnnamed(row, change.now) && !below.has(row.to)) next.add(row.to)
      }
    }
    for (const id of next) below.add(id)
    level = [...next]
  }
  const { incoming } = await loadClosure(change, [...below, made.from], change.now)
  const withMade = (id: string) => (id === made.to ? [...incoming(id), made] : incoming(id))
  for (const id of below) {
    if (incomingPaths(id, withMade, change.now, { most: MAX_PATHS + 1 }).length <= MAX_PATHS) continue
    throw new KavachError(INVALID, `more than ${MAX_PATHS} chains would end in \`${id}\``, {
      details: { agent: id, most: MAX_PATHS },
    })
  }
}

const FILTERS = ['fromAgent', 'toAgent', 'isLive', 'limit', 'cursor']

async function list(reader: Reader, filter: DelegationFilter, now: number): Promise<DelegationPage> {
  assertKnown(filter, FILTERS, 'KVCH_E_REQUEST_INVALID')
  const { fromAgent, toAgent, isLive, cursor } = filter
  const limit = readLimit(filter.limit, 'KVCH_E_REQUEST_INVALID')
  const found: Row<'delegations'>[] = []
  for (let after = cursor; ; ) {
    const page = await pageOf(reader, filter, after)
    found.push(
      ...page.filter(
        (row) =>
          (fromAgent === undefined || row.from === fromAgent) &&
          (toAgent === undefined || row.to === toAgent) &&
          (isLive === undefined || counts(row, now) === isLive),
      ),
    )
    after = page.at(-1)?.id
    if (found.length > limit || page.length < PAGE || after === undefined) break
  }
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  return { delegations: shown.map(viewOf), ...(found.length > limit && last !== undefined && { cursor: last.id }) }
}

async function pageOf(
  reader: Reader,
  { fromAgent, toAgent }: DelegationFilter,
  after: string | undefined,
): Promise<readonly Row<'delegations'>[]> {
  const range = { limit: PAGE, ...(after !== undefined && { after }) }
  if (toAgent !== undefined) return reader.find('delegations', 'byReceiver', { ...range, equal: [toAgent] })
  if (fromAgent !== undefined) return reader.find('delegations', 'byDelegator', { ...range, equal: [fromAgent] })
  return reader.find('delegations', 'key', range)
}

/** What the log says of a delegation. */
function membersOf(row: Row<'delegations'>): { readonly [member: string]: Json } {
  return {
    delegation: row.id,
    from: row.from,
    // It was JSON when it was written.
    permissions: JSON.parse(row.permissions) as Json,
    depth: row.depth,
    ...(row.through !== null && { through: row.through }),
    ...(row.named !== null && { only_when_named: true }),
    expires_at: row.expiresAt === null ? null : new Date(row.expiresAt).toISOString(),
  }
}
