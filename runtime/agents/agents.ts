/** Agents: made, changed, given tokens, suspended and revoked. Each change is one transaction with its rows in the log. */
import type { PolicyModel, RuntimeAgent } from '../../compiler/model/index.ts'
import { entryOf } from '../audit/index.ts'
import { type Acting, actorOf, emitAgent, lowerAgent, readReason } from '../authority/index.ts'
import { KavachError } from '../errors.ts'
import type { Change, Json, Site } from '../site.ts'
import type { Awaitable, Reader } from '../store.ts'
import type { Row } from '../tables.ts'
import { ulid } from '../ulid.ts'
import { revokeAgent } from './cascade.ts'
import { swapToken } from './credentials.ts'
import { type AgentChanges, type NewAgent, readChanges, readNewAgent } from './input.ts'
import { type AgentFilter, listAgents, pageOf } from './list.ts'
import { assertNarrower, type LockedAgent } from './lock.ts'
import { isVanished, type SyncedAgents, syncPolicyAgents } from './policy-agents.ts'
import { type Agent, type AgentPage, type AgentWithToken, type IssuedToken, toDate, viewOf } from './view.ts'

export interface Agents {
  /**
   * Makes an agent and its first token, which is shown this once.
   *
   * @throws {KavachError} KVCH_E_AGENT_INVALID with the path of what is wrong, KVCH_E_AGENT_LIMIT_EXCEEDED
   */
  readonly create: (agent: NewAgent, acting?: Acting) => Promise<AgentWithToken>
  /** @throws {KavachError} KVCH_E_AGENT_NOT_FOUND, here and below */
  readonly get: (agentId: string) => Promise<Agent>
  /** In the order in which they were made. @throws {KavachError} KVCH_E_REQUEST_INVALID */
  readonly list: (filter?: AgentFilter) => Promise<AgentPage>
  /**
   * Changes what is stated. Permissions and constraints of an `autonomous` agent can only be narrowed.
   *
   * @throws {KavachError} KVCH_E_AGENT_INVALID, also for an agent of the policy, KVCH_E_AGENT_LOCKED, KVCH_E_AGENT_REVOKED
   */
  readonly update: (agentId: string, changes: AgentChanges, acting?: Acting) => Promise<Agent>
  /**
   * A new token in place of the old one, which is dead when this resolves, or `graceSeconds` later.
   *
   * @throws {KavachError} KVCH_E_AGENT_REVOKED, KVCH_E_AGENT_EXPIRED
   */
  readonly rotate: (agentId: string, options?: RotateOptions) => Promise<IssuedToken>
  /** A new token with a new life, before or after the old one expired; that one is dead. @throws {KavachError} as `rotate` */
  readonly refreshToken: (agentId: string, acting?: Acting) => Promise<IssuedToken>
  /** The first token of an agent that the policy declares, by its name; later ones too. @throws {KavachError} as `rotate` */
  readonly issueToken: (name: string, acting?: Acting) => Promise<IssuedToken>
  /**
   * Ends the agent for good, and with it all that was delegated from it; `delegated` agents that are left with nothing are
   * revoked as well. Once more changes nothing.
   */
  readonly revoke: (agentId: string, options?: ReasonOptions) => Promise<RevokedAgent>
  /** Nothing is allowed to the agent, nor through it, until `unsuspend`. @throws {KavachError} KVCH_E_AGENT_REVOKED */
  readonly suspend: (agentId: string, options?: ReasonOptions) => Promise<Agent>
  /** Ends the suspension, and forgets the denials that led to it. @throws {KavachError} KVCH_E_AGENT_REVOKED */
  readonly unsuspend: (agentId: string, acting?: Acting) => Promise<Agent>
  /** Suspends every active agent of an owner, or of the project. @throws {KavachError} KVCH_E_REQUEST_INVALID */
  readonly suspendAll: (options?: SuspendAllOptions) => Promise<{ readonly suspended: number }>
}

export interface RotateOptions extends Acting {
  /** Seconds for which the old token is good beside the new one; default 0, at most a day. */
  readonly graceSeconds?: number | undefined
}

export interface ReasonOptions extends Acting {
  readonly reason?: string | undefined
}

