import { expect, test } from 'vitest'
import { emitImage } from '../../../compiler/emit/index.ts'
import { readImage } from '../../../compiler/emit/read-image.ts'
import { H_MAGIC, S_AGENTS } from '../../../engine-wasm/format/layout.ts'
import { modelOf } from './model.ts'

const IMAGE = emitImage(modelOf('autonomous agent a { allow read on x }'))

test('an image is opened', () => {
  const reader = readImage(IMAGE)
  expect([reader.name, reader.count(S_AGENTS), reader.digest.length]).toEqual(['p', 1, 64])
})

test('what is cut short, changed or no image is refused with its reason', () => {
  const changed = (at: number): Uint8Array => {
    const copy = IMAGE.slice()
    copy[at] = (copy[at] ?? 0) ^ 1
    return copy
  }
  expect(() => readImage(IMAGE.subarray(0, 100))).toThrow('it does not begin as an image does')
  expect(() => readImage(changed(H_MAGIC))).toThrow('it does not begin as an image does')
  expect(() => readImage(IMAGE.subarray(0, IMAGE.length - 8))).toThrow(
    `its header speaks of ${IMAGE.length} bytes, it has ${IMAGE.length - 8}`,
  )
  expect(() => readImage(changed(IMAGE.length - 1))).toThrow('its digest does not fit its bytes')
})

test('an image inside a larger buffer is read where it lies', () => {
  const larger = new Uint8Array(IMAGE.length + 24)
  larger.set(IMAGE, 16)
  expect(readImage(larger.subarray(16, 16 + IMAGE.length)).digest).toBe(readImage(IMAGE).digest)
})
