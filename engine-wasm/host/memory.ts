/** The memory of an instance: requests are written into it, responses are read from it (docs/abi.md, sections 3 and 5). */
import { STATUS_TOO_LARGE } from '../format/codes.ts'
import {
  FIELD_APPROVED_AT,
  FIELD_APPROVED_BY,
  FIELD_ARGS,
  FIELD_COST,
  FIELD_IP,
  FIELD_NOW,
  FIELD_READINGS,
  FIELD_SINCE,
  FIELD_TENANT,
  FIELD_TRUST,
  FIELD_VIA,
  REQ_ACTION_LENGTH,
  REQ_AGENT_LENGTH,
  REQ_FIELDS_LENGTH,
  REQ_FLAGS,
  REQ_RESOURCE_LENGTH,
  REQ_STRINGS,
  VALUE_ABSENT,
  VALUE_FALSE,
  VALUE_NUMBER,
  VALUE_OBJECT,
  VALUE_OTHER,
  VALUE_STRING,
  VALUE_TRUE,
} from '../format/layout.ts'
import { MAX_ARG_DEPTH, MAX_REQUEST_BYTES } from '../format/limits.ts'
import { decimalOf } from './decimal.ts'
import { succeeded } from './engine-error.ts'
import type { Exports } from './machine.ts'
import { ownMembers, readReadings } from './meter.ts'
import { delegatorOf, type EngineRequest, MALFORMED } from './request.ts'

export const UTF8 = new TextEncoder()
const TEXT = new TextDecoder()

export const WORD = 0x100000000

/** Characters of a text up to which a loop is quicker than `encodeInto` into a view that is made for it. */
const SHORT = 96

/** No value and no part of one that is not written by `encodeInto` is as long: where less is left, the buffer was too small. */
const LARGEST_STEP = SHORT + 16

export interface Memory {
  /** What stands at an offset of the response. */
  u32(offset: number): number
  u64(offset: number): bigint
  i64(offset: number): number
  /** Bytes at an address. */
  region(address: number, length: number): Uint8Array
  text(address: number, length: number): string
  /** Where to write an image: in the slot that does not answer. @throws {EngineError} `too-large` */
  begin(length: number): Uint8Array
  /** Writes bytes where requests are written, also when memory has grown unseen. @throws {EngineError} `too-large` */
  put(bytes: Uint8Array): void
  /**
   * Writes a request; its length. Throws when it is malformed, or beyond the largest. What a getter or a proxy throws comes
   * through: a request that cannot be read is no request.
   */
  encode(request: EngineRequest, flags: number, readings?: readonly bigint[]): number
}

