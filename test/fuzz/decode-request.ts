/**
 * What a request in bytes says, as the object that the reference takes. Written from docs/abi.md, so that it judges
 * `engine-wasm/assembly/request.ts` too.
 *
 * Not all bytes have such an object:
 *
 * - `invalid`: they are malformed, which the module must say.
 * - `request`: what the reference decides of the object must be what the module answers.
 * - `bounded`: the object allows at least as much as the bytes do. They carry readings, which belong to meters that only the
 *   module can list; the reference reads 0, and no reading allows more.
 * - `outside`: they break a rule that docs/abi.md leaves to the encoder (composed names, labels with U+FFFD, a fact twice),
 *   or hold a number that no JSON number is. Nothing is compared; they must not trap.
 */
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
  REQ_POSSIBLE,
  REQ_STRINGS,
  VALUE_ABSENT,
  VALUE_FALSE,
  VALUE_NUMBER,
  VALUE_OBJECT,
  VALUE_OTHER,
  VALUE_STRING,
  VALUE_TRUE,
} from '../../engine-wasm/format/layout.ts'
import { MAX_ARG_DEPTH } from '../../engine-wasm/format/limits.ts'

export type Decoded =
  | { readonly kind: 'invalid' }
  | { readonly kind: 'outside' }
  | { readonly kind: 'request' | 'bounded'; readonly value: object; readonly possible: boolean }

export function decodeRequest(bytes: Uint8Array): Decoded {
  try {
    return new Decoder(bytes).request()
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'invalid' }
    throw error
  }
}

class Malformed extends Error {}

/** A value as the bytes hold it; text that is no UTF-8 is `undefined`. */
type Value =
  | { readonly kind: 'absent' | 'other' }
  | { readonly kind: 'string'; readonly text: string | undefined; readonly length: number }
  | { readonly kind: 'number'; readonly mantissa: bigint; readonly exponent: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'object'; readonly members: readonly (readonly [Value & { readonly kind: 'string' }, Value])[] }

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Text that is unknown wherever it stands. */
const ILL_TYPED = '\ud800'

class Decoder {
  private readonly bytes: Uint8Array
  private readonly view: DataView
  private at = REQ_STRINGS
  private isOutside = false

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  request(): Decoded {
    const { bytes, view } = this
    if (bytes.length < REQ_STRINGS) throw new Malformed()
    const [agentLength = 0, actionLength = 0, resourceLength = 0, fieldsLength = 0] = [4, 8, 12, 16].map((at) =>
      view.getUint32(at, true),
    )
    if (REQ_STRINGS + agentLength + actionLength + resourceLength + fieldsLength !== bytes.length) throw new Malformed()
    const value: Record<string, unknown> = {
      agent: this.name(agentLength),
      action: this.name(actionLength),
      resource: this.name(resourceLength),
    }
    const via: unknown[] = []
    const approvers: (string | undefined)[] = []
    const seen = new Set<number>()
    let lastApprover = -1
    let hasReadings = false
    while (this.at < bytes.length) {
      const start = this.at
      const tag = this.u8()
      if (tag === FIELD_READINGS) {
        this.skip(8 * this.u32())
        hasReadings = true
        continue
      }
      const field = this.value(0)
      const [known, member] = FACTS[tag] ?? []
      if (tag === FIELD_VIA) {
        if (field.kind !== 'string') throw new Malformed()
        via.push({ agent: this.asName(field), since: toTime(this.value(0)) })
        continue
      }
      if (field.kind === 'absent') continue
      if (tag === FIELD_APPROVED_BY) {
        if (lastApprover >= 0 && lastApprover !== start) throw new Malformed()
        lastApprover = this.at
        approvers.push(this.label(field))
        continue
      }
      if (known === undefined || member === undefined) throw new Malformed()
      if (seen.has(tag)) this.isOutside = true
      seen.add(tag)
      value[member] = known(this, field)
    }
    if (via.length > 0) value.via = via
    if (approvers.length > 0) value.approvedBy = approvers
    if (this.isOutside) return { kind: 'outside' }
    const possible = (view.getUint32(0, true) & REQ_POSSIBLE) !== 0
    return { kind: hasReadings ? 'bounded' : 'request', value, possible }
  }

  private name(length: number): string {
    const start = this.at
    this.skip(length)
    return this.asName({ kind: 'string', text: decode(this.bytes.subarray(start, this.at)), length })
  }

  /** What is no text is no name; the reference refuses the rest. */
  private asName({ text }: Value & { readonly kind: 'string' }): string {
    if (text === undefined) throw new Malformed()
    if (text.normalize('NFC') !== text) this.isOutside = true
    return text
  }

  label(field: Value): string | undefined {
    if (field.kind !== 'string' || field.length === 0) throw new Malformed()
    if (field.text === undefined || field.text.includes('\ufffd')) this.isOutside = true
    return field.text
  }

  cost(field: Value): unknown {
    if (field.kind !== 'number' || field.mantissa < 0n) throw new Malformed()
    if (compareToInteger(field.mantissa, field.exponent, 9_000_000_000n) > 0) throw new Malformed()
    return this.number(field)
  }

  /** The JSON number that prints as this decimal. */
  number({ mantissa, exponent }: Value & { readonly kind: 'number' }): number {
    const number = Number(`${mantissa}e${exponent}`)
    const printed = Number.isFinite(number) ? toDecimal(number) : undefined
    const plain = strip(mantissa, exponent)
    if (printed === undefined || printed[0] !== plain[0] || printed[1] !== plain[1]) this.isOutside = true
    return number
  }

