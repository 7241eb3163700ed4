/**
 * Recorded decisions, as the audit trail exports them: one JSON object a line. docs/decision-log.md has the format.
 *
 * A row is a request and what was decided. Members that the language calls malformed are refused or unknown here as they are
 * there (docs/language.md, section 2); members that nobody knows are ignored, so that newer rows stay readable.
 */
import { canonicalJson } from './canonical-json.ts'
import { parseStamp } from './literals/time.ts'
import type { LimitWindow } from './policy.ts'
import { sha256, toHex } from './sha256.ts'

export type Verdict = 'allow' | 'throttle' | 'approval' | 'limited' | 'deny'

export interface RecordedDecision {
  readonly requestId?: string
  /** Milliseconds since 1970 of the decision; the `now` that it was judged by. */
  readonly time?: number
  /** What was asked, with `now`: to be asked again as it stands. */
  readonly request: RecordedRequest
  readonly verdict: Verdict
  /** Whether the action was let through. */
  readonly isAllowed: boolean
  readonly reason?: string
  /** The policy that decided. */
  readonly policy: { readonly name?: string; readonly generation?: number; readonly digest?: string }
  /** False when the arguments are only a digest, all or some: whoever decides again does not know what was asked. */
  readonly isComplete: boolean
}

/** A request of docs/language.md, section 2. */
export interface RecordedRequest {
  readonly agent: string
  readonly action: string
  readonly resource: string
  /** Delegators, root first. */
  readonly via?: readonly RecordedHop[]
  readonly args?: Readonly<Record<string, unknown>>
  readonly ip?: string
  readonly now?: number
  readonly since?: string | number
  /** USD. */
  readonly cost?: number
  readonly trust?: number
  readonly tenant?: string
  readonly approvedBy?: string | readonly string[]
  readonly approvedAt?: string | number
  /** What the meters read when it was decided. */
  readonly readings?: RecordedReadings
}

export interface RecordedHop {
  readonly agent: string
  readonly since?: string | number
}

export interface RecordedReadings {
  readonly used?: { readonly [W in LimitWindow]?: number | string }
  readonly spent?: { readonly [W in LimitWindow]?: number | string }
  readonly meters?: Readonly<Record<string, number | string>>
}

export type ParsedDecision =
  | { readonly ok: true; readonly row: RecordedDecision }
  /** Lower case, without a final stop: `agent: is missing`. */
  | { readonly ok: false; readonly fault: string }

/** Reads one line of a log. */
export function parseDecisionLine(text: string): ParsedDecision {
  try {
    const json: unknown = JSON.parse(text)
    return isRecord(json) ? { ok: true, row: readRow(json) } : { ok: false, fault: 'it is not an object' }
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false, fault: 'it is not JSON' }
    if (error instanceof RowFault) return { ok: false, fault: error.message }
    // The engine's stack, and not the row's format, says how deeply JSON may nest.
    if (error instanceof RangeError) return { ok: false, fault: 'it nests too deeply' }
    throw error
  }
}

type Members = Readonly<Record<string, unknown>>

class RowFault extends Error {}

function fail(name: string, message: string): never {
  throw new RowFault(`${name}: ${message}`)
}

function readRow(row: Members): RecordedDecision {
  const time = readTime(row)
  const args = optional(row, 'args', isRecord, 'must be an object')
  const verdict = readVerdict(row)
  const reason = optional(row, 'reason', isText, 'must be a string')
  const requestId = optional(row, 'request_id', isText, 'must be a string')
  return {
    ...(requestId !== undefined && { requestId }),
    ...(time !== undefined && { time }),
    request: readRequest(row, time, args),
    verdict,
    isAllowed: verdict === 'allow' || verdict === 'throttle',
    ...(reason !== undefined && { reason }),
    policy: readPolicy(row),
    isComplete: isWhole(args, optional(row, 'argsDigest', isText, 'must be a string')),
  }
}

/** `time` of a row, or `now` of a request that stands beside its decision. */
function readTime(row: Members): number | undefined {
  for (const name of ['time', 'now']) {
    const value = row[name]
    if (value === undefined || value === null) continue
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
    const stamp = typeof value === 'string' ? parseStamp(value) : undefined
    return stamp?.ok === true ? stamp.value : fail(name, 'must be RFC 3339 with `Z`, or whole milliseconds since 1970')
  }
  return undefined
}

const VERDICTS: readonly Verdict[] = ['allow', 'throttle', 'approval', 'limited', 'deny']

/** `verdict`, or `decision` as `kavach eval` calls it; `result` and `allowed` say a part of the same. */
function readVerdict(row: Members): Verdict {
  const name = isPresent(row.verdict) ? 'verdict' : 'decision'
  const verdict = VERDICTS.find((known) => known === row[name])
  if (verdict === undefined) {
    return isPresent(row[name])
      ? fail(name, `must be one of ${VERDICTS.join(', ')}`)
      : fail('verdict', 'is missing; `result` alone does not say how it was decided')
  }
  const isAllowed = verdict === 'allow' || verdict === 'throttle'
  const { result, allowed } = row
  if (isPresent(result) && result !== 'allowed' && result !== 'denied') fail('result', 'must be `allowed` or `denied`')
  if (isPresent(allowed) && typeof allowed !== 'boolean') fail('allowed', 'must be `true` or `false`')
  const contradicts = (isPresent(result) && (result === 'allowed') !== isAllowed) || allowed === !isAllowed
  if (contradicts) fail(name, `\`${verdict}\` is not what \`${isPresent(result) ? 'result' : 'allowed'}\` says`)
  return verdict
}

