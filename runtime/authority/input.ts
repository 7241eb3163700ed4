/** What callers give, looked at once at the border: plain JSON with the members that are known, and nothing else. */
import { isWellFormed, type JsonPlace, jsonPlace, parseStamp, StateFault } from '../../compiler/model/index.ts'
import { KavachError, type KavachErrorCode } from '../errors.ts'

/**
 * A copy that nobody else holds, so that what was looked at is what is used. Dates are texts in it. What JSON would leave out or
 * make nothing of, such as a number that is none, is a fault: a limit that disappears would be no limit.
 *
 * @throws {StateFault} with the path of what is no JSON
 */
export function copyOf(input: unknown): JsonPlace {
  return jsonPlace(copy(input, '', 0))
}

const MAX_LEVELS = 32

function copy(value: unknown, path: string, level: number): unknown {
  const fail = (message: string): never => {
    throw new StateFault(path === '' ? `it ${message}` : `${path}: ${message}`)
  }
  if (level > MAX_LEVELS) fail(`nests deeper than ${MAX_LEVELS} levels`)
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'undefined':
      return level === 0 ? value : fail('must not be `undefined`')
    case 'number':
      return Number.isFinite(value) ? value : fail('must be a number that JSON can say')
    case 'object':
      break
    default:
      return fail(`must not be a ${typeof value}`)
  }
  if (value === null) return null
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? fail('is no date') : value.toISOString()
  if (Array.isArray(value)) return Array.from(value, (item, at) => copy(item, `${path}[${at}]`, level + 1))
  if (Object.prototype.toString.call(value) !== '[object Object]') fail('must be plain JSON')
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(
    members.map(([name, member]) => [name, copy(member, path === '' ? name : `${path}.${name}`, level + 1)]),
  )
}

/** Milliseconds since 1970 of a Date, of RFC 3339 with `Z`, or of milliseconds; it must lie ahead. @throws {StateFault} */
export function readExpiry(place: JsonPlace, now: number): number {
  const at = typeof place.value === 'number' ? place.count() : readStamp(place)
  return at > now ? at : place.fail('has passed already')
}

function readStamp(place: JsonPlace): number {
  const parsed = parseStamp(place.text())
  return parsed.ok ? parsed.value : place.fail(parsed.fault.message)
}

const MAX_METADATA = 65_536

/** An object of JSON, as text. @throws {StateFault} */
export function readMetadata(place: JsonPlace): string {
  place.entries()
  const text = JSON.stringify(place.value)
  return text.length <= MAX_METADATA ? text : place.fail(`must not be longer than ${MAX_METADATA} characters`)
}

/** Options of a page. @throws {KavachError} with `code` */
export function readLimit(limit: number | undefined, code: KavachErrorCode): number {
  const { standard, most } = { standard: 100, most: 1000 }
  if (limit === undefined) return standard
  if (Number.isSafeInteger(limit) && limit > 0 && limit <= most) return limit
  throw new KavachError(code, `limit: must be a whole number from 1 to ${most}`, { details: { path: 'limit' } })
}

/** Refuses what is no object, and members that nobody knows. @throws {KavachError} with `code` */
export function assertKnown(given: unknown, known: readonly string[], code: KavachErrorCode): void {
  if (typeof given !== 'object' || given === null) throw new KavachError(code, 'the options must be an object')
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue
    const message = `${name}: is unknown here; known are ${known.join(', ')}`
    throw new KavachError(code, message, { details: { path: name } })
  }
}

const MAX_REASON = 1024

/** Why something is done, for the log; a standard text where nobody says it. @throws {KavachError} with `code` */
export function readReason(reason: unknown, code: KavachErrorCode): string {
  if (reason === undefined) return 'no reason given'
  if (typeof reason === 'string' && reason !== '' && reason.length <= MAX_REASON && isWellFormed(reason)) return reason
  const message = `reason: must be a text of 1 to ${MAX_REASON} characters`
  throw new KavachError(code, message, { details: { path: 'reason' } })
}

export interface Acting {
  /** Who does it, for the log. Default `host`. */
  readonly actor?: string | undefined
}

/** Who does it; `others` are members that the caller reads. @throws {KavachError} with `code` */
export function actorOf(acting: Acting | undefined, code: KavachErrorCode, others: readonly string[] = []): string {
  const given = acting ?? {}
  assertKnown(given, ['actor', ...others], code)
  const { actor = 'host' } = given
  // Of half a pair the log could not say anything.
  if (typeof actor === 'string' && actor !== '' && actor.length <= 256 && isWellFormed(actor)) return actor
  throw new KavachError(code, 'actor: must be a text of 1 to 256 characters', { details: { path: 'actor' } })
}
