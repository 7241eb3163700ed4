/** A request as the evaluation sees it, read once from JSON. Language reference, section 2. */
import { parseAddress } from './address.ts'
import { type Decimal, numberToDecimal, parseAmount } from './decimal.ts'
import { parseInstant } from './instant.ts'

export interface Request {
  /** A0 ... An: the delegators, then the agent. */
  readonly chain: readonly string[]
  /** `since` of hop i is at i - 1; `undefined` is unknown. */
  readonly since: readonly (bigint | undefined)[]
  readonly action: string
  readonly resource: string
  readonly segments: readonly string[]
  readonly args: ArgObject | undefined
  readonly ip: bigint | undefined
  readonly now: bigint | undefined
  readonly cost: Decimal | undefined
  readonly trust: Decimal | undefined
  readonly tenant: string | undefined
  readonly approvedBy: readonly string[]
  readonly approvedAt: bigint | 'absent' | 'unknown'
  readonly readings: Readings
}

export interface Readings {
  readonly used: ReadonlyMap<string, Decimal>
  readonly spent: ReadonlyMap<string, Decimal>
  readonly meters: ReadonlyMap<string, Decimal>
}

/** An argument; `ill-typed` is everything that no atom can ask about. */
export type ArgValue =
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'number'; readonly value: Decimal; readonly raw: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | ArgObject
  | { readonly kind: 'ill-typed' }

export interface ArgObject {
  readonly kind: 'object'
  readonly members: ReadonlyMap<string, ArgValue>
}

/** Reads a request; `undefined` is `invalid-request`. Never throws, whatever the object does when it is read. */
export function parseRequest(value: unknown): Request | undefined {
  try {
    return readRequest(value)
  } catch {
    // `Invalid`, or what a getter or a proxy of the caller threw: what cannot be read is not a request.
    return undefined
  }
}

class Invalid extends Error {}

const UTF8 = new TextEncoder()
const MAX_BYTES = 16 * 1024 * 1024
const MAX_ARG_LEVELS = 16
const MAX_VIA = 63
const MAX_COST = 9_000_000_000

function readRequest(value: unknown): Request {
  const json = members(value)
  const size = new Size()
  const agent = name(json.get('agent'), size)
  const action = name(json.get('action'), size)
  const resource = text(json.get('resource'), size)
  const segments = resource.split(':')
  if (segments.length > 32) throw new Invalid()
  for (const segment of segments) assertPart(segment)
  const requestSince = parseInstant(json.get('since'))
  const via = list(json.get('via') ?? []).map((hop) => readHop(hop, requestSince, size))
  const chain = [...via.map((hop) => hop.agent), agent]
  if (via.length > MAX_VIA || new Set(chain).size !== chain.length) throw new Invalid()
  const approvedAt = json.get('approvedAt')
  return {
    chain,
    since: via.map((hop) => hop.since),
    action,
    resource,
    segments,
    args: json.has('args') ? readArgs(json.get('args'), size) : undefined,
    ip: parseAddress(json.get('ip')),
    now: parseInstant(json.get('now')),
    cost: json.has('cost') ? readCost(json.get('cost')) : undefined,
    trust: readTrust(json.get('trust')),
    tenant: json.has('tenant') ? label(json.get('tenant'), size) : undefined,
    approvedBy: readApprovers(json.get('approvedBy') ?? [], size),
    approvedAt: approvedAt === undefined ? 'absent' : (parseInstant(approvedAt) ?? 'unknown'),
    readings: readReadings(json.get('readings')),
  }
}

/** The own members of an object that are neither null nor undefined. */
function members(value: unknown): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Invalid()
  return new Map(Object.entries(value).filter(([, member]) => member !== null && member !== undefined))
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Invalid()
  return value
}

function text(value: unknown, size: Size): string {
  if (typeof value !== 'string' || !isWellFormed(value) || value.normalize('NFC') !== value) throw new Invalid()
  size.add(value)
  return value
}

function name(value: unknown, size: Size): string {
  const found = text(value, size)
  assertPart(found)
  return found
}

