/** The oracle itself: it accepts what a sound engine answers, and notices each way in which a delegate could hold more. */
import { describe, expect, test } from 'vitest'
import { type Answer, breachOf } from './attenuation/oracle.ts'
import { BASE, NO_READINGS, type Question } from './attenuation/question.ts'
import { createSubject } from './attenuation/subject.ts'
import type { Agent, Delegation, Grant, World } from './attenuation/world.ts'

const OPEN: Grant = {
  actions: undefined,
  patterns: ['**'],
  when: [],
  limits: [],
  approval: undefined,
  estimate: 0,
}

function agent(name: string, members: Partial<Agent>): Agent {
  return {
    name,
    type: 'service',
    owner: undefined,
    isRuntime: false,
    roles: [],
    grants: [],
    limits: [],
    mayDelegate: undefined,
    expiresAt: undefined,
    ...members,
  }
}

function delegation(from: string, to: string, members: Partial<Delegation>): Delegation {
  return {
    from,
    to,
    isRuntime: true,
    grants: [{ ...OPEN }],
    limits: [],
    depth: 5,
    expiresAt: undefined,
    expiresIn: undefined,
    isRevoked: false,
    ...members,
  }
}

const PLANNER = agent('planner', {
  mayDelegate: 5,
  grants: [{ ...OPEN }],
  limits: [{ kind: 'rate', windows: ['day'], most: 1040, each: undefined, throttleAt: undefined }],
})

/** A planner of the policy, who passes on to `rt`, made at run time, and he to `coder`. */
const WORLD: World = {
  sets: { office: 0, workday: 0, safe: 0 },
  roles: [],
  agents: [PLANNER, agent('rt', { isRuntime: true }), agent('coder', {})],
  delegations: [delegation('planner', 'rt', {}), delegation('rt', 'coder', {})],
  boundary: { grants: [{ ...OPEN }], limits: [], mayDelegate: 5 },
  forbids: [],
  requires: [],
  limits: [],
  revoked: new Set(),
  suspended: new Set(),
  dropped: new Set(),
  weeks: 0,
}

const QUESTION: Question = {
  chain: ['planner', 'rt', 'coder'],
  since: [],
  facts: {
    action: 'read',
    resource: 'mcp:github:issues',
    ip: '10.1.2.3',
    now: 0,
    since: 0,
    cost: 0.5,
    trust: 70,
    tenant: 't1',
    args: {},
    approvedBy: [],
    approvedAt: undefined,
    possible: false,
  },
  readings: NO_READINGS,
}

/** The engine's answer where everything is as it should be; the question is then put to another world. */
const sound = createSubject(WORLD)
const ANSWER: Answer = sound.ask(QUESTION)
const [CHARGED] = ANSWER.reservations

function breachIn(world: Partial<World>, changed: { answer?: Partial<Answer>; question?: Partial<Question> } = {}) {
  // Rules keep their numbers: what is put in the place of a grant stands where that stood.
  const { numbers } = createSubject({ ...WORLD, ...world })
  return breachOf(
    { world: { ...WORLD, ...world }, numbers },
    { ...QUESTION, ...changed.question },
    { ...ANSWER, ...changed.answer },
  )
}

function withAgent(name: string, members: Partial<Agent>): Partial<World> {
  return { agents: WORLD.agents.map((one) => (one.name === name ? { ...one, ...members } : one)) }
}

function withDelegation(to: string, members: Partial<Delegation>): Partial<World> {
  return { delegations: WORLD.delegations.map((one) => (one.to === to ? { ...one, ...members } : one)) }
}

test('an answer of the engine to a sound question is within the bound, and charges the root', () => {
  expect(ANSWER).toMatchObject({ decision: 'allow', allowed: true, chosen: [0, -1, -1, 1, 1] })
  expect(ANSWER.reservations.map(({ key, limit }) => [key.slice(16), limit])).toEqual([['/day/agent=planner', '1040']])
  expect(breachIn({})).toBeUndefined()
})

const BOSS = { by: 'boss', withinMs: undefined }
const ELSEWHERE = { ...OPEN, patterns: ['mcp:linear:*'] }

