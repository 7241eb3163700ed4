import { expect, test } from 'vitest'
import { loadEngineWasm } from '../../../cli/engine-wasm.ts'
import { digestOf, emitImage, spliceModule } from '../../../compiler/emit/index.ts'
import { toHex } from '../../../compiler/model/index.ts'
import { encodeRequest } from '../../fuzz/encode-request.ts'
import { modelOf } from './model.ts'

const ENGINE = loadEngineWasm()
const IMAGE = emitImage(modelOf('autonomous agent a { allow read on x }'))

/** What a spliced module exports, as far as this test needs it. */
interface Exports {
  readonly memory: WebAssembly.Memory
  readonly kavach_heap: WebAssembly.Global<'i32'>
  boot(): number
  req_ptr(): number
  eval(length: number): number
  image_ptr(): number
}

function instantiate(bytes: Uint8Array): Exports {
  const module = new WebAssembly.Module(Uint8Array.from(bytes))
  return new WebAssembly.Instance(module).exports as unknown as Exports // of docs/abi.md
}

test('the module boots with its policy and decides', () => {
  const module = instantiate(spliceModule(ENGINE, IMAGE))
  expect([module.boot(), module.image_ptr()]).toEqual([0, module.kavach_heap.value])
  const ask = (resource: string): number => {
    const request = encodeRequest({ agent: 'a', action: 'read', resource }, false) ?? new Uint8Array()
    new Uint8Array(module.memory.buffer).set(request, module.req_ptr())
    return module.eval(request.length) & 15
  }
  expect([ask('x'), ask('y')]).toEqual([4, 0])
})

test('an image of any size ends, with its slack, in the memory of the module', () => {
  for (const length of [IMAGE.length, 65_472, 65_480, 131_072]) {
    const padded = new Uint8Array(length)
    padded.set(IMAGE)
    const { memory, kavach_heap } = instantiate(spliceModule(ENGINE, padded))
    const behind = memory.buffer.byteLength - kavach_heap.value - length
    expect([length, behind >= 64, behind < 64 + 65_536]).toEqual([length, true, true])
    const found = new Uint8Array(memory.buffer, kavach_heap.value, length)
    expect(Buffer.from(found).equals(padded)).toBe(true)
  }
})

test('a custom section says what is inside', () => {
  const module = new WebAssembly.Module(Uint8Array.from(spliceModule(ENGINE, IMAGE)))
  const [section, ...others] = WebAssembly.Module.customSections(module, 'kavach')
  expect(others).toEqual([])
  expect(JSON.parse(new TextDecoder().decode(section))).toEqual({
    abi: '1.0',
    generation: 1,
    digest: toHex(digestOf(IMAGE)),
    address: instantiate(ENGINE).kavach_heap.value,
    length: IMAGE.length,
  })
})

test('the engine alone has no policy', () => {
  expect(instantiate(ENGINE).boot()).toBe(-11)
})

test('the same parts make the same module, with the exports of the engine and no imports', () => {
  const bytes = spliceModule(ENGINE, IMAGE)
  expect(Buffer.from(spliceModule(ENGINE, IMAGE)).equals(bytes)).toBe(true)
  const [engine, module] = [ENGINE, bytes].map((one) => new WebAssembly.Module(Uint8Array.from(one)))
  expect(module && WebAssembly.Module.exports(module)).toEqual(engine && WebAssembly.Module.exports(engine))
  expect(module && WebAssembly.Module.imports(module)).toEqual([])
})

test('what is not the engine is refused', () => {
  const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
  expect(() => spliceModule(empty, IMAGE)).toThrow('this is not the engine')
  expect(() => spliceModule(ENGINE.subarray(0, 1000), IMAGE)).toThrow('runs over its end')
})
