import { describe, expect, test } from 'vitest'
import { type Decision, EngineError, type EngineRequest, loadLiveEngine } from '../../../engine-wasm/host/index.ts'
import { compileFolder, compilePolicy, recordsOf } from '../../abi/compiled.ts'

const GRANTS = `
  allow read on r:**
  allow call on r:** rate 2 per minute
  allow pay on r:** estimate 0.25 USD
  allow ask on r:** needs approval by "bo" within 1h
  allow both on r:** needs approval rate 5 per day each resource
`
const POLICY = (generation: number, more = '') => `policy p generation ${generation}
autonomous agent a { owner "o 1"
  ${GRANTS}
  may delegate depth 1
}
autonomous agent payer { allow pay on r:** estimate 0.25 USD
  limit budget 1.00 USD per day throttle at 50% to 3 per hour }
delegated agent d { }
delegate a -> d { allow read on r:** }
forbid read on r:secret
boundary runtime { allow read, call on r:** may delegate depth 1 }
${more}`
const ONE = compilePolicy(POLICY(1))
const NOW = Date.UTC(2026, 3, 1, 10, 0, 30)

function ask(action: string, more: Partial<EngineRequest> = {}): EngineRequest {
  return { agent: 'a', action, resource: 'r:x', now: NOW, ...more }
}

/** What a test is about, of a decision. */
function gist({ decision, allowed, reason }: Decision): readonly unknown[] {
  return [decision, allowed, reason]
}

describe('a decision that depends on a meter', () => {
  const engine = loadLiveEngine(ONE.image)
  const meter = {
    key: expect.stringMatching(/^[0-9a-f]{16}\/minute\/agent=a$/),
    window: 'minute',
    windowStart: NOW - 30_000,
    limit: '2',
    unit: 'calls',
  }

  test('is not allowed when nobody reads it, and says what must be read', () => {
    const decision = engine.decide(ask('call'), { charge: 'caller' })
    expect(gist(decision)).toEqual(['deny', false, 'meters-required'])
    expect(decision.meters).toEqual([meter])
  })

  test('is not allowed when nobody charges it, and says what must be charged', () => {
    const decision = engine.decide(ask('call', { readings: {} }))
    expect(gist(decision)).toEqual(['deny', false, 'meters-required'])
    expect(decision.reservations).toEqual([{ ...meter, amount: '1' }])
  })

  test('is allowed when the caller has read it and charges it', () => {
    const decision = engine.decide(ask('call', { readings: {} }), { charge: 'caller' })
    expect(gist(decision)).toEqual(['allow', true, 'allowed'])
    expect(decision.reservations).toEqual([{ ...meter, amount: '1' }])
    expect(decision.amountNanoUsd).toBe('0')
  })

  test('is limited, with the time to wait, when the meter is full', () => {
    const key = engine.decide(ask('call'), {}).meters?.[0]?.key ?? ''
    for (const readings of [{ used: { minute: 2 } }, { used: { minute: '1.5' } }, { meters: { [key]: 2 } }]) {
      const decision = engine.decide(ask('call', { readings }), { charge: 'caller' })
      expect([...gist(decision), decision.retryAfter, decision.reservations]).toEqual([
        'limited',
        false,
        'rate-limited',
        30,
        undefined,
      ])
    }
    const exact = { used: { minute: 2 }, meters: { [key]: 1 } }
    expect(engine.decide(ask('call', { readings: exact }), { charge: 'caller' }).allowed).toBe(true)
  })

  test('says no time to wait when there is no clock', () => {
    const { now: _, ...timeless } = ask('call', { readings: { used: { minute: 2 } } })
    const decision = engine.decide(timeless, { charge: 'caller' })
    expect([decision.reason, decision.retryAfter]).toEqual(['rate-limited', undefined])
  })

  test('counts money in nano-USD, throttles and is exhausted', () => {
    const pay = (spent: string, used = 0) =>
      engine.decide(ask('pay', { agent: 'payer', readings: { spent: { day: spent }, used: { hour: used } } }), {
        charge: 'caller',
      })
    const day = { window: 'day', windowStart: Date.UTC(2026, 3, 1), limit: '1000000000', amount: '250000000' }
    expect(pay('0.4999999999').reservations).toEqual([
      { ...day, key: expect.stringMatching(/\/day\/agent=payer$/), unit: 'nanoUsd' },
      {
        key: expect.stringMatching(/^[0-9a-f]{16}p\/hour\/agent=payer$/),
        window: 'hour',
        windowStart: Date.UTC(2026, 3, 1, 10),
        limit: '3',
        amount: '1',
        unit: 'calls',
      },
    ])
    expect(pay('0.499999999').reservations).toHaveLength(1)
    expect(gist(pay('0.5'))).toEqual(['throttle', true, 'throttled'])
    expect([...gist(pay('0.5', 3)), pay('0.5', 3).retryAfter]).toEqual(['limited', false, 'rate-limited', 3570])
    expect([...gist(pay('0.76')), pay('0.76').retryAfter]).toEqual(['deny', false, 'budget-exhausted', 50_370])
    expect(pay('1e3').reason).toBe('invalid-request')
  })

  test('is never allowed, and no waiting helps, when the limit is 0 or the amount above the limit', () => {
    const none = loadLiveEngine(
      compilePolicy('policy p autonomous agent a { allow call on r:** rate 0 per day }').image,
    )
    const zero = none.decide(ask('call', { readings: {} }), { charge: 'caller' })
    expect([...gist(zero), zero.retryAfter]).toEqual(['limited', false, 'rate-limited', undefined])
    const dear = engine.decide(ask('pay', { agent: 'payer', cost: 2, readings: {} }), { charge: 'caller' })
    expect([...gist(dear), dear.retryAfter]).toEqual(['deny', false, 'budget-exhausted', undefined])
  })

  test('percent-encodes what stands in a key', () => {
    const both = ask('both', { resource: 'r:é/1', approvedBy: 'x', readings: {} })
    const { reservations } = engine.decide(both, { charge: 'caller' })
    expect(reservations?.map(({ key }) => key.replace(/^[0-9a-f]{16}/, ''))).toEqual([
      '/day/agent=a/resource=r%3A%C3%A9%2F1',
    ])
  })
})

