/** A delegation, and a chain of them, as callers see it. */
import { MAX_HOPS, type Path, type Permission, readPermissions } from '../authority/index.ts'
import type { Origin, Row } from '../tables.ts'

export interface Delegation {
  /** `dlg_...` */
  readonly id: string
  readonly fromAgent: string
  readonly toAgent: string
  readonly origin: Origin
  /** What is given, cut to what the delegator held; empty for one of the policy, which says it in its text. */
  readonly permissions: readonly Permission[]
  /** Hops from the delegator, this one included. */
  readonly maxDepth: number
  /** Null: as long as the delegator holds it. */
  readonly expiresAt: Date | null
  readonly createdAt: Date
  readonly revokedAt: Date | null
  /** The delegation by which alone the delegator holds what it gives; absent: however it holds it. */
  readonly through?: string
  /** It counts only for requests that name it. */
  readonly onlyWhenNamed?: true
}

export interface DelegationPage {
  readonly delegations: readonly Delegation[]
  /** Absent on the last page. */
  readonly cursor?: string
}

/** A way in which an agent can act on behalf of others. */
export interface Chain {
  /** Root first, the agent last. */
  readonly agents: readonly string[]
  /** One for each hop. */
  readonly delegations: readonly Delegation[]
  /** The first end of a hop; null: none ends. */
  readonly expiresAt: Date | null
  /** How many hops may be added. */
  readonly depthLeft: number
}

export function viewOf(row: Row<'delegations'>): Delegation {
  const { id, from, to, origin, depth, expiresAt, createdAt, revokedAt, through, named } = row
  return {
    id,
    fromAgent: from,
    toAgent: to,
    origin,
    permissions: readPermissions(row),
    maxDepth: depth + 1,
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
    createdAt: new Date(createdAt),
    revokedAt: revokedAt === null ? null : new Date(revokedAt),
    ...(through !== null && { through }),
    ...(named !== null && { onlyWhenNamed: true }),
  }
}

export function chainOf({ chain, delegations }: Path, agentId: string): Chain {
  const ends = delegations.flatMap(({ expiresAt }) => (expiresAt === null ? [] : [expiresAt]))
  const depths = delegations.map(({ depth }, hop) => depth - (delegations.length - 1 - hop))
  return {
    agents: [...chain, agentId],
    delegations: delegations.map(viewOf),
    expiresAt: ends.length === 0 ? null : new Date(Math.min(...ends)),
    depthLeft: Math.min(MAX_HOPS - delegations.length, ...depths),
  }
}
