/**
 * Delegations that a policy declares, as rows beside those made at run time: chains are found in one place, and a hop that
 * `expires in` some time is known to be open since it was first declared.
 */
import type { DelegationModel } from '../../compiler/model/index.ts'
import type { ActivePolicy, Change } from '../site.ts'
import type { Row } from '../tables.ts'

const SETTING = 'policy.delegations'

/** Brings the rows in line with all of the policies that are in force beside each other. */
export async function declareDelegations(change: Change, policies: readonly ActivePolicy[]): Promise<void> {
  const declared = pairsOf(policies.flatMap(({ model }) => model.delegations))
  const setting = await change.get('settings', { name: SETTING })
  // Nobody else writes this setting.
  const before = setting === undefined ? [] : (JSON.parse(setting.value) as readonly string[])
  const changed = new Set<string>()
  for (const id of before) {
    if (declared.has(id)) continue
    const row = await change.get('delegations', { id })
    if (row === undefined || row.revokedAt !== null) continue
    await change.put('delegations', [{ ...row, revokedAt: change.now }])
    changed.add(row.to)
  }
  for (const [id, { from, to, depth, expiresAt }] of declared) {
    const row = await change.get('delegations', { id })
    const isOpen = row !== undefined && row.revokedAt === null
    const next: Row<'delegations'> = {
      id,
      from,
      to,
      origin: 'policy',
      permissions: '[]',
      depth,
      expiresAt,
      createdAt: isOpen ? row.createdAt : change.now,
      revokedAt: null,
      through: null,
      named: null,
    }
    if (isOpen && row.depth === depth && row.expiresAt === expiresAt) continue
    await change.put('delegations', [next])
    changed.add(to)
  }
  await change.put('settings', [{ name: SETTING, value: JSON.stringify([...declared.keys()]) }])
  await touch(change, changed)
}

interface Pair {
  readonly from: string
  readonly to: string
  readonly depth: number
  /** Null when one of them does not end. */
  readonly expiresAt: number | null
}

/** Several delegations from one agent to another are one hop; the engine looks at each. */
function pairsOf(delegations: readonly DelegationModel[]): ReadonlyMap<string, Pair> {
  const pairs = new Map<string, Pair>()
  for (const { from, to, depth = 0, expiresAt = null, revoked } of delegations) {
    if (revoked === true) continue
    const id = `dlg_policy:${encodeURIComponent(from)}:${encodeURIComponent(to)}`
    const known = pairs.get(id)
    if (known === undefined) pairs.set(id, { from, to, depth, expiresAt })
    else {
      const isEndless = known.expiresAt === null || expiresAt === null
      const last = isEndless ? null : Math.max(known.expiresAt, expiresAt)
      pairs.set(id, { from, to, depth: Math.max(known.depth, depth), expiresAt: last })
    }
  }
  return pairs
}

/** Every process reads the receivers anew. */
async function touch(change: Change, agents: ReadonlySet<string>): Promise<void> {
  for (const id of agents) {
    const row = await change.get('agents', { id })
    if (row !== undefined) await change.put('agents', [{ ...row, version: change.epoch() }])
  }
}
