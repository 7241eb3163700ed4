/**
 * Requests as Cedar is asked them.
 *
 * What a request says is read here once more, by the rules of docs/language.md, section 2, since Cedar has none of its own: a
 * malformed request is refused, and a fact that is unknown is absent from the context.
 */
import { formatAddress, isName, parseAddress, parseStamp } from '../../model/index.ts'
import type { CedarEntity, CedarUid, CedarValue } from './entity.ts'
import { type CedarExport, MAPPING_VERSION } from './export.ts'
import { toCedarNumber } from './number.ts'
import { toResource } from './resource.ts'
import { OTHER_ACTION, type Vocabulary } from './schema.ts'

export type CedarRequest =
  | {
      readonly kind: 'request'
      readonly principal: CedarUid
      readonly action: CedarUid
      readonly resource: CedarUid
      readonly context: { readonly [name: string]: CedarValue }
      /** The resource, and the principal when the policy declares it. */
      readonly entities: readonly CedarEntity[]
    }
  /** To be denied: it is no request, or its agent does not act alone. */
  | { readonly kind: 'refused'; readonly why: 'invalid-request' | 'delegated' }

/**
 * What to ask Cedar in place of a request; anything may be given.
 *
 * Refuses a little more than the engine: an object with a prototype of its own, and requests that come near 16 MiB.
 */
export function toCedarRequest(exported: CedarExport, request: unknown): CedarRequest {
  try {
    return readRequest(exported, request)
  } catch {
    // `Invalid`, or what a getter or a proxy of the caller threw: what cannot be read is no request.
    return { kind: 'refused', why: 'invalid-request' }
  }
}

class Invalid extends Error {}

const MAX_BYTES = 16 * 1024 * 1024
const MAX_ARG_LEVELS = 16
const MAX_COST = 9_000_000_000

function readRequest({ agents, vocabulary }: CedarExport, request: unknown): CedarRequest {
  const members = membersOf(request)
  const size = new Size()
  const agent = nameOf(members.get('agent'), size)
  const action = nameOf(members.get('action'), size)
  const resource = resourceOf(members.get('resource'), size)
  const via = listOf(members.get('via') ?? [])
  const approvers = members.get('approvedBy') ?? []
  for (const label of Array.isArray(approvers) ? approvers : [approvers]) assertLabel(label, size)
  if (members.has('tenant')) assertLabel(members.get('tenant'), size)
  assertReadings(members.get('readings') ?? {})
  const facts = {
    ...timeFacts(members.get('now')),
    ...addressFact(members.get('ip')),
    ...numberFact('trust', members.get('trust')),
    ...costFact(members.get('cost')),
    ...argumentFacts(vocabulary, members.get('args'), size),
  }
  if (via.length > 0) return { kind: 'refused', why: 'delegated' }
  const declared = agents.get(agent)
  return {
    kind: 'request',
    principal: { type: 'Agent', id: agent },
    action: { type: 'Action', id: vocabulary.actions.has(action) ? action : OTHER_ACTION },
    resource: resource.uid,
    context: { mapping: MAPPING_VERSION, ...facts },
    entities: declared === undefined ? [resource] : [declared, resource],
  }
}

/** The members that are neither null nor undefined. */
function membersOf(value: unknown): ReadonlyMap<string, unknown> {
  const isPlain = typeof value === 'object' && value !== null && isPlainPrototype(Object.getPrototypeOf(value))
  if (!isPlain) throw new Invalid()
  return new Map(Object.entries(value).filter(([, member]) => member !== null && member !== undefined))
}

/** A prototype of its own could give an object members that are not read here. */
function isPlainPrototype(prototype: unknown): boolean {
  return prototype === null || prototype === Object.prototype
}

function nameOf(value: unknown, size: Size): string {
  if (typeof value !== 'string' || !isName(value)) throw new Invalid()
  size.add(value)
  return value
}

function resourceOf(value: unknown, size: Size): CedarEntity {
  const found = typeof value === 'string' && value.normalize('NFC') === value ? toResource(value) : undefined
  if (found === undefined) throw new Invalid()
  size.add(found.uid.id)
  return found
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Invalid()
  return value
}

/** A tenant or an approver: a text that is not empty and not ill-typed. */
function assertLabel(label: unknown, size: Size): void {
  if (typeof label !== 'string' || label === '' || !isWellTyped(label)) throw new Invalid()
  size.add(label)
}

function assertReadings(value: unknown): void {
  const readings = membersOf(value)
  for (const kind of ['used', 'spent', 'meters']) {
    for (const [, amount] of membersOf(readings.get(kind) ?? {})) {
      const isAmount =
        typeof amount === 'string'
          ? /^(0|[1-9][0-9]*)(\.[0-9]+)?$/.test(amount)
          : typeof amount === 'number' && amount >= 0 && Number.isFinite(amount)
      if (!isAmount) throw new Invalid()
    }
  }
}

