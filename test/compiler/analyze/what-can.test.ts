/** What an agent can do, against every chain and request of a small universe. */
import { expect, test } from 'vitest'
import { createUniverse, EVERY_REQUEST } from '../../../compiler/algebra/index.ts'
import { grantedTo } from '../../../compiler/analyze/access.ts'
import { createPoint } from '../../../compiler/analyze/explain-point.ts'
import { readRequest } from '../../../compiler/analyze/explain-request.ts'
import { analyze, factsText, whatCan } from '../../../compiler/analyze/index.ts'
import { emitImage } from '../../../compiler/emit/index.ts'
import { loadLiveEngine } from '../../../engine-wasm/host/index.ts'
import { Random } from '../../properties/generate/random.ts'
import { ACTIONS, CHAINS, gridOf, membersOf, policyOf, RESOURCES } from './explain-grid.ts'
import { modelOf, soundOf } from './sound.ts'

const GRID = gridOf()

test('whatever the engine allows a chain lies in its regions, and every region has a request that it allows', () => {
  let allowed = 0
  for (let seed = 0; seed < 10; seed++) {
    const text = policyOf(seed)
    const { model } = soundOf(text)
    const engine = loadLiveEngine(emitImage(model))
    const random = new Random(seed)
    for (const chain of CHAINS) {
      const via = chain.slice(0, -1)
      const agent = chain.at(-1) ?? ''
      const answer = whatCan(analyze(model), { agent, via })
      const where = `seed ${seed}, ${chain.join(' -> ')}\n${text}`
      expect(answer?.unknown, where).toEqual([])
      // Beside the declared chain there may be one through the API with the same names.
      const regions = answer?.chains.flatMap((found) => found.regions) ?? []
      expect(
        regions.every(({ example }) => example.decision.allowed),
        where,
      ).toBe(true)
      const ids = new Set(regions.map(({ grants }) => grants.map(({ id }) => id).join()))
      for (let n = 0; n < 300; n++) {
        const facts = random.pick([...GRID])
        const request = {
          agent,
          ...(via.length > 0 && { via }),
          action: random.pick([...ACTIONS]),
          resource: random.pick([...RESOURCES]),
          ...membersOf(facts),
        }
        const decision = engine.decide({ ...request, readings: {} }, { charge: 'caller' })
        if (!decision.allowed) continue
        allowed++
        const charged = (decision.charged ?? [decision.grant ?? -1]).join()
        expect([...ids], `${where}\n${JSON.stringify(request)}`).toContain(charged)
      }
    }
  }
  expect(allowed).toBeGreaterThan(100)
}, 600_000)

test('a region holds exactly the requests that its grants satisfy', () => {
  const { model } = soundOf(policyOf(3))
  const subject = analyze(model)
  const engine = loadLiveEngine(emitImage({ ...model, forbids: [], requires: [] }))
  const universe = createUniverse()
  const [chain] = chainsOf(subject, 'p')
  if (chain === undefined) throw new TypeError('no chain')
  const boxes = [...grantedTo(chain, EVERY_REQUEST, universe)].map(({ box }) => box)
  const random = new Random(5)
  for (let n = 0; n < 400; n++) {
    const request = {
      agent: 'p',
      action: random.pick([...ACTIONS]),
      resource: random.pick([...RESOURCES]),
      ...membersOf(random.pick([...GRID])),
    }
    const read = readRequest(request)
    if (!read.ok) throw new TypeError(read.message)
    const point = createPoint(read.facts, universe)
    const isAllowed = engine.decide({ ...request, readings: {} }, { charge: 'caller' }).allowed
    expect(
      boxes.some((box) => point.isIn(box)),
      JSON.stringify(request),
    ).toBe(isAllowed)
  }
})

function chainsOf(subject: ReturnType<typeof analyze>, agent: string) {
  const found = subject.ask(({ chains }) => ({ kind: 'found' as const, all: chains.to(agent) }))
  return found.kind === 'found' ? found.all : []
}

const TEAM = `
autonomous agent lead {
  allow * on doc:** when ip in cidr [10.0.0.0/8]
  limit rate 9 per minute
  may delegate depth 1
}
delegated agent helper { expires at 2030-01-01T00:00:00Z }
delegate lead -> helper { allow read on doc:a, doc:b when ip in cidr [10.0.0.0/8] depth 1 }
forbid * on doc:b
boundary runtime { allow list on doc:* }
`

test('an answer has the regions of every chain, delegations, and what may be passed on', () => {
  const answer = whatCan(analyze(modelOf(TEAM)), { agent: 'helper' })
  const shown = answer?.chains.map(({ chain, regions }) => [
    chain.principals.map(({ name }) => name).join(' -> '),
    regions.map(({ facts }) => factsText(facts)),
  ])
  const until = 'ip in 10.0.0.0/8 and time before 2030-01-01T00:00:00Z'
  expect(shown).toEqual([
    ['lead -> helper', [`read on doc:{a,b} when ${until}`]],
    ['lead -> helper', [`list on doc:* when ${until}`]],
  ])
  expect(answer?.chains[0]?.regions[0]?.except).toHaveLength(1)
  expect(answer).toMatchObject({
    barren: [{ via: [], isThroughApi: false }],
    mayDelegate: undefined,
    expiresAt: Date.UTC(2030, 0, 1),
  })
  expect(answer?.received.map(({ from }) => from)).toEqual(['lead'])
})

test('a question about one chain, or some actions, is about these', () => {
  const subject = analyze(modelOf(TEAM))
  expect(whatCan(subject, { agent: 'lead', via: [] })?.chains).toHaveLength(1)
  expect(whatCan(subject, { agent: 'helper', via: ['nobody'] })).toMatchObject({ chains: [], barren: [], unknown: [] })
  const scope = { actions: ['write'], patterns: [{ segments: [], rest: true }] }
  expect(whatCan(subject, { agent: 'helper', scope })?.chains).toEqual([])
})

test('runtime is whoever the API may make, and nobody without a boundary', () => {
  const subject = analyze(modelOf(TEAM))
  const [alone] = whatCan(subject, { agent: 'runtime' })?.chains ?? []
  expect(alone?.regions.map(({ facts }) => factsText(facts))).toEqual(['list on doc:*'])
  expect(whatCan(analyze(modelOf('autonomous agent a {}')), { agent: 'runtime' })).toBeUndefined()
  expect(whatCan(subject, { agent: 'nobody' })).toBeUndefined()
})

test('a question that is too hard is unknown', () => {
  const answer = whatCan(analyze(modelOf(TEAM), { steps: 5 }), { agent: 'lead' })
  expect(answer).toMatchObject({ chains: [], unknown: [{ agent: 'lead' }] })
})