export interface SuspendAllOptions extends ReasonOptions {
  /** Only agents of this owner. */
  readonly owner?: string | undefined
  /** `true`, or the name of this project. */
  readonly project?: string | true | undefined
}

export type RevokedAgent = Agent & {
  /** Who was revoked with it, and who lost what had come through it. */
  readonly cascade: { readonly revoked: readonly string[]; readonly affected: readonly string[] }
}

export interface AgentPorts {
  /** Forgets the denials in a row of an agent. */
  readonly clearAnomaly: (change: Change, agentId: string) => Awaitable<unknown>
}

export interface AgentsPart {
  readonly api: Agents
  /** Brings the rows of declared agents in line with the policies that are in force beside each other. */
  readonly declare: (
    change: Change,
    policies: readonly { readonly model: PolicyModel }[],
    acting?: Acting,
  ) => Promise<SyncedAgents>
}

const INVALID = 'KVCH_E_AGENT_INVALID'
const MAX_GRACE_SECONDS = 86_400
const PAGE = 1000

export function createAgents(site: Site, { clearAnomaly }: AgentPorts): AgentsPart {
  const { settings } = site

  /** Runs `work` on the row of an agent. */
  function withAgent<T>(agentId: string, work: (change: Change, row: Row<'agents'>) => Promise<T>): Promise<T> {
    return site.change(async (change) => work(change, await findAgent(change, agentId)))
  }

  async function create(input: NewAgent, acting?: Acting): Promise<AgentWithToken> {
    const actor = actorOf(acting, INVALID)
    if (!settings.areAgentsEnabled) {
      throw new KavachError(INVALID, 'agents are not made through the API here: the option `agents.enabled` is false')
    }
    return site.change(async (change) => {
      const { permissions, constraints, ...read } = readNewAgent(input, change.now, settings.tokenTtlMs)
      if (site.policy().model.boundary === undefined) {
        throw new KavachError(INVALID, 'the policy has no `boundary runtime`, so no agents are made beside its own')
      }
      await assertRoom(change, read.owner, settings.maxPerUser)
      const id = `agt_${ulid(site.host, change.now)}`
      const row: Row<'agents'> = {
        id,
        ...read,
        origin: 'runtime',
        status: 'active',
        statusReason: null,
        permissions: JSON.stringify(permissions),
        constraints: constraints === undefined ? null : JSON.stringify(constraints),
        record: emitAgent(lowerAgent({ id, ...read, permissions, constraints })),
        createdAt: change.now,
        updatedAt: change.now,
        version: change.epoch(),
      }
      await change.insert('agents', [row])
      const { token, expiresAt } = await swapToken(site, change, row)
      change.record(
        entryOf({ kind: 'agent.create', agent: id, actor, personal: { owner: row.owner }, members: membersOf(row) }),
      )
      const agent = viewOf(row)
      return { ...agent, agent, token, tokenExpiresAt: expiresAt }
    })
  }

  function update(agentId: string, input: AgentChanges, acting?: Acting): Promise<Agent> {
    const actor = actorOf(acting, INVALID)
    return withAgent(agentId, async (change, row) => {
      if (row.origin === 'policy') {
        throw new KavachError(INVALID, `the policy declares \`${row.id}\`: change it there`)
      }
      assertLiving(row)
      const { permissions, constraints, ...read } = readChanges(input, change.now)
      if (row.type === 'delegated' && permissions !== undefined && permissions.length > 0) {
        const message = 'permissions: a `delegated` agent has none of its own; delegate to it'
        throw new KavachError(INVALID, message, { details: { path: 'permissions' } })
      }
      const next: Row<'agents'> = {
        ...row,
        ...read,
        ...(permissions !== undefined && { permissions: JSON.stringify(permissions) }),
        ...(constraints !== undefined && { constraints: constraints === null ? null : JSON.stringify(constraints) }),
        updatedAt: change.now,
        version: change.epoch(),
      }
      const made = lockedAgentOf(next)
      const isTouched = permissions !== undefined || constraints !== undefined
      if (row.type === 'autonomous' && isTouched) assertNarrower(lockedAgentOf(row), made)
      const written = { ...next, record: emitAgent(made.agent) }
      await change.put('agents', [written])
      change.record(entryOf({ kind: 'agent.update', agent: row.id, actor, members: membersOf(written) }))
      return viewOf(written)
    })
  }

  /** A new token for a living agent, with a row of this kind. */
  function issue(
    kind: 'agent.rotate' | 'agent.refresh' | 'token.issue',
    agentId: string,
    acting: Acting | undefined,
    graceSeconds = 0,
  ): Promise<IssuedToken> {
    const actor = actorOf(acting, 'KVCH_E_REQUEST_INVALID', kind === 'agent.rotate' ? ['graceSeconds'] : [])
    return withAgent(agentId, async (change, row) => {
      assertLiving(row)
      if (row.expiresAt !== null && row.expiresAt <= change.now) throw new KavachError('KVCH_E_AGENT_EXPIRED')
      const issued = await swapToken(site, change, row, graceSeconds * 1000)
      await change.put('agents', [{ ...row, version: change.epoch() }])
      const members = {
        expires_at: issued.expiresAt?.toISOString() ?? null,
        ...(graceSeconds > 0 && { grace_seconds: graceSeconds }),
      }
      change.record(entryOf({ kind, agent: row.id, actor, members }))
      return issued
    })
  }

  async function rotate(agentId: string, options?: RotateOptions): Promise<IssuedToken> {
    const { graceSeconds = 0 } = options ?? {}
    if (!(Number.isSafeInteger(graceSeconds) && graceSeconds >= 0 && graceSeconds <= MAX_GRACE_SECONDS)) {
      const message = `graceSeconds: must be a whole number from 0 to ${MAX_GRACE_SECONDS}`
      throw new KavachError('KVCH_E_REQUEST_INVALID', message, { details: { path: 'graceSeconds' } })
    }
    return issue('agent.rotate', agentId, options, graceSeconds)
  }

  async function revoke(agentId: string, options?: ReasonOptions): Promise<RevokedAgent> {
    const { reason, actor } = reasonOf(options)
    return withAgent(agentId, async (change, row) => {
      // One that only vanished from the policy would come back with it.
      if (row.status === 'revoked' && !isVanished(row))
        return { ...viewOf(row), cascade: { revoked: [], affected: [] } }
      const cascade = await revokeAgent(change, row, { reason, actor })
      return { ...viewOf(await findAgent(change, agentId)), cascade }
    })
  }

  async function suspend(agentId: string, options?: ReasonOptions): Promise<Agent> {
    const { reason, actor } = reasonOf(options)
    return withAgent(agentId, async (change, row) => {
      assertLiving(row)
      if (row.status === 'suspended') return viewOf(row)
      return viewOf(await suspendOne(change, row, reason, actor))
    })
  }

  async function unsuspend(agentId: string, acting?: Acting): Promise<Agent> {
    const actor = actorOf(acting, 'KVCH_E_REQUEST_INVALID')
    return withAgent(agentId, async (change, row) => {
      assertLiving(row)
      if (row.status === 'active') return viewOf(row)
      const next = { ...row, status: 'active', statusReason: null, ...touched(change) } as const
      await clearAnomaly(change, row.id)
      await change.put('agents', [next])
      const members = { reason: row.statusReason }
      change.record(entryOf({ kind: 'agent.unsuspend', agent: row.id, actor, members }))
      return viewOf(next)
    })
  }

  async function suspendAll(options?: SuspendAllOptions): Promise<{ readonly suspended: number }> {
    const { owner, project, ...rest } = options ?? {}
    const { reason, actor } = reasonOf(rest)
    if (owner !== undefined && (typeof owner !== 'string' || owner === '')) {
      throw new KavachError('KVCH_E_REQUEST_INVALID', 'owner: must be a text', { details: { path: 'owner' } })
    }
    if (project !== undefined && project !== true && project !== site.project) {
      const message = `project: this is \`${site.project}\``
      throw new KavachError('KVCH_E_REQUEST_INVALID', message, { details: { path: 'project' } })
    }
    return site.change(async (change) => {
      let suspended = 0
      for (let after: string | undefined; ; ) {
        const page = await pageOf(change, owner, undefined, after)
        for (const row of page) {
          if (row.status !== 'active') continue
          await suspendOne(change, row, reason, actor)
          suspended++
        }
        after = page.at(-1)?.id
        if (page.length < PAGE || after === undefined) return { suspended }
      }
    })
  }

  return {
    api: {
      create,
      get: (agentId) => site.read(async (reader) => viewOf(await findAgent(reader, agentId))),
      list: async (filter = {}) => site.read((reader) => listAgents(reader, filter)),
      update: async (agentId, changes, acting) => update(agentId, changes, acting),
      rotate,
      refreshToken: async (agentId, acting) => issue('agent.refresh', agentId, acting),
      issueToken: async (name, acting) => issue('token.issue', name, acting),
      revoke,
      suspend,
      unsuspend,
      suspendAll,
    },
    declare: (change, policies, { actor } = {}) =>
      syncPolicyAgents(
        change,
        policies.map(({ model }) => model),
        { tokenTtlMs: settings.tokenTtlMs, actor },
      ),
  }
}

