import { describe, expect, test } from 'vitest'
import {
  EngineError,
  type EngineRequest,
  loadEngine,
  loadLiveEngine,
  openEngine,
} from '../../../engine-wasm/host/index.ts'
import { compilePolicy, ENGINE } from '../../abi/compiled.ts'

const POLICY = `policy shop generation 7
autonomous agent clerk { allow read on shop:** }`
const { image, module } = compilePolicy(POLICY)
const ASKED = { agent: 'clerk', action: 'read', resource: 'shop:orders' }

describe('an engine is loaded from', () => {
  test.each([
    ['the bytes of a module', module],
    ['their buffer', module.slice().buffer],
    ['a compiled module', new WebAssembly.Module(module.slice())],
    ['an image', image],
    ['a view into a larger buffer', within(image)],
  ])('%s', (_, source) => {
    const engine = loadEngine(source)
    const { digest } = engine.policy
    expect(engine.policy).toEqual({ name: 'shop', generation: 7, digest: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(engine.decide(ASKED)).toEqual({
      decision: 'allow',
      allowed: true,
      reason: 'allowed',
      grant: 0,
      guard: undefined,
      hops: 0,
      failed: undefined,
      charged: undefined,
      policy: { name: 'shop', generation: 7, digest },
    })
    expect(loadLiveEngine(source).maxSteps).toBeGreaterThan(0)
  })

  test('an engine of the caller, with an image or a module that carries one', () => {
    const engine = new WebAssembly.Module(ENGINE)
    expect(openEngine(engine, image).decide(ASKED).allowed).toBe(true)
    expect(openEngine(new WebAssembly.Module(module.slice())).decide(ASKED).allowed).toBe(true)
  })
})

describe('what is refused', () => {
  const cut = image.slice(0, image.length - 8)
  const bent = image.map((byte, at) => (at === image.length - 9 ? byte ^ 1 : byte))
  const newer = image.map((byte, at) => (at === 4 ? 2 : byte))
  const minimal = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])

  test.each([
    ['text', new TextEncoder().encode(POLICY), 'bad-module', /compile the policy/],
    ['nothing', new Uint8Array(), 'bad-module', /compile the policy/],
    ['a truncated module', module.slice(0, 2000), 'bad-module', /compile the policy/],
    ['a module that is no engine', minimal, 'bad-module', /no decision engine/],
    ['an engine without a policy', ENGINE, 'no-image', /no-image/],
    ['a truncated image', cut, 'bad-length', /bad-length/],
    ['an image of four bytes', image.slice(0, 4), 'bad-length', /bad-length/],
    ['an image with another byte', bent, 'bad-digest', /bad-digest/],
    ['an image of another version', newer, 'bad-version', /bad-version/],
  ])('%s', (_, source, code, message) => {
    const error = errorOf(() => loadEngine(source))
    expect([error.code, error.name]).toEqual([code, 'EngineError'])
    expect(error.message).toMatch(message)
  })

  test('a generation older than the one that is asked for', () => {
    const error = errorOf(() => loadEngine(image, { minGeneration: 8 }))
    expect([error.code, error.message]).toEqual([
      'old-generation',
      'generation 7 is refused: it is older than generation 8; compile with a higher generation',
    ])
    expect(loadEngine(image, { minGeneration: 7 }).policy.generation).toBe(7)
  })
})

test('requests can be typed as NAME.d.ts types them', () => {
  interface Request extends EngineRequest {
    readonly agent: 'clerk'
    readonly action: 'read'
    readonly resource: `shop:${string}`
  }
  const engine = loadEngine<Request>(image)
  expect(engine.decide({ agent: 'clerk', action: 'read', resource: 'shop:a' }).allowed).toBe(true)
  // @ts-expect-error The policy knows no such agent; the engine says so too.
  expect(engine.decide({ agent: 'thief', action: 'read', resource: 'shop:a' }).reason).toBe('agent-unknown')
})

function within(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(bytes.length + 16)
  larger.set(bytes, 8)
  return larger.subarray(8, 8 + bytes.length)
}

function errorOf(work: () => unknown): EngineError {
  try {
    work()
  } catch (error) {
    if (error instanceof EngineError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
