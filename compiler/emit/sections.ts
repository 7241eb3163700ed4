/**
 * The sections of a WebAssembly module, and back.
 *
 *   | magic, version (8 bytes) | id, size, body | id, size, body | ...
 *
 * A custom section (id 0) has its name in front of its body; no engine looks at it.
 *
 * @see WebAssembly Core Specification, section 5.5
 */
import { concatenate } from './concatenate.ts'
import { readLeb, toLeb } from './leb.ts'

export const CUSTOM = 0
export const MEMORY = 5
export const DATA = 11
export const DATA_COUNT = 12

const HEADER_BYTES = 8

export interface Section {
  readonly id: number
  /** Without id and size; the name of a custom section is in it. */
  readonly body: Uint8Array
}

/** What stands in a module, in its order. @throws {RangeError} when it is cut short */
export function sectionsOf(module: Uint8Array): readonly Section[] {
  if (module.length < HEADER_BYTES) throw new RangeError('it ends within its header')
  const sections: Section[] = []
  let at = HEADER_BYTES
  while (at < module.length) {
    const { value, end } = readLeb(module, at + 1)
    if (end + value > module.length) throw new RangeError('a section runs over its end')
    sections.push({ id: module[at] ?? 0, body: module.subarray(end, end + value) })
    at = end + value
  }
  return sections
}

/** Magic and version of a module, which stand before its sections. */
export function headerOf(module: Uint8Array): Uint8Array {
  return module.subarray(0, HEADER_BYTES)
}

/** The bytes of a section. */
export function toSection(id: number, parts: readonly Uint8Array[]): Uint8Array {
  const body = concatenate(parts)
  return concatenate([Uint8Array.from([id, ...toLeb(body.length)]), body])
}

/** The bytes of a custom section. */
export function toCustomSection(name: string, text: string): Uint8Array {
  const encoder = new TextEncoder()
  const label = encoder.encode(name)
  return toSection(CUSTOM, [Uint8Array.from(toLeb(label.length)), label, encoder.encode(text)])
}
