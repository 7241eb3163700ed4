import { expect, test } from 'vitest'
import { loadEngineWasm } from '../../../cli/engine-wasm.ts'
import { concatenate } from '../../../compiler/emit/concatenate.ts'
import { headerOf, sectionsOf, toCustomSection, toSection } from '../../../compiler/emit/sections.ts'

const ENGINE = loadEngineWasm()

test('a module is its header and its sections', () => {
  const sections = sectionsOf(ENGINE).map(({ id, body }) => toSection(id, [body]))
  expect(Buffer.from(concatenate([headerOf(ENGINE), ...sections])).equals(ENGINE)).toBe(true)
})

test('a custom section is what WebAssembly finds under its name', () => {
  for (const length of [0, 100, 20_000]) {
    const text = 'x'.repeat(length)
    const bytes = concatenate([ENGINE, toCustomSection('a name', text)])
    const found = WebAssembly.Module.customSections(new WebAssembly.Module(Uint8Array.from(bytes)), 'a name')
    expect(found.map((section) => new TextDecoder().decode(section))).toEqual([text])
  }
})

test('what is cut short is refused wherever it is cut', () => {
  const bytes = concatenate([
    ENGINE.subarray(0, 8),
    toSection(0, [Uint8Array.of(0)]),
    toSection(5, [new Uint8Array(200)]),
  ])
  expect(sectionsOf(bytes).map(({ id, body }) => [id, body.length])).toEqual([
    [0, 1],
    [5, 200],
  ])
  const whole = new Set([8, 11, bytes.length])
  for (let length = 0; length < bytes.length; length++) {
    const read = () => sectionsOf(bytes.subarray(0, length))
    if (whole.has(length)) expect(read).not.toThrow()
    else expect(read).toThrow(RangeError)
  }
})
