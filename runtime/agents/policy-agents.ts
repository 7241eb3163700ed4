/** Agents that a policy declares, as rows: so they have tokens, can be suspended, and are found where the others are. */
import type { AgentModel, PolicyModel } from '../../compiler/model/index.ts'
import { entryOf } from '../audit/index.ts'
import type { Change } from '../site.ts'
import type { Row } from '../tables.ts'
import { removeTokens } from './credentials.ts'

/** Names of agents, by what became of them. */
export interface SyncedAgents {
  readonly declared: readonly string[]
  readonly returned: readonly string[]
  readonly changed: readonly string[]
  readonly vanished: readonly string[]
}

const SETTING = 'policy.agents'
/** Such an agent comes back when it is declared again; one that somebody revoked does not. */
const VANISHED = 'the policy no longer declares it'
/** Before the reason of a suspension, to which it comes back. */
const WAS_SUSPENDED = `${VANISHED}; it was suspended: `

/** True for an agent that was revoked because the policy no longer declares it, and for no other reason. */
export function isVanished({ status, statusReason }: Row<'agents'>): boolean {
  return status === 'revoked' && (statusReason === VANISHED || statusReason?.startsWith(WAS_SUSPENDED) === true)
}

export interface SyncOptions {
  /** Life of their tokens; those of a `service` do not expire. */
  readonly tokenTtlMs: number
  readonly actor?: string | undefined
}

/**
 * Brings the rows in line with what the policies declare that are in force beside each other: what one of them declares is declared, and
 * what the first one says of it holds. An agent that is no longer declared is revoked, with its tokens; when it
 * is declared again it is what it was, active or suspended, and needs a new token.
 */
export async function syncPolicyAgents(
  change: Change,
  policies: readonly PolicyModel[],
  { tokenTtlMs, actor = 'host' }: SyncOptions,
): Promise<SyncedAgents> {
  const agents = new Map(
    policies.toReversed().flatMap((model) => model.agents.map((agent) => [agent.name, agent] as const)),
  )
  const setting = await change.get('settings', { name: SETTING })
  // Nobody else writes this setting.
  const before = setting === undefined ? [] : (JSON.parse(setting.value) as readonly string[])
  const synced = {
    declared: [] as string[],
    returned: [] as string[],
    changed: [] as string[],
    vanished: [] as string[],
  }
  const rows: Row<'agents'>[] = []
  for (const agent of agents.values()) {
    const row = await change.get('agents', { id: agent.name })
    const next = nextOf(agent, row, change, tokenTtlMs)
    if (next === undefined) continue
    rows.push(next)
    const isReturning = row?.status === 'revoked' && next.status !== 'revoked'
    synced[row === undefined ? 'declared' : isReturning ? 'returned' : 'changed'].push(agent.name)
  }
  for (const name of before) {
    if (agents.has(name)) continue
    const row = await change.get('agents', { id: name })
    if (row === undefined || row.status === 'revoked') continue
    rows.push({
      ...row,
      status: 'revoked',
      statusReason: row.status === 'suspended' ? `${WAS_SUSPENDED}${row.statusReason ?? ''}` : VANISHED,
      updatedAt: change.now,
      version: change.epoch(),
    })
    await removeTokens(change, name)
    synced.vanished.push(name)
  }
  if (rows.length > 0) await change.put('agents', rows)
  const names = JSON.stringify([...agents.keys()])
  if (names !== setting?.value) await change.put('settings', [{ name: SETTING, value: names }])
  for (const [what, list] of Object.entries(synced)) {
    for (const agent of list) change.record(entryOf({ kind: 'agent.declare', agent, actor, members: { what } }))
  }
  return synced
}

/** Nothing when the row stands as it is. */
function nextOf(
  { name, type, owner, expiresAt }: AgentModel,
  row: Row<'agents'> | undefined,
  change: Change,
  tokenTtlMs: number,
): Row<'agents'> | undefined {
  const stated = {
    type,
    owner: owner ?? null,
    expiresAt: expiresAt ?? null,
    tokenTtlMs: type === 'service' ? null : tokenTtlMs,
  }
  if (row === undefined) {
    return {
      id: name,
      name,
      ...stated,
      origin: 'policy',
      status: 'active',
      statusReason: null,
      permissions: '[]',
      constraints: null,
      record: null,
      metadata: null,
      createdAt: change.now,
      updatedAt: change.now,
      version: change.epoch(),
    }
  }
  const isReturning = isVanished(row)
  const isSame =
    row.type === type &&
    row.owner === stated.owner &&
    row.expiresAt === stated.expiresAt &&
    row.tokenTtlMs === stated.tokenTtlMs
  if (isSame && !isReturning) return undefined
  return {
    ...row,
    ...stated,
    ...(isReturning && returned(row)),
    updatedAt: change.now,
    version: change.epoch(),
  }
}

function returned({ statusReason }: Row<'agents'>): Pick<Row<'agents'>, 'status' | 'statusReason'> {
  return statusReason?.startsWith(WAS_SUSPENDED) === true
    ? { status: 'suspended', statusReason: statusReason.slice(WAS_SUSPENDED.length) }
    : { status: 'active', statusReason: null }
}
