/** Writes a request into the memory of a machine (docs/abi.md, "Request"). */
import {
  FIELD_APPROVED_AT,
  FIELD_APPROVED_BY,
  FIELD_ARGS,
  FIELD_COST,
  FIELD_IP,
  FIELD_NOW,
  FIELD_SINCE,
  FIELD_TENANT,
  FIELD_TRUST,
  FIELD_VIA,
  REQ_STRINGS,
  VALUE_ABSENT,
  VALUE_FALSE,
  VALUE_NUMBER,
  VALUE_OBJECT,
  VALUE_OTHER,
  VALUE_STRING,
  VALUE_TRUE,
} from '../format/layout.ts'
import { MAX_ARG_DEPTH, MAX_NAME_BYTES, MAX_PRINCIPALS } from '../format/limits.ts'
import { MAX_NAMES, type Machine } from './machine.ts'
import { readReadings } from './meter.ts'
import type { EngineRequest } from './request.ts'

const UTF8 = new TextEncoder()
/** Characters up to which a loop is quicker than `encodeInto`; see docs/abi.md. */
const SHORT = 48

/**
 * Writes the request at `m.request + start`; its length, or -1 when it is malformed. What a getter or a proxy throws comes
 * through: a request that cannot be read is no request.
 */
export function encodeRequest(m: Machine, request: EngineRequest, flags: number, start: number): number {
  const { agent, action, resource } = request
  if (typeof agent !== 'string' || typeof action !== 'string' || typeof resource !== 'string') return -1
  let agentBytes = agent.length
  let actionBytes = action.length
  let resourceBytes = resource.length
  const total = agentBytes + actionBytes + resourceBytes
  if (total > MAX_NAMES) return -1
  m.at = m.request + start
  if (start !== 0 && !m.room(REQ_STRINGS + 3 * total)) return -1
  let at = m.request + start + REQ_STRINGS
  let isAscii: boolean
  if (total <= SHORT || start !== 0) {
    const { bytes } = m
    let seen = 0
    for (let i = 0; i < agentBytes; i++) {
      const code = agent.charCodeAt(i)
      seen |= code
      bytes[at++] = code
    }
    for (let i = 0; i < actionBytes; i++) {
      const code = action.charCodeAt(i)
      seen |= code
      bytes[at++] = code
    }
    for (let i = 0; i < resourceBytes; i++) {
      const code = resource.charCodeAt(i)
      seen |= code
      bytes[at++] = code
    }
    isAscii = seen < 128
  } else {
    isAscii = UTF8.encodeInto(agent + action + resource, m.names).written === total
    at += total
  }
  if (!isAscii) {
    if (!isNormal(agent) || !isNormal(action) || !isNormal(resource)) return -1
    at = m.request + start + REQ_STRINGS
    agentBytes = putText(m, agent, at)
    actionBytes = putText(m, action, at + agentBytes)
    resourceBytes = putText(m, resource, at + agentBytes + actionBytes)
    at += agentBytes + actionBytes + resourceBytes
  }
  m.at = at
  const header = (m.request + start) >> 2
  m.words[header] = flags
  m.words[header + 1] = agentBytes
  m.words[header + 2] = actionBytes
  m.words[header + 3] = resourceBytes
  m.words[header + 4] = 0
  if (isPlain(request)) return at - m.request - start
  const fields = at - m.request
  if (!putFields(m, isPolluted() ? Object.assign(Object.create(null), request) : request)) return -1
  m.words[((m.request + start) >> 2) + 4] = m.at - m.request - fields
  return m.at - m.request - start
}

/** True when only the three names are there. */
function isPlain(request: EngineRequest): boolean {
  return (
    request.via === undefined &&
    request.args === undefined &&
    request.ip === undefined &&
    request.now === undefined &&
    request.since === undefined &&
    request.cost === undefined &&
    request.trust === undefined &&
    request.tenant === undefined &&
    request.approvedBy === undefined &&
    request.approvedAt === undefined &&
    request.readings === undefined
  )
}

/** True when somebody has given every object of the process a fact, such as an approver, by its prototype. */
function isPolluted(): boolean {
  return !isPlain(NOTHING)
}

const NOTHING = {} as EngineRequest // Only ever asked for what it lacks.

function putFields(m: Machine, request: EngineRequest): boolean {
  const { via, args, ip, now, since, cost, trust, tenant, approvedBy, approvedAt, readings } = request
  if (isPresent(via) && !putChain(m, via)) return false
  if (isPresent(ip) && typeof ip === 'string' && !putField(m, FIELD_IP, ip)) return false
  if (isPresent(now) && !putField(m, FIELD_NOW, now)) return false
  if (isPresent(since) && !putField(m, FIELD_SINCE, since)) return false
  if (isPresent(approvedAt) && !putField(m, FIELD_APPROVED_AT, approvedAt)) return false
  if (isPresent(trust) && typeof trust === 'number' && !putField(m, FIELD_TRUST, trust)) return false
  if (isPresent(cost)) {
    if (typeof cost !== 'number' || !(cost >= 0 && cost <= 9e9) || !putField(m, FIELD_COST, cost)) return false
  }
  if (isPresent(tenant) && !(isLabel(tenant) && putField(m, FIELD_TENANT, tenant))) return false
  if (isPresent(approvedBy)) {
    const labels: readonly unknown[] = Array.isArray(approvedBy) ? approvedBy : [approvedBy]
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i]
      if (!isLabel(label) || !putField(m, FIELD_APPROVED_BY, label)) return false
    }
  }
  // Readings are written when it is known which meters are asked for; malformed ones are refused before.
  if (isPresent(readings) && readReadings(readings) === undefined) return false
  if (!isPresent(args)) return true
  if (typeof args !== 'object' || Array.isArray(args) || !m.room(1)) return false
  m.bytes[m.at++] = FIELD_ARGS
  return putObject(m, args, 1)
}