async function findAgent(reader: Reader, id: string): Promise<Row<'agents'>> {
  const row = typeof id === 'string' && id !== '' ? await reader.get('agents', { id }) : undefined
  if (row === undefined) throw new KavachError('KVCH_E_AGENT_NOT_FOUND')
  return row
}

function assertLiving({ status }: Row<'agents'>): void {
  if (status === 'revoked') throw new KavachError('KVCH_E_AGENT_REVOKED')
}

/** Agents of the owner that are not revoked; nobody adds one meanwhile, because transactions run one after another. */
async function assertRoom(change: Change, owner: string, most: number): Promise<void> {
  if (most === Number.POSITIVE_INFINITY) return
  let count = 0
  for (let after: string | undefined; ; ) {
    const page = await pageOf(change, owner, undefined, after)
    count += page.filter(({ status }) => status !== 'revoked').length
    if (count >= most) {
      const message = `the owner has ${count} agents, and may have ${most}; revoke one first`
      throw new KavachError('KVCH_E_AGENT_LIMIT_EXCEEDED', message, { details: { maxPerUser: most } })
    }
    after = page.at(-1)?.id
    if (page.length < PAGE || after === undefined) return
  }
}

async function suspendOne(change: Change, row: Row<'agents'>, reason: string, actor: string): Promise<Row<'agents'>> {
  const next = { ...row, status: 'suspended', statusReason: reason, ...touched(change) } as const
  await change.put('agents', [next])
  change.record(entryOf({ kind: 'agent.suspend', agent: row.id, actor, members: { reason } }))
  return next
}

