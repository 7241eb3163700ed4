/** The exports of the module as they are, without the loader, and the few steps that every suite takes with them. */
import { loadEngineWasm } from '../../cli/engine-wasm.ts'
import { ANSWER_NEED_METERS } from '../../engine-wasm/format/codes.ts'
import {
  BOOT_ADDRESS,
  FIELD_READINGS,
  H_GENERATION,
  IMAGE_SLACK,
  REQ_FIELDS_LENGTH,
  REQ_STRINGS,
  RES_METER_COUNT,
} from '../../engine-wasm/format/layout.ts'

interface Exports {
  readonly memory: WebAssembly.Memory
  req_ptr(): number
  req_cap(): number
  req_reserve(bytes: number): number
  res_ptr(): number
  boot(): number
  image_begin(bytes: number): number
  image_verify(steps: number): number
  image_commit(bytes: number, minGeneration: bigint): number
  image_ptr(): number
  overlay_begin(bytes: number): number
  overlay_put(bytes: number): number
  overlay_drop(handle: number): number
  overlay_forget(bytes: number): number
  overlay_reserve(bytes: number): number
  revoke(bytes: number, flags: number): number
  eval(bytes: number): number
  eval_batch(bytes: number): number
  explain(bytes: number): number
  generation(): bigint
  digest(slot: number, out: number): number
  sha256(bytes: number): number
  max_steps(): number
}

const MODULE = new WebAssembly.Module(Uint8Array.from(loadEngineWasm()))

export class Instance {
  readonly exports: Exports
  /** The end of memory, where no slot is. */
  private ours = { start: 0, end: 0 }

  constructor() {
    // What docs/abi.md promises; a name that is not there fails when it is called.
    this.exports = new WebAssembly.Instance(MODULE).exports as unknown as Exports
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.exports.memory.buffer)
  }

  view(): DataView {
    return new DataView(this.exports.memory.buffer)
  }

  /** Writes where requests are written; the address. */
  put(bytes: Uint8Array): number {
    const at = this.exports.req_reserve(bytes.length) >>> 0
    if (at === 0) throw new RangeError(`there is no room for ${bytes.length} bytes`)
    this.bytes().set(bytes, at)
    return at
  }

  /** Writes an image into the slot that does not answer, with other bytes behind it as far as the slot goes; the status. */
  load(image: Uint8Array, behind: Uint8Array = NOTHING): number {
    const at = this.exports.image_begin(image.length) >>> 0
    if (at === 0) throw new RangeError(`there is no room for ${image.length} bytes`)
    this.bytes().set(image, at)
    this.bytes().set(behind.subarray(0, this.roomBehind(at + image.length)), at + image.length)
    return this.exports.image_commit(image.length, 0n)
  }

  /** Bytes behind an image that nothing else can own: its slack, and the rest of the page. */
  roomBehind(end: number): number {
    return (((end + IMAGE_SLACK + PAGE - 1) / PAGE) | 0) * PAGE - end
  }

  /** Lets the module find an image whose slack ends where memory ends, so that one byte further is a trap; the status. */
  bootAtEnd(image: Uint8Array, slack: Uint8Array): number {
    const { memory } = this.exports
    const end = memory.buffer.byteLength
    // What lies before may be a slot, and the module may have put one at the end since.
    if (end !== this.ours.end || end - this.ours.start < image.length + IMAGE_SLACK) {
      memory.grow(Math.ceil((image.length + IMAGE_SLACK) / PAGE))
      this.ours = { start: end, end: memory.buffer.byteLength }
    }
    const at = memory.buffer.byteLength - image.length - IMAGE_SLACK
    this.bytes().set(image, at)
    this.bytes().set(slack.subarray(0, IMAGE_SLACK), at + image.length)
    this.view().setUint32(BOOT_ADDRESS, at, true)
    this.view().setUint32(BOOT_ADDRESS + 4, image.length, true)
    return this.exports.boot()
  }

  /** The answer to a request; where meters are asked for, all of them read 0. */
  ask(request: Uint8Array): number {
    this.put(request)
    const answer = this.exports.eval(request.length)
    if ((answer & 15) !== ANSWER_NEED_METERS) return answer
    const count = this.view().getUint32(this.exports.res_ptr() + RES_METER_COUNT, true)
    const longer = withReadings(request, new Array<bigint>(count).fill(0n))
    this.put(longer)
    return this.exports.eval(longer.length)
  }

  /** A generation that may follow the active one; `undefined` when there is none. */
  next(): bigint | undefined {
    const next = BigInt.asUintN(64, this.exports.generation()) + 1n
    return next < 1n << 64n ? next : undefined
  }
}

const NOTHING = new Uint8Array(0)
const PAGE = 65536

/** Outcome and reason of an answer, without what it depends on. */
export function outcomeAndReason(answer: number): number {
  return answer & 0xfff
}

export function withReadings(request: Uint8Array, readings: readonly bigint[]): Uint8Array {
  const longer = new Uint8Array(request.length + 5 + 8 * readings.length)
  longer.set(request)
  const view = new DataView(longer.buffer)
  view.setUint8(request.length, FIELD_READINGS)
  view.setUint32(request.length + 1, readings.length, true)
  for (const [index, reading] of readings.entries()) view.setBigUint64(request.length + 5 + 8 * index, reading, true)
  if (longer.length >= REQ_STRINGS) {
    view.setUint32(REQ_FIELDS_LENGTH, view.getUint32(REQ_FIELDS_LENGTH, true) + 5 + 8 * readings.length, true)
  }
  return longer
}

export function withGeneration(image: Uint8Array, generation: bigint): Uint8Array {
  const copy = image.slice()
  new DataView(copy.buffer).setBigUint64(H_GENERATION, generation, true)
  return copy
}