describe('the same answer is a breach where', () => {
  test.each<readonly [what: string, world: Partial<World>, breach: string]>([
    ['the root holds less', withAgent('planner', { grants: [ELSEWHERE] }), 'nothing that `planner` holds at place 0'],
    ['a hop gives less', withDelegation('rt', { grants: [ELSEWHERE] }), 'nothing that `rt` holds at place 1'],
    [
      'a hop wants an approval',
      withDelegation('rt', { grants: [{ ...OPEN, approval: BOSS }] }),
      'nothing that `rt` holds',
    ],
    ['a hop is not deep enough', withDelegation('rt', { depth: 0 }), 'nothing that `rt` holds at place 1'],
    ['a hop has expired', withDelegation('coder', { expiresAt: BASE }), 'nothing that `coder` holds at place 2'],
    ['a hop is revoked', withDelegation('coder', { isRevoked: true }), 'nothing that `coder` holds at place 2'],
    ['a pair is revoked', { revoked: new Set(['planner -> rt']) }, 'nothing that `rt` holds at place 1'],
    [
      'somebody else was the parent',
      { delegations: [delegation('planner', 'rt', {}), delegation('planner', 'coder', {})] },
      'nothing that `coder` holds',
    ],
    [
      'the root may not delegate as deep',
      withAgent('planner', { mayDelegate: 1 }),
      '`planner` may not delegate 2 hops deep',
    ],
    ['somebody between may not delegate', withAgent('rt', { mayDelegate: 0 }), '`rt` may not delegate 1 hops deep'],
    [
      'the boundary is not as deep',
      { boundary: { grants: [OPEN], limits: [], mayDelegate: 0 } },
      '`rt` may not delegate 1 hops deep',
    ],
    [
      'the boundary holds less',
      { boundary: { grants: [ELSEWHERE], limits: [], mayDelegate: 5 } },
      'nothing that `rt` holds',
    ],
    ['there is no boundary', { boundary: undefined }, '`rt` may not delegate 1 hops deep'],
    ['an ancestor is revoked', { revoked: new Set(['planner']) }, '`planner` is revoked'],
    ['an ancestor is suspended', { suspended: new Set(['rt']) }, '`rt` is suspended'],
    ['an ancestor has expired', withAgent('planner', { expiresAt: BASE }), '`planner` has expired'],
    ['the record of an ancestor is gone', { dropped: new Set(['rt']) }, '`rt` is nobody'],
    ['it is forbidden', { forbids: [{ ...OPEN, when: [], unless: [] }] }, 'it is forbidden to `planner`'],
    [
      'an approval is required',
      { requires: [{ ...OPEN, when: [], approval: BOSS }] },
      'a required approval is missing',
    ],
    [
      'another limit of the root was not charged',
      withAgent('planner', { limits: PLANNER.limits.map((limit) => ({ ...limit, most: 1080 })) }),
      'the limits of `planner` are not charged',
    ],
  ])('%s', (_, world, breach) => {
    expect(breachIn(world)).toContain(breach)
  })
})

test('a meter must be charged in full, to the one who holds it, and have room', () => {
  if (CHARGED === undefined) throw new Error('nothing was charged')
  const wrong = [
    { amount: '0' },
    { key: CHARGED.key.replace('planner', 'coder') },
    { limit: '2080' },
    { window: 'hour', key: CHARGED.key.replace('day', 'hour') },
  ]
  for (const members of wrong) {
    expect(breachIn({}, { answer: { reservations: [{ ...CHARGED, ...members }] } })).toBe(
      'the limits of `planner` are not charged',
    )
  }
  expect(breachIn({}, { answer: { reservations: [] } })).toBe('the limits of `planner` are not charged')
  const full = { ...NO_READINGS, meters: { [CHARGED.key]: 1040 } }
  expect(breachIn({}, { question: { readings: full } })).toBe('the limits of `planner` are not charged')
  expect(breachIn({}, { question: { readings: { ...full, meters: { [CHARGED.key]: 1039 } } } })).toBeUndefined()
})

test('no denial charges anything', () => {
  expect(breachIn({}, { answer: { allowed: false, decision: 'limited' } })).toBe('a denial charges meters')
})

test('nobody stands in a chain twice, and no chain is longer than five hops', () => {
  expect(breachIn({}, { question: { chain: ['planner', 'rt', 'planner'] } })).toBe('somebody stands in the chain twice')
  const many = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  expect(
    breachIn({ agents: many.map((name) => agent(name, {})), delegations: [] }, { question: { chain: many } }),
  ).toBe('6 hops')
})
