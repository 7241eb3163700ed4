/** The smallest change of a request, against every request of a small universe. */
import { expect, test } from 'vitest'
import { createUniverse } from '../../../compiler/algebra/index.ts'
import { explainRequest, type RequestExplanation } from '../../../compiler/analyze/index.ts'
import { emitImage } from '../../../compiler/emit/index.ts'
import type { PolicyModel } from '../../../compiler/model/index.ts'
import { type EngineRequest, type LiveEngine, loadLiveEngine } from '../../../engine-wasm/host/index.ts'
import { Random } from '../../properties/generate/random.ts'
import { ACTIONS, CHAINS, distanceOf, type GridFacts, gridOf, membersOf, policyOf, RESOURCES } from './explain-grid.ts'
import { modelOf, soundOf } from './sound.ts'

const GRID = gridOf()

interface Who {
  readonly agent: string
  readonly via?: readonly string[]
  readonly action: string
  readonly resource: string
}

function isAllowed(engine: LiveEngine, who: Who, facts: GridFacts): boolean {
  const request: EngineRequest = { ...who, ...membersOf(facts), readings: {} }
  return engine.decide(request, { charge: 'caller' }).allowed
}

/** The fewest facts in which an allowed request differs. */
function fewest(engine: LiveEngine, who: Who, from: GridFacts): number | undefined {
  let best: number | undefined
  for (const to of GRID) {
    const distance = distanceOf(from, to)
    if (distance === undefined || (best !== undefined && distance >= best)) continue
    if (isAllowed(engine, who, to)) best = distance
  }
  return best
}

test('a suggested change opens the request, and no smaller one does', () => {
  const sizes: number[] = []
  let none = 0
  for (let seed = 0; seed < 12; seed++) {
    const text = policyOf(seed)
    const { model } = soundOf(text)
    const engine = loadLiveEngine(emitImage(model))
    const universe = createUniverse()
    const random = new Random(seed + 1000)
    for (let n = 0; n < 10; n++) {
      const chain = random.pick([...CHAINS])
      const via = chain.slice(0, -1)
      const who = {
        agent: chain.at(-1) ?? '',
        ...(via.length > 0 && { via }),
        action: random.pick([...ACTIONS]),
        resource: random.pick([...RESOURCES]),
      }
      const facts = random.pick([...GRID])
      const request = { ...who, ...membersOf(facts) }
      const { change } = explainRequest(model, request, { engine, universe })
      const where = `seed ${seed}\n${text}\n${JSON.stringify(request)}`
      if (isAllowed(engine, who, facts)) {
        expect(change, where).toBeUndefined()
        continue
      }
      const size = fewest(engine, who, facts)
      if (size === undefined) {
        none++
        expect(change, where).toEqual({ kind: 'none' })
        continue
      }
      expect(change?.kind, `${where}\n${JSON.stringify(change)}`).toBe('found')
      if (change?.kind !== 'found') continue
      sizes.push(size)
      expect(change.isSmallest, where).toBe(true)
      for (const { changed, request: opened } of change.changes) {
        expect(changed.length, `${where}\n${JSON.stringify(changed)}`).toBe(size)
        const decision = engine.decide({ ...(opened as EngineRequest), readings: {} }, { charge: 'caller' })
        expect(decision.allowed, where).toBe(true)
      }
    }
  }
  // The cases are not all trivial.
  expect({
    none: none > 5,
    one: sizes.filter((size) => size === 1).length > 1,
    more: sizes.filter((size) => size > 1).length > 5,
  }).toEqual({
    none: true,
    one: true,
    more: true,
  })
}, 600_000)

function explain(policy: string, request: object): RequestExplanation {
  return explainRequest(modelOf(policy), request)
}

/** The changes of the first suggestion, in words, and its request. */
function firstChange(model: PolicyModel, request: object): unknown {
  const { change } = explainRequest(model, request)
  if (change?.kind !== 'found') return change
  const [first] = change.changes
  return {
    changed: first?.changed,
    wanted: first?.wanted.map(({ name, text }) => `${name} ${text}`),
    request: first?.request,
  }
}

const BOT = { agent: 'bot', action: 'read', resource: 'a:b' }

test('an address is wanted from the allowed networks', () => {
  const model = modelOf('autonomous agent bot { allow read on a:* when ip in cidr [10.20.0.0/16] }')
  expect(firstChange(model, { ...BOT, ip: '203.0.113.1' })).toEqual({
    changed: ['ip'],
    wanted: ['ip in 10.20.0.0/16'],
    request: { ...BOT, ip: '10.20.0.1' },
  })
})

test('a time is the next one that will do', () => {
  const model = modelOf('autonomous agent bot { allow read on a:* when time in hours mon-fri 08:00-18:00 }')
  expect(firstChange(model, { ...BOT, now: '2026-04-04T10:00:00Z' })).toEqual({
    changed: ['now'],
    wanted: ['time in hours mon-fri 08:00-18:00, from 2026-04-04T10:00:00Z on'],
    request: { ...BOT, now: '2026-04-06T08:00:00.000Z' },
  })
})

test('what has expired is not opened by going back in time', () => {
  const { change } = explain('autonomous agent bot { allow read on a:* expires at 2026-01-01T00:00:00Z }', {
    ...BOT,
    now: '2026-02-01T00:00:00Z',
  })
  expect(change).toEqual({ kind: 'none' })
})

test('a surplus argument is left out, the others stay', () => {
  const model = modelOf('autonomous agent bot { allow read on a:* when args.x = 1 and args only [x] }')
  expect(firstChange(model, { ...BOT, args: { x: 1, y: 2 } })).toEqual({
    changed: ['arg y'],
    wanted: [],
    request: { ...BOT, args: { x: 1 } },
  })
})

test('an exhausted rate is opened by meters that begin anew', () => {
  const model = modelOf('autonomous agent bot { allow read on a:* rate 3 per day }')
  expect(firstChange(model, { ...BOT, readings: { used: { day: 3 } } })).toMatchObject({ changed: ['readings'] })
})

test('a cost is wanted within what is left of a budget', () => {
  const model = modelOf('autonomous agent bot { allow read on a:* limit budget 2 USD per day }')
  expect(firstChange(model, { ...BOT, cost: 1, readings: { spent: { day: 1.5 } } })).toEqual({
    changed: ['cost'],
    wanted: ['cost <= 0.5 or unknown'],
    request: { ...BOT, cost: 0, readings: { spent: { day: 1.5 } } },
  })
})

test('a hop that ran out is opened anew', () => {
  const model = modelOf(
    'autonomous agent top { allow read on a:* may delegate depth 1 } delegated agent bot {} delegate top -> bot { allow read on a:* expires in 1h }',
  )
  const now = '2026-04-01T10:00:00Z'
  const request = { ...BOT, via: ['top'], now, since: '2026-04-01T08:00:00Z' }
  expect(firstChange(model, request)).toEqual({
    changed: ['since'],
    wanted: [],
    request: { ...request, since: expect.anything() },
  })
})

test('an approval with its time within the time that is asked', () => {
  const model = modelOf('autonomous agent bot { allow read on a:* needs approval by "boss" within 1h }')
  const request = { ...BOT, now: 10_000_000, approvedBy: 'boss', approvedAt: 0 }
  expect(firstChange(model, request)).toMatchObject({ changed: ['approval'] })
})
