/**
 * Revoking an agent, and all that came from it.
 *
 * Each hop of a chain is judged anew at every call, so nobody below can use it from then on. Beside that, `delegated` agents
 * who are left without any chain to a living root are revoked with it: they have nothing of their own, and their tokens are
 * good for nothing. Whoever else received something from it keeps the rest, and has a row that says what it lost.
 */
import { entryOf } from '../audit/index.ts'
import { countsUnnamed, delegationsFrom, delegationsTo } from '../authority/index.ts'
import type { Change } from '../site.ts'
import type { Row } from '../tables.ts'
import { removeTokens } from './credentials.ts'

export interface Revocation {
  readonly reason: string
  readonly actor: string
}

export interface Cascade {
  /** Agents that were revoked with it. */
  readonly revoked: readonly string[]
  /** Agents that lost something, and live on. */
  readonly affected: readonly string[]
}

/** Revokes an agent that is not revoked yet. */
export async function revokeAgent(
  change: Change,
  root: Row<'agents'>,
  { reason, actor }: Revocation,
): Promise<Cascade> {
  const below = await descendantsOf(change, root.id)
  const survivors = survivorsOf(below, root.id)
  const rows = [...below.values()].map(({ row }) => row)
  const dying = rows.filter((row) => isDependent(row) && row.status !== 'revoked' && !survivors.has(row.id))
  const affected = rows.filter((row) => row.status !== 'revoked' && !dying.includes(row)).map(({ id }) => id)
  const lost = await revokeOne(change, root, reason)
  change.record(
    entryOf({
      kind: 'agent.revoke',
      agent: root.id,
      actor,
      members: { reason, delegations: lost, revoked: dying.map(({ id }) => id), affected },
    }),
  )
  for (const row of dying) {
    const delegations = await revokeOne(change, row, `\`${root.id}\` was revoked`)
    change.record(
      entryOf({ kind: 'agent.revoke', agent: row.id, actor, members: { reason, root: root.id, delegations } }),
    )
  }
  for (const id of affected) {
    const row = await change.get('agents', { id })
    if (row !== undefined) await change.put('agents', [{ ...row, version: change.epoch() }])
    change.record(entryOf({ kind: 'agent.cascade', agent: id, actor, members: { root: root.id } }))
  }
  return { revoked: dying.map(({ id }) => id), affected }
}

interface Descendant {
  readonly row: Row<'agents'>
  /** Who gives it something that is still good. */
  readonly givers: readonly string[]
}

async function descendantsOf(change: Change, rootId: string): Promise<ReadonlyMap<string, Descendant>> {
  const found = new Map<string, Descendant>()
  const open = [rootId]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const { to } of (await delegationsFrom(change, id)).filter((row) => countsUnnamed(row, change.now))) {
      if (to === rootId || found.has(to)) continue
      const row = await change.get('agents', { id: to })
      if (row === undefined) continue
      const incoming = (await delegationsTo(change, to)).filter((one) => countsUnnamed(one, change.now))
      const givers: string[] = []
      for (const { from } of incoming) {
        const giver = await change.get('agents', { id: from })
        if (giver !== undefined && giver.status !== 'revoked') givers.push(from)
      }
      found.set(to, { row, givers })
      open.push(to)
    }
  }
  return found
}

/** Descendants that hold something without the root: somebody who is no dependent of it gives it to them, through whomever. */
function survivorsOf(below: ReadonlyMap<string, Descendant>, rootId: string): ReadonlySet<string> {
  const survivors = new Set<string>()
  for (const { row } of below.values()) if (!isDependent(row)) survivors.add(row.id)
  for (let size = -1; size !== survivors.size; ) {
    size = survivors.size
    for (const { row, givers } of below.values()) {
      if (givers.some((giver) => giver !== rootId && (!below.has(giver) || survivors.has(giver)))) survivors.add(row.id)
    }
  }
  return survivors
}

function isDependent({ type, origin }: Row<'agents'>): boolean {
  return type === 'delegated' && origin === 'runtime'
}

/** The delegations that ended with it. Those of the policy are the policy's, and judged by whom they join. */
async function revokeOne(change: Change, { id }: Row<'agents'>, statusReason: string): Promise<readonly string[]> {
  const row = await change.get('agents', { id })
  if (row === undefined) return []
  await change.put('agents', [
    { ...row, status: 'revoked', statusReason, updatedAt: change.now, version: change.epoch() },
  ])
  await removeTokens(change, id)
  const joined = [...(await delegationsFrom(change, id)), ...(await delegationsTo(change, id))]
  const ended = joined.filter(({ origin, revokedAt }) => origin === 'runtime' && revokedAt === null)
  await change.put(
    'delegations',
    ended.map((one) => ({ ...one, revokedAt: change.now })),
  )
  return ended.map((one) => one.id)
}