describe('a port for meters', () => {
  const engine = loadLiveEngine(ONE.image)

  /** A store in memory; `race` takes from every meter between reading and taking, so many times. */
  function createStore(race = 0) {
    const used = new Map<string, bigint>()
    let left = race
    const takeAll = (all: readonly { readonly key: string; readonly amount: string }[]) => {
      for (const { key, amount } of all) used.set(key, (used.get(key) ?? 0n) + BigInt(amount))
    }
    return {
      used,
      read: (meters: readonly { readonly key: string }[]) =>
        Object.fromEntries(meters.map(({ key }) => [key, `${used.get(key) ?? 0n}`])),
      take(reservations: readonly { readonly key: string; readonly amount: string; readonly limit: string }[]) {
        if (left-- > 0) takeAll(reservations)
        const fits = reservations.every(
          ({ key, amount, limit }) => (used.get(key) ?? 0n) + BigInt(amount) <= BigInt(limit),
        )
        if (fits) takeAll(reservations)
        return fits
      },
    }
  }

  test('allows as often as the limit says, and charges nothing for the rest', () => {
    const meters = createStore()
    const found = Array.from({ length: 4 }, () => engine.decide(ask('call'), { meters }).reason)
    expect(found).toEqual(['allowed', 'allowed', 'rate-limited', 'rate-limited'])
    expect([...meters.used.values()]).toEqual([2n])
  })

  test('decides again when others were quicker', () => {
    expect(engine.decide(ask('call'), { meters: createStore(1) }).reason).toBe('allowed')
    expect(engine.decide(ask('call'), { meters: createStore(2) }).reason).toBe('allowed')
    const meters = { read: () => ({}), take: () => false }
    expect(gist(engine.decide(ask('call'), { meters }))).toEqual(['limited', false, 'rate-limited'])
  })

  test('needs only take, which may answer with readings', () => {
    const taken: unknown[] = []
    const take = (reservations: readonly { readonly key: string }[]) => {
      taken.push(reservations.map(({ key }) => key))
      return taken.length > 1 || Object.fromEntries(reservations.map(({ key }) => [key, 1]))
    }
    expect(engine.decide(ask('call'), { meters: { take } }).allowed).toBe(true)
    expect(taken).toHaveLength(2)
    expect(engine.decide(ask('call'), { meters: { take: () => false } }).reason).toBe('rate-limited')
  })

  test('is not asked when nothing is to be taken', () => {
    const meters = {
      take(): boolean {
        throw new Error('not asked')
      },
    }
    expect(engine.decide(ask('read'), { meters }).allowed).toBe(true)
    expect(engine.decide(ask('nothing'), { meters }).reason).toBe('no-grant')
  })

  test('that reads nonsense allows nothing, and one that throws is heard', () => {
    const nonsense = { read: () => ({ x: -1 }), take: () => true }
    expect(gist(engine.decide(ask('call'), { meters: nonsense }))).toEqual(['deny', false, 'meters-required'])
    const broken = {
      take(): boolean {
        throw new Error('the store is gone')
      },
    }
    expect(() => engine.decide(ask('call'), { meters: broken })).toThrow('the store is gone')
    expect(engine.decide(ask('read')).allowed).toBe(true)
  })

  test('is told which approval to use up', () => {
    const seen: unknown[] = []
    const take = (reservations: readonly unknown[], digest?: string) => seen.push(reservations.length, digest) > 0
    const decision = engine.decide(ask('both', { approvedBy: ['al'] }), { meters: { take } })
    expect(decision.allowed).toBe(true)
    expect(seen).toEqual([1, decision.approvalDigest])
  })
})