function touched(change: Change): Pick<Row<'agents'>, 'updatedAt' | 'version'> {
  return { updatedAt: change.now, version: change.epoch() }
}

function reasonOf(options?: ReasonOptions): { readonly reason: string; readonly actor: string } {
  const actor = actorOf(options, 'KVCH_E_REQUEST_INVALID', ['reason'])
  return { reason: readReason(options?.reason, 'KVCH_E_REQUEST_INVALID'), actor }
}

/** The agent as a whole, and each of its permissions by itself. */
function lockedAgentOf(row: Row<'agents'>): LockedAgent {
  // They were JSON when they were written, or a moment ago.
  const permissions = JSON.parse(row.permissions) as readonly unknown[]
  const constraints: unknown = row.constraints === null ? undefined : JSON.parse(row.constraints)
  const lower = (some: readonly unknown[]): RuntimeAgent => lowerAgent({ ...row, permissions: some, constraints })
  return {
    agent: lower(permissions),
    permissions: permissions.map((one) => ({ text: JSON.stringify(one), grants: lower([one]).grants })),
  }
}

/** What the log says of an agent. */
function membersOf(row: Row<'agents'>): { readonly [member: string]: Json } {
  return {
    name: row.name,
    type: row.type,
    // They were JSON when they were written.
    permissions: JSON.parse(row.permissions) as Json,
    ...(row.constraints !== null && { constraints: JSON.parse(row.constraints) as Json }),
    expires_at: toDate(row.expiresAt)?.toISOString() ?? null,
  }
}
