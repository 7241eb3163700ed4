/** Changes of a request in bytes: blind ones, and ones that know where fields and values begin. */
import {
  FIELD_READINGS,
  FIELD_VIA,
  REQ_ACTION_LENGTH,
  REQ_AGENT_LENGTH,
  REQ_FIELDS_LENGTH,
  REQ_RESOURCE_LENGTH,
  REQ_STRINGS,
  VALUE_NUMBER,
  VALUE_OBJECT,
  VALUE_STRING,
} from '../../engine-wasm/format/layout.ts'
import type { Random } from '../properties/generate/random.ts'
import { u32 } from './encode-request.ts'

export interface RequestMutant {
  readonly bytes: Uint8Array
  readonly change: string
}

/** Changes a well-formed request; `other` lends its names and fields. */
export function mutateRequest(random: Random, request: Uint8Array, other: Uint8Array): RequestMutant {
  let parts = split(request)
  const changes: string[] = []
  for (let left = Number(random.weighted({ 1: 6, 2: 3, 4: 1 })); left > 0; left--) {
    const [change, next] = changeParts(random, parts, split(other))
    changes.push(change)
    parts = next
  }
  let bytes = join(parts)
  if (random.chance(0.25)) {
    changes.push('blind')
    bytes = changeBytes(random, bytes)
    if (random.chance(0.5) && bytes.length >= REQ_STRINGS) repair(bytes)
  }
  return { bytes, change: changes[0] ?? '' }
}

interface Parts {
  readonly flags: number
  readonly names: readonly (readonly number[])[]
  readonly fields: readonly (readonly number[])[]
}

function split(request: Uint8Array): Parts {
  const view = new DataView(request.buffer, request.byteOffset)
  const names: (readonly number[])[] = []
  let at = REQ_STRINGS
  for (const offset of [REQ_AGENT_LENGTH, REQ_ACTION_LENGTH, REQ_RESOURCE_LENGTH]) {
    const length = view.getUint32(offset, true)
    names.push([...request.subarray(at, at + length)])
    at += length
  }
  const fields: (readonly number[])[] = []
  while (at < request.length) {
    const start = at
    const tag = request[at++]
    if (tag === FIELD_READINGS) at += 4 + 8 * view.getUint32(at, true)
    else {
      at = endOfValue(view, at)
      if (tag === FIELD_VIA) at = endOfValue(view, at)
    }
    fields.push([...request.subarray(start, at)])
  }
  return { flags: view.getUint32(0, true), names, fields }
}

function endOfValue(view: DataView, at: number): number {
  switch (view.getUint8(at)) {
    case VALUE_STRING:
      return at + 5 + view.getUint32(at + 1, true)
    case VALUE_NUMBER:
      return at + 13
    case VALUE_OBJECT:
      return at + 9 + view.getUint32(at + 1, true)
    default:
      return at + 1
  }
}

function join({ flags, names, fields }: Parts): Uint8Array {
  const lengths = [...names, fields.flat()].flatMap(({ length }) => u32(length))
  return Uint8Array.from([...u32(flags), ...lengths, ...names.flat(), ...fields.flat()])
}

function changeParts(random: Random, parts: Parts, other: Parts): readonly [string, Parts] {
  const { flags, names, fields } = parts
  const index = random.below(fields.length + 1)
  const how = random.weighted({
    flags: 1,
    names: 2,
    bytes: 2,
    drop: 2,
    twice: 1,
    shuffle: 1,
    lend: 3,
    tag: 2,
    value: 4,
    inside: 4,
    readings: 1,
    deep: 1,
    chain: 1,
  })
  const replaced = (field: readonly number[]): Parts => ({ ...parts, fields: fields.with(index, field) })
  const field = fields[index]
  switch (how) {
    case 'flags':
      return [how, { ...parts, flags: flags ^ random.pick([1, 2, 3, 4, 0x80000000]) }]
    case 'names':
      return [
        how,
        { ...parts, names: names.map((name, at) => (random.chance(0.4) ? (other.names[at] ?? name) : name)) },
      ]
    case 'bytes': {
      const at = random.below(3)
      return [how, { ...parts, names: names.with(at, changeText(random, names[at] ?? [])) }]
    }
    case 'drop':
      return [how, { ...parts, fields: fields.filter((_, at) => at !== index) }]
    case 'twice':
      return [how, { ...parts, fields: [...fields, ...(field === undefined ? [] : [field])] }]
    case 'shuffle':
      return [how, { ...parts, fields: random.shuffle(fields) }]
    case 'lend': {
      const lent = random.some(other.fields, 1, 3)
      // A fact that stands twice has no meaning; mostly one takes the place of the other.
      const isTaken = random.chance(0.85)
        ? (tag: number | undefined) => lent.some((one) => one[0] === tag)
        : () => false
      return [how, { ...parts, fields: [...fields.filter(([tag]) => !isTaken(tag)), ...lent] }]
    }
    case 'tag':
      return [how, field === undefined ? parts : replaced([random.below(14), ...field.slice(1)])]
    case 'value':
      return [how, field === undefined ? parts : replaced([field[0] ?? 0, ...value(random, 0)])]
    case 'inside':
      return [how, field === undefined ? parts : replaced([field[0] ?? 0, ...changeText(random, field.slice(1))])]
    case 'readings': {
      const count = random.below(4)
      const readings = Array.from({ length: 8 * count }, () => random.pick([0, 0, 0, 1, 255]))
      return [how, { ...parts, fields: [...fields, [FIELD_READINGS, ...u32(count), ...readings]] }]
    }
    case 'deep': {
      let nested: readonly number[] = [6]
      for (let left = random.between(14, 20); left > 0; left--) {
        const member = [...u32(1), 120, ...nested]
        nested = [VALUE_OBJECT, ...u32(member.length), ...u32(1), ...member]
      }
      return [how, { ...parts, fields: [...fields, [8, ...nested]] }]
    }
    case 'chain': {
      const hops = Array.from({ length: random.pick([1, 5, 6, 62, 63, 64]) }, (_, at) => {
        return [FIELD_VIA, VALUE_STRING, ...u32(2), 97 + (at % 26), 97 + Math.floor(at / 26), 0]
      })
      return [how, { ...parts, fields: [...fields, ...hops] }]
    }
  }
}

