/**
 * Authority that is held by one delegation alone, as a token has it that was exchanged for another one: nothing counts that the
 * agent holds beside it. A delegation may itself be made through another one; then all of them are the end of the chain.
 */
import type { Reader } from '../store.ts'
import type { Row } from '../tables.ts'
import { counts } from './closure.ts'
import { incomingPaths, MAX_HOPS, type Path } from './paths.ts'

/** Delegations that end in an agent. */
export type Incoming = (id: string) => readonly Row<'delegations'>[]

/**
 * The delegation to the agent, behind those that it was made through, root first. Nothing when one of them is not there, does not
 * count any more, or is the policy's, whose delegations cannot be told apart.
 */
export function hopsThrough(
  agentId: string,
  delegation: string,
  rowOf: (id: string) => Row<'delegations'> | undefined,
  now: number,
): readonly Row<'delegations'>[] | undefined {
  const hops: Row<'delegations'>[] = []
  let id: string | null = delegation
  let to = agentId
  while (id !== null) {
    const row: Row<'delegations'> | undefined = hops.length === MAX_HOPS ? undefined : rowOf(id)
    if (row === undefined || row.to !== to || row.origin === 'policy' || !counts(row, now)) return undefined
    hops.unshift(row)
    to = row.from
    id = row.through
  }
  return hops
}

/** The same from the store. */
export async function loadHops(
  reader: Reader,
  agentId: string,
  delegation: string,
  now: number,
): Promise<readonly Row<'delegations'>[] | undefined> {
  const rows = new Map<string, Row<'delegations'>>()
  let id: string | null = delegation
  while (id !== null && rows.size < MAX_HOPS) {
    const row: Row<'delegations'> | undefined = await reader.get('delegations', { id })
    if (row === undefined) break
    rows.set(id, row)
    id = row.through
  }
  return hopsThrough(agentId, delegation, (one) => rows.get(one), now)
}

/** What ends in whom when these hops are all that count for their receivers. */
export function incomingThrough(hops: readonly Row<'delegations'>[], incoming: Incoming): Incoming {
  const only = new Map(hops.map((hop) => [hop.to, [hop]]))
  return (id) => only.get(id) ?? incoming(id)
}

/** Chains that end in these hops, in the order of `incomingPaths`. */
export function pathsThrough(hops: readonly Row<'delegations'>[], incoming: Incoming, now: number): readonly Path[] {
  const last = hops.at(-1)
  if (last === undefined) return []
  const paths = incomingPaths(last.to, incomingThrough(hops, incoming), now)
  return paths.filter(({ chain }) => chain.length >= hops.length)
}