describe('a decision that depends on an approval', () => {
  const engine = loadLiveEngine(ONE.image)

  test('says who must agree and until when', () => {
    const decision = engine.decide(ask('ask'), { charge: 'caller' })
    expect([...gist(decision), decision.approvals]).toEqual([
      'approval',
      false,
      'approval-required',
      [{ by: 'bo', withinMs: 3_600_000 }],
    ])
    expect(decision.approvalDigest).toMatch(/^[0-9a-f]{64}$/)
    const anyone = engine.decide(ask('both', { readings: {} }), { charge: 'caller' })
    expect([anyone.reason, anyone.approvals]).toEqual(['approval-required', [{}]])
  })

  test('is allowed only to a caller who uses the approval up', () => {
    const approved = ask('ask', { approvedBy: ['al', 'bo'] })
    expect(gist(engine.decide(approved))).toEqual(['approval', false, 'approval-required'])
    expect(gist(engine.decide(approved, { charge: 'caller' }))).toEqual(['allow', true, 'allowed'])
    const late = ask('ask', { approvedBy: 'bo', approvedAt: NOW - 3_600_000 })
    expect(gist(engine.decide(late, { charge: 'caller' }))).toEqual(['approval', false, 'approval-required'])
  })
})

test('the option `possible` counts absent arguments for access', () => {
  const engine = loadLiveEngine(
    compilePolicy('policy p autonomous agent a { allow call on r:** when args.n <= 5 and args only [n] }').image,
  )
  expect(engine.decide(ask('call')).reason).toBe('arg-mismatch')
  expect(engine.decide(ask('call'), { possible: true }).reason).toBe('allowed')
  expect(engine.decide(ask('call', { args: { n: 6 } }), { possible: true }).reason).toBe('arg-mismatch')
})

describe('a batch', () => {
  test('gives the answers of single decisions, in order', () => {
    const engine = loadLiveEngine(compileFolder('acme').image)
    for (const record of recordsOf(STATE)) engine.putRecord(record)
    const requests = [
      ...mixture(),
      ...Array.from({ length: 3000 }, (_, i) => ({
        agent: 'contractor',
        action: 'read',
        resource: `mcp:github:r${i % 7}`,
      })),
      {
        agent: 'contractor',
        action: 'read',
        resource: `mcp:github:${'x'.repeat(120)}`,
        args: { x: 'y'.repeat(200_000) },
      },
      ...mixture(),
    ]
    for (const options of [{}, { charge: 'caller' }, { possible: true }] as const) {
      const alone = requests.map((request) => engine.decide(request as EngineRequest, options))
      expect(engine.decideBatch(requests as EngineRequest[], options)).toEqual(alone)
    }
    expect(engine.decideBatch([])).toEqual([])
  })

  function mixture(): readonly unknown[] {
    return [
      { agent: 'contractor', action: 'read', resource: 'mcp:github:issues', now: NOW },
      { agent: 'contractor', action: 'read', resource: 'mcp:github:issues' },
      { agent: 'triager', action: 'read', resource: 'mcp:github:issues', now: NOW },
      { agent: 'triager', action: 'read', resource: 'mcp:wiki:secrets:root', now: NOW },
      { agent: 'triager', action: 'read', resource: 'mcp:wiki:home', now: NOW, readings: {} },
      { agent: 'summarizer', via: ['triager'], action: 'read', resource: 'mcp:github:pulls', now: NOW, since: NOW },
      { agent: 'helper', action: 'read', resource: 'mcp:github:pulls', now: NOW, readings: {} },
      { agent: 'é', action: 'read', resource: 'mcp:é:😀' },
      { agent: 'e\u0301', action: 'read', resource: 'mcp:x' },
      { agent: 'triager', action: 'execute', resource: 'mcp:deploy:production', ip: '10.20.3.4', trust: 90, now: NOW },
      { agent: 'triager', action: 'execute', resource: 'tool:shell', args: { command: 'ls' }, now: NOW },
      undefined,
      {},
      { agent: 'nobody', action: 'read', resource: 'x' },
      {
        agent: 'contractor',
        action: 'read',
        resource: 'mcp:github:issues',
        now: NOW,
        get ip() {
          throw new Error('no')
        },
      },
      { agent: 'contractor', action: 'write', resource: 'mcp:github:pulls', now: NOW, cost: 0.5 },
    ]
  }
})

