/** What callers give, looked at once at the border: plain JSON with the members that are known, and nothing else. */
import { type JsonPlace, jsonPlace, parseStamp, StateFault } from '../../compiler/model/index.ts'
import { KavachError, type KavachErrorCode } from '../errors.ts'

/** A copy that nobody else holds, so that what was looked at is what is used. Dates are texts in it. @throws {StateFault} */
export function copyOf(input: unknown): JsonPlace {
  let text: string | undefined
  try {
    text = JSON.stringify(input)
  } catch (error) {
    throw new StateFault(`it is no JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  return jsonPlace(text === undefined ? undefined : JSON.parse(text))
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

/** Refuses members that nobody knows. @throws {KavachError} with `code` */
export function assertKnown(given: object, known: readonly string[], code: KavachErrorCode): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue
    const message = `${name}: is unknown here; known are ${known.join(', ')}`
    throw new KavachError(code, message, { details: { path: name } })
  }
}

export interface Acting {
  /** Who does it, for the log. Default `host`. */
  readonly actor?: string | undefined
}

/** Who does it. @throws {KavachError} with `code` */
export function actorOf(acting: Acting | undefined, code: KavachErrorCode): string {
  const { actor = 'host' } = acting ?? {}
  if (typeof actor === 'string' && actor !== '' && actor.length <= 256) return actor
  throw new KavachError(code, 'actor: must be a text of 1 to 256 characters', { details: { path: 'actor' } })
}
