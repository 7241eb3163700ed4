/** An engine for a host: agents, delegations and flags made at run time, explanations, and policies replaced in slices. */
import {
  ANSWER_NEED_AGENT,
  ANSWER_NEED_DELEGATIONS,
  STATUS_BAD_NAME,
  STATUS_NOT_BEGUN,
  STATUS_TOO_LARGE,
} from '../format/codes.ts'
import {
  DIGEST_BYTES,
  EXPLAINED_SIZE,
  H_DIGEST,
  H_GENERATION,
  H_SECTIONS,
  KIND_AGENT_ATOM,
  REQ_OPEN,
  REQ_POSSIBLE,
  RES_ANSWER,
  RES_EXPLAINED,
} from '../format/layout.ts'
import { MAX_OVERLAY_BYTES, OVERLAY_BYTES } from '../format/limits.ts'
import { ask, assertIdle, type Core, evaluate, install, type Method, respond, revive } from './core.ts'
import { type Counters, respondByCounters } from './counters.ts'
import {
  type Decision,
  type Explanation,
  isPlainAnswer,
  kindsOf,
  type PolicyIdentity,
  type RuleExplained,
} from './decision.ts'
import type { DecideOptions, Engine, EngineOptions, Meters } from './engine.ts'
import { EngineError, succeeded } from './engine-error.ts'
import { assertNewer, createMachine, hex, identityOf, listOf, type Machine, sha256, viewOf } from './machine.ts'
import { UTF8 } from './memory.ts'
import { MeterKeys } from './meter-keys.ts'
import { RecordShelf } from './record.ts'
import { attempt, chainOf, type EngineRequest } from './request.ts'
import { readSource, type Source } from './source.ts'

/** An agent by name, or the delegations from one to another. */
export type PrincipalOrPair = string | { readonly from: string; readonly to: string }

/** `suspended` says nothing about a pair. */
export type Flag = 'revoked' | 'suspended'

/** The store of what was made at run time, asked for what the engine does not hold. */
export interface RecordSource {
  agent(name: string): Uint8Array | undefined
  delegations(from: string, to: string): Uint8Array | undefined
}

export interface LiveDecideOptions extends DecideOptions {
  readonly records?: RecordSource | undefined
  /**
   * Instead of `meters`: the decision says in `charges` what the caller takes, who says so by `charge: 'caller'`. Nothing is
   * taken before, so several chains can be asked about and one of them charged.
   */
  readonly counters?: Counters | undefined
}

export interface LiveEngineOptions extends EngineOptions {
  /**
   * Room for records of agents and delegations made at run time, 2 MiB when nothing is said, at most 1 GiB; a record with a few
   * permissions takes some 700 bytes. Memory that was never used costs nothing. With more than 2 MiB there is room for
   * some 45,000 flags instead of 5,000.
   */
  readonly overlayBytes?: number | undefined
}

/** Nothing that a request says makes `decide` throw; only what `meters`, `counters` and `records` throw comes through. */
export interface LiveEngine<R extends EngineRequest = EngineRequest> extends Engine<R> {
  /** A bound on the rules and conditions that one decision visits. */
  readonly maxSteps: number
  decide(request: R, options?: LiveDecideOptions): Decision
  decideBatch(requests: readonly R[], options?: LiveDecideOptions): readonly Decision[]
  /** Charges nothing; the decision is what `decide` says when all reservations can be taken. */
  explain(request: R, options?: LiveDecideOptions): Explanation
  /** `reload` in slices of about 2 ms, with `yield` awaited between them. A later reload ends it: `superseded`. */
  reloadAsync(source: Source, schedule: { readonly yield: () => Promise<unknown> }): Promise<void>
  /** Takes an agent or delegations made at run time; they stay through reloads. @throws {EngineError} */
  putRecord(record: Uint8Array): void
  /** Forgets a record; false when there was none. */
  dropRecord(id: PrincipalOrPair): boolean
  /** Holds for agents and delegations of the policy too, and stays through reloads and evictions. @throws {EngineError} */
  setFlag(id: PrincipalOrPair, flag: Flag, isSet?: boolean): void
  /** SHA-256, hex. */
  sha256(bytes: Uint8Array): string
}

const FLAG_BITS = { revoked: 1, suspended: 2 }
const NO_OPTIONS: LiveDecideOptions = {}
/** Steps of the verifier in about 2 ms, and bytes that are copied in less. */
const SLICE_STEPS = 1500
const SLICE_BYTES = 1 << 20

