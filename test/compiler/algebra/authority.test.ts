import { describe, expect, it } from 'vitest'
import {
  type Authority,
  createAuthority,
  createUniverse,
  decideDelegation,
  type LimitedHolding,
} from '../../../compiler/algebra/index.ts'
import { emitImage, emitState } from '../../../compiler/emit/index.ts'
import { type GrantModel, type PolicyModel, parseState, type State } from '../../../compiler/model/index.ts'
import { type EngineRequest, loadLiveEngine } from '../../../engine-wasm/host/index.ts'
import { ALL_FACTS, TIMES } from '../../properties/brute-force/facts.ts'
import { PATTERNS, RESOURCES } from '../../properties/brute-force/pattern.ts'
import { generateWorld, textOfWorld } from '../../properties/brute-force/world.ts'
import { Random } from '../../properties/generate/random.ts'
import { modelOf } from '../analyze/sound.ts'

function stateOf(made: object): State {
  const parsed = parseState(made)
  if (!parsed.ok) throw new TypeError(parsed.message)
  return parsed.value
}

function authorityOf(text: string, made: object = {}): Authority {
  return createAuthority(modelOf(text), () => {}, stateOf(made))
}

/** Each way of holding: its factors as `resources until expiry`, then its limits. */
function shown(holdings: readonly LimitedHolding[]): readonly string[] {
  return holdings.map(({ factors, limits }) => {
    const parts = factors.map((factor) =>
      factor
        .map(({ grants, expiresAt }) => {
          const names = grants.map(({ patterns }) => patterns.flatMap(textOf).join('|')).join(', ')
          return `${names}${expiresAt === undefined ? '' : ` until ${expiresAt}`}`
        })
        .join(' or '),
    )
    return `${parts.join(' & ')}${limits.length === 0 ? '' : ` limits ${limits.length}`}`
  })
}

function textOf({ segments, rest }: GrantModel['patterns'][number]): string {
  const words = segments.map((segment) => segment.map((part) => (part.kind === 'text' ? part.text : '*')).join(''))
  return [...words, ...(rest ? ['**'] : [])].join(':')
}

const ANYHOW = { depth: 0, expiresIn: undefined }
const EVERYTHING = [{ resource: '**', actions: ['*'] }]

describe('what a declared agent holds', () => {
  it('its own grants and those of its roles, where it may delegate', () => {
    const authority = authorityOf(`
role r { allow read on one }
role s includes r { allow read on two }
service agent a { roles s allow read on three may delegate depth 1 limit rate 5 per minute }
service agent mute { allow read on three }
`)
    expect(shown(authority.holdings('a', ANYHOW))).toEqual(['three, one, two limits 1'])
    expect(authority.holdings('mute', ANYHOW)).toEqual([])
    expect(authority.holdings('nobody', ANYHOW)).toEqual([])
    expect(authority.subjectOf('a')).toEqual({ kind: 'known', type: 'service', owner: undefined })
    expect(authority.subjectOf('nobody')).toBeUndefined()
  })

  it('no deeper than it may delegate, and nothing that `depth 0` says', () => {
    const authority = authorityOf(`
service agent a { allow read on x may delegate depth 2 }
service agent none { allow read on x may delegate depth 0 }
`)
    const depths = (name: string) =>
      [0, 1, 2].map((depth) => authority.holdings(name, { depth, expiresIn: undefined }).length)
    expect(depths('a')).toEqual([1, 1, 0])
    expect(depths('none')).toEqual([0, 0, 0])
  })

  it('until it expires', () => {
    const authority = authorityOf(
      'service agent a { allow read on x may delegate depth 1 expires at 1970-01-01T00:00:01Z }',
    )
    expect(shown(authority.holdings('a', ANYHOW))).toEqual(['x until 1000'])
  })
})

