import { createHash } from 'node:crypto'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  formatSignature,
  loadSignedEngine,
  loadSignedLiveEngine,
  type SignedEngine,
  type SignedEngineOptions,
  type SignedLiveEngine,
} from '../../../engine-wasm/host/index.ts'
import { compilePolicy, ENGINE, recordsOf } from '../../abi/compiled.ts'
import { keyOf, refusalOf, type SignedPolicy, signPolicy } from './signing.ts'

const [alice, eve] = [keyOf('alice'), keyOf('eve')] as const
const policyOf = (generation: number, resource: string) =>
  compilePolicy(`policy shop generation ${generation}\nautonomous agent clerk { allow read on ${resource} }
boundary runtime { allow read on made:** }`)
const first = signPolicy(policyOf(7, 'seven'), [alice])
const next = signPolicy(policyOf(8, 'eight'), [alice])
const last = signPolicy(policyOf(9, 'nine'), [alice])
const keys = [alice.pem]

afterEach(() => vi.restoreAllMocks())

/** Which of the three policies answers. */
function answering(engine: Pick<SignedEngine, 'decide'>): readonly string[] {
  return ['seven', 'eight', 'nine'].filter(
    (resource) => engine.decide({ agent: 'clerk', action: 'read', resource }).allowed,
  )
}

type Load = (source: SignedPolicy['image'] | WebAssembly.Module, options: SignedEngineOptions) => Promise<SignedEngine>

describe.each<[string, Load]>([
  ['loadSignedEngine', loadSignedEngine],
  ['loadSignedLiveEngine', loadSignedLiveEngine],
])('%s', (_, load) => {
  const signature = formatSignature(first.signed)
  const compiled = new WebAssembly.Module(Uint8Array.from(first.carrying))

  test.each<[string, Uint8Array | WebAssembly.Module, Partial<SignedEngineOptions>]>([
    ['a module that carries its signature', first.carrying, {}],
    ['a module and its signature', first.module, { signature }],
    ['an image and its signature', first.image, { signature }],
    [
      'an image, its signature and an engine of the host',
      first.image,
      { signature, engine: new WebAssembly.Module(ENGINE) },
    ],
    ['a compiled module', compiled, {}],
    ['a compiled module and an engine of the host', compiled, { engine: new WebAssembly.Module(ENGINE) }],
  ])('answers from %s', async (_, source, options) => {
    const engine = await load(source, { keys, ...options })
    expect(answering(engine)).toEqual(['seven'])
    const { name, generation, digest } = engine.policy
    expect(engine.signed).toEqual({ manifest: first.manifest, signers: [alice.keyId] })
    expect({ name, generation, digest }).toEqual({
      name: first.manifest.policy,
      generation: first.manifest.generation,
      digest: first.manifest.digest,
    })
    expect(
      engine.decideBatch([{ agent: 'clerk', action: 'read', resource: 'seven' }]).map(({ allowed }) => allowed),
    ).toEqual([true])
  })

  test('has no way to load what is not signed', async () => {
    const engine = await load(first.carrying, { keys })
    expect(Object.keys(engine).filter((name) => /load/i.test(name))).toEqual(['reloadSigned'])
  })

  test('refuses before the engine sees a byte', async () => {
    const built = vi.spyOn(WebAssembly, 'Instance')
    const late = signPolicy(first, [alice], { change: (made) => ({ ...made, notAfter: 100 }) })
    const refused: readonly (readonly [string, Uint8Array, Partial<SignedEngineOptions>])[] = [
      ['unsigned', first.module, {}],
      ['unsigned', first.image, {}],
      ['bad-manifest', first.image, { signature: 'no' }],
      ['foreign-key', first.carrying, { keys: [eve.raw] }],
      ['too-few-signatures', first.carrying, { keys: [alice.raw, eve.raw], threshold: 2 }],
      ['digest-mismatch', next.image, { signature }],
      ['old-generation', first.carrying, { minGeneration: 8 }],
      ['stale-policy', late.carrying, { now: 100 }],
      ['bad-key', first.carrying, { keys: [] }],
    ]
    for (const [code, source, options] of refused) {
      expect([code, (await refusalOf(load(source, { keys, ...options }))).code]).toEqual([code, code])
    }
    expect(built).not.toHaveBeenCalled()
  })

  test('refuses what was signed and is no policy', async () => {
    const image = Uint8Array.from(first.image)
    image[first.image.length - 1] = 1 ^ (image.at(-1) ?? 0)
    const digest = createHash('sha256').update(image).digest('hex')
    const bent = signPolicy(first, [alice], { change: (made) => ({ ...made, image: digest }) })
    expect((await refusalOf(load(image, { keys, signature: bent.signed }))).code).toBe('bad-digest')
  })

  test('puts a newer policy in the place of the one that answers', async () => {
    const engine = await load(first.carrying, { keys })
    await engine.reloadSigned(next.carrying)
    expect([answering(engine), engine.signed.manifest, engine.policy.generation]).toEqual([['eight'], next.manifest, 8])
    await engine.reloadSigned(last.image, { signature: last.signed })
    expect([answering(engine), engine.signed.manifest, engine.policy.generation]).toEqual([['nine'], last.manifest, 9])
    await engine.reloadSigned(new WebAssembly.Module(Uint8Array.from(last.carrying)))
    expect(answering(engine)).toEqual(['nine'])
  })

  test('goes on with the policy before when the next one is refused', async () => {
    const engine = await load(next.carrying, { keys })
    const sameGeneration = signPolicy(policyOf(8, 'nine'), [alice])
    const byEve = signPolicy(policyOf(9, 'nine'), [eve])
    const late = signPolicy(policyOf(9, 'nine'), [alice], { change: (made) => ({ ...made, notAfter: 100 }) })
    const lying = signPolicy(policyOf(7, 'seven'), [alice], { change: (made) => ({ ...made, generation: 10 }) })
    const refused = [
      ['old-generation', () => engine.reloadSigned(first.carrying)],
      ['old-generation', () => engine.reloadSigned(first.image, { signature: first.signed })],
      ['old-generation', () => engine.reloadSigned(lying.carrying)],
      ['old-generation', () => engine.reloadSigned(lying.image, { signature: lying.signed })],
      ['same-generation', () => engine.reloadSigned(sameGeneration.carrying)],
      ['same-generation', () => engine.reloadSigned(sameGeneration.image, { signature: sameGeneration.signed })],
      ['unsigned', () => engine.reloadSigned(last.module)],
      ['foreign-key', () => engine.reloadSigned(byEve.carrying)],
      ['digest-mismatch', () => engine.reloadSigned(last.image, { signature: next.signed })],
      ['stale-policy', () => engine.reloadSigned(late.carrying, { now: 100 })],
    ] as const
    for (const [code, reload] of refused) expect([code, (await refusalOf(reload())).code]).toEqual([code, code])
    expect([answering(engine), engine.signed.manifest, engine.policy.generation]).toEqual([['eight'], next.manifest, 8])
  })

  test('does not even instantiate an older module', async () => {
    const engine = await load(next.carrying, { keys })
    const built = vi.spyOn(WebAssembly, 'Instance')
    expect((await refusalOf(engine.reloadSigned(first.carrying))).code).toBe('old-generation')
    expect(built).not.toHaveBeenCalled()
  })

  test('ends at the newest of several policies that come at once', async () => {
    const engine = await load(first.carrying, { keys })
    const results = await Promise.allSettled([engine.reloadSigned(last.carrying), engine.reloadSigned(next.carrying)])
    expect(results.map(({ status }) => status)).toContain('fulfilled')
    expect([answering(engine), engine.signed.manifest.generation]).toEqual([['nine'], 9])
  })

  test('trusts the keys that it was given at first', async () => {
    const given = [alice.pem]
    const engine = await load(first.carrying, { keys: given })
    given.push(eve.pem)
    expect((await refusalOf(engine.reloadSigned(signPolicy(next, [eve]).carrying))).code).toBe('foreign-key')
  })

  test('says what to bring where WebAssembly cannot be compiled from bytes', async () => {
    const host = new WebAssembly.Module(ENGINE)
    vi.resetModules()
    const fresh = await import('../../../engine-wasm/host/index.ts')
    vi.spyOn(WebAssembly, 'Module').mockImplementation(
      class {
        constructor() {
          throw new WebAssembly.CompileError('Wasm code generation disallowed by embedder')
        }
      } as unknown as typeof WebAssembly.Module,
    )
    const open = load === loadSignedEngine ? fresh.loadSignedEngine : fresh.loadSignedLiveEngine
    const refused = {
      code: 'bad-module',
      message:
        'this platform compiles no WebAssembly from bytes: import `kavachos/engine.wasm`, and give it as `engine` with an image',
    }
    await expect(open(first.image, { keys, signature })).rejects.toMatchObject(refused)
    await expect(open(first.carrying, { keys, engine: host })).rejects.toMatchObject(refused)
    expect(answering(await open(first.image, { keys, signature, engine: host }))).toEqual(['seven'])
  })
})

