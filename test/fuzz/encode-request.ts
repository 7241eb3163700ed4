/** A request as bytes, after docs/abi.md. The loader is not used: a fuzzer wants an encoder that does not share its faults. */
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
  REQ_POSSIBLE,
  VALUE_ABSENT,
  VALUE_FALSE,
  VALUE_NUMBER,
  VALUE_OBJECT,
  VALUE_OTHER,
  VALUE_STRING,
  VALUE_TRUE,
} from '../../engine-wasm/format/layout.ts'

const FACTS = [
  ['ip', FIELD_IP],
  ['now', FIELD_NOW],
  ['since', FIELD_SINCE],
  ['cost', FIELD_COST],
  ['trust', FIELD_TRUST],
  ['tenant', FIELD_TENANT],
  ['approvedAt', FIELD_APPROVED_AT],
] as const

/** The bytes of a request, without readings; `undefined` for what is not even shaped like one. */
export function encodeRequest(value: unknown, possible: boolean): Uint8Array | undefined {
  if (!isObject(value)) return undefined
  const names = [value.agent, value.action, value.resource].map((name) =>
    typeof name === 'string' ? encode(name) : undefined,
  )
  const [agent, action, resource] = names
  if (agent === undefined || action === undefined || resource === undefined) return undefined
  const fields: number[] = []
  for (const hop of asList(value.via)) {
    const name = isObject(hop) ? hop.agent : hop
    const since = isObject(hop) ? (hop.since ?? undefined) : undefined
    fields.push(FIELD_VIA, ...encodeValue(name, LEVELS), ...encodeValue(since, LEVELS))
  }
  for (const [member, tag] of FACTS) {
    const fact = value[member] ?? undefined
    if (fact !== undefined) fields.push(tag, ...encodeValue(fact, LEVELS))
  }
  for (const approver of asList(value.approvedBy)) fields.push(FIELD_APPROVED_BY, ...encodeValue(approver, LEVELS))
  const args = value.args ?? undefined
  if (args !== undefined) fields.push(FIELD_ARGS, ...encodeValue(args, 0))
  const lengths = [agent.length, action.length, resource.length, fields.length].flatMap(u32)
  return Uint8Array.from([...u32(possible ? REQ_POSSIBLE : 0), ...lengths, ...agent, ...action, ...resource, ...fields])
}

/** Objects are written for arguments only, and down to this level. */
const LEVELS = 16
const ENCODER = new TextEncoder()

function encode(text: string): readonly number[] {
  return [...ENCODER.encode(text)]
}

function asList(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value : [value]
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function encodeValue(value: unknown, level: number): readonly number[] {
  if (value === undefined) return [VALUE_ABSENT]
  if (typeof value === 'string') return [VALUE_STRING, ...sized(value)]
  if (typeof value === 'number' && Number.isFinite(value)) return [VALUE_NUMBER, ...decimal(value)]
  if (typeof value === 'boolean') return [value ? VALUE_TRUE : VALUE_FALSE]
  if (!isObject(value) || level >= LEVELS) return [VALUE_OTHER]
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  const bytes = members.flatMap(([name, member]) => [...sized(name), ...encodeValue(member, level + 1)])
  return [VALUE_OBJECT, ...u32(bytes.length), ...u32(members.length), ...bytes]
}

function sized(text: string): readonly number[] {
  const bytes = encode(text)
  return [...u32(bytes.length), ...bytes]
}

function decimal(value: number): readonly number[] {
  const [digits = '', power = '0'] = String(value).split('e')
  const [whole = '', fraction = ''] = digits.split('.')
  let mantissa = BigInt(whole + fraction)
  let exponent = Number(power) - fraction.length
  while (mantissa !== 0n && mantissa % 10n === 0n) {
    mantissa /= 10n
    exponent++
  }
  const bytes = new DataView(new ArrayBuffer(12))
  bytes.setBigInt64(0, mantissa, true)
  bytes.setInt32(8, exponent, true)
  return [...new Uint8Array(bytes.buffer)]
}

export function u32(value: number): readonly number[] {
  return [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24]
}
