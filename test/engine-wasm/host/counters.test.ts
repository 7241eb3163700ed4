import { describe, expect, test } from 'vitest'
import {
  type CounterCharge,
  type Decision,
  type EngineRequest,
  loadLiveEngine,
  type Meter,
} from '../../../engine-wasm/host/index.ts'
import { compilePolicy, recordsOf } from '../../abi/compiled.ts'
import { render } from '../../properties/generate/piece.ts'
import { filesOf, generatePolicy } from '../../properties/generate/policy.ts'
import { Random } from '../../properties/generate/random.ts'
import { createRequests } from '../../properties/generate/request.ts'
import { generateState } from '../../properties/generate/state.ts'
import { createSubject } from '../../properties/subject.ts'

const NOW = Date.UTC(2026, 3, 1, 10, 0, 30)
const MINUTE = NOW - 30_000
const { image } = compilePolicy(`policy p generation 1
autonomous agent a { owner "o 1"
  allow read on r:**
  allow call on r:** rate 2 per minute
  allow ask on r:** needs approval rate 5 per day each resource
  may delegate depth 1
}
autonomous agent payer { allow pay on r:** estimate 0.25 USD
  limit budget 1.00 USD per day throttle at 50% to 3 per hour }
delegated agent d { }
delegate a -> d { allow call on r:** rate 1 per minute }
boundary runtime { allow call on r:** rate 3 per hour each owner }`)

function ask(action: string, more: Partial<EngineRequest> = {}): EngineRequest {
  return { agent: 'a', action, resource: 'r:x', now: NOW, ...more }
}

/** The counters of one transaction, which takes by itself. */
class Batch {
  readonly used = new Map<string, number>()

  read(key: string, windowStart: number): number {
    return this.used.get(`${key} ${windowStart}`) ?? 0
  }

  take({ charges = [] }: Decision): void {
    for (const { key, windowStart, amount } of charges) {
      this.used.set(`${key} ${windowStart}`, this.read(key, windowStart) + amount)
    }
  }
}