function assertPart(part: string): void {
  if (!isName(part)) throw new Invalid()
}

/** Whether a text may be an agent, an action or a segment of a resource. */
export function isName(text: string): boolean {
  const bytes = UTF8.encode(text).length
  const isPlain = isWellFormed(text) && text.normalize('NFC') === text && !/[:*\p{Cc}\u{FFFD}]/u.test(text)
  return isPlain && bytes >= 1 && bytes <= 128
}

/** Tenants and approvers: not empty, and not ill-typed (a lone surrogate, U+FFFD). */
function label(value: unknown, size: Size): string {
  if (typeof value !== 'string' || value === '' || !isWellTyped(value)) throw new Invalid()
  size.add(value)
  return value
}

function readHop(
  hop: unknown,
  requestSince: bigint | undefined,
  size: Size,
): { readonly agent: string; readonly since: bigint | undefined } {
  if (typeof hop === 'string') return { agent: name(hop, size), since: requestSince }
  const json = members(hop)
  const since = json.has('since') ? parseInstant(json.get('since')) : requestSince
  return { agent: name(json.get('agent'), size), since }
}

function readCost(value: unknown): Decimal {
  const cost = typeof value === 'number' && value >= 0 && value <= MAX_COST ? numberToDecimal(value) : undefined
  if (cost === undefined) throw new Invalid()
  return cost
}

function readTrust(value: unknown): Decimal | undefined {
  return typeof value === 'number' ? numberToDecimal(value) : undefined
}

function readApprovers(value: unknown, size: Size): readonly string[] {
  return typeof value === 'string' ? [label(value, size)] : list(value).map((approver) => label(approver, size))
}

function readReadings(value: unknown): Readings {
  const json = value === undefined ? new Map<string, unknown>() : members(value)
  const amounts = (key: string) => {
    const entries = [...members(json.get(key) ?? {})]
    return new Map(entries.map(([meter, reading]): [string, Decimal] => [meter, readAmount(reading)]))
  }
  return { used: amounts('used'), spent: amounts('spent'), meters: amounts('meters') }
}

function readAmount(value: unknown): Decimal {
  if (typeof value === 'string') {
    const amount = parseAmount(value)
    if (amount !== undefined) return amount
  } else if (typeof value === 'number' && value >= 0) {
    const amount = numberToDecimal(value)
    if (amount !== undefined) return amount
  }
  throw new Invalid()
}

function readArgs(value: unknown, size: Size): ArgObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Invalid()
  return readObject(value, 1, size)
}

function readObject(value: object, level: number, size: Size): ArgObject {
  const found = new Map<string, ArgValue>()
  for (const [key, member] of Object.entries(value)) {
    size.add(key)
    // JSON has no `undefined`: such a member is not there, while a null is.
    if (member !== undefined) found.set(key, readArg(member, level, size))
  }
  return { kind: 'object', members: found }
}

function readArg(value: unknown, level: number, size: Size): ArgValue {
  if (typeof value === 'boolean') return { kind: 'boolean', value }
  if (typeof value === 'number') {
    const decimal = numberToDecimal(value)
    return decimal === undefined ? { kind: 'ill-typed' } : { kind: 'number', value: decimal, raw: value }
  }
  if (typeof value === 'string') {
    size.add(value)
    return isWellTyped(value) ? { kind: 'string', text: value } : { kind: 'ill-typed' }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'ill-typed' }
  return level < MAX_ARG_LEVELS ? readObject(value, level + 1, size) : { kind: 'ill-typed' }
}

/** Keeps count of the text of a request. Every string counts at least one, so that a circular object ends too. */
class Size {
  private bytes = 0

  add(text: string): void {
    this.bytes += Math.max(1, text.length)
    if (this.bytes > MAX_BYTES) throw new Invalid()
  }
}

function isWellFormed(text: string): boolean {
  return !/\p{Cs}/u.test(text)
}

function isWellTyped(text: string): boolean {
  return isWellFormed(text) && !text.includes('\u{FFFD}')
}
