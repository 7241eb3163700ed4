import { expect, test } from 'vitest'
import { addSignature, attachSignature, createManifest, emitImage, spliceModule } from '../../../compiler/emit/index.ts'
import { formatSignature, loadEngine } from '../../../engine-wasm/host/index.ts'
import { ENGINE } from '../../abi/compiled.ts'
import { modelOf } from './model.ts'

const IMAGE = emitImage(modelOf('autonomous agent a { allow read on x }'))
const MODULE = spliceModule(ENGINE, IMAGE)
const manifest = createManifest({ image: IMAGE, engine: ENGINE, compiler: '' })
const one = { keyId: '1'.repeat(16), signature: 'aa'.repeat(64) }
const two = { keyId: '2'.repeat(16), signature: 'bb'.repeat(64) }

test('signatures stand in the order of their keys, and one key signs once', () => {
  const both = addSignature(addSignature({ manifest }, two), one)
  expect(both).toEqual({ manifest, signatures: [one, two] })
  const again = { ...two, signature: 'cc'.repeat(64) }
  expect(addSignature(both, again).signatures).toEqual([one, again])
})

test('a signed module is the same module for WebAssembly, and a second signature takes the place of the first', () => {
  const first = addSignature({ manifest }, one)
  const second = addSignature(first, two)
  const bytes = attachSignature(attachSignature(MODULE, first), second)
  expect(Buffer.from(bytes.subarray(0, MODULE.length)).equals(MODULE)).toBe(true)
  const module = new WebAssembly.Module(Uint8Array.from(bytes))
  const sections = WebAssembly.Module.customSections(module, 'kavach.signature')
  expect(sections.map((section) => new TextDecoder().decode(section))).toEqual([formatSignature(second)])
  expect(loadEngine(bytes).decide({ agent: 'a', action: 'read', resource: 'x' }).allowed).toBe(true)
})