/** @throws {EngineError} when the module or the image is refused */
export function createLiveEngine<R extends EngineRequest>(
  module: WebAssembly.Module,
  image: Uint8Array | undefined,
  { minGeneration = 0, overlayBytes = OVERLAY_BYTES }: LiveEngineOptions,
): LiveEngine<R> {
  const flags = new Map<string, number>()
  const shelf = new RecordShelf(overlayBytes)
  const keys = new MeterKeys()
  /** Counts what makes an image that is being loaded the wrong one. */
  let turn = 0

  const core: Core = {
    ...createMachine(module, image, { generation: minGeneration }),
    isReading: false,
    isBroken: false,
    restore(machine) {
      turn++
      makeRoom(machine, overlayBytes)
      for (const [id, bits] of flags) writeFlags(machine, id, bits)
      for (const record of shelf.clear()) attempt(() => putInto(machine, record))
    },
  }
  makeRoom(core, overlayBytes)

  /** Before the machine is changed. @throws {EngineError} when a request is being read, or the engine is past repair */
  function ready(): void {
    assertIdle(core)
    if (!attempt(() => revive(core))) {
      throw new EngineError('engine-fault', 'the engine has failed and cannot be replaced')
    }
  }

  function putInto(machine: Machine, record: Uint8Array): void {
    write(machine, record)
    shelf.put(record)
  }

  function putRecord(record: Uint8Array): void {
    ready()
    putInto(core, record)
  }

  /** Takes a record whose source can be asked again. */
  function lend(record: Uint8Array): void {
    ready()
    write(core, record)
    shelf.pass(record)
  }

  /** Brings the records of the whole chain. */
  function supply(request: EngineRequest, records: RecordSource): void {
    const chain = attempt(() => chainOf(request)) ?? []
    chain.forEach((name, hop) => {
      const from = chain[hop - 1]
      const found = [records.agent(name), from === undefined ? undefined : records.delegations(from, name)]
      // A record that is refused is one that is not there: the answer can only become a denial.
      for (const record of found) if (record !== undefined) attempt(() => lend(record))
    })
  }

  function decideBy(method: Method, request: R, options: LiveDecideOptions): Decision {
    const { records, possible } = options
    const flags = possible === true ? REQ_POSSIBLE : 0
    let answer = ask(core, request, records === undefined ? flags : flags | REQ_OPEN, method)
    const need = answer & 15
    if (records !== undefined && (need === ANSWER_NEED_AGENT || need === ANSWER_NEED_DELEGATIONS)) {
      supply(request, records)
      answer = ask(core, request, flags, method)
    }
    const { counters } = options
    if (counters === undefined || isPlainAnswer(answer)) return respond(core, request, options, flags, method, answer)
    const askAgain = (readings: readonly bigint[]) => ask(core, request, flags, method, readings)
    return respondByCounters({ core, request, counters, charge: options.charge, keys, askAgain }, answer)
  }

  const decide = (request: R, options: LiveDecideOptions = NO_OPTIONS): Decision => decideBy(evaluate, request, options)

  /** Makes the image that was begun the one that answers. */
  function commit(length: number): void {
    succeeded(core.exports.image_commit(length, 0n), 'the image')
    core.policy = identityOf(core.exports, core)
  }

  function reload(source: Source): void {
    ready()
    turn++
    const read = readSource(source)
    if (read instanceof Uint8Array) {
      assertNewer(headerOf(read), core.policy)
      core.begin(read.length).set(read)
      commit(read.length)
    } else install(core, read)
  }

  async function reloadAsync(source: Source, schedule: { readonly yield: () => Promise<unknown> }): Promise<void> {
    const read = readSource(source)
    if (!(read instanceof Uint8Array)) return reload(read)
    ready()
    assertNewer(headerOf(read), core.policy)
    const ours = ++turn
    const superseded = () => new EngineError('superseded', 'another reload came first')
    const rest = async () => {
      await schedule.yield()
      if (ours !== turn) throw superseded()
    }
    const at = core.begin(read.length).byteOffset
    for (let from = 0; from < read.length; from += SLICE_BYTES) {
      const slice = read.subarray(from, from + SLICE_BYTES)
      core.region(at + from, slice.length).set(slice)
      await rest()
    }
    for (let status = 1; status !== 0; ) {
      status = core.exports.image_verify(SLICE_STEPS)
      if (status === STATUS_NOT_BEGUN) throw superseded()
      if (succeeded(status) !== 0) await rest()
    }
    commit(read.length)
  }

  return {
    get policy() {
      return core.policy
    },
    get maxSteps() {
      return core.exports.max_steps()
    },
    decide,
    decideBatch: (requests, options) => requests.map((request) => decide(request, options)),
    explain(request, options = NO_OPTIONS) {
      const quiet = { ...options, charge: 'caller', meters: withoutTaking(options.meters) } as const
      const decision = decideBy(explain, request, quiet)
      const isJudged = decision.reason !== 'invalid-request' && decision.reason !== 'engine-fault'
      return { decision, rules: isJudged ? readRules(core, chainOf(request)) : [] }
    },
    reload,
    reloadAsync,
    putRecord,
    dropRecord(id) {
      ready()
      const key = idOf(id)
      shelf.drop(key)
      const bytes = UTF8.encode(key)
      core.put(bytes)
      return core.exports.overlay_forget(bytes.length) === 1
    },
    setFlag(id, flag, isSet = true) {
      ready()
      const key = idOf(id)
      const old = flags.get(key) ?? 0
      const bits = isSet ? old | FLAG_BITS[flag] : old & ~FLAG_BITS[flag]
      writeFlags(core, key, bits)
      flags.set(key, bits)
    },
    sha256(bytes) {
      ready()
      return sha256(core, bytes)
    },
  }
}