/** Each has a writer of its own: while one reads a request, its getters may make another one write. */
export function createMemory(exports: Exports): Memory {
  /** The request buffer. */
  let bytes: Uint8Array
  let view: DataView
  let response: DataView
  /** Where the next byte goes. Typed arrays ignore what is beyond their end, views throw. */
  let at: number

  const region = (address: number, length: number) => new Uint8Array(exports.memory.buffer, address >>> 0, length)

  function refresh(): void {
    bytes = region(exports.req_ptr(), exports.req_cap())
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    response = new DataView(bytes.buffer, exports.res_ptr())
  }

  /** The address, if memory could grow. Views of it die then. */
  function grown(address: number): number {
    refresh()
    succeeded(address ? 0 : STATUS_TOO_LARGE)
    return address
  }

  const set32 = (to: number, value: number) => view.setUint32(to, value, true)

  /** The bytes of a text. A lone surrogate becomes U+FFFD, which the engine knows as such. */
  function putText(text: string): number {
    const start = at
    let written = text.length
    if (!putAscii(view, start, text)) {
      const { read, written: all } = UTF8.encodeInto(text, bytes.subarray(start))
      written = read < written ? bytes.length : all
    }
    at = start + written
    return written
  }

  /** A name in composed form (NFC), as the language wants it. Only what has more bytes than characters can be decomposed. */
  function putName(name: string): number {
    if (typeof name !== 'string') throw MALFORMED
    const written = putText(name)
    if (written !== name.length && name.normalize('NFC') !== name) throw MALFORMED
    return written
  }

  /** The length and the text. */
  function putSized(text: string): void {
    const start = at
    at += 4
    set32(start, putText(text))
  }

  /** A value at a level of the arguments; what no condition can ask about is written as such. */
  function putValue(value: unknown, level: number): void {
    const tag = at++
    if (typeof value === 'string') {
      bytes[tag] = VALUE_STRING
      putSized(value)
    } else if (typeof value === 'number' && Number.isFinite(value)) {
      bytes[tag] = VALUE_NUMBER
      putNumber(value)
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value) && level < MAX_ARG_DEPTH) {
      bytes[tag] = VALUE_OBJECT
      putMembers(value, level + 1)
    } else {
      bytes[tag] =
        value === true ? VALUE_TRUE : value === false ? VALUE_FALSE : value === undefined ? VALUE_ABSENT : VALUE_OTHER
    }
  }

  /** The shortest decimal that round-trips, as an integer and a power of ten. */
  function putNumber(value: number): void {
    let power = 0
    if (Number.isSafeInteger(value)) {
      set32(at, value)
      set32(at + 4, Math.floor(value / WORD))
    } else {
      const [digits, exponent] = decimalOf(value.toExponential())
      view.setBigInt64(at, BigInt(digits), true)
      power = exponent
    }
    set32(at + 8, power)
    at += 12
  }

  function putMembers(object: object, level: number): void {
    const start = at
    let count = 0
    at += 8
    for (const name of Object.keys(object)) {
      const member: unknown = (object as { readonly [name: string]: unknown })[name] // A name that keys() gave.
      // JSON has no `undefined`: such a member is not there, while a null is.
      if (member === undefined) continue
      putSized(name)
      putValue(member, level)
      count++
    }
    set32(start, at - start - 8)
    set32(start + 4, count)
  }

  /** What is null counts as absent. */
  function putField(tag: number, value: unknown, level = MAX_ARG_DEPTH): void {
    if (value === undefined || value === null) return
    bytes[at++] = tag
    putValue(value, level)
  }

  /** A tenant or an approver: as a text of something, well-formed. The module refuses what is empty or no text. */
  function putLabel(tag: number, label: unknown): void {
    if (isPresent(label) && /[\p{Cs}\uFFFD]/u.test(label as string)) throw MALFORMED // Anything may be tested.
    putField(tag, label)
  }

  function putChain(via: unknown): void {
    if (!Array.isArray(via)) throw MALFORMED
    for (const hop of via) {
      const start = at
      at += 6
      const written = putName(delegatorOf(hop))
      view.setUint16(start, FIELD_VIA | (VALUE_STRING << 8), true)
      set32(start + 2, written)
      if (typeof hop === 'string') view.setUint8(at++, VALUE_ABSENT)
      else putValue(hop.since ?? undefined, MAX_ARG_DEPTH)
    }
  }

  function putFacts({ args, ip, now, since, cost, trust, tenant, approvedBy, approvedAt, readings }: Facts): void {
    putField(FIELD_IP, ip)
    putField(FIELD_NOW, now)
    putField(FIELD_SINCE, since)
    putField(FIELD_APPROVED_AT, approvedAt)
    putField(FIELD_TRUST, trust)
    putField(FIELD_COST, cost)
    putLabel(FIELD_TENANT, tenant)
    if (isPresent(approvedBy)) {
      for (const label of [approvedBy].flat()) putLabel(FIELD_APPROVED_BY, label ?? false)
    }
    // Readings are written when it is known which meters are asked for; malformed ones are refused before.
    if (isPresent(readings)) readReadings(readings)
    putField(FIELD_ARGS, args, 0)
  }

  function write(request: EngineRequest, flags: number, readings?: readonly bigint[]): void {
    // First of all: what throws later shows by it whether there was room.
    at = REQ_STRINGS
    const { agent, action, resource } = request
    const agentBytes = putName(agent)
    const actionBytes = putName(action)
    const resourceBytes = putName(resource)
    const fields = at
    // Somebody may have given every object of the process a fact, such as an approver, by its prototype.
    const facts: Facts = isPresent(NOTHING.via ?? factOf(NOTHING)) ? ownMembers(request) : request
    if (isPresent(facts.via)) putChain(facts.via)
    if (isPresent(factOf(facts))) putFacts(facts)
    if (readings) {
      bytes[at] = FIELD_READINGS
      set32(at + 1, readings.length)
      at += 5
      for (const reading of readings) {
        view.setBigUint64(at, reading, true)
        at += 8
      }
    }
    set32(REQ_FLAGS, flags)
    set32(REQ_AGENT_LENGTH, agentBytes)
    set32(REQ_ACTION_LENGTH, actionBytes)
    set32(REQ_RESOURCE_LENGTH, resourceBytes)
    set32(REQ_FIELDS_LENGTH, at - fields)
  }

  refresh()
  return {
    u32: (offset) => response.getUint32(offset, true),
    u64: (offset) => response.getBigUint64(offset, true),
    i64: (offset) => Number(response.getBigInt64(offset, true)),
    region,
    text: (address, length) => TEXT.decode(region(address, length)),
    begin: (length) => region(grown(exports.image_begin(length)), length),
    put(source) {
      if (source.length > bytes.length) grown(exports.req_reserve(source.length))
      bytes.set(source)
    },
    encode(request, flags, readings) {
      for (;;) {
        const room = bytes.length
        try {
          write(request, flags, readings)
          if (at <= room) return at
        } catch (error) {
          if (at < room - LARGEST_STEP) throw error
        }
        grown(exports.req_reserve(room < MAX_REQUEST_BYTES ? MAX_REQUEST_BYTES : room + 1))
      }
    },
  }
}

/** Writes a short text that is ASCII, four characters at a time; false when it is another one. */
function putAscii(target: DataView, start: number, text: string): boolean {
  const { length } = text
  let all = 0
  let i = 0
  if (length > SHORT) return false
  if (length < 4) {
    for (; i < length; i++) {
      const code = text.charCodeAt(i)
      all |= code
      target.setUint8(start + i, code)
    }
    return all < 128
  }
  for (; i < length; i += 4) {
    // The last four may stand in two words.
    if (i > length - 4) i = length - 4
    const a = text.charCodeAt(i)
    const b = text.charCodeAt(i + 1)
    const c = text.charCodeAt(i + 2)
    const d = text.charCodeAt(i + 3)
    all |= a | b | c | d
    target.setInt32(start + i, a | (b << 8) | (c << 16) | (d << 24), true)
  }
  return all < 128
}

/** What a request says, before it is checked. */
type Facts = { readonly [Member in keyof EngineRequest]?: unknown }

/** A fact besides the names, if the request has any. */
const factOf = (request: Facts): unknown =>
  request.args ??
  request.ip ??
  request.now ??
  request.since ??
  request.cost ??
  request.trust ??
  request.tenant ??
  request.approvedBy ??
  request.approvedAt ??
  request.readings

const NOTHING = {} as EngineRequest // Only ever asked for what it lacks.

const isPresent = <T>(value: T): value is NonNullable<T> => value !== undefined && value !== null
