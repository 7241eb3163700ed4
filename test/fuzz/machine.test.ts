/**
 * The module as a machine: images, records, flags and requests in any order, with any arguments. A model of a few lines says
 * what must hold after each step: the old image answers until another one is committed whole, generations never go back, flags
 * outlive images and records, and a record answers with its last state or not at all.
 */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { emitAgentRecord, emitImage } from '../../compiler/emit/index.ts'
import { checkPolicy } from '../../compiler/front/index.ts'
import { parseState } from '../../compiler/model/index.ts'
import {
  STATUS_BAD_NAME,
  STATUS_NO_IMAGE,
  STATUS_NOT_BEGUN,
  STATUS_OK,
  STATUS_OLD_GENERATION,
  STATUS_SAME_GENERATION,
  STATUS_TOO_LARGE,
} from '../../engine-wasm/format/codes.ts'
import { DIGEST_BYTES, H_DIGEST } from '../../engine-wasm/format/layout.ts'
import { MAX_OVERLAY_BYTES, MAX_REQUEST_BYTES, OVERLAY_BYTES } from '../../engine-wasm/format/limits.ts'
import { parsePolicy } from '../../grammar/index.ts'
import type { Random } from '../properties/generate/random.ts'
import { encodeRequest } from './encode-request.ts'
import { seal } from './image-mutants.ts'
import { Instance, outcomeAndReason, withGeneration } from './instance.ts'
import { mutateRequest } from './request-mutants.ts'
import { runCases, runsOr } from './setting.ts'
import { describeAnswer, isAllowed } from './subject.ts'
import { Tally } from './tally.ts'

const RUNS = runsOr(400)
const STEPS = 60
const IMAGES = [0, 1, 2, 3].map(imageOf)
const AGENTS = ['rt-a', 'rt-b', 'rt-c']
const RECORDS = new Map(AGENTS.map((name) => [name, [0, 1, 2, 3].map((version) => recordOf(name, version))]))
/** Bytes put after which an old record may have left the ring. */
const SAFE_BYTES = 900_000

test(
  `${RUNS} runs of ${STEPS} steps in any order keep image, generation, flags and records apart`,
  () => {
    const steps = new Tally()
    runCases('machine', RUNS, (random) => {
      const machine = new Machine(random)
      const past: string[] = []
      for (let left = STEPS; left > 0; left--) {
        try {
          past.push(machine.step())
          machine.check()
        } catch (error) {
          throw new Error(`after ${past.slice(-12).join(', ')}`, { cause: error })
        }
      }
      for (const step of past) steps.add(step)
    })
    console.log(steps.print('steps'))
  },
  RUNS * 200 + 60_000,
)

/** Policy `version` of one that lets `root` read another document in each. */
function imageOf(version: number): Uint8Array {
  const text = `policy box generation 1
autonomous agent root {
  allow read on doc:p${version}, doc:all
  may delegate depth 2
}
delegated agent mid {}
delegate root -> mid { allow read on doc:all }
boundary runtime { allow read on doc:v*, doc:all }
`
  const { model } = checkPolicy([parsePolicy('box.kavach', text).file])
  if (model === undefined) throw new TypeError('the policy is refused')
  return emitImage(model)
}

/** A record that lets the agent read another document in each version. */
function recordOf(name: string, version: number): Uint8Array {
  const permissions = [{ resource: `doc:v${version}`, actions: ['read'] }]
  const made = parseState({ agents: [{ name, type: 'autonomous', permissions }] })
  const [agent] = made.ok ? made.value.agents : []
  if (agent === undefined) throw new TypeError('the state is refused')
  return emitAgentRecord(agent)
}

function readOf(agent: string, document: string, via?: readonly string[]): Uint8Array {
  const bytes = encodeRequest({ agent, action: 'read', resource: `doc:${document}`, via }, false)
  if (bytes === undefined) throw new TypeError('the request is refused')
  return bytes
}

interface Incoming {
  readonly image: Uint8Array
  readonly version: number
  readonly generation: bigint
  readonly isSound: boolean
}

class Machine {
  private readonly random: Random
  private readonly instance = new Instance()
  private active: Incoming | undefined
  private incoming: Incoming | undefined
  private readonly flags = new Map<string, number>()
  private readonly records = new Map<
    string,
    { readonly version: number; readonly handle: number; readonly putAt: number }
  >()
  private readonly handles = new Set<number>()
  private putBytes = 0

