/** Every bound of `engine-wasm/format/limits.ts`, at the limit and one past it. */
import { expect, test } from 'vitest'
import { emitAgentRecord, emitImage } from '../../../compiler/emit/index.ts'
import { checkPolicy } from '../../../compiler/front/index.ts'
import { STATUS_BAD_NAME, STATUS_OK, STATUS_TOO_LARGE } from '../../../engine-wasm/format/codes.ts'
import { RES_APPROVAL_COUNT, RES_METER_COUNT } from '../../../engine-wasm/format/layout.ts'
import * as limits from '../../../engine-wasm/format/limits.ts'
import { parsePolicy } from '../../../grammar/index.ts'
import { encodeRequest } from '../../fuzz/encode-request.ts'
import { seal } from '../../fuzz/image-mutants.ts'
import { Instance } from '../../fuzz/instance.ts'
import { describeAnswer } from '../../fuzz/subject.ts'

function open(text: string): Instance {
  const { model } = checkPolicy([parsePolicy('p.kavach', `policy p\n${text}`).file])
  if (model === undefined) throw new TypeError('the policy is refused')
  const instance = new Instance()
  expect(instance.load(emitImage(model))).toBe(STATUS_OK)
  return instance
}

function ask(instance: Instance, request: object): string {
  const bytes = encodeRequest({ agent: 'a', action: 'read', resource: 'x', ...request }, false)
  if (bytes === undefined) throw new TypeError('this is no request')
  return describeAnswer(instance.ask(bytes))
}

function responseWord(instance: Instance, offset: number): number {
  return instance.view().getUint32(instance.exports.res_ptr() + offset, true)
}

/** An agent whose members are repeated. */
function agent(count: number, member: (index: number) => string): string {
  return `autonomous agent a {\n${Array.from({ length: count }, (_, index) => member(index)).join('\n')}\n}`
}

const ANYTHING = open('autonomous agent a { allow * on ** }')
const INVALID = 'deny invalid-request'
const ALLOWED = 'allow allowed'
const FAULT = 'deny 22'

test('names and segments have 128 bytes', () => {
  const at = 'n'.repeat(limits.MAX_NAME_BYTES)
  const named = open(`autonomous agent ${at} { allow * on ** }`)
  expect([ask(named, { agent: at }), ask(named, { agent: `${at}n` })]).toEqual([ALLOWED, INVALID])
  expect([ask(ANYTHING, { action: at }), ask(ANYTHING, { action: `${at}n` })]).toEqual([ALLOWED, INVALID])
  expect([ask(ANYTHING, { resource: `x:${at}:y` }), ask(ANYTHING, { resource: `x:${at}n:y` })]).toEqual([
    ALLOWED,
    INVALID,
  ])
})

test('a resource has 32 segments', () => {
  const resource = (count: number) => new Array<string>(count).fill('s').join(':')
  expect(
    [limits.MAX_SEGMENTS, limits.MAX_SEGMENTS + 1].map((count) => ask(ANYTHING, { resource: resource(count) })),
  ).toEqual([ALLOWED, INVALID])
})

test('a chain has 5 hops, and a request names 64 principals', () => {
  const names = Array.from({ length: limits.MAX_PRINCIPALS + 1 }, (_, index) => `h${index}`)
  const agents = names.map((name) => `autonomous agent ${name} {\n  allow * on **\n  may delegate depth 5\n}`)
  const hops = names.slice(1).map((name, index) => `delegate ${names[index]} -> ${name} { allow * on ** depth 5 }`)
  const chained = open([...agents, ...hops].join('\n'))
  const askAlong = (principals: number) => {
    return ask(chained, { agent: names[principals - 1], via: names.slice(0, principals - 1) })
  }
  expect(askAlong(limits.MAX_HOPS + 1)).toBe(ALLOWED)
  expect(askAlong(limits.MAX_HOPS + 2)).toBe('deny delegation-depth')
  expect(askAlong(limits.MAX_PRINCIPALS)).toBe('deny delegation-depth')
  expect(askAlong(limits.MAX_PRINCIPALS + 1)).toBe(INVALID)
})