describe('counters', () => {
  const engine = loadLiveEngine(image)
  const decide = (request: EngineRequest, counters: Batch) => engine.decide(request, { counters, charge: 'caller' })

  test('let a caller decide and take in turn, until a limit is reached', () => {
    const batch = new Batch()
    const found = Array.from({ length: 4 }, () => {
      const decision = decide(ask('call'), batch)
      batch.take(decision)
      return [decision.reason, decision.retryAfter]
    })
    expect(found).toEqual([
      ['allowed', undefined],
      ['allowed', undefined],
      ['rate-limited', 30],
      ['rate-limited', 30],
    ])
    expect([...batch.used.values()]).toEqual([2])
  })

  test('say in numbers what is to be taken, in the place of reservations', () => {
    const batch = new Batch()
    const decision = decide(ask('call'), batch)
    const charge: CounterCharge = {
      key: expect.stringMatching(/^[0-9a-f]{16}\/minute\/agent=a$/),
      window: 'minute',
      windowStart: MINUTE,
      unit: 'calls',
      limit: 2,
      amount: 1,
      used: 0,
    }
    expect([decision.charges, decision.reservations]).toEqual([[charge], undefined])
    batch.take(decision)
    expect(decide(ask('call'), batch).charges).toEqual([{ ...charge, used: 1 }])
    expect(decide(ask('call'), batch).charges?.[0]?.key).toBe(decision.charges?.[0]?.key)
  })

  test('count money in nano-USD, throttle and are exhausted', () => {
    const batch = new Batch()
    const found = Array.from({ length: 5 }, () => {
      const decision = decide(ask('pay', { agent: 'payer' }), batch)
      batch.take(decision)
      return [decision.decision, decision.reason, decision.amountNanoUsd, decision.charges?.map(({ unit }) => unit)]
    })
    expect(found).toEqual([
      ['allow', 'allowed', '250000000', ['nanoUsd']],
      ['allow', 'allowed', '250000000', ['nanoUsd']],
      ['throttle', 'throttled', '250000000', ['nanoUsd', 'calls']],
      ['throttle', 'throttled', '250000000', ['nanoUsd', 'calls']],
      ['deny', 'budget-exhausted', '250000000', undefined],
    ])
  })

  test('are asked by agent, owner and resource, and in every window from its start', () => {
    const [record] = recordsOf({
      agents: [
        {
          name: 'é c',
          owner: 'o/ü',
          type: 'service',
          permissions: [{ resource: 'r:**', actions: ['call'], constraints: { maxCallsPerHour: 9 } }],
        },
      ],
    })
    engine.putRecord(record ?? new Uint8Array())
    const asked: unknown[] = []
    const counters = {
      read(key: string, windowStart: number) {
        asked.push([key.slice(16), windowStart])
        return 0
      },
    }
    engine.decide(ask('call', { agent: 'é c' }), { counters })
    engine.decide(ask('ask', { resource: 'r:%/é', approvedBy: 'bo' }), { counters })
    engine.decide(ask('call', { agent: 'd', via: ['a'], now: null }), { counters })
    expect(asked).toEqual([
      ['/hour/owner=o%2F%C3%BC', NOW - 30_000],
      ['/hour/agent=%C3%A9%20c', NOW - 30_000],
      ['/day/agent=a/resource=r%3A%25%2F%C3%A9', Date.UTC(2026, 3, 1)],
      ['/minute/agent=a', 0],
      ['/minute/agent=d', 0],
    ])
  })

  test('allow nothing to a caller who does not say that he charges', () => {
    const { decision, allowed, reason, charges } = engine.decide(ask('call'), { counters: new Batch() })
    expect([decision, allowed, reason, charges?.length]).toEqual(['deny', false, 'meters-required', 1])
  })

  test.each([[-1], [0.5], [Number.NaN], [Number.POSITIVE_INFINITY], [2 ** 53], [undefined], [null], ['1'], [1n]])(
    'that read %s allow nothing',
    (used) => {
      const counters = { read: () => used as number }
      const { allowed, reason } = engine.decide(ask('call'), { counters, charge: 'caller' })
      expect([allowed, reason]).toEqual([false, 'meters-required'])
    },
  )

  test('that throw are heard, and the next decision is right', () => {
    const waiting = { waitsFor: 'the store' }
    const counters = {
      read(): number {
        throw waiting
      },
    }
    let thrown: unknown
    try {
      engine.decide(ask('call'), { counters, charge: 'caller' })
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBe(waiting)
    expect(decide(ask('call'), new Batch()).reason).toBe('allowed')
  })

  test('that ask the engine themselves change nothing', () => {
    const batch = new Batch()
    const counters = {
      read(key: string, windowStart: number) {
        engine.decide(ask('pay', { agent: 'payer' }), { counters: batch })
        engine.setFlag('nobody', 'revoked')
        return batch.read(key, windowStart)
      },
    }
    expect(engine.decide(ask('call'), { counters, charge: 'caller' })).toEqual(decide(ask('call'), batch))
  })

  test('are not asked when nothing depends on them', () => {
    const counters = {
      read(): number {
        throw new Error('not asked')
      },
    }
    const options = { counters, charge: 'caller' } as const
    expect([engine.decide(ask('read'), options), engine.decide(ask('nothing'), options)]).toEqual([
      engine.decide(ask('read')),
      engine.decide(ask('nothing')),
    ])
  })

  test('are read by explain, which charges nothing', () => {
    const batch = new Batch()
    batch.take(decide(ask('call'), batch))
    const { decision } = engine.explain(ask('call'), { counters: batch })
    expect([decision.reason, decision.charges?.[0]?.used]).toEqual(['allowed', 1])
  })
})

const POLICIES = 60
const REQUESTS = 25

test('the decision is that of a port for meters, on random policies and readings', () => {
  let metered = 0
  for (let number = 0; number < POLICIES; number++) {
    const random = new Random(0xc0de + Math.imul(number, 0x9e3779b1))
    const generated = generatePolicy(random)
    const { state, aim } = generateState(random, generated.aim)
    const subject = createSubject(filesOf(render(generated.piece)), state)
    const { engine } = subject
    const requests = createRequests(random, aim, ({ value, possible }) => subject.reference.decide(value, { possible }))
    for (let i = 0; i < REQUESTS; i++) {
      const { value, possible } = requests.next()
      const request = value as EngineRequest // Anything may be asked.
      const used = new Map<string, number>()
      const meters = {
        read: (asked: readonly Meter[]) =>
          Object.fromEntries(
            asked.map(({ key, windowStart, limit, unit }) => {
              const edge = Math.min(Number(limit), Number.MAX_SAFE_INTEGER - 1)
              const reading = random.pick([0, 0, 1, Math.floor(edge / 2), Math.max(0, edge - 1), edge, edge + 1])
              const name = `${key} ${windowStart ?? 0}`
              // A meter may be asked for twice.
              const known = used.get(name) ?? reading
              used.set(name, known)
              return [key, unit === 'nanoUsd' ? usdOf(known) : known]
            }),
          ),
        take: () => true,
      }
      const expected = engine.decide(request, { meters, possible })
      if (used.size > 0) metered++
      const counters = {
        read(key: string, windowStart: number) {
          const reading = used.get(`${key} ${windowStart}`)
          if (reading === undefined) throw new Error(`nobody asked for ${key}`)
          return reading
        },
      }
      const options = { counters, charge: 'caller', possible } as const
      for (const found of [engine.decide(request, options), engine.explain(request, options).decision]) {
        const { charges, ...rest } = found
        const { reservations, ...wanted } = expected
        expect(rest, `policy ${number}, request ${i}`).toEqual(wanted)
        expect(charges?.map(({ used: read, ...charge }) => [charge, read])).toEqual(
          reservations?.map(({ limit, amount, windowStart, ...meter }) => {
            const start = windowStart ?? 0
            const numbers = { limit: Number(limit), amount: Number(amount), windowStart: start }
            return [{ ...meter, ...numbers }, used.get(`${meter.key} ${start}`)]
          }),
        )
      }
    }
  }
  expect(metered).toBeGreaterThan(POLICIES)
})

function usdOf(nanoUsd: number): string {
  const digits = `${nanoUsd}`.padStart(10, '0')
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`
}