  constructor(random: Random) {
    this.random = random
  }

  /** Takes one step and returns its name. */
  step(): string {
    const how = this.random.weighted({
      begin: 10,
      verify: 12,
      commit: 10,
      boot: 1,
      put: 12,
      badRecord: 3,
      drop: 4,
      forget: 3,
      room: 2,
      flag: 6,
      badFlag: 2,
      junk: 6,
      batch: 3,
      digest: 3,
      sha: 3,
      reserve: 1,
    })
    this[how]()
    return how
  }

  /** What must hold now, whatever came before. */
  check(): void {
    const { instance, random, active, flags } = this
    expect(BigInt.asUintN(64, instance.exports.generation())).toBe(active?.generation ?? 0n)
    const isFree = (name: string) => (flags.get(name) ?? 0) === 0
    const version = random.below(IMAGES.length)
    this.expectAllowed(readOf('root', `p${version}`), active?.version === version && isFree('root'))
    this.expectAllowed(readOf('root', 'all'), active !== undefined && isFree('root'))
    const isPairFree = ((flags.get('root\0mid') ?? 0) & 1) === 0
    this.expectAllowed(
      readOf('mid', 'all', ['root']),
      active !== undefined && isFree('root') && isFree('mid') && isPairFree,
    )
    const name = random.pick(AGENTS)
    const record = this.records.get(name)
    const asked = random.below(IMAGES.length)
    const found = this.ask(readOf(name, `v${asked}`))
    const mayAllow = active !== undefined && record?.version === asked && isFree(name)
    if (isAllowed(found) && !mayAllow) throw new Error(`${name} reads v${asked} with ${describeAnswer(found)}`)
    const isSafe = record !== undefined && this.putBytes - record.putAt < SAFE_BYTES
    if (!isAllowed(found) && mayAllow && isSafe)
      throw new Error(`${name} does not read v${asked}: ${describeAnswer(found)}`)
  }

  private expectAllowed(request: Uint8Array, isExpected: boolean): void {
    const answer = this.ask(request)
    if (isAllowed(answer) === isExpected) return
    throw new Error(`${Buffer.from(request.subarray(20)).toString()}: ${describeAnswer(answer)}`)
  }

  private ask(request: Uint8Array): number {
    return outcomeAndReason(this.instance.ask(request))
  }

  private begin(): void {
    const { random, instance } = this
    const candidate = this.candidate()
    // Sometimes more or less room is asked for than the image takes; then it cannot be sound.
    const length = random.chance(0.9) ? candidate.image.length : random.pick([0, 1, 300, 4096, 200_000])
    const at = instance.exports.image_begin(length) >>> 0
    if (at === 0) throw new Error(`there is no room for ${length} bytes`)
    instance.bytes().set(candidate.image.subarray(0, length), at)
    const isWhole = length === candidate.image.length
    this.incoming = { ...candidate, image: candidate.image.slice(0, length), isSound: candidate.isSound && isWhole }
    if (length > candidate.image.length) this.incoming = { ...this.incoming, image: new Uint8Array(length) }
    // Beyond the largest image there is never room, and what was begun is over.
    if (random.chance(0.03)) {
      expect(instance.exports.image_begin(random.pick([0x40000001, 0x7fffffff, -1]))).toBe(0)
      this.incoming = undefined
    }
  }

  private candidate(): Incoming {
    const { random } = this
    const version = random.below(IMAGES.length)
    const step = BigInt(random.pick([1, 1, 1, 0, 0, -1, -2, 7]))
    const generation = BigInt.asUintN(32, (this.active?.generation ?? 2n) + step)
    const image = seal(withGeneration(IMAGES[version] ?? new Uint8Array(), generation))
    if (random.chance(0.7)) return { image, version, generation, isSound: true }
    const broken = image.slice()
    const at = random.below(broken.length)
    broken[at] = (broken[at] ?? 0) ^ 1
    return { image: broken, version, generation, isSound: false }
  }

  private verify(): void {
    const status = this.instance.exports.image_verify(this.random.pick([-1, 0, 1, 1, 2, 10, 100, 1000, 0x7fffffff]))
    if (this.incoming === undefined) expect(status).toBe(STATUS_NOT_BEGUN)
    else if (this.incoming.isSound) expect([STATUS_OK, 1]).toContain(status)
    else expect(status).not.toBe(STATUS_OK)
  }

