/** An agent as callers see it. */
import {
  type AgentConstraintsJson,
  type Permission,
  readAgentConstraints,
  readPermissions,
} from '../authority/index.ts'
import type { Json } from '../site.ts'
import type { AgentStatus, Origin, Row } from '../tables.ts'

export interface Agent {
  /** `agt_...`, or the name of an agent that the policy declares. */
  readonly id: string
  readonly name: string
  /** The same twice: the product's documents use both names. Null for an agent of the policy without an owner. */
  readonly ownerId: string | null
  readonly userId: string | null
  readonly type: Row<'agents'>['type']
  readonly origin: Origin
  readonly status: AgentStatus
  /** Why it is suspended or revoked. */
  readonly statusReason?: string
  /** As given; empty for an agent of the policy, whose grants are in its text. */
  readonly permissions: readonly Permission[]
  readonly constraints?: AgentConstraintsJson
  /** Null: it does not expire. */
  readonly expiresAt: Date | null
  /** Seconds that its tokens live; null: they do not expire. */
  readonly tokenExpirySeconds: number | null
  readonly metadata?: { readonly [name: string]: Json }
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface AgentPage {
  readonly agents: readonly Agent[]
  /** Absent on the last page. */
  readonly cursor?: string
}

/** A token, which is shown this once. */
export interface IssuedToken {
  readonly agentId: string
  readonly token: string
  /** When the token dies; null: it does not. */
  readonly expiresAt: Date | null
}

/** The agent's fields, and once more as `agent`. */
export type AgentWithToken = Agent & {
  readonly agent: Agent
  readonly token: string
  /** When the token dies; null: it does not. */
  readonly tokenExpiresAt: Date | null
}

export function viewOf(row: Row<'agents'>): Agent {
  const { id, name, owner, type, origin, status, statusReason, expiresAt, tokenTtlMs, metadata } = row
  const constraints = readAgentConstraints(row)
  return {
    id,
    name,
    ownerId: owner,
    userId: owner,
    type,
    origin,
    status,
    ...(statusReason !== null && { statusReason }),
    permissions: readPermissions(row),
    ...(constraints && { constraints }),
    expiresAt: toDate(expiresAt),
    tokenExpirySeconds: tokenTtlMs === null ? null : tokenTtlMs / 1000,
    // It was an object of JSON when it was written.
    ...(metadata !== null && { metadata: JSON.parse(metadata) as { readonly [name: string]: Json } }),
    createdAt: new Date(row.createdAt),
    updatedAt: new Date(row.updatedAt),
  }
}

export function toDate(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms)
}
