/** Finds bytes that the module wrote where it has no business: outside its response and scratch areas. */

import { BOOT_ADDRESS } from '../../engine-wasm/format/layout.ts'
import { compile } from '../engine-wasm/assembly/compile.ts'
import type { Instance } from './instance.ts'

interface Addresses {
  readonly STATIC: WebAssembly.Global<'i32'>
  readonly REQUEST: WebAssembly.Global<'i32'>
  readonly FLAG_HEADS: WebAssembly.Global<'i32'>
  readonly HEAP: WebAssembly.Global<'i32'>
}

const MAP = await compile<Addresses>('memory')
const AREAS: readonly (readonly [string, number, number])[] = [
  ['the first page', 0, BOOT_ADDRESS],
  ['the static data', MAP.STATIC.value, MAP.REQUEST.value],
  ['flags and records', MAP.FLAG_HEADS.value, MAP.HEAP.value],
]

/** Remembers what must stay until something is put, flagged or revoked. */
export class Watch {
  private kept: readonly Uint8Array[] = []
  private readonly instance: Instance

  constructor(instance: Instance) {
    this.instance = instance
    this.remember()
  }

  remember(): void {
    const bytes = this.instance.bytes()
    this.kept = AREAS.map(([, from, to]) => bytes.slice(from, to))
  }

  /** @throws {Error} when a byte has changed */
  assertUntouched(): void {
    const bytes = this.instance.bytes()
    for (const [index, [name, from, to]] of AREAS.entries()) {
      const before = Buffer.from(this.kept[index] ?? [])
      if (before.equals(bytes.subarray(from, to))) continue
      const at = before.findIndex((byte, offset) => byte !== bytes[from + offset])
      throw new Error(`${name}: the byte at ${from + at} has changed`)
    }
  }
}