describe('what an agent received', () => {
  const TEXT = `
service agent a { allow read on x:** may delegate depth 3 limit rate 9 per minute }
service agent b { allow read on own owner "ann" }
delegated agent c { expires at 1970-01-01T00:00:02Z }
delegate a -> b { allow read on x:b depth 2 limit rate 5 per minute }
delegate a -> b { allow read on x:shallow }
delegate b -> c { allow read on x:c depth 1 expires at 1970-01-01T00:00:03Z }
`

  it('is cut by all that is above it, and ends with whoever received it', () => {
    const authority = authorityOf(TEXT)
    expect(shown(authority.holdings('b', ANYHOW))).toEqual(['x:** & x:b limits 2'])
    expect(shown(authority.holdings('c', ANYHOW))).toEqual(['x:** & x:b & x:c until 2000 limits 2'])
    const [holding] = authority.holdings('b', ANYHOW)
    expect(holding?.factors.map(([held]) => held?.subject)).toEqual([
      { kind: 'known', type: 'service', owner: undefined },
      { kind: 'known', type: 'service', owner: 'ann' },
    ])
  })

  it('is passed on while depth is left in every hop', () => {
    const authority = authorityOf(TEXT)
    const at = (name: string, depth: number) => authority.holdings(name, { depth, expiresIn: undefined }).length
    expect([at('b', 0), at('b', 1), at('b', 2)]).toEqual([1, 1, 0])
    expect([at('c', 0), at('c', 1)]).toEqual([1, 0])
  })

  it('comes through every chain, and never through a loop', () => {
    const authority = authorityOf(`
service agent a { allow read on x may delegate depth 5 }
service agent b { allow read on y may delegate depth 5 }
delegate a -> b { allow read on ab depth 5 }
delegate b -> a { allow read on ba depth 5 }
`)
    expect(shown(authority.holdings('a', ANYHOW))).toEqual(['x', 'y & ba'])
    expect(shown(authority.holdings('b', ANYHOW))).toEqual(['y', 'x & ab'])
  })

  it('has at most five hops, the one that is asked about among them', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const agents = names.map((name) => `service agent ${name} { may delegate depth 5 }`)
    const hops = names.slice(1).map((to, index) => `delegate ${names[index]} -> ${to} { allow read on ${to} depth 5 }`)
    const authority = authorityOf([...agents, ...hops].join('\n'))
    expect(authority.holdings('e', ANYHOW)).toHaveLength(5)
    // The chain that begins at `a` would need a sixth hop.
    expect(authority.holdings('f', ANYHOW)).toHaveLength(5)
  })

  it('does not count where it lasts for less than what is passed on', () => {
    const authority = authorityOf(`
service agent a { allow read on x may delegate depth 3 }
delegated agent b {}
delegate a -> b { allow read on short depth 1 expires in 1h }
delegate a -> b { allow read on long depth 1 expires in 2h }
delegate a -> b { allow read on ever depth 1 }
`)
    const hour = 3_600_000
    const within = (expiresIn: number | undefined) => shown(authority.holdings('b', { depth: 0, expiresIn }))
    expect(within(undefined)).toEqual(['x & short', 'x & long', 'x & ever'])
    expect(within(hour)).toEqual(['x & short', 'x & long', 'x & ever'])
    expect(within(hour + 1)).toEqual(['x & long', 'x & ever'])
    expect(within(2 * hour + 1)).toEqual(['x & ever'])
  })
})

describe('what was made at run time', () => {
  const BOUNDARY = 'boundary runtime { allow read on inside may delegate depth 1 limit rate 5 per minute }'
  const bot = { name: 'bot', type: 'service', permissions: EVERYTHING, mayDelegate: 5 }

  it('is cut by the boundary, and as deep as the boundary says', () => {
    const authority = authorityOf(BOUNDARY, { agents: [bot] })
    expect(shown(authority.holdings('bot', ANYHOW))).toEqual(['** & inside limits 1'])
    expect(authority.holdings('bot', { depth: 1, expiresIn: undefined })).toEqual([])
  })

  it('holds nothing where there is no boundary', () => {
    expect(authorityOf('', { agents: [bot] }).holdings('bot', ANYHOW)).toEqual([])
  })

  it('does not take the name of a declared agent', () => {
    const authority = authorityOf(
      `${BOUNDARY}\nservice agent bot { owner "ann" allow read on mine may delegate depth 1 }`,
      {
        agents: [{ ...bot, type: 'autonomous' }],
      },
    )
    expect(shown(authority.holdings('bot', ANYHOW))).toEqual(['mine'])
    expect(authority.subjectOf('bot')).toEqual({ kind: 'known', type: 'service', owner: 'ann' })
  })

  it('a delegation between declared agents is cut by the boundary too, and not counted when it is revoked', () => {
    const text = `${BOUNDARY}
service agent a { allow read on x may delegate depth 3 }
service agent b {}`
    const given = { from: 'a', to: 'b', permissions: EVERYTHING, depth: 1, expiresAt: 5000 }
    expect(shown(authorityOf(text, { delegations: [given] }).holdings('b', ANYHOW))).toEqual([
      'x & ** until 5000 & inside',
    ])
    expect(authorityOf(text, { delegations: [{ ...given, revoked: true }] }).holdings('b', ANYHOW)).toEqual([])
  })

  it('two agents have two meters of one limit', () => {
    const authority = authorityOf(BOUNDARY, { agents: [bot, { ...bot, name: 'other' }] })
    const [first] = authority.holdings('bot', ANYHOW)
    const [second] = authority.holdings('other', ANYHOW)
    expect(first?.limits).toEqual(second?.limits)
    expect(first?.limits[0]).not.toBe(second?.limits[0])
  })
})