const STATE = {
  agents: [
    { name: 'helper', type: 'autonomous', permissions: [{ resource: '**', actions: ['*'] }], mayDelegate: 1 },
    { name: 'second', type: 'delegated', permissions: [] },
  ],
  delegations: [{ from: 'helper', to: 'second', permissions: [{ resource: 'r:**', actions: ['read'] }] }],
}

describe('what is made at run time', () => {
  const records = recordsOf(STATE)
  const helper = { agent: 'helper', action: 'read', resource: 'r:x' }
  const second = { via: ['helper'], agent: 'second', action: 'read', resource: 'r:x' }

  function withRecords() {
    const engine = loadLiveEngine(ONE.image)
    for (const record of records) engine.putRecord(record)
    return engine
  }

  test('is asked like what the policy declares, inside the boundary', () => {
    const engine = withRecords()
    const own = engine.decide(helper)
    expect([own.reason, own.grant, own.charged]).toEqual(['allowed', -1, [-1, expect.any(Number)]])
    expect(engine.decide({ ...helper, action: 'pay' }).reason).toBe('no-grant')
    expect(engine.decide({ ...helper, resource: 'r:secret' }).reason).toBe('forbidden')
    expect(engine.decide(second).reason).toBe('allowed')
    expect(engine.decide({ ...second, action: 'call' }).reason).toBe('no-grant')
  })

  test('is forgotten by its name', () => {
    const engine = withRecords()
    expect(engine.dropRecord({ from: 'helper', to: 'second' })).toBe(true)
    expect(engine.decide(second).reason).toBe('no-grant')
    expect(engine.dropRecord('helper')).toBe(true)
    expect(engine.dropRecord('helper')).toBe(false)
    expect(engine.decide(helper).reason).toBe('agent-unknown')
  })

  test('is refused under the name of a declared agent, and when it is no record', () => {
    const engine = loadLiveEngine(ONE.image)
    const [taken] = recordsOf({ agents: [{ name: 'a', type: 'service', permissions: [] }] })
    expect(codeOf(() => engine.putRecord(taken ?? new Uint8Array()))).toBe('name-taken')
    expect(codeOf(() => engine.putRecord(ONE.image))).toBe('bad-version')
    expect(codeOf(() => engine.putRecord(new Uint8Array(400)))).toBe('bad-magic')
    expect(codeOf(() => engine.putRecord(new Uint8Array(17_000_000)))).toBe('too-large')
  })

  test('is fetched from its source when the engine does not hold it', () => {
    const engine = loadLiveEngine(ONE.image)
    const asked: string[] = []
    const source = {
      agent(name: string) {
        asked.push(name)
        return name === 'helper' ? records[0] : name === 'second' ? records[1] : undefined
      },
      delegations(from: string, to: string) {
        asked.push(`${from} -> ${to}`)
        return to === 'second' ? records[2] : undefined
      },
    }
    expect(engine.decide(second, { records: source }).reason).toBe('allowed')
    expect(asked).toEqual(['helper', 'second', 'helper -> second'])
    expect(engine.decide(second, { records: source }).reason).toBe('allowed')
    expect(asked).toHaveLength(3)
    expect(engine.decide({ ...helper, agent: 'stranger' }, { records: source }).reason).toBe('agent-unknown')
    const policyOnly = { via: ['a'], agent: 'd', action: 'read', resource: 'r:x' }
    expect(engine.decide(policyOnly, { records: source }).reason).toBe('allowed')
  })

  test('that was evicted is unknown, is fetched again, and is still revoked', () => {
    const engine = withRecords()
    engine.setFlag('helper', 'revoked')
    expect(engine.decide(helper).reason).toBe('agent-revoked')
    evictAll(engine)
    expect(engine.decide(helper).reason).toBe('agent-unknown')
    const source = { agent: () => records[0], delegations: () => undefined }
    expect(engine.decide(helper, { records: source }).reason).toBe('agent-revoked')
    engine.setFlag('helper', 'revoked', false)
    expect(engine.decide(helper).reason).toBe('allowed')
  })

  test('that came from a source is asked for again after a record was put, dropped or evicted', () => {
    const engine = loadLiveEngine(ONE.image)
    let asked = 0
    const source = { agent: () => (asked++ === 0 ? undefined : records[0]), delegations: () => undefined }
    const reasons = () => [engine.decide(helper, { records: source }).reason, asked]
    expect(reasons()).toEqual(['agent-unknown', 1])
    expect([reasons(), reasons()]).toEqual([
      ['allowed', 2],
      ['allowed', 2],
    ])
    expect([engine.dropRecord('helper'), engine.dropRecord('helper')]).toEqual([true, false])
    expect(reasons()).toEqual(['allowed', 3])
    evictAll(engine)
    expect(reasons()).toEqual(['allowed', 4])
  })

  test.each([
    [undefined, 2_097_152, 5_000],
    [3_000_000, 3_000_000, 40_000],
    [33_554_432, 33_554_432, 40_000],
  ])('of many agents stay where %s bytes are reserved for them, and so do flags', (overlayBytes, room, flags) => {
    const engine = loadLiveEngine(ONE.image, { overlayBytes })
    const [record] = records
    if (record === undefined) throw new TypeError('there is no record')
    const named = recordsOf({
      agents: Array.from({ length: 200 }, (_, i) => ({
        name: `agent${i}`,
        type: 'service',
        permissions: Array.from({ length: 40 }, (__, j) => ({ resource: `r:x${j}`, actions: ['read'] })),
      })),
    })
    const size = (named[0]?.length ?? 0) + 300
    const fitting = Math.min(200, Math.floor(room / size))
    for (const one of named.slice(0, fitting)) engine.putRecord(one)
    const reasonOf = (i: number) => engine.decide({ ...helper, agent: `agent${i}`, resource: 'r:x3' }).reason
    const found = named.map((_, i) => reasonOf(i))
    expect(found).toEqual(named.map((_, i) => (i < fitting ? 'allowed' : 'agent-unknown')))
    for (let i = 0; i < flags; i++) engine.setFlag(`flagged${String(i).padStart(20, '0')}`, 'revoked')
    engine.setFlag('agent0', 'revoked')
    expect([reasonOf(0), reasonOf(1)]).toEqual(['agent-revoked', 'allowed'])
    expect(engine.dropRecord('agent1')).toBe(true)
    expect([reasonOf(1), reasonOf(2)]).toEqual(['agent-unknown', 'allowed'])
    engine.reload(compilePolicy(POLICY(2)).image)
    expect([reasonOf(0), reasonOf(1), reasonOf(2)]).toEqual(['agent-revoked', 'agent-unknown', 'allowed'])
  })

  test.each([[-1], [0.5], [Number.NaN], [2 ** 30 + 1], [2 ** 32]])('has no room of %s bytes', (overlayBytes) => {
    expect(codeOf(() => loadLiveEngine(ONE.image, { overlayBytes }))).toBe('too-large')
  })

  /** Puts records until the ring has gone round. */
  function evictAll(engine: ReturnType<typeof loadLiveEngine>): void {
    const permissions = Array.from({ length: 2000 }, (_, i) => ({ resource: `r:x${i}`, actions: ['read'] }))
    const [filler] = recordsOf({ agents: [{ name: 'filler', type: 'service', permissions }] })
    const size = filler?.length ?? 0
    expect(size).toBeGreaterThan(50_000)
    for (let put = 0; put < 2 * 2_097_152; put += size) engine.putRecord(filler ?? new Uint8Array())
  }
})