function putChain(m: Machine, via: unknown): boolean {
  if (!Array.isArray(via)) return false
  const { length } = via
  if (length >= MAX_PRINCIPALS) return false
  for (let i = 0; i < length; i++) {
    let name: unknown = via[i]
    let since: unknown
    if (typeof name === 'object' && name !== null && !Array.isArray(name)) {
      const hop = name as { readonly agent?: unknown; readonly since?: unknown } // Both members are checked below.
      name = hop.agent
      since = hop.since
    }
    if (typeof name !== 'string' || name.length > MAX_NAME_BYTES || !m.room(7 + 3 * name.length)) return false
    const { bytes, at } = m
    const written = putText(m, name, at + 6)
    // Only a name outside ASCII has more bytes than characters, and only such a one can be decomposed.
    if (written !== name.length && !isNormal(name)) return false
    bytes[at] = FIELD_VIA
    bytes[at + 1] = VALUE_STRING
    m.view.setUint32(at + 2, written, true)
    m.at = at + 6 + written
    if (!putValue(m, since ?? undefined, MAX_ARG_DEPTH)) return false
  }
  return true
}

function putField(m: Machine, tag: number, value: unknown): boolean {
  if (!m.room(1)) return false
  m.bytes[m.at++] = tag
  return putValue(m, value, MAX_ARG_DEPTH)
}

/** A value at a level of the arguments; what no condition can ask about is written as such. */
function putValue(m: Machine, value: unknown, level: number): boolean {
  switch (typeof value) {
    case 'string':
      return putString(m, value)
    case 'number':
      if (Number.isFinite(value)) return putNumber(m, value)
      break
    case 'boolean':
      return putTag(m, value ? VALUE_TRUE : VALUE_FALSE)
    case 'undefined':
      return putTag(m, VALUE_ABSENT)
    case 'object':
      if (value === null || Array.isArray(value) || level >= MAX_ARG_DEPTH) break
      return putObject(m, value, level + 1)
  }
  return putTag(m, VALUE_OTHER)
}

function putTag(m: Machine, tag: number): boolean {
  if (!m.room(1)) return false
  m.bytes[m.at++] = tag
  return true
}

function putObject(m: Machine, object: object, level: number): boolean {
  if (!m.room(9)) return false
  m.bytes[m.at] = VALUE_OBJECT
  const start = m.at - m.request
  m.at += 9
  let count = 0
  for (const name of Object.keys(object)) {
    const member: unknown = (object as { readonly [name: string]: unknown })[name] // A name that keys() gave.
    // JSON has no `undefined`: such a member is not there, while a null is.
    if (member === undefined) continue
    if (!putSized(m, name) || !putValue(m, member, level)) return false
    count++
  }
  const at = m.request + start
  m.view.setUint32(at + 1, m.at - at - 9, true)
  m.view.setUint32(at + 5, count, true)
  return true
}

function putString(m: Machine, text: string): boolean {
  return putTag(m, VALUE_STRING) && putSized(m, text)
}

/** A u32 length and the bytes. */
function putSized(m: Machine, text: string): boolean {
  const { length } = text
  if (m.at + 4 + 3 * length > m.end) {
    // Near the end of the buffer only the true length tells whether the text fits.
    const bytes = UTF8.encode(text)
    if (!m.room(4 + bytes.length)) return false
    m.view.setUint32(m.at, bytes.length, true)
    m.bytes.set(bytes, m.at + 4)
    m.at += 4 + bytes.length
    return true
  }
  const written = putText(m, text, m.at + 4)
  m.view.setUint32(m.at, written, true)
  m.at += 4 + written
  return true
}

/** Writes the text where there is room for it; its bytes. A lone surrogate becomes U+FFFD, which the engine knows as such. */
function putText(m: Machine, text: string, at: number): number {
  const { length } = text
  const { bytes } = m
  if (length <= 2 * SHORT) {
    let i = 0
    for (; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) break
      bytes[at + i] = code
    }
    if (i === length) return length
  }
  return UTF8.encodeInto(text, bytes.subarray(at, at + 3 * length)).written
}

/** The shortest decimal that round-trips, as an integer and a power of ten. */
function putNumber(m: Machine, value: number): boolean {
  if (!m.room(13)) return false
  const { view, at } = m
  m.at += 13
  view.setUint8(at, VALUE_NUMBER)
  if (Number.isSafeInteger(value)) {
    view.setInt32(at + 1, value, true)
    view.setInt32(at + 5, Math.floor(value / 0x100000000), true)
    view.setInt32(at + 9, 0, true)
    return true
  }
  const [decimal = '', power = '0'] = String(value).split('e')
  const [whole = '', fraction = ''] = decimal.split('.')
  const digits = whole + fraction
  const kept = digits.replace(/0+$/, '')
  view.setBigInt64(at + 1, BigInt(kept), true)
  view.setInt32(at + 9, Number(power) - fraction.length + digits.length - kept.length, true)
  return true
}

function isPresent<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null
}

/** Composed (NFC), as the language wants names to be; ASCII always is. */
function isNormal(text: string): boolean {
  return text.normalize('NFC') === text
}

/** Tenants and approvers: a string with something in it, well-formed. */
function isLabel(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !/[\p{Cs}\uFFFD]/u.test(value)
}
