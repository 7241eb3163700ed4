import { describe, expect, test } from 'vitest'
import { concatenate } from '../../../compiler/emit/concatenate.ts'
import { toCustomSection } from '../../../compiler/emit/sections.ts'
import { formatSignature, splitModule } from '../../../engine-wasm/host/index.ts'
import { compilePolicy } from '../../abi/compiled.ts'
import { keyOf, signPolicy } from './signing.ts'

const { module, carrying, signed } = signPolicy(compilePolicy('policy p\nservice agent a { allow read on x }'), [
  keyOf('a'),
])
const text = formatSignature(signed)

test('a signed module is the module and its signature', () => {
  const split = splitModule(carrying)
  expect(Buffer.from(split.module).equals(module)).toBe(true)
  expect(Buffer.from(split.signature ?? []).toString()).toBe(text)
  expect(splitModule(module)).toEqual({ module, signature: undefined })
})

test('a signature of any length is found, however many bytes its size takes', () => {
  for (const length of [0, 1, 110, 111, 16_366, 16_367, 16_368, 2_097_200]) {
    const content = 'x'.repeat(length)
    const split = splitModule(concatenate([module, toCustomSection('kavach.signature', content)]))
    expect([length, split.module.length, split.signature?.length]).toEqual([length, module.length, length])
  }
})

describe('no signature is', () => {
  const section = toCustomSection('kavach.signature', text)
  const signedTwice = concatenate([module, section, section])

  test.each([
    ['a section of another name', concatenate([module, toCustomSection('kavach.signatures', text)])],
    ['a section that is not the last', concatenate([module, section, toCustomSection('more', '')])],
    ['a section that is cut short', carrying.subarray(0, -1)],
    ['a section with bytes behind it', concatenate([carrying, Uint8Array.of(0)])],
    ['nothing', new Uint8Array()],
    ['the name alone', new TextEncoder().encode('\u0010kavach.signature')],
    ['nothing but the byte that begins the name', new Uint8Array(1000).fill(16)],
  ])('%s', (_, bytes) => {
    expect(splitModule(bytes)).toEqual({ module: bytes, signature: undefined })
  })

  test('the first of two, which is part of what the second one signs', () => {
    expect(splitModule(signedTwice).module.length).toBe(carrying.length)
  })
})
