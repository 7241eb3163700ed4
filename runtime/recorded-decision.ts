/**
 * What is needed to decide a row of the log again: the image that decided, and who took part. Agents and delegations are those of
 * now; what the log does not have, nobody knows any more: arguments of which it has a digest, meters, trust.
 */
import type { RuntimeAgent, RuntimeDelegation, State } from '../compiler/model/index.ts'
import { approvedBy as approversOf } from './approvals/index.ts'
import { type AuditRow, rowById, viewOf } from './audit/index.ts'
import { delegationsTo, lowerAgentRow, lowerDelegations, MAX_HOPS } from './authority/index.ts'
import { KavachError } from './errors.ts'
import type { Site } from './site.ts'
import type { Reader } from './store.ts'
import type { Row } from './tables.ts'

export interface RecordedDecisionParts {
  readonly row: AuditRow
  /** The image whose digest the row names. */
  readonly image: Uint8Array
  /** What was made at run time of the chain, as far as it is known now; nobody is revoked or suspended in it. */
  readonly state: State
  /** Ids and roles of those who agreed, where the call was approved, and when the first of them did. */
  readonly approval?: { readonly approvedBy: readonly string[]; readonly approvedAt: number }
}

/**
 * @throws {KavachError} KVCH_E_AUDIT_NOT_FOUND; KVCH_E_REQUEST_INVALID for a row of another kind, or one that was pruned;
 * KVCH_E_POLICY_INVALID when its image is not kept
 */
export function recordedDecision(site: Pick<Site, 'read'>, auditId: string): Promise<RecordedDecisionParts> {
  return site.read(async (reader) => {
    const kept = await rowById(reader, auditId)
    const row = viewOf(kept)
    if (row.kind !== 'decision') throw invalid(`\`${auditId}\` is no decision, but \`${row.kind}\``)
    if (row.isPruned) throw invalid(`the body of \`${auditId}\` was pruned; only its hash is left`)
    const { approvalId, result } = row
    const approval =
      typeof approvalId === 'string' && result === 'allowed'
        ? await reader.get('approvals', { id: approvalId })
        : undefined
    return {
      row,
      image: await imageOf(reader, row),
      state: await stateOf(reader, row, kept.time),
      ...(approval && { approval: approversOf(approval) }),
    }
  })
}

async function imageOf(reader: Reader, { policy, auditId }: AuditRow): Promise<Uint8Array> {
  const digest = typeof policy === 'object' && policy !== null && 'digest' in policy ? policy.digest : undefined
  const kept = typeof digest === 'string' ? await reader.get('policies', { digest }) : undefined
  if (kept !== undefined) return kept.image
  throw new KavachError('KVCH_E_POLICY_INVALID', `the image that decided \`${auditId}\` is not kept here`)
}

/** Names, root first, the agent last. */
function chainOf({ via, agent }: AuditRow): readonly string[] {
  const hops = Array.isArray(via) ? via : []
  const names = hops.map((hop: unknown) => {
    return typeof hop === 'object' && hop !== null && 'agent' in hop ? hop.agent : hop
  })
  return [...names, agent].filter((name) => typeof name === 'string')
}

async function stateOf(reader: Reader, row: AuditRow, time: number): Promise<State> {
  const chain = chainOf(row)
  const isolated = await isolatedBy(reader, row)
  const agents: RuntimeAgent[] = []
  const delegations: RuntimeDelegation[] = []
  for (const [at, id] of chain.entries()) {
    const agent = await reader.get('agents', { id })
    if (agent === undefined) continue
    if (agent.origin === 'runtime') agents.push(lowerAgentRow(agent))
    const from = chain[at - 1]
    if (from === undefined) continue
    const then = (await delegationsTo(reader, id)).filter(
      (one) => one.from === from && wasThere(one, time) && isCounted(one, isolated.get(id)),
    )
    // Those that were revoked later were good then.
    delegations.push(
      ...lowerDelegations(
        then.map((row) => ({ ...row, revokedAt: null })),
        agent,
      ),
    )
  }
  return { agents, delegations, revoked: [], suspended: [] }
}

/** The only delegation that counted for an agent, by the agent, where the row names the one through which it was decided. */
async function isolatedBy(reader: Reader, { delegation }: AuditRow): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  let id: unknown = delegation
  while (typeof id === 'string' && found.size < MAX_HOPS) {
    const row = await reader.get('delegations', { id })
    if (row === undefined) break
    found.set(row.to, row.id)
    id = row.through
  }
  return found
}

function isCounted({ id, named }: Row<'delegations'>, only: string | undefined): boolean {
  return only === undefined ? named === null : id === only
}

function wasThere({ createdAt, revokedAt }: Row<'delegations'>, time: number): boolean {
  return createdAt <= time && (revokedAt === null || revokedAt > time)
}

function invalid(message: string): KavachError {
  return new KavachError('KVCH_E_REQUEST_INVALID', message)
}