test('arguments are read 16 levels deep', () => {
  // The arguments themselves are the first object, on level 0.
  const bytes = (objects: number): Uint8Array => {
    let value: readonly number[] = [6]
    for (let left = objects; left > 0; left--) {
      const members = left === objects ? [] : [1, 0, 0, 0, 0x61, ...value]
      value = [5, ...word(members.length), ...word(members.length === 0 ? 0 : 1), ...members]
    }
    const names = [...'areadx'].map((letter) => letter.charCodeAt(0))
    return Uint8Array.from([
      ...word(0),
      ...word(1),
      ...word(4),
      ...word(1),
      ...word(value.length + 1),
      ...names,
      8,
      ...value,
    ])
  }
  const answers = [limits.MAX_ARG_DEPTH, limits.MAX_ARG_DEPTH + 1].map((objects) => ANYTHING.ask(bytes(objects)))
  expect(answers.map(describeAnswer)).toEqual([ALLOWED, INVALID])
})

function word(value: number): readonly number[] {
  return [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >> 24]
}

test('the request buffer lends 16 MiB', () => {
  const instance = new Instance()
  const { req_cap, req_ptr, req_reserve } = instance.exports
  const first = req_ptr()
  expect([req_cap(), req_reserve(limits.REQUEST_BYTES)]).toEqual([limits.REQUEST_BYTES, first])
  expect(req_reserve(limits.REQUEST_BYTES + 1)).not.toBe(first)
  expect(req_cap()).toBeGreaterThan(limits.REQUEST_BYTES)
  expect(req_reserve(limits.MAX_REQUEST_BYTES)).toBeGreaterThan(0)
  expect(req_reserve(limits.MAX_REQUEST_BYTES + 1)).toBe(0)
})

test('a request of 16 MiB is decided', () => {
  const instance = open('autonomous agent a { allow read on x when len.p >= 16_000_000 }')
  const empty = encodeRequest({ agent: 'a', action: 'read', resource: 'x', args: { p: '' } }, false) ?? new Uint8Array()
  const length = limits.MAX_REQUEST_BYTES - empty.length
  const request = new Uint8Array(limits.MAX_REQUEST_BYTES).fill(0x61)
  request.set(empty)
  const view = new DataView(request.buffer)
  // The fields, the members of the arguments, and the string that is their only value.
  for (const at of [16, empty.length - 18, empty.length - 4])
    view.setUint32(at, view.getUint32(at, true) + length, true)
  expect(describeAnswer(instance.ask(request))).toBe(ALLOWED)
})

test('4096 grants are weighed', () => {
  const grants = (count: number) => agent(count, (index) => `  allow read on x when trust >= ${index}`)
  const trust = 10_000
  expect(ask(open(grants(limits.MAX_CANDIDATES)), { trust })).toBe(ALLOWED)
  expect(ask(open(grants(limits.MAX_CANDIDATES + 1)), { trust })).toBe(FAULT)
})

test('2048 meters are read', () => {
  const rates = (count: number) => agent(count, () => '  allow read on x rate 9 per hour')
  const at = open(rates(limits.MAX_METERS))
  expect([ask(at, {}), responseWord(at, RES_METER_COUNT)]).toEqual([ALLOWED, 1])
  expect(ask(open(rates(limits.MAX_METERS + 1)), {})).toBe(FAULT)
})

test('4096 rules are explained', () => {
  const explained = (count: number): number => {
    const instance = open(agent(count, (index) => `  allow read on x when trust >= ${index}`))
    const bytes = encodeRequest({ agent: 'a', action: 'read', resource: 'x' }, false) ?? new Uint8Array()
    instance.put(bytes)
    return instance.exports.explain(bytes.length)
  }
  const counts = [limits.MAX_EXPLAINED - 1, limits.MAX_EXPLAINED, limits.MAX_EXPLAINED + 1]
  expect(counts.map(explained)).toEqual([limits.MAX_EXPLAINED - 1, limits.MAX_EXPLAINED, limits.MAX_EXPLAINED])
})

test('64 guardrails with an approval or a limit are kept, and 64 approvals listed', () => {
  const guarded = (guards: number, needs: string) => {
    const requires = Array.from({ length: guards }, (_, index) => `require approval by "g${index}" for read on x`)
    return open(`autonomous agent a { allow read on x ${needs} }\n${requires.join('\n')}`)
  }
  const at = guarded(limits.MAX_APPROVALS, '')
  expect([ask(at, {}), responseWord(at, RES_APPROVAL_COUNT)]).toEqual(['approval approval-required', 64])
  const past = guarded(limits.MAX_APPROVALS, 'needs approval')
  expect([ask(past, {}), responseWord(past, RES_APPROVAL_COUNT)]).toEqual(['approval approval-required', 64])
  expect(ask(guarded(limits.MAX_APPROVALS + 1, ''), {})).toBe(FAULT)
})

