/** A trap inside the module is a denial, after which everything is as before. */
import { describe, expect, test } from 'vitest'
import { type LiveEngine, loadLiveEngine } from '../../../engine-wasm/host/index.ts'
import { compilePolicy, recordsOf } from '../../abi/compiled.ts'
import { trapAt } from './faulty.ts'

const POLICY = (generation: number) => `policy p generation ${generation}
autonomous agent a { allow read on r:** }
autonomous agent gone { allow read on r:** }
boundary runtime { allow read on r:** }`
const { image, module } = compilePolicy(POLICY(5))
/** Length of the request that does not come back: nothing else that is asked here is as long. */
const FATAL = 20 + 1 + 4 + 60
const GOOD = { agent: 'a', action: 'read', resource: 'r:x' }
const BAD = { agent: 'a', action: 'read', resource: `r:${'x'.repeat(58)}` }
const STATE = { agents: [{ name: 'made', type: 'service', permissions: [{ resource: '**', actions: ['read'] }] }] }

function reasons(engine: LiveEngine): readonly string[] {
  return ['a', 'gone', 'made', 'dropped'].map((agent) => engine.decide({ ...GOOD, agent }).reason)
}

describe('after a trap', () => {
  const faulty = trapAt(module, FATAL)

  test('the answer is a denial, and the next one is right', () => {
    const engine = loadLiveEngine(faulty)
    const { policy } = engine
    expect(engine.decide(BAD)).toEqual({
      decision: 'deny',
      allowed: false,
      reason: 'engine-fault',
      grant: undefined,
      guard: undefined,
      hops: 0,
      failed: undefined,
      charged: undefined,
      policy,
    })
    expect(engine.decide(GOOD).reason).toBe('allowed')
    expect(engine.policy).toEqual(policy)
  })

  test('records and flags are there, and what was dropped is not', () => {
    const engine = loadLiveEngine(faulty)
    for (const record of recordsOf(STATE)) engine.putRecord(record)
    for (const record of recordsOf({ agents: [{ ...STATE.agents[0], name: 'dropped' }] })) engine.putRecord(record)
    engine.dropRecord('dropped')
    engine.setFlag('gone', 'revoked')
    engine.setFlag('gone', 'suspended')
    engine.setFlag('gone', 'revoked', false)
    const before = reasons(engine)
    expect(before).toEqual(['allowed', 'agent-suspended', 'allowed', 'agent-unknown'])
    for (let i = 0; i < 3; i++) {
      expect(engine.decide(BAD).reason).toBe('engine-fault')
      expect(reasons(engine)).toEqual(before)
    }
    expect(engine.dropRecord('made')).toBe(true)
    expect(engine.decide({ ...GOOD, agent: 'made' }).reason).toBe('agent-unknown')
  })

  test('a record of a source is asked for again, and an older one that it replaced is not there', () => {
    const engine = loadLiveEngine(faulty, { overlayBytes: 4_194_304 })
    const [wide] = recordsOf(STATE)
    const [narrow] = recordsOf({ agents: [{ ...STATE.agents[0], permissions: [] }] })
    const made = { ...GOOD, agent: 'made' }
    engine.putRecord(wide ?? new Uint8Array())
    engine.dropRecord('made')
    engine.putRecord(recordsOf({ agents: [{ ...STATE.agents[0], name: 'other' }] })[0] ?? new Uint8Array())
    const records = { agent: () => narrow, delegations: () => undefined }
    expect(engine.decide(made, { records }).reason).toBe('no-grant')
    engine.decide(BAD)
    expect(engine.decide(made).reason).toBe('agent-unknown')
    expect(engine.decide(made, { records }).reason).toBe('no-grant')
    expect(engine.decide({ ...GOOD, agent: 'other' }).reason).toBe('allowed')
  })

  test('the policy is the one that was reloaded, and an older one is still refused', () => {
    const engine = loadLiveEngine(faulty)
    const newer = compilePolicy(`${POLICY(6)} forbid read on r:x`)
    engine.reload(newer.image)
    expect(engine.decide(BAD).reason).toBe('engine-fault')
    expect(engine.policy.generation).toBe(6)
    expect(engine.decide(GOOD).reason).toBe('forbidden')
    expect(() => engine.reload(image)).toThrow('generation 5 is refused: it is older than generation 6')
    engine.decide(BAD)
    expect(() => engine.reload(compilePolicy(POLICY(6)).image)).toThrow(/other bytes/)
    expect(engine.decide(GOOD).reason).toBe('forbidden')
  })

  test('another module takes its place, without the fault', () => {
    const engine = loadLiveEngine(faulty)
    engine.setFlag('gone', 'revoked')
    engine.decide(BAD)
    engine.reload(module)
    expect(engine.decide(BAD).reason).toBe('allowed')
    expect(engine.decide({ ...GOOD, agent: 'gone' }).reason).toBe('agent-revoked')
  })

  test('an image that was being loaded is given up', async () => {
    const engine = loadLiveEngine(faulty)
    let isFirst = true
    const loading = engine.reloadAsync(compilePolicy(POLICY(9)).image, {
      async yield() {
        if (isFirst)
          expect([engine.decide(BAD).reason, engine.decide(GOOD).reason]).toEqual(['engine-fault', 'allowed'])
        isFirst = false
      },
    })
    await expect(loading).rejects.toMatchObject({ code: 'superseded' })
    expect(engine.policy.generation).toBe(5)
  })

  test('a batch is denied where it must be, and goes on', () => {
    const engine = loadLiveEngine(faulty)
    const found = engine.decideBatch([GOOD, BAD, GOOD]).map(({ reason }) => reason)
    expect(found.every((reason) => reason === 'engine-fault' || reason === 'allowed')).toBe(true)
    expect(found[1]).toBe('engine-fault')
    expect(engine.decideBatch([GOOD, GOOD]).map(({ reason }) => reason)).toEqual(['allowed', 'allowed'])
  })
})

test('a stack that is all but used up is a denial, and the engine goes on', () => {
  const engine = loadLiveEngine(image)
  const found = new Set<string>()
  const descend = (): void => {
    try {
      descend()
    } finally {
      // Deep down even the denial has no room: that is the caller's overflow, not an answer.
      try {
        found.add(engine.decide(GOOD).reason)
      } catch (error) {
        if (!(error instanceof RangeError)) found.add('thrown')
      }
    }
  }
  expect(descend).toThrow(RangeError)
  expect(['allowed', 'engine-fault', 'invalid-request']).toEqual(expect.arrayContaining([...found]))
  expect(engine.decide(GOOD).reason).toBe('allowed')
})