type Facts = { readonly [name: string]: CedarValue }

const NOTHING: Facts = {}

function timeFacts(value: unknown): Facts {
  const now = instantOf(value)
  return now === undefined ? NOTHING : { now, minuteOfWeek: minuteOfWeek(now) }
}

function addressFact(value: unknown): Facts {
  const address = typeof value === 'string' ? parseAddress(value) : undefined
  return address?.ok ? { ip: { __extn: { fn: 'ip', arg: formatAddress(address.value) } } } : NOTHING
}

function numberFact(name: string, value: unknown): Facts {
  const number = typeof value === 'number' ? toCedarNumber(value) : undefined
  return number === undefined ? NOTHING : { [name]: { ...number } }
}

function costFact(value: unknown): Facts {
  if (value === undefined) return NOTHING
  if (typeof value !== 'number' || !(value >= 0 && value <= MAX_COST)) throw new Invalid()
  return numberFact('cost', value)
}

/** The names of all arguments, and those that conditions ask about as each type that they are. */
function argumentFacts({ args }: Vocabulary, value: unknown, size: Size): Facts {
  if (value === undefined) return { args: {} }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Invalid()
  size.addObject(value, 1)
  const found = [...args].map(([key, path]) => [key, argumentViews(argumentAt(value, path))] as const)
  return {
    args: Object.fromEntries(found.filter(([, views]) => views !== NOTHING)),
    argNames: namesOf(value),
  }
}

/** JSON has no `undefined`: such a member is not there, while a null is. It has no lone surrogates either. */
function namesOf(value: object): readonly string[] {
  const names = Object.entries(value).flatMap(([name, member]) => (member === undefined ? [] : [name]))
  return names.map((name) => name.replaceAll(/\p{Cs}/gu, '\uFFFD'))
}

function argumentAt(object: object, path: readonly string[]): unknown {
  if (path.length > MAX_ARG_LEVELS) return undefined
  let value: unknown = object
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    value = Object.entries(value).find(([key]) => key === name)?.[1]
  }
  return value
}

function argumentViews(value: unknown): Facts {
  switch (typeof value) {
    case 'string':
      if (!isWellTyped(value)) return NOTHING
      return { text: value, length: Array.from(value).length, ...addressFact(value), ...minuteFact(value) }
    case 'number':
      return Number.isFinite(value) ? { ...numberFact('number', value), ...minuteFact(value) } : NOTHING
    case 'boolean':
      return { truth: value }
    default:
      return NOTHING
  }
}

function minuteFact(value: unknown): Facts {
  const instant = instantOf(value)
  return instant === undefined ? NOTHING : { minuteOfWeek: minuteOfWeek(instant) }
}

/** Milliseconds since 1970 of RFC 3339 with `Z`, or of whole milliseconds from 0 on. */
function instantOf(value: unknown): number | undefined {
  // Minus zero is zero.
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value + 0 : undefined
  const stamp = typeof value === 'string' ? parseStamp(value) : undefined
  return stamp?.ok ? stamp.value : undefined
}

const MINUTES_PER_DAY = 1440
const MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY

/** 0 is Monday 00:00 UTC; the first of January 1970 was a Thursday. */
function minuteOfWeek(instant: number): number {
  const minute = (Math.floor(instant / 60_000) + 3 * MINUTES_PER_DAY) % MINUTES_PER_WEEK
  return minute < 0 ? minute + MINUTES_PER_WEEK : minute
}

function isWellTyped(text: string): boolean {
  return !/[\p{Cs}\uFFFD]/u.test(text)
}

/** Bytes of a name or value beside its text, at most, and of all that is no text. */
const BYTES_OF_VALUE = 24
const BYTES_OF_HEADER = 1024
const UTF8 = new TextEncoder()

/** Counts the bytes of a request, never fewer than the engine does, so that a circular object ends too. */
class Size {
  private bytes = BYTES_OF_HEADER

  add(text: string): void {
    this.bytes += BYTES_OF_VALUE + UTF8.encode(text).length
    if (this.bytes > MAX_BYTES) throw new Invalid()
  }

  addObject(object: object, level: number): void {
    for (const [name, member] of Object.entries(object)) {
      this.add(name)
      if (typeof member === 'string') this.add(member)
      else if (typeof member === 'object' && member !== null && !Array.isArray(member) && level < MAX_ARG_LEVELS)
        this.addObject(member, level + 1)
    }
  }
}