describe('flags', () => {
  test('hold for what the policy declares, and can be taken back', () => {
    const engine = loadLiveEngine(ONE.image)
    const chain = { via: ['a'], agent: 'd', action: 'read', resource: 'r:x' }
    engine.setFlag('a', 'suspended')
    expect([engine.decide(ask('read')).reason, engine.decide(chain).reason]).toEqual([
      'agent-suspended',
      'agent-suspended',
    ])
    engine.setFlag('a', 'revoked')
    expect(engine.decide(ask('read')).reason).toBe('agent-revoked')
    engine.setFlag('a', 'revoked', false)
    expect(engine.decide(ask('read')).reason).toBe('agent-suspended')
    engine.setFlag('a', 'suspended', false)
    expect(engine.decide(ask('read')).reason).toBe('allowed')
    engine.setFlag({ from: 'a', to: 'd' }, 'revoked')
    expect([engine.decide(ask('read')).reason, engine.decide(chain).reason]).toEqual(['allowed', 'delegation-revoked'])
  })

  test('hold for a delegation made at run time', () => {
    const engine = loadLiveEngine(ONE.image)
    for (const record of recordsOf(STATE)) engine.putRecord(record)
    engine.setFlag({ from: 'helper', to: 'second' }, 'revoked')
    const asked = { via: ['helper'], agent: 'second', action: 'read', resource: 'r:x' }
    expect(engine.decide(asked).reason).toBe('delegation-revoked')
  })

  test('are refused for what is no name, and when there is no room', () => {
    const engine = loadLiveEngine(ONE.image)
    expect(codeOf(() => engine.setFlag('', 'revoked'))).toBe('bad-name')
    expect(codeOf(() => engine.setFlag('x'.repeat(300), 'revoked'))).toBe('bad-name')
    const fill = () => {
      for (let i = 0; i < 100_000; i++) engine.setFlag(`agent-${i}`, 'revoked')
    }
    expect(codeOf(fill)).toBe('too-large')
    engine.setFlag('agent-0', 'suspended')
    expect(engine.decide(ask('read')).reason).toBe('allowed')
  })
})