/** Before the first record is put. @throws {EngineError} `too-large` */
function makeRoom(machine: Machine, overlayBytes: number): void {
  const isSize = Number.isSafeInteger(overlayBytes) && overlayBytes >= 0 && overlayBytes <= MAX_OVERLAY_BYTES
  succeeded(isSize ? machine.exports.overlay_reserve(overlayBytes) : STATUS_TOO_LARGE, 'the room for records')
  // The views of a memory that has grown are dead; writing something looks for new ones.
  machine.put(new Uint8Array(1))
}

function write(machine: Machine, record: Uint8Array): void {
  machine.put(record)
  succeeded(machine.exports.overlay_put(record.length), 'the record')
}

const explain: Method = (core, length) => {
  core.exports.explain(length)
  return core.u32(RES_ANSWER)
}

/** Generation and digest as an image states them; the engine verifies that they are true. */
function headerOf(image: Uint8Array): Omit<PolicyIdentity, 'name'> {
  if (image.length < H_SECTIONS) throw new EngineError('bad-length', 'the image is cut short')
  return {
    generation: Number(viewOf(image).getBigUint64(H_GENERATION, true)),
    digest: hex(image.subarray(H_DIGEST, H_DIGEST + DIGEST_BYTES)),
  }
}

/** The meters as they are, but nothing is taken from them. */
function withoutTaking(meters: Meters | undefined): Meters | undefined {
  return meters && { ...(meters.read && { read: meters.read.bind(meters) }), take: () => true }
}

/** The rules that `explain` listed; `names` are those of the chain. */
function readRules(m: Machine, names: readonly string[]): readonly RuleExplained[] {
  const list = viewOf(m.region(m.exports.explained_ptr(), m.u32(RES_EXPLAINED) * EXPLAINED_SIZE))
  return listOf(m.u32(RES_EXPLAINED), (i) => {
    const at = i * EXPLAINED_SIZE
    const mask = list.getUint32(at + 8, true)
    return {
      grant: list.getInt32(at + 4, true),
      holder: names[list.getUint32(at + 12, true)] ?? '',
      factor: list.getUint32(at, true),
      failed: mask >> KIND_AGENT_ATOM ? ['agent'] : (kindsOf(mask) ?? []),
    }
  })
}

function writeFlags(machine: Machine, id: string, bits: number): void {
  const bytes = UTF8.encode(id)
  machine.put(bytes)
  const status = machine.exports.revoke(bytes.length, bits)
  if (status === STATUS_BAD_NAME) throw new EngineError('bad-name', `\`${id}\` names no agent and no pair`)
  succeeded(status, `the flag of \`${id}\``)
}

function idOf(id: PrincipalOrPair): string {
  return typeof id === 'string' ? id : `${id.from}\0${id.to}`
}
