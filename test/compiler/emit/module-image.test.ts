import { expect, test } from 'vitest'
import { loadEngineWasm } from '../../../cli/engine-wasm.ts'
import { emitImage, imageOfModule, spliceModule } from '../../../compiler/emit/index.ts'
import { modelOf } from './model.ts'

const ENGINE = loadEngineWasm()
const IMAGE = emitImage(modelOf('autonomous agent a { allow read on x }'))

test('the image that was put into a module comes out of it', () => {
  expect(Buffer.from(imageOfModule(spliceModule(ENGINE, IMAGE)) ?? []).equals(IMAGE)).toBe(true)
})

test('what looks like an image inside of an image is not taken for one', () => {
  const inner = new Uint8Array(IMAGE.length * 2)
  inner.set(IMAGE)
  inner.set(IMAGE, IMAGE.length)
  new DataView(inner.buffer).setUint32(8, inner.length, true)
  expect(imageOfModule(spliceModule(ENGINE, inner))).toEqual(inner)
})

test('a module without an image has none', () => {
  expect(imageOfModule(ENGINE)).toBeUndefined()
  expect(imageOfModule(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))).toBeUndefined()
  const shorter = IMAGE.slice()
  new DataView(shorter.buffer).setUint32(8, IMAGE.length - 8, true)
  expect(imageOfModule(spliceModule(ENGINE, shorter))).toBeUndefined()
})

test('a module that is cut short is refused', () => {
  const module = spliceModule(ENGINE, IMAGE)
  expect(() => imageOfModule(module.subarray(0, -1))).toThrow('a section runs over its end')
  expect(() => imageOfModule(module.subarray(0, 7))).toThrow('it ends within its header')
})