test('explain names the rules that matched, who holds them and what failed', () => {
  const engine = loadLiveEngine(
    compilePolicy(`policy p
autonomous agent a {
  allow read on r:** when trust >= 50 and ip in cidr [10.0.0.0/8]
  allow read on r:x when args.n = 1
  allow read on r:x when agent.type = service
  allow read on other
  may delegate depth 1
}
delegated agent d { }
delegate a -> d { allow read on r:x }`).image,
  )
  const found = engine.explain({ via: ['a'], agent: 'd', action: 'read', resource: 'r:x' })
  expect(gist(found.decision)).toEqual(['deny', false, 'arg-mismatch'])
  expect(found.decision.failed).toEqual(['arg-mismatch'])
  expect([...found.rules].sort((a, b) => a.grant - b.grant)).toEqual([
    { grant: 0, holder: 'a', factor: 0, failed: ['ip-not-allowed', 'trust-too-low'] },
    { grant: 1, holder: 'a', factor: 0, failed: ['arg-mismatch'] },
    { grant: 2, holder: 'a', factor: 0, failed: ['agent'] },
    { grant: 4, holder: 'd', factor: 1, failed: [] },
  ])
  expect(engine.explain({} as EngineRequest).rules).toEqual([])
})

test('explain charges nothing and reads what is there to be read', () => {
  const engine = loadLiveEngine(ONE.image)
  const meters = {
    read: (all: readonly { readonly key: string }[]) => Object.fromEntries(all.map(({ key }) => [key, 1])),
    take(): boolean {
      throw new Error('nothing is taken')
    },
  }
  expect(engine.explain(ask('call'), { meters })).toEqual({
    decision: expect.objectContaining({ decision: 'allow', allowed: true }),
    rules: [{ grant: 1, holder: 'a', factor: 0, failed: [] }],
  })
  expect(engine.explain(ask('call')).decision.reason).toBe('meters-required')
})