  private commit(): void {
    const { random, instance, incoming, active } = this
    const minGeneration = random.chance(0.7) ? 0n : (active?.generation ?? 2n) + BigInt(random.between(0, 2))
    const length = incoming !== undefined && random.chance(0.9) ? incoming.image.length : random.below(10_000)
    const status = instance.exports.image_commit(length, minGeneration)
    if (incoming === undefined || length !== incoming.image.length) {
      expect(status).toBe(STATUS_NOT_BEGUN)
      return
    }
    this.incoming = undefined
    this.settle(incoming, status, minGeneration)
  }

  private settle(incoming: Incoming, status: number, minGeneration: bigint): void {
    const { active } = this
    if (!incoming.isSound) {
      expect(status).toBeLessThan(0)
    } else if (
      incoming.generation < minGeneration ||
      (active !== undefined && incoming.generation < active.generation)
    ) {
      expect(status).toBe(STATUS_OLD_GENERATION)
    } else if (active?.generation === incoming.generation && !Buffer.from(active.image).equals(incoming.image)) {
      expect(status).toBe(STATUS_SAME_GENERATION)
    } else {
      expect(status).toBe(STATUS_OK)
      this.active = incoming
    }
  }

  private boot(): void {
    const candidate = this.candidate()
    // The image of an earlier boot may be the active one, and stays where it is.
    this.instance.exports.memory.grow(1)
    const status = this.instance.bootAtEnd(candidate.image, new Uint8Array(64))
    this.incoming = undefined
    this.settle(candidate, status, 0n)
  }

  private put(): void {
    const { random, instance } = this
    const name = random.pick(AGENTS)
    const version = random.below(IMAGES.length)
    const plain = RECORDS.get(name)?.[version] ?? new Uint8Array()
    const record = new Uint8Array(plain.length + (random.chance(0.3) ? 8 * random.below(25_000) : 0))
    record.set(plain)
    instance.put(seal(record))
    const handle = instance.exports.overlay_put(record.length)
    if (this.active === undefined) {
      expect(handle).toBe(STATUS_NO_IMAGE)
      return
    }
    expect(handle).toBeGreaterThan(0)
    const old = this.records.get(name)
    if (old !== undefined) this.handles.delete(old.handle)
    this.handles.add(handle)
    this.putBytes += record.length
    this.records.set(name, { version, handle, putAt: this.putBytes })
  }

  private badRecord(): void {
    const { random, instance } = this
    const name = random.pick(AGENTS)
    const record = random.pick(RECORDS.get(name) ?? [])
    const broken = record.slice()
    const at = random.below(broken.length)
    broken[at] = (broken[at] ?? 0) ^ 1
    const bytes = random.chance(0.7) ? broken : random.pick(IMAGES)
    instance.put(bytes)
    const length = random.chance(0.8) ? bytes.length : random.pick([0, 1, 20, instance.exports.req_cap() + 1, -1])
    expect(instance.exports.overlay_put(length)).toBeLessThan(0)
  }

  private drop(): void {
    const { random, instance } = this
    const handle =
      random.chance(0.7) && this.handles.size > 0 ? random.pick([...this.handles]) : random.pick([0, -1, 1, 1_000_000])
    const dropped = instance.exports.overlay_drop(handle)
    const owner = [...this.records].find(([, record]) => record.handle === handle)
    if (owner === undefined) expect(dropped).toBe(0)
    else {
      if (this.putBytes - owner[1].putAt < SAFE_BYTES) expect(dropped).toBe(1)
      this.records.delete(owner[0])
      this.handles.delete(handle)
    }
  }

  private forget(): void {
    const { random, instance } = this
    const id = random.pick(['root', 'root\0mid', 'nobody', ...AGENTS])
    const bytes = new TextEncoder().encode(id)
    instance.put(bytes)
    if (random.chance(0.2)) {
      expect(instance.exports.overlay_forget(random.pick([0, 258, 70_000, -1]))).toBe(0)
      return
    }
    const forgotten = instance.exports.overlay_forget(bytes.length)
    const record = this.records.get(id)
    if (record === undefined) expect(forgotten).toBe(0)
    else {
      if (this.putBytes - record.putAt < SAFE_BYTES) expect(forgotten).toBe(1)
      this.records.delete(id)
      this.handles.delete(record.handle)
    }
  }