it('tells of every step that it takes', () => {
  let steps = 0
  const model = modelOf('service agent a { allow read on x may delegate depth 1 }')
  createAuthority(model, (cost) => {
    steps += cost
  }).holdings('a', ANYHOW)
  expect(steps).toBe(1)
})

/**
 * Decisions about delegations against the engine: what a delegation gives alone, and what the delegator may do with as many
 * hops left as the delegation and its depth need. Guardrails, and expiries where the delegation states none, hold for both
 * and are taken away.
 */
describe('decisions about delegations', () => {
  const QUESTIONS = Number(process.env.KAVACH_AUTHORITY_QUESTIONS ?? 300)
  const REQUESTS = 80

  it(
    'agree with what the engine allows',
    () => {
      const tally: Record<string, number> = {}
      let compared = 0
      for (let number = 0; number < QUESTIONS; number++) {
        const random = new Random(0x5ca1e + number)
        const { model, state, asked, text } = generateQuestion(random)
        const universe = createUniverse()
        const authority = createAuthority(model, (steps) => universe.budget.spend(steps), state)
        const answer = decideDelegation(authority, asked, universe)
        tally[answer.kind] = (tally[answer.kind] ?? 0) + 1
        const excess = answer.kind === 'escalates' ? `, ${answer.excess}` : ''
        const shown = `question ${number}: ${answer.kind}${excess}\n${text}\n${printed({ state, asked })}`
        const given = givenAlone(model, asked)
        const held = heldBefore(model, state, asked)
        if (answer.kind === 'escalates') {
          const { witness } = answer.answer
          if (witness === undefined) throw new Error(`no witness: ${shown}`)
          const { acting: _, root: __, ...request } = witness
          expect(given(request), shown).toBe(true)
          expect(held(request), shown).toBe(false)
          continue
        }
        for (let turn = 0; turn < REQUESTS; turn++) {
          const request =
            turn % 2 === 0 ? nearTo(asked, random) : toRequest(random.pick(ALL_FACTS), random.pick(RESOURCES))
          if (answer.kind === 'within' && given(request)) {
            compared++
            expect(held(request), `${JSON.stringify(request)}, ${shown}`).toBe(true)
          }
          // Of an agent that cannot delegate so often nothing is held, whatever it may do itself.
          if (answer.kind === 'void' && turn < 10) expect(held(request), shown).toBe(false)
        }
      }
      console.log(`${JSON.stringify(tally)}, ${compared} requests compared`)
      expect(tally.within).toBeGreaterThan(20)
      expect(tally.escalates).toBeGreaterThan(20)
      expect(tally.unknown).toBeUndefined()
      expect(compared).toBeGreaterThan(100)
    },
    QUESTIONS * 400 + 60_000,
  )
})

/** One that often meets everything. */
function nearTo({ grants: [grant] }: Asked, random: Random): Facts {
  const named = grant?.patterns.map(textOf).find((text) => RESOURCES.includes(text))
  const facts = {
    action: random.pick(grant?.actions ?? ['read', 'write']),
    ip: '10.0.0.1',
    now: TIMES[1],
    approver: 'boss',
  }
  return toRequest(
    { ...facts, ...(random.chance(0.5) && { now: random.pick(TIMES) }) },
    named ?? random.pick(RESOURCES),
  )
}

