/** A request as it is explained: read from JSON, with what is missing told from what cannot be read. Language reference, section 2. */
import { nameFault, parseAddress, parseStamp } from '../model/index.ts'

export interface RequestFacts {
  readonly agent: string
  /** Delegators, root first. `since` is when the hop behind each was opened, in milliseconds. */
  readonly via: readonly { readonly agent: string; readonly since: number | undefined }[]
  readonly action: string
  readonly resource: string
  readonly args: Readonly<Record<string, unknown>> | undefined
  readonly ip: bigint | undefined
  /** Milliseconds since 1970. */
  readonly now: number | undefined
  readonly trust: number | undefined
  readonly cost: number | undefined
  readonly tenant: string | undefined
  readonly approvedBy: readonly string[]
  readonly approvedAt: number | 'absent' | 'unreadable'
  readonly readings: RequestReadings
}

/** Numbers, or decimals as text, all of them amounts. */
export interface RequestReadings {
  readonly used: Readonly<Record<string, unknown>>
  readonly spent: Readonly<Record<string, unknown>>
  readonly meters: Readonly<Record<string, unknown>>
}

export type ReadRequest =
  | { readonly ok: true; readonly facts: RequestFacts }
  /** Which member keeps it from being a request, such as `cost is no amount`. */
  | { readonly ok: false; readonly message: string }

/** Reads a request. What the engine calls invalid is refused here too, with the member that is wrong. */
export function readRequest(request: unknown): ReadRequest {
  try {
    return { ok: true, facts: read(request) }
  } catch (error) {
    if (error instanceof RequestFault) return { ok: false, message: error.message }
    throw error
  }
}

class RequestFault extends Error {}

const MAX_SEGMENTS = 32
const MAX_VIA = 63
const MAX_COST = 9_000_000_000

function read(request: unknown): RequestFacts {
  const json = membersOf(request, 'the request')
  const agent = readName(json.agent, 'agent')
  const action = readName(json.action, 'action')
  const resource = readResource(json.resource)
  const since = readInstant(json.since)
  const via = readList(json.via, 'via').map((hop) => readHop(hop, since))
  if (via.length > MAX_VIA) throw new RequestFault(`via names more than ${MAX_VIA} delegators`)
  const chain = [...via.map((hop) => hop.agent), agent]
  const twice = chain.find((name, index) => chain.indexOf(name) !== index)
  if (twice !== undefined) throw new RequestFault(`\`${twice}\` stands in the chain twice`)
  const readings = isPresent(json.readings) ? membersOf(json.readings, 'readings') : {}
  return {
    agent,
    via,
    action,
    resource,
    args: isPresent(json.args) ? membersOf(json.args, 'args') : undefined,
    ip: readAddress(json.ip),
    now: readInstant(json.now),
    trust: typeof json.trust === 'number' && Number.isFinite(json.trust) ? json.trust : undefined,
    cost: isPresent(json.cost) ? readCost(json.cost) : undefined,
    tenant: isPresent(json.tenant) ? readLabel(json.tenant, 'tenant') : undefined,
    approvedBy: readApprovers(json.approvedBy),
    approvedAt: isPresent(json.approvedAt) ? (readInstant(json.approvedAt) ?? 'unreadable') : 'absent',
    readings: {
      used: readAmounts(readings.used, 'readings.used'),
      spent: readAmounts(readings.spent, 'readings.spent'),
      meters: readAmounts(readings.meters, 'readings.meters'),
    },
  }
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}

function membersOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value
  throw new RequestFault(`${what} is no object`)
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readName(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new RequestFault(isPresent(value) ? `${what} is no text` : `${what} is missing`)
  const fault = nameFault(value)
  if (fault !== undefined) throw new RequestFault(`${what} ${fault}`)
  return value
}

function readResource(value: unknown): string {
  if (typeof value !== 'string')
    throw new RequestFault(isPresent(value) ? 'resource is no text' : 'resource is missing')
  const segments = value.split(':')
  if (segments.length > MAX_SEGMENTS) throw new RequestFault(`resource has more than ${MAX_SEGMENTS} segments`)
  for (const segment of segments) {
    const fault = nameFault(segment)
    if (fault !== undefined) throw new RequestFault(`a segment of resource ${fault}`)
  }
  return value
}

function readList(value: unknown, what: string): readonly unknown[] {
  if (!isPresent(value)) return []
  if (Array.isArray(value)) return value
  throw new RequestFault(`${what} is no list`)
}

function readHop(hop: unknown, since: number | undefined): RequestFacts['via'][number] {
  if (typeof hop === 'string') return { agent: readName(hop, 'via'), since }
  const json = membersOf(hop, 'via')
  return {
    agent: readName(json.agent, 'via'),
    since: isPresent(json.since) ? readInstant(json.since) : since,
  }
}

/** Milliseconds; `undefined` for what is absent or no time. */
export function readInstant(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined
  if (typeof value !== 'string') return undefined
  const parsed = parseStamp(value)
  return parsed.ok ? parsed.value : undefined
}

function readAddress(value: unknown): bigint | undefined {
  if (typeof value !== 'string') return undefined
  const parsed = parseAddress(value)
  return parsed.ok ? parsed.value : undefined
}

function readCost(value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= MAX_COST) return value
  throw new RequestFault('cost is no amount from 0 to 9000000000')
}

function readLabel(value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '' && isText(value)) return value
  throw new RequestFault(`${what} is no text, or an empty one`)
}

/** Whether a string is one for the language: no lone surrogate, no U+FFFD. */
export function isText(text: string): boolean {
  return !/\p{Cs}|\u{fffd}/u.test(text)
}

function readApprovers(value: unknown): readonly string[] {
  const labels = typeof value === 'string' ? [value] : readList(value, 'approvedBy')
  return labels.map((label) => readLabel(label, 'approvedBy'))
}

function readAmounts(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (!isPresent(value)) return {}
  const json = membersOf(value, what)
  for (const [key, amount] of Object.entries(json)) {
    if (isPresent(amount) && unitsOf(amount, 0) === undefined) throw new RequestFault(`${what}.${key} is no amount`)
  }
  return json
}

/**
 * A reading in whole units of 10^-`places`, rounded up: what is used in part is used. `undefined` for what is no amount; 0
 * for what is not there.
 */
export function unitsOf(amount: unknown, places: number): bigint | undefined {
  if (!isPresent(amount)) return 0n
  if (typeof amount === 'number' && !(amount >= 0 && Number.isFinite(amount))) return undefined
  if (typeof amount !== 'number' && typeof amount !== 'string') return undefined
  const match = /^(0|[1-9]\d*)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(amount))
  if (match === null || (typeof amount === 'string' && match[3] !== undefined)) return undefined
  const [, whole = '0', fraction = '', exponent = '0'] = match
  const shift = Number(exponent) - fraction.length + places
  const digits = BigInt(whole + fraction)
  if (shift >= 0) return digits * 10n ** BigInt(shift)
  const divisor = 10n ** BigInt(-shift)
  return (digits + divisor - 1n) / divisor
}
