/** Chains of delegations, found from their end: all ways in which an agent can act on behalf of others. */
import type { Row } from '../tables.ts'

export interface Path {
  /** Delegators, root first. */
  readonly chain: readonly string[]
  /** The delegations between them and the agent, as many. Of several for one hop it is the policy's, or the one with the lowest id. */
  readonly delegations: readonly Row<'delegations'>[]
}

export const MAX_HOPS = 5
/** Chains that end in one agent. */
export const MAX_PATHS = 64
/** Chains of one length that are looked at: a policy may declare more than can be made at run time. */
const MAX_LEVEL = 4096

/** How chains are looked for. */
export interface PathBounds {
  /** Chains at most; default 64. */
  readonly most?: number
  /** Hops that must be left behind the agent; default 0. */
  readonly left?: number
}

/**
 * Chains that end in the agent, breadth first: by hops, then by the ids of their delegations, root first. No principal is in
 * a chain twice. A delegation counts where it is neither revoked nor expired and may be passed on as often as the chain needs.
 *
 * @param incoming delegations that end in an agent; those of the policy are rows too
 */
export function incomingPaths(
  agentId: string,
  incoming: (id: string) => readonly Row<'delegations'>[],
  now: number,
  { most = MAX_PATHS, left = 0 }: PathBounds = {},
): readonly Path[] {
  const paths: Path[] = []
  let level: readonly Path[] = [{ chain: [], delegations: [] }]
  for (let behind = 0; behind < MAX_HOPS && paths.length < most; behind++) {
    const longer: Path[] = []
    for (const { chain, delegations } of level) {
      for (const hop of hopsTo(chain[0] ?? agentId, incoming, now, behind + left)) {
        if (hop.from === agentId || chain.includes(hop.from) || longer.length === MAX_LEVEL) continue
        longer.push({ chain: [hop.from, ...chain], delegations: [hop, ...delegations] })
      }
    }
    if (longer.length === 0) break
    level = longer.sort(byDelegations)
    paths.push(...level.slice(0, most - paths.length))
  }
  return paths
}

/** One delegation for each delegator. */
function hopsTo(
  agentId: string,
  incoming: (id: string) => readonly Row<'delegations'>[],
  now: number,
  behind: number,
): Iterable<Row<'delegations'>> {
  const hops = new Map<string, Row<'delegations'>>()
  for (const row of incoming(agentId)) {
    const { from, depth, revokedAt, expiresAt } = row
    if (revokedAt !== null || (expiresAt !== null && expiresAt <= now) || depth < behind) continue
    const known = hops.get(from)
    if (known === undefined || isBefore(row, known)) hops.set(from, row)
  }
  return hops.values()
}

/** The time since which a hop of the policy is open may matter to it; to one made at run time it does not. */
function isBefore(a: Row<'delegations'>, b: Row<'delegations'>): boolean {
  return a.origin === b.origin ? a.id < b.id : a.origin === 'policy'
}

function byDelegations(a: Path, b: Path): number {
  for (const [hop, { id }] of a.delegations.entries()) {
    const other = b.delegations[hop]?.id ?? ''
    if (id !== other) return id < other ? -1 : 1
  }
  return 0
}
