/**
 * Agents and delegations as they are kept, lowered to what the algebra and the engine take.
 *
 * Constraints of a whole agent are lowered into every grant that it holds: into those of its own permissions, and into those
 * of each delegation that ends in it. Its rates and budgets are limits of the agent, one meter for all that it does.
 */
import { emitAgentRecord, emitDelegationsRecord } from '../../compiler/emit/index.ts'
import {
  createPermissionReader,
  type GrantModel,
  jsonPlace,
  type LimitModel,
  type RuntimeAgent,
  type RuntimeDelegation,
  StateFault,
} from '../../compiler/model/index.ts'
import { KavachError, type KavachErrorCode } from '../errors.ts'
import type { Row } from '../tables.ts'

/** What an agent is, as far as it matters to decisions. */
export interface AgentFacts {
  readonly id: string
  readonly type: Row<'agents'>['type']
  readonly owner: string | null
  readonly expiresAt: number | null
  /** JSON, not yet looked at. */
  readonly permissions: unknown
  readonly constraints: unknown
}

/** Stores count nano-USD below 2^53. */
const MAX_NANO_USD = BigInt(Number.MAX_SAFE_INTEGER)
/** The engine holds 2 MiB of records; one agent must not take the place of thousands. */
const MAX_RECORD_BYTES = 262_144

/** The agent. @throws {KavachError} KVCH_E_AGENT_INVALID, with the path of what is wrong */
export function lowerAgent({ id, type, owner, expiresAt, permissions, constraints }: AgentFacts): RuntimeAgent {
  return refusing('KVCH_E_AGENT_INVALID', () => {
    const reader = createPermissionReader()
    const holder = { kind: 'runtime agent', name: id } as const
    const given = isAbsent(constraints)
      ? undefined
      : reader.readConstraints(jsonPlace(constraints, 'constraints'), holder)
    const grants = reader.read(isAbsent(permissions) ? undefined : jsonPlace(permissions, 'permissions'), holder, given)
    const limits = given?.limits ?? []
    assertCountable(grants, limits)
    return {
      name: id,
      type,
      grants,
      ...(owner !== null && { owner }),
      ...(expiresAt !== null && { expiresAt }),
      ...(limits.length > 0 && { limits }),
    }
  })
}

/** The same for a row; what stands in rows was looked at before. */
export function lowerAgentRow(row: Row<'agents'>): RuntimeAgent {
  return lowerAgent({ ...row, permissions: JSON.parse(row.permissions), constraints: readConstraints(row) })
}

/** The record that the engine is given. @throws {KavachError} KVCH_E_AGENT_INVALID when it is too large */
export function emitAgent(agent: RuntimeAgent): Uint8Array {
  const record = refusing('KVCH_E_AGENT_INVALID', () => emitAgentRecord(agent))
  if (record.length <= MAX_RECORD_BYTES) return record
  throw new KavachError(
    'KVCH_E_AGENT_INVALID',
    `permissions: they need ${record.length} bytes; ${MAX_RECORD_BYTES} are the most`,
  )
}

/** The record of a row; nothing for an agent of the policy. */
export function agentRecordOf({ record }: Row<'agents'>): Uint8Array | undefined {
  return record ?? undefined
}

/** Who receives a delegation: its own constraints hold for what it is given. */
export type Receiver = Pick<Row<'agents'>, 'id' | 'constraints'>

/** What a delegation would give. @throws {KavachError} KVCH_E_AGENT_DELEGATION_INVALID, with the path of what is wrong */
export function lowerPermissions(from: string, receiver: Receiver, permissions: unknown): readonly GrantModel[] {
  return refusing('KVCH_E_AGENT_DELEGATION_INVALID', () => {
    const holder = { kind: 'runtime delegation', name: `${from} -> ${receiver.id}` } as const
    const grants = createPermissionReader().read(
      jsonPlace(permissions, 'permissions'),
      holder,
      constraintsFor(receiver),
    )
    assertCountable(grants, [])
    return grants
  })
}

/**
 * All delegations from one agent to another, as rows. Those of the policy, which the engine has already, are left out.
 * Grant ids ascend over the rows, which are taken in the order of their ids.
 */
export function lowerDelegations(
  rows: readonly Row<'delegations'>[],
  receiver: Receiver,
): readonly RuntimeDelegation[] {
  const reader = createPermissionReader()
  const constraints = constraintsFor(receiver)
  return rows
    .filter(({ origin, revokedAt }) => origin === 'runtime' && revokedAt === null)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ from, to, permissions, depth, expiresAt }) => ({
      from,
      to,
      grants: reader.read(
        jsonPlace(JSON.parse(permissions)),
        { kind: 'runtime delegation', name: `${from} -> ${to}` },
        constraints,
      ),
      depth,
      ...(expiresAt !== null && { expiresAt }),
    }))
}

/** The engine's record of the delegations of one pair; nothing when none of the rows is live and made at run time. */
export function delegationRecord(rows: readonly Row<'delegations'>[], receiver: Receiver): Uint8Array | undefined {
  const delegations = lowerDelegations(rows, receiver)
  return delegations.length === 0 ? undefined : emitDelegationsRecord(delegations)
}

function constraintsFor(receiver: Receiver) {
  const constraints = readConstraints(receiver)
  if (isAbsent(constraints)) return undefined
  // A reader of its own: its limits are charged as the agent's, and number no clause of the delegation.
  return createPermissionReader().readConstraints(jsonPlace(constraints, 'constraints'), {
    kind: 'runtime agent',
    name: receiver.id,
  })
}

function readConstraints({ constraints }: Pick<Row<'agents'>, 'constraints'>): unknown {
  return constraints === null ? undefined : JSON.parse(constraints)
}

function assertCountable(grants: readonly GrantModel[], limits: readonly LimitModel[]): void {
  for (const limit of [...limits, ...grants.flatMap((grant) => grant.limits ?? [])]) {
    if (limit.kind !== 'budget') continue
    const isTooLarge = limit.windows.some(({ capNanoUsd }) => capNanoUsd > MAX_NANO_USD)
    if (isTooLarge) throw new StateFault('a budget is at most 9,007,199 USD')
  }
}

/** Runs `work`; what is wrong with what it was given becomes an error with this code. */
export function refusing<T>(code: KavachErrorCode, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof StateFault || error instanceof RangeError)) throw error
    const [, path] = /^([^\s:]+): /.exec(error.message) ?? []
    throw new KavachError(code, error.message, { ...(path !== undefined && { details: { path } }), cause: error })
  }
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}