function toRequest({ action, ip, now, approver }: (typeof ALL_FACTS)[number], resource: string): Facts {
  return {
    action,
    resource,
    ...(ip !== undefined && { ip }),
    ...(now !== undefined && { now }),
    ...(approver !== undefined && { approvedBy: [approver] }),
  }
}

function printed(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part))
}

type Asked = State['delegations'][number]
type Facts = Omit<EngineRequest, 'agent' | 'via'>

function generateQuestion(random: Random) {
  const world = generateWorld(random)
  const text = textOfWorld(world)
  const full = modelOf(text.replace('policy p\n', ''))
  const instant = (chance: number) => (random.chance(chance) ? { expiresAt: random.pick(INSTANTS) } : {})
  const widened = (grant: GrantModel): GrantModel =>
    random.chance(0.5) && OPEN?.grants[0] !== undefined
      ? { ...grant, actions: OPEN.grants[0].actions, patterns: OPEN.grants[0].patterns }
      : grant
  const model: PolicyModel = {
    ...full,
    forbids: [],
    requires: [],
    // Wide grants, so that much is within them: under the same conditions and approvals.
    agents: full.agents.map((agent) => ({
      ...agent,
      grants: random.chance(0.4) ? [] : agent.grants.map(widened),
      mayDelegate: random.between(1, 4),
      ...instant(0.15),
    })),
    delegations: full.delegations.map((delegation) => ({
      ...delegation,
      grants: delegation.grants.map(widened),
      ...instant(0.15),
    })),
    ...(full.boundary && { boundary: { grants: full.boundary.grants.map(widened), mayDelegate: 3 } }),
  }
  const permission = () => ({
    resource: random.pick(random.chance(0.5) ? world.bounds.patterns : random.chance(0.5) ? PATTERNS : RESOURCES),
    actions: random.chance(0.3) ? ['*'] : random.some(['read', 'write'], 1, 2),
    ...(random.chance(0.4) && {
      constraints: {
        ...(random.chance(0.5) && { ipAllowlist: [random.pick(['10.0.0.0/8', '10.0.0.0/16'])] }),
        ...(random.chance(0.3) && { allowedHoursUTC: '09:00-17:00' }),
        ...(random.chance(0.3) && { requireApproval: true }),
      },
    }),
  })
  const made = random.some(['rt1', 'rt2'], 0, 2)
  const everybody = [...world.agents.map(({ name }) => name), ...made]
  const delegation = () => ({
    from: random.pick(everybody),
    to: random.pick(everybody),
    permissions: Array.from({ length: random.between(1, 2) }, permission),
    depth: random.pick([0, 0, 1, 2]),
    ...instant(0.2),
  })
  // A narrow one, from somebody who often received something at run time.
  const narrow = { ...permission(), resource: random.pick(RESOURCES), actions: [random.pick(['read', 'write'])] }
  const asked = {
    ...delegation(),
    to: 'receiver',
    permissions: random.chance(0.7)
      ? [random.chance(0.6) ? { ...narrow, constraints: NARROW } : narrow]
      : [permission()],
    depth: random.pick([0, 0, 0, 1]),
  }
  const received = {
    ...delegation(),
    to: asked.from,
    permissions: random.chance(0.6) ? EVERYTHING : [permission()],
    depth: 2,
  }
  const state = stateOf({
    agents: made.map((name) => ({
      name,
      type: random.pick(['autonomous', 'service', 'delegated']),
      ...(random.chance(0.4) && { owner: random.pick(['ann', 'zed']) }),
      permissions: Array.from({ length: random.between(0, 2) }, permission),
      mayDelegate: random.between(0, 3),
      ...instant(0.15),
    })),
    delegations: [
      ...[...Array.from({ length: random.between(0, 3) }, delegation), received].filter(({ from, to }) => from !== to),
      asked,
    ],
  })
  const last = state.delegations.at(-1)
  if (last === undefined) throw new Error('the delegation is the last one')
  return {
    text,
    asked: last,
    model: { ...model, agents: [...model.agents, RECEIVER] },
    state: { ...state, delegations: state.delegations.slice(0, -1) },
  }
}