function readPolicy(row: Members): RecordedDecision['policy'] {
  const inner = optional(row, 'policy', isRecord, 'must be an object') ?? {}
  const name = optional(inner, 'name', isText, 'must be a string')
  const generation =
    optional(row, 'generation', isCount, 'must be a whole number') ??
    optional(inner, 'generation', isCount, 'must be a whole number')
  const digest =
    optional(row, 'digest', isText, 'must be a string') ?? optional(inner, 'digest', isText, 'must be a string')
  return {
    ...(name !== undefined && { name }),
    ...(generation !== undefined && { generation }),
    ...(digest !== undefined && { digest }),
  }
}

/** Written member by member: a log has millions of rows, and most members are absent in each. */
function readRequest(row: Members, now: number | undefined, args: Members | undefined): RecordedRequest {
  const request: { -readonly [M in keyof RecordedRequest]: RecordedRequest[M] } = {
    agent: required(row, 'agent'),
    action: required(row, 'action'),
    resource: required(row, 'resource'),
  }
  const via = optional(row, 'via', Array.isArray, 'must be a list')?.map(readHop)
  if (via !== undefined && via.length > 0) request.via = via
  if (args !== undefined) request.args = args
  const ip = tolerated(row, 'ip', isText)
  if (ip !== undefined) request.ip = ip
  if (now !== undefined) request.now = now
  const since = tolerated(row, 'since', isInstant)
  if (since !== undefined) request.since = since
  const cost = optional(row, 'cost', isAmount, 'must be a number, 0 or more')
  if (cost !== undefined) request.cost = cost
  const trust = tolerated(row, 'trust', isNumber)
  if (trust !== undefined) request.trust = trust
  const tenant = optional(row, 'tenant', isText, 'must be a string that is not empty')
  if (tenant !== undefined) request.tenant = tenant
  const approvedBy = optional(row, 'approvedBy', isLabels, 'must be a string or a list of strings, none of them empty')
  if (approvedBy !== undefined) request.approvedBy = approvedBy
  // A malformed one is there and unknown, which satisfies no `within`; an absent one does.
  if (isPresent(row.approvedAt)) request.approvedAt = tolerated(row, 'approvedAt', isInstant) ?? ''
  const readings = optional(row, 'readings', isReadings, READINGS)
  if (readings !== undefined) request.readings = readings
  return request
}

function readHop(hop: unknown, index: number): RecordedHop {
  if (isText(hop)) return { agent: hop }
  if (!isRecord(hop) || !isText(hop.agent)) return fail(`via[${index}]`, 'must be a name, or an object with `agent`')
  const since = tolerated(hop, 'since', isInstant)
  return { agent: hop.agent, ...(since !== undefined && { since }) }
}

const READINGS = 'must hold `used`, `spent` and `meters`, each an object of numbers or decimal strings'

function isReadings(value: unknown): value is RecordedReadings {
  if (!isRecord(value)) return false
  return [value.used, value.spent, value.meters].every((meters) => {
    if (!isPresent(meters)) return true
    return isRecord(meters) && Object.values(meters).every((reading) => !isPresent(reading) || isReading(reading))
  })
}

function isReading(value: unknown): boolean {
  return isAmount(value) || (typeof value === 'string' && /^(0|[1-9]\d*)(\.\d+)?$/.test(value))
}

/** Arguments are whole when nobody said that they have a digest, or when they have that one. */
function isWhole(args: Members | undefined, digest: string | undefined): boolean {
  if (digest === undefined) return true
  if (args === undefined) return false
  try {
    return toHex(sha256(ENCODER.encode(canonicalJson(args)))) === digest.toLowerCase()
  } catch (error) {
    // A text with a lone surrogate has no canonical form, so it never had a digest.
    if (error instanceof TypeError) return false
    throw error
  }
}

const ENCODER = new TextEncoder()

function required(row: Members, name: string): string {
  return optional(row, name, isText, 'must be a string that is not empty') ?? fail(name, 'is missing')
}

/** A member that is absent when it is `null`, and a fault when it is malformed. */
function optional<T>(row: Members, name: string, is: (value: unknown) => value is T, message: string): T | undefined {
  const value = row[name]
  if (!isPresent(value)) return undefined
  return is(value) ? value : fail(name, message)
}

/** A fact that is unknown when it is malformed, as it is when it is absent. */
function tolerated<T>(row: Members, name: string, is: (value: unknown) => value is T): T | undefined {
  const value = row[name]
  return is(value) ? value : undefined
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}

function isRecord(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isInstant(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

function isLabels(value: unknown): value is string | readonly string[] {
  return isText(value) || (Array.isArray(value) && value.every(isText))
}