describe('another policy', () => {
  const two = compilePolicy(POLICY(2, 'forbid read on r:x'))
  const other = compilePolicy(POLICY(1, 'forbid read on r:x'))

  test.each([
    ['an image', two.image],
    ['the bytes of a module', two.module],
    ['a module', new WebAssembly.Module(two.module.slice())],
  ])('takes the place of the old one: %s', (_, source) => {
    const engine = loadLiveEngine(ONE.image)
    for (const record of recordsOf(STATE)) engine.putRecord(record)
    engine.setFlag('d', 'revoked')
    engine.reload(source)
    expect(engine.policy.generation).toBe(2)
    expect(engine.decide(ask('read')).reason).toBe('forbidden')
    expect(engine.decide({ agent: 'helper', action: 'call', resource: 'r:x' }).reason).toBe('allowed')
    expect(engine.decide({ via: ['a'], agent: 'd', action: 'read', resource: 'r:y' }).reason).toBe('agent-revoked')
    engine.reload(source)
    expect(engine.policy.generation).toBe(2)
  })

  test.each([
    ['an older image', ONE.image, 'old-generation', /generation 1 .* generation 2/],
    ['an older module', ONE.module, 'old-generation', /generation 1 .* generation 2/],
    [
      'the same generation with other bytes',
      compilePolicy(POLICY(2)).image,
      'same-generation',
      /generation 2 .* other bytes/,
    ],
    [
      'a module of the same generation',
      compilePolicy(POLICY(2)).module,
      'same-generation',
      /generation 2 .* other bytes/,
    ],
    ['a damaged image', damaged(compilePolicy(POLICY(3)).image), 'bad-digest', /bad-digest/],
    ['nonsense', new Uint8Array(100), 'bad-module', /compile/],
  ])('is refused and the old one stays: %s', async (_, source, code, message) => {
    const engine = loadLiveEngine(two.image)
    const error = errorOf(() => engine.reload(source))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
    await expect(engine.reloadAsync(source, { yield: async () => undefined })).rejects.toMatchObject({ code })
    expect([engine.policy.generation, engine.decide(ask('read')).reason]).toEqual([2, 'forbidden'])
  })

  test('of the same generation is refused whichever came first', () => {
    const engine = loadLiveEngine(ONE.image)
    expect(errorOf(() => engine.reload(other.image)).code).toBe('same-generation')
    engine.reload(two.image)
    expect(errorOf(() => engine.reload(other.image)).code).toBe('old-generation')
  })

  test('is loaded in slices, between which decisions, records and digests go on', async () => {
    const grants = Array.from({ length: 3000 }, (_, i) => `  allow read on r:g${i}:x${i}\n`).join('')
    const large = compilePolicy(`policy p generation 3 autonomous agent a {\n${grants}}`)
    const engine = loadLiveEngine(ONE.image)
    const digest = engine.sha256(new Uint8Array(1000))
    let slices = 0
    await engine.reloadAsync(large.image, {
      async yield() {
        slices++
        expect(engine.decide(ask('read')).reason).toBe('allowed')
        for (const record of recordsOf(STATE)) engine.putRecord(record)
        expect(engine.sha256(new Uint8Array(1000))).toBe(digest)
        expect(engine.policy.generation).toBe(1)
      },
    })
    expect(slices).toBeGreaterThan(3)
    expect(engine.decide(ask('read', { resource: 'r:g7:x7' })).reason).toBe('allowed')
    expect(engine.decide(ask('read')).reason).toBe('no-grant')
    // The record outlived the reload; the boundary of its policy did not.
    expect(engine.decide({ agent: 'helper', action: 'read', resource: 'r:g7:x7' }).reason).toBe('no-grant')
  })

  test('that is overtaken by a later one is given up', async () => {
    const three = compilePolicy(POLICY(3))
    for (const source of [three.image, three.module]) {
      const engine = loadLiveEngine(ONE.image)
      let isFirst = true
      const overtaken = engine.reloadAsync(two.image, {
        async yield() {
          if (isFirst) engine.reload(source)
          isFirst = false
        },
      })
      await expect(overtaken).rejects.toMatchObject({ code: 'superseded' })
      expect(engine.policy.generation).toBe(3)
      expect(engine.decide(ask('read')).reason).toBe('allowed')
    }
  })
})

test('sha256 is that of the standard, whatever the length', () => {
  const engine = loadLiveEngine(ONE.image)
  // FIPS 180-4: the empty message, and one of exactly one block less a byte for the padding.
  expect(engine.sha256(new Uint8Array())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  expect(engine.sha256(new TextEncoder().encode('abc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})

function damaged(image: Uint8Array): Uint8Array {
  return image.map((byte, at) => (at === image.length - 9 ? byte ^ 1 : byte))
}

function codeOf(work: () => unknown): string {
  return errorOf(work).code
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
