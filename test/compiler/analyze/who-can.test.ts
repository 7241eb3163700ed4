/** Who can, against every chain and request of a small universe. */
import { expect, test } from 'vitest'
import { analyze, readRequest, whoCan } from '../../../compiler/analyze/index.ts'
import { emitImage } from '../../../compiler/emit/index.ts'
import { type PatternLiteral, parsePattern } from '../../../compiler/model/index.ts'
import { type LiveEngine, loadLiveEngine } from '../../../engine-wasm/host/index.ts'
import { ACTIONS, CHAINS, gridOf, membersOf, policyOf, RESOURCES } from './explain-grid.ts'
import { modelOf, soundOf } from './sound.ts'

const GRID = gridOf()

function patternOf(text: string): PatternLiteral {
  const parsed = parsePattern(text)
  if (!parsed.ok) throw new TypeError(parsed.fault.message)
  return parsed.value
}

function scopeOf(actions: readonly string[] | undefined, ...patterns: readonly string[]) {
  return { actions, patterns: patterns.map(patternOf) }
}

/** Every policy is asked another eighth of the grid. */
const SHARE = 8

/** Whether the chain is allowed with some facts of a part of the grid. */
function isAllowed(
  engine: LiveEngine,
  chain: readonly string[],
  action: string,
  resource: string,
  turn: number,
): boolean {
  const via = chain.slice(0, -1)
  const who = { agent: chain.at(-1) ?? '', ...(via.length > 0 && { via }), action, resource, readings: {} }
  return GRID.some(
    (facts, index) =>
      index % SHARE === turn % SHARE && engine.decide({ ...who, ...membersOf(facts) }, { charge: 'caller' }).allowed,
  )
}

test('everybody who can is listed, and nobody else', () => {
  let listed = 0
  for (let seed = 0; seed < 10; seed++) {
    const text = policyOf(seed)
    const { model } = soundOf(text)
    const subject = analyze(model)
    const engine = loadLiveEngine(emitImage(model))
    for (const action of ACTIONS) {
      for (const resource of RESOURCES) {
        const { can, cannot, unknown } = whoCan(subject, { scope: scopeOf([action], resource) })
        const found = can.flatMap(({ chains }) =>
          chains
            .filter(
              ({ chain }) => !chain.runtimeHops.includes(true) && !chain.principals.some(({ isRuntime }) => isRuntime),
            )
            .map(({ chain }) => chain.principals.map(({ name }) => name).join(' -> ')),
        )
        const where = `seed ${seed}, ${action} on ${resource}\n${text}`
        expect(unknown, where).toEqual([])
        const others = CHAINS.filter((chain) => !found.includes(chain.join(' -> ')))
        expect(
          others.filter((chain) => isAllowed(engine, chain, action, resource, seed)),
          where,
        ).toEqual([])
        const examples = can.flatMap(({ chains }) =>
          chains.flatMap(({ regions }) => regions.map(({ example }) => example)),
        )
        expect(
          examples.every(({ decision }) => decision.allowed),
          where,
        ).toBe(true)
        expect(
          can.map(({ agent }) => agent).filter((agent) => cannot.includes(agent)),
          where,
        ).toEqual([])
        expect(can.length + cannot.length).toBe(model.agents.length + (model.boundary === undefined ? 0 : 1))
        listed += found.length
      }
    }
  }
  expect(listed).toBeGreaterThan(50)
}, 600_000)

const OFFICE = `
autonomous agent boss { allow * on ** }
autonomous agent clerk { owner "t" allow read on doc:** when ip in cidr [10.0.0.0/8] and args.n <= 5  may delegate depth 1 }
delegated agent helper {}
delegate clerk -> helper { allow read on doc:a when ip in cidr [10.0.0.0/8] and args.n <= 5 expires in 1h }
service agent idle { allow write on other:** }
forbid read on doc:secret:** unless args.n = 1
boundary runtime { allow read on doc:* }
`

test('an answer names agents, chains, conditions, exceptions and an example', () => {
  const { can, cannot } = whoCan(analyze(modelOf(OFFICE)), { scope: scopeOf(['read'], 'doc:secret:**') })
  expect(cannot).toEqual(['helper', 'idle', 'runtime'])
  const clerk = can.find(({ agent }) => agent === 'clerk')?.chains[0]?.regions[0]
  expect(clerk).toMatchObject({
    facts: [
      { name: 'action', text: 'read' },
      { name: 'resource', text: 'doc:secret:**' },
      { name: 'ip', text: 'in 10.0.0.0/8' },
      { name: 'args.n', text: 'a number <= 5' },
    ],
    example: { request: { agent: 'clerk', args: { n: 1 } }, decision: { allowed: true } },
  })
  expect(clerk?.except).toHaveLength(1)
})

test('agents made through the API are one line, within the boundary', () => {
  const { can } = whoCan(analyze(modelOf(OFFICE)), { scope: scopeOf(['read'], 'doc:x') })
  const runtime = can.find(({ isRuntime }) => isRuntime)
  expect(runtime?.agent).toBe('runtime')
  expect(runtime?.chains[0]?.regions[0]?.example.decision.allowed).toBe(true)
})

test('known facts narrow the question', () => {
  const known = (facts: object, names: readonly ('ip' | 'args')[]) => {
    const read = readRequest({ agent: 'a', action: 'a', resource: 'a', ...facts })
    if (!read.ok) throw new TypeError(read.message)
    const asked = { scope: scopeOf(['read'], 'doc:a'), facts: { facts: read.facts, known: names } }
    return whoCan(analyze(modelOf(OFFICE)), asked).can.map(({ agent }) => agent)
  }
  expect(known({ ip: '10.1.1.1', args: { n: 5 } }, ['ip', 'args'])).toEqual([
    'boss',
    'clerk',
    'helper',
    'idle',
    'runtime',
  ])
  expect(known({ ip: '11.1.1.1' }, ['ip'])).toEqual(['boss', 'runtime'])
  expect(known({ args: { n: 6 } }, ['args'])).toEqual(['boss', 'runtime'])
})

test('a question that is too hard is unknown, and nobody is called unable', () => {
  const { can, cannot, unknown } = whoCan(analyze(modelOf(OFFICE), { steps: 5 }), { scope: scopeOf(['read'], '**') })
  expect({ can, cannot }).toEqual({ can: [], cannot: [] })
  expect(unknown.map(({ agent }) => agent)).toEqual(['boss', 'clerk', 'helper', 'idle', 'runtime'])
})
