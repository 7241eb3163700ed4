import { expect, test } from 'vitest'
import { openBareModule, withMark } from '../../cli/bench-module.ts'
import { loadEngineWasm } from '../../cli/engine-wasm.ts'
import { checkPolicy, emitImage, parsePolicy, spliceModule } from '../../compiler/index.ts'
import { loadEngine } from '../../engine-wasm/host/index.ts'

const TEXT = 'policy p generation 1\nautonomous agent a { allow read on mcp:docs:** }\n'

function compiled() {
  const { model } = checkPolicy([parsePolicy('p.kavach', TEXT).file])
  if (model === undefined) throw new Error('the policy does not compile')
  const image = emitImage(model)
  return { image, module: spliceModule(loadEngineWasm(), image) }
}

test('a module says what it weighs, answers an empty call, and verifies its image again and again', () => {
  const { image, module } = compiled()
  const bare = openBareModule(module, image)
  expect(bare.memoryBytes % 65_536).toBe(0)
  expect(bare.memoryBytes).toBeGreaterThan(image.length)
  expect(bare.touch()).toBe(65_536)
  bare.verify()
  bare.verify()
})

test('an image that the module would refuse is refused', () => {
  const { image, module } = compiled()
  const changed = image.slice()
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
  expect(() => openBareModule(module, changed).verify()).toThrow('the module refuses its own image: status -5')
})

test('a marked module decides as it did, and no two marks have the same bytes', () => {
  const { module } = compiled()
  const [first, second] = [withMark(module, 1), withMark(module, 2)]
  expect(Buffer.compare(first, second)).not.toBe(0)
  expect([first, second].every((bytes) => Buffer.compare(bytes.subarray(0, module.length), module) === 0)).toBe(true)
  const request = { agent: 'a', action: 'read', resource: 'mcp:docs:home' }
  expect([first, second].map((bytes) => loadEngine(bytes).decide(request).reason)).toEqual(['allowed', 'allowed'])
})