/** Flags of ids of four bytes that there is room for, which take 24 each, behind one of 280. */
function countFlags(instance: Instance, room: number): void {
  const flag = (length: number, first: number): number => {
    const id = new Uint8Array(length).fill(0x61)
    new DataView(id.buffer).setUint32(0, first)
    instance.put(id)
    return instance.exports.revoke(length, 1)
  }
  expect([flag(257, 1), flag(258, 1)]).toEqual([STATUS_OK, STATUS_BAD_NAME])
  const statuses = Array.from({ length: room + 2 }, (_, index) => flag(4, index + 1))
  expect(statuses.indexOf(STATUS_TOO_LARGE)).toBe(room)
  expect(statuses.slice(0, room).every((status) => status === STATUS_OK)).toBe(true)
  // Those that are there can still be changed.
  expect(flag(4, 1)).toBe(STATUS_OK)
}

test('flags fill 262144 bytes, and an id has 257', () => {
  countFlags(new Instance(), Math.floor((limits.FLAG_BYTES - 280) / 24))
})

test('flags fill what the ring leaves when it is moved, too', () => {
  const instance = new Instance()
  expect(instance.exports.overlay_reserve(limits.OVERLAY_BYTES + 1)).toBe(STATUS_OK)
  const left = limits.FLAG_BYTES + 4 * limits.OVERLAY_BUCKETS + limits.OVERLAY_BYTES
  countFlags(instance, Math.floor((left - 280) / 24))
})

test('the ring takes 1 GiB, and is moved before the first record only', () => {
  const instance = open('boundary runtime { allow read on x }')
  const { overlay_reserve: reserve } = instance.exports
  expect([limits.MAX_OVERLAY_BYTES + 1, -1].map(reserve)).toEqual([STATUS_TOO_LARGE, STATUS_TOO_LARGE])
  const [record, other] = ['r1', 'r2'].map((name) =>
    emitAgentRecord({
      name,
      type: 'autonomous',
      grants: [{ id: 0, actions: undefined, patterns: [{ segments: [], rest: true }] }],
    }),
  )
  if (record === undefined || other === undefined) throw new TypeError('there are no records')
  expect(reserve(limits.MAX_OVERLAY_BYTES)).toBe(STATUS_OK)
  instance.put(record)
  expect(instance.exports.overlay_put(record.length)).toBe(1)
  expect([limits.MAX_OVERLAY_BYTES, limits.OVERLAY_BYTES + 1, limits.OVERLAY_BYTES].map(reserve)).toEqual([
    STATUS_TOO_LARGE,
    STATUS_TOO_LARGE,
    STATUS_OK,
  ])
  instance.put(other)
  expect(instance.exports.overlay_put(other.length)).toBe(2)
  expect(['r1', 'r2'].map((name) => ask(instance, { agent: name }))).toEqual([ALLOWED, ALLOWED])
})

test('the ring holds two records of the largest size, and the third puts the first out', () => {
  // One of the same size that was moved.
  const moved = open('boundary runtime { allow read on x }')
  expect(moved.exports.overlay_reserve(limits.OVERLAY_BYTES + 4 * limits.OVERLAY_BUCKETS)).toBe(STATUS_OK)
  for (const instance of [open('boundary runtime { allow read on x }'), moved]) fillRing(instance)
})

function fillRing(instance: Instance): void {
  const put = (name: string): number => {
    const record = emitAgentRecord({
      name,
      type: 'autonomous',
      grants: [{ id: 0, actions: undefined, patterns: [{ segments: [], rest: true }] }],
    })
    const longest = new Uint8Array(limits.MAX_RECORD_BYTES)
    longest.set(record)
    instance.put(seal(longest))
    return instance.exports.overlay_put(longest.length)
  }
  const answers = () => ['r1', 'r2', 'r3'].map((name) => ask(instance, { agent: name }))
  expect(Math.min(put('r1'), put('r2'))).toBeGreaterThan(0)
  expect(answers()).toEqual([ALLOWED, ALLOWED, 'deny agent-unknown'])
  expect(put('r3')).toBeGreaterThan(0)
  expect(answers()).toEqual(['deny agent-unknown', ALLOWED, ALLOWED])
}

test('an image has 1 GiB', () => {
  const instance = new Instance()
  expect(instance.exports.image_begin(limits.MAX_IMAGE_BYTES + 1)).toBe(0)
  expect(instance.exports.image_begin(limits.MAX_IMAGE_BYTES) >>> 0).toBeGreaterThan(0)
})

test('buckets are powers of two, so that a hash is cut to one', () => {
  const isPower = (count: number) => (count & (count - 1)) === 0
  expect([limits.FLAG_BUCKETS, limits.OVERLAY_BUCKETS].map(isPower)).toEqual([true, true])
})