  args(field: Value): object {
    if (field.kind !== 'object') throw new Malformed()
    const object: Record<string, unknown> = {}
    let broken = 0
    for (const [{ text }, member] of field.members) {
      // A name that is no text is one that no policy can state.
      const name = text ?? `${ILL_TYPED}${broken++}`
      if (Object.hasOwn(object, name)) continue
      Object.defineProperty(object, name, { value: this.argument(member), enumerable: true })
    }
    return object
  }

  private argument(value: Value): unknown {
    switch (value.kind) {
      case 'string':
        return value.text ?? ILL_TYPED
      case 'number':
        return this.number(value)
      case 'boolean':
        return value.value
      case 'object':
        return this.args(value)
      default:
        return null
    }
  }

  private value(depth: number): Value {
    const tag = this.u8()
    switch (tag) {
      case VALUE_ABSENT:
        return { kind: 'absent' }
      case VALUE_STRING:
        return this.string()
      case VALUE_NUMBER: {
        const start = this.at
        this.skip(12)
        return {
          kind: 'number',
          mantissa: this.view.getBigInt64(start, true),
          exponent: this.view.getInt32(start + 8, true),
        }
      }
      case VALUE_TRUE:
      case VALUE_FALSE:
        return { kind: 'boolean', value: tag === VALUE_TRUE }
      case VALUE_OBJECT: {
        if (depth === MAX_ARG_DEPTH) throw new Malformed()
        const length = this.u32()
        const count = this.u32()
        const end = this.at + length
        if (end > this.bytes.length) throw new Malformed()
        const members: (readonly [Value & { readonly kind: 'string' }, Value])[] = []
        for (let i = 0; i < count; i++) {
          const name = this.string()
          members.push([name, this.value(depth + 1)])
          if (this.at > end) throw new Malformed()
        }
        if (this.at !== end) throw new Malformed()
        return { kind: 'object', members }
      }
      case VALUE_OTHER:
        return { kind: 'other' }
      default:
        throw new Malformed()
    }
  }

  private string(): Value & { readonly kind: 'string' } {
    const length = this.u32()
    const start = this.at
    this.skip(length)
    return { kind: 'string', text: decode(this.bytes.subarray(start, this.at)), length }
  }

  private u8(): number {
    const start = this.at
    this.skip(1)
    return this.view.getUint8(start)
  }

  private u32(): number {
    const start = this.at
    this.skip(4)
    return this.view.getUint32(start, true)
  }

  private skip(length: number): void {
    if (this.bytes.length - this.at < length) throw new Malformed()
    this.at += length
  }
}

type Reader = (decoder: Decoder, field: Value) => unknown

const time: Reader = (_, field) => toTime(field)

const FACTS: Readonly<Record<number, readonly [Reader, string]>> = {
  [FIELD_IP]: [(_, field) => (field.kind === 'string' ? (field.text ?? ILL_TYPED) : false), 'ip'],
  [FIELD_NOW]: [time, 'now'],
  [FIELD_SINCE]: [time, 'since'],
  [FIELD_APPROVED_AT]: [time, 'approvedAt'],
  [FIELD_COST]: [(decoder, field) => decoder.cost(field), 'cost'],
  [FIELD_TRUST]: [(decoder, field) => (field.kind === 'number' ? decoder.number(field) : false), 'trust'],
  [FIELD_TENANT]: [(decoder, field) => decoder.label(field), 'tenant'],
  [FIELD_ARGS]: [(decoder, field) => decoder.args(field), 'args'],
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return DECODER.decode(bytes)
  } catch {
    return undefined
  }
}

/** A string, whole milliseconds, or what is unknown as a time. */
function toTime(field: Value): unknown {
  if (field.kind === 'absent') return undefined
  if (field.kind === 'string') return field.text ?? ILL_TYPED
  if (field.kind !== 'number') return false
  const [mantissa, exponent] = strip(field.mantissa, field.exponent)
  if (mantissa < 0n || exponent < 0 || exponent > 16) return false
  const whole = mantissa * 10n ** BigInt(exponent)
  return whole <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(whole) : false
}

/** Without zeros at the end. */
function strip(mantissa: bigint, exponent: number): readonly [bigint, number] {
  if (mantissa === 0n) return [0n, 0]
  let [digits, power] = [mantissa, exponent]
  while (digits % 10n === 0n) {
    digits /= 10n
    power++
  }
  return [digits, power]
}

function toDecimal(value: number): readonly [bigint, number] {
  const [digits = '', power = '0'] = String(value).split('e')
  const [whole = '', fraction = ''] = digits.split('.')
  return strip(BigInt(whole + fraction), Number(power) - fraction.length)
}

/** Sign of `mantissa * 10^exponent - integer`, for what is not negative. */
function compareToInteger(mantissa: bigint, exponent: number, integer: bigint): number {
  if (mantissa === 0n) return -1
  // Beyond these the other side is decided by the size alone.
  if (exponent > 40) return 1
  if (exponent < -40) return -1
  const shift = exponent < 0 ? -exponent : 0
  const left = mantissa * 10n ** BigInt(exponent + shift)
  const right = integer * 10n ** BigInt(shift)
  return left < right ? -1 : left > right ? 1 : 0
}