/** What most conditions of the small universe hold, approvals aside. */
const NARROW = { ipAllowlist: ['10.0.0.0/16'], timeWindow: { start: '10:00', end: '10:01' }, requireApproval: true }
const INSTANTS = TIMES.flatMap((time) => (time === undefined ? [] : [time, time + 1]))
const RECEIVER = { name: 'receiver', type: 'service' as const, owner: 'ann', grants: [] }
const [OPEN] = stateOf({ agents: [{ name: 'open', type: 'service', permissions: EVERYTHING }] }).agents

type Allows = (request: Facts) => boolean

/** Whether the delegation matches a request, were everything held by its delegator. */
function givenAlone(model: PolicyModel, asked: Asked): Allows {
  const grants = OPEN?.grants ?? []
  const root = { name: 'open', type: 'service' as const, grants, mayDelegate: 5 }
  const open: PolicyModel = {
    ...model,
    roles: [],
    agents: [root, RECEIVER],
    delegations: [],
    boundary: { grants, mayDelegate: 5 },
  }
  const allows = engineOf(open, { ...stateOf({}), delegations: [{ ...asked, from: 'open' }] })
  return (request) => allows({ ...request, agent: 'receiver', via: ['open'] })
}

/** Whether a chain that ends at the delegator may make a request, and may be as much longer as the delegation says. */
function heldBefore(model: PolicyModel, state: State, asked: Asked): Allows {
  const hops = (asked.depth ?? 0) + 1
  const shorter = withoutHops(asked.expiresAt === undefined ? withoutExpiries(model, state) : { model, state }, hops)
  const most = model.boundary?.mayDelegate ?? 0
  const declared = model.agents.find(({ name }) => name === asked.from)
  const made = state.agents.find(({ name }) => name === asked.from)
  const stated = declared === undefined ? Math.min(made?.mayDelegate ?? most, most) : declared.mayDelegate
  if (stated !== undefined && stated < hops) return () => false
  const edges = [...shorter.model.delegations, ...shorter.state.delegations]
  const chainsTo = (name: string, below: readonly string[]): readonly (readonly string[])[] => {
    const above = edges.flatMap(({ from, to }) => (to === name && !below.includes(from) && from !== name ? [from] : []))
    return [
      [name],
      ...[...new Set(above)].flatMap((from) => chainsTo(from, [...below, name]).map((chain) => [...chain, name])),
    ]
  }
  const chains = chainsTo(asked.from, []).filter((chain) => chain.length > 1 || stated !== undefined)
  const allows = engineOf(shorter.model, shorter.state)
  return (request) =>
    chains.some((chain) => {
      const via = chain.slice(0, -1)
      return allows({ ...request, agent: asked.from, ...(via.length > 0 && { via }) })
    })
}

interface World {
  readonly model: PolicyModel
  readonly state: State
}

/** The world in which a chain is possible when in this one it could be so many hops longer. */
function withoutHops({ model, state }: World, hops: number): World {
  const left = <H extends { readonly mayDelegate?: number }>(holder: H): H =>
    holder.mayDelegate === undefined ? holder : { ...holder, mayDelegate: Math.max(0, holder.mayDelegate - hops) }
  const deep = <D extends { readonly depth?: number }>(delegation: D): readonly D[] => {
    const { depth = 0 } = delegation
    return depth < hops ? [] : [{ ...delegation, depth: depth - hops }]
  }
  const { boundary } = model
  const isRuntimePassedOn = (boundary?.mayDelegate ?? 0) >= hops
  return {
    model: {
      ...model,
      agents: model.agents.map(left),
      delegations: model.delegations.flatMap(deep),
      ...(boundary && { boundary: left(boundary) }),
    },
    state: {
      ...state,
      agents: state.agents.map(left),
      delegations: isRuntimePassedOn ? state.delegations.flatMap(deep) : [],
    },
  }
}

function withoutExpiries(model: PolicyModel, state: State): World {
  const forever = <H extends { readonly expiresAt?: number }>({ expiresAt: _, ...holder }: H) => holder
  return {
    model: { ...model, agents: model.agents.map(forever), delegations: model.delegations.map(forever) },
    state: { ...state, agents: state.agents.map(forever), delegations: state.delegations.map(forever) },
  }
}

function engineOf(model: PolicyModel, state: State): (request: EngineRequest) => boolean {
  const engine = loadLiveEngine(emitImage(model))
  for (const record of emitState(state)) engine.putRecord(record)
  return (request) => engine.decide({ ...request, readings: {} }, { charge: 'caller' }).allowed
}