const TEXTS = [
  '',
  'a',
  '10.1.2.3',
  '::ffff:10.1.2.3',
  '2026-04-01T10:00:00Z',
  '2026-04-01T10:00:00.123456789Z',
  'boss',
  '\u0000',
  'e\u0301',
  'é',
  '\ufffd',
  '😀'.repeat(40),
  'a'.repeat(128),
  'a'.repeat(129),
  'a:b',
  'a*',
]
const ENCODER = new TextEncoder()

function value(random: Random, depth: number): readonly number[] {
  switch (random.below(depth < 3 ? 7 : 6)) {
    case 0:
      return [0]
    case 1: {
      const text = random.chance(0.8) ? ENCODER.encode(random.pick(TEXTS)) : [random.below(256), random.below(256)]
      return [VALUE_STRING, ...u32(text.length), ...text]
    }
    case 2:
    case 3: {
      const bytes = new DataView(new ArrayBuffer(12))
      const mantissas = [
        0n,
        1n,
        5n,
        15n,
        -1n,
        9n,
        (1n << 63n) - 1n,
        -(1n << 63n),
        9_007_199_254_740_991n,
        9_007_199_254_740_993n,
      ]
      bytes.setBigInt64(0, random.pick(mantissas), true)
      bytes.setInt32(8, random.pick([0, 0, 0, -1, 1, 9, -9, -10, 10, 27, 300, -330, 2 ** 31 - 1, -(2 ** 31)]), true)
      return [VALUE_NUMBER, ...new Uint8Array(bytes.buffer)]
    }
    case 4:
      return [random.pick([3, 4, 6])]
    case 5:
      return [random.below(256)]
    default: {
      const count = random.below(3)
      const members = Array.from({ length: count }, () => {
        const name = ENCODER.encode(random.pick(['path', 'mode', 'n', 'flag', 'deep', 'x', '__proto__', '']))
        return [...u32(name.length), ...name, ...value(random, depth + 1)]
      }).flat()
      return [VALUE_OBJECT, ...u32(members.length), ...u32(count), ...members]
    }
  }
}

/** Some bytes more, fewer or others. */
function changeText(random: Random, bytes: readonly number[]): readonly number[] {
  const at = random.below(bytes.length + 1)
  const byte = random.pick([0, 0x20, 0x2a, 0x3a, 0x7f, 0x80, 0xc2, 0xef, 0xf4, 0xff, random.below(256)])
  switch (random.below(3)) {
    case 0:
      return bytes.toSpliced(at, 0, byte)
    case 1:
      return bytes.toSpliced(at, random.between(1, 8))
    default:
      return bytes.toSpliced(at, 1, byte)
  }
}

function changeBytes(random: Random, bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice()
  const view = new DataView(changed.buffer)
  const at = random.below(Math.max(1, bytes.length))
  switch (random.below(5)) {
    case 0:
      changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8))
      return changed
    case 1:
      changed[at] = random.below(256)
      return changed
    case 2: {
      // A length, most likely.
      const edges = [0, 1, bytes.length, bytes.length - 20, 0xffffffff, 0x7fffffff, 0x80000000, random.below(300)]
      const word = random.chance(0.5) ? 4 * random.below(5) : at
      if (word + 4 <= bytes.length) view.setUint32(word, random.pick(edges) >>> 0, true)
      return changed
    }
    case 3:
      return changed.slice(0, at)
    default: {
      const longer = new Uint8Array(bytes.length + random.between(1, 12))
      longer.set(bytes)
      return longer
    }
  }
}

/** Makes the lengths add up by that of the fields. */
function repair(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer)
  const names = [REQ_AGENT_LENGTH, REQ_ACTION_LENGTH, REQ_RESOURCE_LENGTH].map((at) => view.getUint32(at, true))
  const left = names.reduce((rest, length) => rest - length, bytes.length - REQ_STRINGS)
  if (left >= 0) view.setUint32(REQ_FIELDS_LENGTH, left, true)
}
