/** `kavach explain --audit`: a row of the log, decided again by the image that decided it. */
import { emitState } from '../compiler/emit/index.ts'
import { parseDecisionLine, type RecordedDecision, type State } from '../compiler/model/index.ts'
import type { Decision, LiveEngine } from '../engine-wasm/host/index.ts'
import { recordedDecision } from '../runtime/index.ts'
import { type DatabaseOptions, withLog } from './audit-source.ts'
import { CliError, EXIT_FINDINGS } from './exit.ts'
import { loadImageSource, type PolicySource } from './policy-source.ts'
import type { Terminal } from './terminal.ts'

export interface RecordedSubject {
  readonly source: PolicySource
  readonly engine: LiveEngine
  readonly state: State
  /** What was asked, as far as it was recorded. */
  readonly request: RecordedDecision['request']
  /** What was decided then. */
  readonly recorded: RecordedDecision
  /** What is not known of it. */
  readonly unknowns: readonly string[]
}

/** @throws {CliError} 66 when there is no such row, 64 when it is no decision or was pruned, 1 when it names no request */
export async function loadRecorded(
  terminal: Terminal,
  auditId: string,
  options: DatabaseOptions,
): Promise<RecordedSubject> {
  const { row, image, state, approval } = await withLog(terminal, options, (site) => recordedDecision(site, auditId))
  const parsed = parseDecisionLine(JSON.stringify(row))
  if (!parsed.ok) {
    throw new CliError(EXIT_FINDINGS, `\`${auditId}\` cannot be decided again: ${parsed.fault}`, NO_REQUEST)
  }
  const recorded = parsed.row
  const { name = 'policy', generation = 0 } = recorded.policy
  const source = loadImageSource(terminal, image, `${name} generation ${generation}`)
  const engine = source.start()
  for (const record of emitState(state)) engine.putRecord(record)
  const flag = FLAGS.get(recorded.reason ?? '')
  if (flag !== undefined) engine.setFlag(recorded.request.agent, flag)
  const request = { ...recorded.request, tenant: options.project, ...approval }
  return { source, engine, state, request, recorded, unknowns: unknownsOf(recorded, state) }
}

/** What the row itself says of the agent then. */
const FLAGS: ReadonlyMap<string, 'revoked' | 'suspended'> = new Map([
  ['agent-revoked', 'revoked'],
  ['agent-suspended', 'suspended'],
])

/** Reasons of the host, which asks no policy then. */
const HOST_REASONS: ReadonlySet<string> = new Set([
  'token-invalid',
  'token-expired',
  'project-rate-limited',
  'user-rate-limited',
  'endpoint-rate-limited',
  'idempotency-conflict',
  'store-failed',
  'closed',
])

const NO_REQUEST = '`kavach audit show` prints the row'

function unknownsOf({ isComplete, reason = '', request }: RecordedDecision, state: State): readonly string[] {
  const isMade = state.agents.length + state.delegations.length > 0
  return [
    ...(HOST_REASONS.has(reason) ? [`the host decided with \`${reason}\`, before any policy was asked`] : []),
    ...(isComplete ? [] : ['arguments: the log has their digest; conditions on them are judged as if there were none']),
    ...(request.readings === undefined ? ['meters: the log has no readings; they read 0'] : []),
    'trust: the log does not have it; conditions on it are not met',
    ...(isMade ? ['agents and delegations that were made at run time are as they are now'] : []),
  ]
}

/** What was decided then, and whether the same comes out now. */
export function recordedText({ recorded, unknowns }: RecordedSubject, decision: Decision): string {
  const { verdict, reason } = recorded
  const isSame = verdict === decision.decision && (reason === undefined || reason === decision.reason)
  const then = `${verdict}${reason === undefined ? '' : ` because ${reason}`}`
  const lines = [
    `recorded: ${then}; ${isSame ? 'the same comes out now' : 'something else comes out now, for what is not known'}`,
    ...unknowns.map((unknown) => `not known: ${unknown}`),
  ]
  return `${lines.join('\n')}\n\n`
}

/** The same beside an explanation in JSON. */
export function unknownsJson({ recorded, unknowns }: RecordedSubject, text: string): string {
  const { verdict, reason, policy } = recorded
  return `${JSON.stringify({ ...JSON.parse(text), recorded: { verdict, reason, policy }, unknown: unknowns }, null, 2)}\n`
}
