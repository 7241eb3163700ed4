/**
 * Whose session is whose. A session id is no credential: whoever learns one must not read the answers of somebody else with it.
 * It is known to the process that saw the session begin.
 *
 * @see MCP security best practices, session hijacking
 */
import type { Principal } from '../principal.ts'

export interface SessionOwners {
  /** The session belongs to whoever began it. */
  readonly claim: (sessionId: string, principal: Principal) => void
  readonly isOthers: (sessionId: string, principal: Principal) => boolean
}

const MAX_SESSIONS = 10_000

export function createSessionOwners(): SessionOwners {
  // The oldest first.
  const owners = new Map<string, string>()
  return {
    claim(sessionId, principal) {
      if (owners.has(sessionId)) return
      owners.set(sessionId, ownerOf(principal))
      const [oldest] = owners.keys()
      if (owners.size > MAX_SESSIONS && oldest !== undefined) owners.delete(oldest)
    },
    isOthers(sessionId, principal) {
      const owner = owners.get(sessionId)
      return owner !== undefined && owner !== ownerOf(principal)
    },
  }
}

/** One user through one client, or a client that speaks for itself. */
export function ownerOf({ userId, clientId, agentId, delegation }: Principal): string {
  return JSON.stringify([userId ?? null, clientId, agentId, delegation ?? null])
}