  /** The ring is moved before the first record only, and what it held before that was nothing. */
  private room(): void {
    const bytes = this.random.pick([0, OVERLAY_BYTES, OVERLAY_BYTES + 1, 5_000_000, MAX_OVERLAY_BYTES + 1, -1])
    const status = this.instance.exports.overlay_reserve(bytes)
    const isRefused = bytes < 0 || bytes > (this.putBytes === 0 ? MAX_OVERLAY_BYTES : OVERLAY_BYTES)
    expect(status).toBe(isRefused ? STATUS_TOO_LARGE : STATUS_OK)
  }

  private flag(): void {
    const { random, instance } = this
    const id = random.pick(['root', 'mid', 'root\0mid', ...AGENTS])
    const bits = random.pick([0, 0, 0, 1, 2, 3])
    const bytes = new TextEncoder().encode(id)
    instance.put(bytes)
    expect(instance.exports.revoke(bytes.length, bits)).toBe(STATUS_OK)
    this.flags.set(id, bits)
  }

  private badFlag(): void {
    const { random, instance } = this
    instance.put(Uint8Array.from({ length: 300 }, () => random.below(256)))
    expect(instance.exports.revoke(random.pick([0, 258, 300, 70_000, -1]), 3)).toBe(STATUS_BAD_NAME)
    // A name that nobody has.
    expect(instance.exports.revoke(random.between(129, 257), random.next() | 0)).toBe(STATUS_OK)
  }

  private junk(): void {
    const { random, instance } = this
    const { bytes } = mutateRequest(random, readOf('mid', 'all', ['root']), readOf('rt-a', 'v1'))
    instance.ask(bytes)
    instance.put(bytes)
    const cap = instance.exports.req_cap()
    const length = random.pick([bytes.length, 0, cap, cap + 1, -1, random.below(cap)])
    const answer = random.chance(0.5) ? instance.exports.eval(length) : instance.exports.explain(length)
    if (length < 0 || length > cap) expect(answer).toBe(0)
  }

  private batch(): void {
    const { random, instance } = this
    instance.put(Uint8Array.from({ length: random.below(400) }, () => (random.chance(0.7) ? 0 : random.below(256))))
    const cap = instance.exports.req_cap()
    expect(instance.exports.eval_batch(random.pick([random.below(400), 24, cap, cap + 1, -1]))).toBeGreaterThanOrEqual(
      0,
    )
  }

  private digest(): void {
    const { random, instance, active, incoming } = this
    const [from, cap] = [instance.exports.req_ptr() >>> 0, instance.exports.req_cap() >>> 0]
    const slot = random.below(2)
    const out = random.chance(0.5)
      ? from + random.below(cap - DIGEST_BYTES)
      : random.pick([0, from - 1, from + cap - 31, -1, -16])
    const status = instance.exports.digest(slot, out)
    const image = slot === 0 ? active?.image : incoming?.image
    const isInside = out >= from && out + DIGEST_BYTES <= from + cap
    if (image === undefined) expect(status).toBe(STATUS_NO_IMAGE)
    else expect(status).toBe(isInside ? STATUS_OK : STATUS_TOO_LARGE)
    if (status !== STATUS_OK || slot !== 0 || image === undefined) return
    expect(instance.bytes().slice(out, out + DIGEST_BYTES)).toEqual(image.slice(H_DIGEST, H_DIGEST + DIGEST_BYTES))
  }

  private sha(): void {
    const { random, instance } = this
    const bytes = Uint8Array.from({ length: random.below(300) }, () => random.below(256))
    instance.put(bytes)
    expect(instance.exports.sha256(bytes.length)).toBe(STATUS_OK)
    const at = instance.exports.res_ptr() >>> 0
    const found = Buffer.from(instance.bytes().subarray(at, at + DIGEST_BYTES)).toString('hex')
    expect(found).toBe(createHash('sha256').update(bytes).digest('hex'))
    expect(instance.exports.sha256(instance.exports.req_cap() + 1)).toBe(STATUS_TOO_LARGE)
  }

  private reserve(): void {
    const { random, instance } = this
    const length = random.pick([0, 1, 65_536, 100_000, 200_000, MAX_REQUEST_BYTES + 1, -1])
    const at = instance.exports.req_reserve(length)
    if (length < 0 || length > MAX_REQUEST_BYTES) expect(at).toBe(0)
    else expect(instance.exports.req_cap()).toBeGreaterThanOrEqual(length)
  }
}