describe('loadSignedLiveEngine', () => {
  const MADE = { agent: 'helper', action: 'read', resource: 'made:x' }
  const [record] = recordsOf({
    agents: [{ name: 'helper', type: 'delegated', permissions: [{ resource: 'made:**', actions: ['read'] }] }],
  })
  if (record === undefined) throw new TypeError('there is no record')

  async function withHelper(): Promise<SignedLiveEngine> {
    const engine = await loadSignedLiveEngine(first.carrying, { keys })
    engine.putRecord(record as Uint8Array) // It was checked above.
    return engine
  }

  test('keeps what was made at run time when a policy is replaced, in one piece or in slices', async () => {
    const engine = await withHelper()
    expect([engine.decide(MADE).allowed, engine.explain(MADE).decision.allowed, engine.maxSteps > 0]).toEqual([
      true,
      true,
      true,
    ])
    await engine.reloadSigned(next.image, { signature: next.signed })
    expect(engine.decide(MADE).allowed).toBe(true)
    let slices = 0
    await engine.reloadSigned(last.image, { signature: last.signed, yield: async () => void slices++ })
    expect([engine.decide(MADE).allowed, answering(engine), slices > 0]).toEqual([true, ['nine'], true])
    engine.setFlag('helper', 'revoked')
    expect(engine.decide(MADE).reason).toBe('agent-revoked')
    engine.setFlag('helper', 'revoked', false)
    expect([engine.dropRecord('helper'), engine.decide(MADE).reason]).toEqual([true, 'agent-unknown'])
    expect(engine.sha256(new Uint8Array())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })

  test('goes on with the policy before while the next one is verified in slices', async () => {
    const engine = await withHelper()
    const seen: string[] = []
    await engine.reloadSigned(next.image, {
      signature: next.signed,
      yield: async () => void seen.push(...answering(engine)),
    })
    expect(new Set(seen)).toEqual(new Set(['seven']))
    expect(answering(engine)).toEqual(['eight'])
  })
})
