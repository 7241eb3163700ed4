/**
 * Random requests, aimed at the edges of a policy: the first and last moment, address, count and amount of everything that
 * the policy states, and facts that are missing or of another type.
 */

import { type Aim, WINDOWS } from './policy.ts'
import type { Random } from './random.ts'
import { ACTIONS, generateResource } from './scopes.ts'
import { argumentPath, factOf } from './world.ts'

/** What the sampler asks of the reference. */
export interface Answer {
  readonly decision: Verdict
  readonly reservations: readonly Meter[]
}

export type Verdict = 'allow' | 'throttle' | 'approval' | 'limited' | 'deny'

interface Meter {
  readonly key: string
  readonly window: string
  readonly amount: string
  readonly limit: string
  readonly unit: 'calls' | 'nanoUsd'
}

export interface GeneratedRequest {
  readonly value: unknown
  readonly possible: boolean
}

type Json = { [key: string]: unknown }

/** Makes requests for one policy and state. */
export interface RequestSource {
  readonly next: () => GeneratedRequest
}

/**
 * `ask` only steers: most requests are drawn again, a few times at most, until they come out as wanted, so that no verdict is
 * rare. What came out well is kept and bent further.
 */
export function createRequests(random: Random, aim: Aim, ask: (request: GeneratedRequest) => Answer): RequestSource {
  const kept: Record<Bent | 'deny', GeneratedRequest[]> = {
    allow: [],
    throttle: [],
    approval: [],
    limited: [],
    deny: [],
  }
  const keep = (request: GeneratedRequest, { decision, reservations }: Answer) => {
    const pools = [kept[decision]]
    // What is charged to a meter can be bent into what the meter says no to.
    if (reservations.some(({ unit }) => unit === 'calls')) pools.push(kept.limited)
    if (reservations.some(({ unit }) => unit === 'nanoUsd')) pools.push(kept.throttle)
    for (const pool of pools) if (pool.length < KEPT && decision !== 'deny') pool.push(request)
  }
  const start = (wanted: Bent): GeneratedRequest => {
    const pool = random.chance(0.8) ? kept[wanted] : kept.allow
    if (pool.length === 0 || random.chance(0.3))
      return { value: generateNear(random, aim), possible: random.chance(0.1) }
    const { value, possible } = random.pick(pool)
    const request = structuredClone(toObject(value))
    if (random.chance(0.6)) toEdge(random, aim, request)
    return { value: request, possible }
  }
  const weights = { any: 2.3, allow: 4.2, throttle: 5.2, approval: 4, limited: 1.4 }
  return {
    next: () => {
      const wanted = random.weighted(weights)
      if (wanted === 'any') return { value: generateWild(random, aim), possible: random.chance(0.2) }
      for (let turn = 1; ; turn++) {
        const plain = start(wanted)
        const first = ask(plain)
        keep(plain, first)
        if (first.decision === 'deny' && turn < TURNS) continue
        const request = bend(random, aim, { request: plain, answer: first, wanted })
        if (request === plain && first.decision !== wanted && turn < TURNS) continue
        const answer = ask(request)
        keep(request, answer)
        if (answer.decision === wanted) return request
        if (turn < TURNS) continue
        // Most policies have no way to some verdict: it is seldom wanted again.
        weights[wanted] = Math.max(0.1, weights[wanted] / 3)
        return request
      }
    },
  }
}

const TURNS = 6
const KEPT = 12

/** A request that the common world mostly meets. */
function generateNear(random: Random, aim: Aim): Json {
  const request = generateCall(random, aim)
  for (let left = random.weighted({ 0: 5, 1: 3, 2: 1 }) === '0' ? 0 : random.between(1, 2); left > 0; left--) {
    toEdge(random, aim, request)
  }
  return request
}

/** Anything, from a call at an edge to what is no request at all. */
function generateWild(random: Random, aim: Aim): unknown {
  const request = generateCall(random, aim)
  for (let left = random.between(0, 3); left > 0; left--) toEdge(random, aim, request)
  if (random.chance(0.35)) request.readings = generateReadings(random, aim)
  if (random.chance(0.2)) loseFact(random, request)
  if (random.chance(0.3)) setOddFact(random, request)
  if (random.chance(0.06)) setOddMember(random, request)
  return random.chance(0.004) ? random.pick([null, 5, 'x', [], [request], true]) : request
}

function generateCall(random: Random, aim: Aim): Json {
  const theme = random.chance(0.75) ? aim.themes[0] : random.pick(aim.themes)
  const { world } = aim
  const chain = generateChain(random, aim)
  const via = chain.slice(0, -1)
  const now = typeof world.now === 'string' ? Date.parse(world.now) : undefined
  const since =
    now === undefined ? undefined : now - random.pick([0, 1000, 60_000, ...aim.durations.map((ms) => ms - 1)])
  const request: Json = {
    agent: chain.at(-1),
    action: random.chance(0.95) ? theme.action : random.pick(ACTIONS),
    resource: generateResource(random, theme),
    ip: world.ip,
    now: random.chance(0.3) && now !== undefined ? now : world.now,
    trust: world.trust,
    args: structuredClone(world.args),
  }
  if (world.cost !== undefined) request.cost = world.cost
  if (via.length > 0) {
    if (random.chance(0.9)) request.since = since
    request.via = via.map((agent) => {
      if (random.chance(0.8)) return agent
      return random.chance(0.7) ? { agent, since } : { agent }
    })
  }
  if (random.chance(0.5)) request.tenant = random.pick(['t1', 'é/b', 'a=b'])
  if (random.chance(0.7)) {
    request.approvedBy = random.chance(0.85) ? ['boss', 'role:release-manager', 'é'] : random.pick(['boss', ['é'], []])
    if (random.chance(0.3) && now !== undefined) request.approvedAt = now - random.pick([0, 999, ...aim.durations])
  }
  return request
}

/** A walk along the delegations, or a chain that none of them knows. */
function generateChain(random: Random, aim: Aim): readonly string[] {
  if (random.chance(0.03)) return random.shuffle(aim.agents).slice(0, random.between(1, 4))
  const wanted = Number(random.weighted({ 0: 2.8, 1: 2, 2: 2, 3: 3.3, 4: 3.3, 5: 2, 6: 0.2 }))
  let best: readonly string[] = []
  for (let turn = 0; turn < 6 && best.length < wanted + 1; turn++) {
    const start = turn < 4 && random.chance(0.4) ? aim.agents.slice(0, 1) : random.chance(0.9) ? aim.roots : aim.agents
    const chain = [random.pick(start.length > 0 ? start : aim.agents)]
    while (chain.length <= wanted) {
      const next = aim.edges.filter(({ from, to }) => from === chain.at(-1) && !chain.includes(to))
      if (next.length === 0) break
      chain.push(random.pick(next).to)
    }
    if (chain.length > best.length) best = chain
  }
  return random.chance(0.01) ? [...best.slice(0, -1), 'nobody'] : best
}

/** Moves one fact to an edge that the policy states. */
function toEdge(random: Random, aim: Aim, request: Json): void {
  const now = typeof request.now === 'number' ? request.now : Date.parse(String(request.now))
  if (random.chance(0.06)) {
    request.args = { ...toObject(request.args), extra: null }
    return
  }
  switch (random.below(7)) {
    case 0:
    case 1:
    case 2: {
      if (aim.atoms.length === 0) return
      const { fact, good, bad } = random.pick(aim.atoms)
      const values = random.chance(0.65) ? good : bad
      if (values.length > 0) setFact(request, fact, random.pick(values), random)
      return
    }
    case 3:
      if (aim.instants.length > 0) request.now = random.pick(aim.instants) + random.pick([-1, -1, 0])
      return
    case 4: {
      if (aim.durations.length === 0 || Number.isNaN(now)) return
      request.since = now - random.pick(aim.durations) + random.pick([0, 1, 1, 2])
      return
    }
    case 5:
      if (aim.durations.length === 0 || Number.isNaN(now)) return
      request.approvedAt = now - random.pick(aim.durations) + random.pick([0, 1, 1])
      return
    default:
      request.cost = random.pick([0, 0.25, 1, 1e-9, 1e-10, 9e9, 0.5000000001, ...aim.amounts.map(toUsdNumber)])
  }
}

function setFact(request: Json, fact: string, value: unknown, random: Random): void {
  if (fact === 'agent') return
  if (fact === 'only') {
    const args = toObject(request.args)
    if (random.chance(0.5)) args.extra = null
    else if (Array.isArray(value))
      request.args = Object.fromEntries(Object.entries(args).filter(([key]) => value.includes(key)))
    return
  }
  if (!fact.startsWith('args.')) {
    request[fact] = value
    return
  }
  request.args = withMember(request.args, argumentPath(fact), value)
}

function withMember(object: unknown, [name, ...deeper]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value
  const members = toObject(object)
  return { ...members, [name]: withMember(members[name], deeper, value) }
}

function toObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function loseFact(random: Random, request: Json): void {
  const fact = random.pick([
    'ip',
    'now',
    'trust',
    'cost',
    'args',
    'since',
    'approvedBy',
    'args.path',
    'args.n',
    'args.deep',
    'args.at',
  ])
  if (!fact.startsWith('args.')) {
    if (random.chance(0.5)) delete request[fact]
    else request[fact] = null
    return
  }
  const args = toObject(request.args)
  delete args[fact.slice('args.'.length)]
  request.args = args
}

/** Facts of another type or form: unknown, never malformed. */
function setOddFact(random: Random, request: Json): void {
  const fact = random.pick(['ip', 'ip', 'now', 'now', 'since', 'approvedAt', 'trust', 'args', 'args', 'args', 'args'])
  if (fact !== 'args') {
    request[fact] = random.pick(ODD_FACTS[fact] ?? [null])
    return
  }
  const args = toObject(request.args)
  const name = random.pick(['path', 'mode', 'n', 'flag', 'net', 'at', 'deep', 'odd name'])
  const likely = name === 'net' ? ODD_FACTS.ip : name === 'at' ? ODD_TIMES : undefined
  args[name] = random.chance(0.25)
    ? null
    : random.pick(likely !== undefined && random.chance(0.7) ? likely : ODD_ARGUMENTS)
  if (random.chance(0.2)) args[random.pick(['__proto__x', '', 'ü', 'Path', '\ud800', 'constructor'])] = 1
  request.args = args
}

const ODD_TIMES: readonly unknown[] = [
  '2026-04-01T10:00:00+00:00',
  '2026-04-01t10:00:00z',
  '2026-04-01T10:00:60Z',
  '2026-02-29T10:00:00Z',
  '2026-04-01T24:00:00Z',
  '2026-04-01T10:00Z',
  '2026-04-01 10:00:00Z',
  '2026-04-01T10:00:00.Z',
  `2026-04-01T10:00:00.${'123456789'.repeat(9)}Z`,
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
  '1969-12-31T23:59:59.999Z',
  '',
  0,
  -0,
  -1,
  1.5,
  1_775_037_600_000,
  9_007_199_254_740_991,
  9_007_199_254_740_992,
  1e300,
  true,
  {},
  [1],
]

const ODD_FACTS: Readonly<Record<string, readonly unknown[]>> = {
  ip: [
    '10.1.2.03',
    '10.1.2.3/32',
    '10.1.2',
    '10.1.2.256',
    '10.1x.2.3',
    ' 10.1.2.3',
    '::ffff:10.1.2.3',
    'fe80::1%eth0',
    '1::2::3',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::',
    '::1:2:3:4:5:6:7',
    '1:2:3:4:5:6:1.2.3.4',
    '::10.1.2.3',
    'FFFF::FFFF',
    '12345::',
    ':::',
    ':',
    '',
    167_838_211,
    ['10.1.2.3'],
  ],
  now: ODD_TIMES,
  since: ODD_TIMES,
  approvedAt: ODD_TIMES,
  trust: [
    '70',
    1e308,
    -1e308,
    5e-324,
    -0,
    1e21,
    59.999999999999,
    60.0000000001,
    1e18,
    999_999_999_999_999_900_000,
    true,
    [70],
  ],
}

const ODD_ARGUMENTS: readonly unknown[] = [
  null,
  '',
  '\ud800',
  'a\udc00',
  'a\ufffd',
  '\u0000',
  'a'.repeat(300),
  '😀'.repeat(40),
  -0,
  5e-324,
  1.7976931348623157e308,
  1e21,
  123_456_789.12345678,
  4.999999999999999,
  true,
  false,
  [],
  ['a'],
  {},
  { x: { x: 'a' } },
  { x: 'a', n: 5 },
  'true',
  '5',
  '2026-04-01T10:00:00Z',
  '10.1.2.3',
  1_775_037_600_000,
  nested(16),
  nested(17),
]

function nested(levels: number): unknown {
  return levels === 0 ? 'deep' : { deep: nested(levels - 1) }
}

/** Members that make a request malformed, or nearly. */
function setOddMember(random: Random, request: Json): void {
  const member = random.pick(['agent', 'action', 'resource', 'via', 'args', 'cost', 'approvedBy', 'readings', 'tenant'])
  request[member] = random.pick(ODD_MEMBERS[member] ?? [null])
}

const ODD_NAMES: readonly unknown[] = [
  '',
  'a:b',
  'a*',
  'e\u0301',
  'é',
  '\ufffd',
  '\ud800',
  '\u0085',
  'a\u0000',
  'a'.repeat(128),
  'a'.repeat(129),
  'é'.repeat(64),
  `${'é'.repeat(64)}a`,
  'runtime',
  ' ',
  5,
  null,
  ['a'],
]

const ODD_MEMBERS: Readonly<Record<string, readonly unknown[]>> = {
  agent: ODD_NAMES,
  action: ODD_NAMES,
  resource: [
    ...ODD_NAMES,
    ':',
    'a:',
    ':a',
    'a::b',
    'mcp:git*hub',
    'mcp:cafe\u0301',
    Array.from({ length: 33 }, () => 'a').join(':'),
    Array.from({ length: 32 }, () => 'a').join(':'),
    `mcp:${'é'.repeat(64)}`,
    `mcp:${'é'.repeat(65)}`,
  ],
  via: [
    [],
    'planner',
    ['planner', 'planner'],
    ['a:b'],
    [null],
    [5],
    [{}],
    [{ agent: 'planner', since: 'never' }],
    [{ agent: 'planner', since: null }],
    Array.from({ length: 63 }, (_, index) => `v${index}`),
    Array.from({ length: 64 }, (_, index) => `v${index}`),
    {},
    null,
  ],
  args: [[], 'x', 5, null, {}, true],
  cost: ['1', -1, -1e-12, -0, 9e9, 9_000_000_000.000002, 9.1e9, 1e308, 5e-324, true, null, [1]],
  approvedBy: ['', [''], ['boss', ''], [5], {}, 'boss', [], null, ['boss', 'boss'], 'bo\ud800ss', ['\ufffd']],
  readings: [
    [],
    5,
    0,
    '',
    false,
    null,
    {},
    { used: 5 },
    { used: null, spent: null, meters: null },
    { used: { minute: -1 } },
    { used: { minute: '1e3' } },
    { spent: { day: '01.5' } },
    { spent: { day: '.5' } },
    { spent: { day: '-0' } },
    { spent: { day: 1e308 } },
    { used: { century: 5 } },
    { meters: { nonsense: true } },
    { used: { minute: 0.5 } },
    { spent: { month: 0.0000000001 } },
    { spent: { day: '18446744073.709551616' } },
    { used: { minute: '18446744073709551616' } },
  ],
  tenant: ['', 5, null, ['t'], 't\ud800', '\ufffd', 'a'.repeat(400)],
}

/** Readings by window, at the edges of the counts and amounts of the policy. */
function generateReadings(random: Random, aim: Aim): Json {
  const used: Json = {}
  const spent: Json = {}
  for (const window of WINDOWS) {
    if (aim.counts.length > 0 && random.chance(0.4)) {
      const count = Math.max(0, random.pick(aim.counts) + random.pick([-1, -1, 0, 1]))
      used[window] = random.chance(0.3) ? String(count) : count
    }
    if (aim.amounts.length > 0 && random.chance(0.4)) {
      const amount = random.pick(aim.amounts) + random.pick([-1n, -1n, 0n, 1n, -250_000_000n])
      spent[window] = toUsd(random, amount < 0n ? 0n : amount)
    }
  }
  return { used, spent }
}

/** Moves what is not a fact of the call, readings and approvals, so that the request comes out as wanted. */
function bend(
  random: Random,
  aim: Aim,
  { request, answer, wanted }: { readonly request: GeneratedRequest; readonly answer: Answer; readonly wanted: Bent },
): GeneratedRequest {
  const value = toObject(request.value)
  if (wanted === 'approval') {
    if (answer.decision === 'approval') return request
    const now = factOf(aim.world, 'now')
    if (random.chance(0.7)) value.approvedBy = random.pick([undefined, [], ['nobody'], 'é', 'boss'])
    else value.approvedAt = random.pick([Date.parse(String(now)) - 604_800_000, 'yesterday', now])
    return { ...request, value }
  }
  const meters = answer.reservations.filter(
    ({ unit }) => wanted === 'allow' || (unit === 'calls') === (wanted === 'limited'),
  )
  if (meters.length === 0 || (wanted === 'allow' && random.chance(0.6))) return request
  const readings = withReadings(value.readings)
  const chosen = wanted === 'throttle' ? meters : [random.pick(meters)]
  for (const meter of chosen) setReading(random, meter, wanted, readings)
  return { ...request, value: { ...value, readings } }
}

type Bent = Exclude<Verdict, 'deny'>

function withReadings(value: unknown): Json {
  const { used, spent, meters } = toObject(value)
  return { used: toObject(used), spent: toObject(spent), meters: toObject(meters) }
}

function setReading(random: Random, meter: Meter, wanted: Bent, readings: Json): void {
  const room = BigInt(meter.limit) - BigInt(meter.amount)
  const byKey = random.chance(0.6)
  const into = toObject(readings[byKey ? 'meters' : meter.unit === 'calls' ? 'used' : 'spent'])
  let reading = room
  if (wanted === 'limited') reading = room + random.pick([1n, 1n, 2n])
  else if (random.chance(0.2)) reading = room > 0n ? room - 1n : 0n
  into[byKey ? meter.key : meter.window] =
    meter.unit === 'nanoUsd' ? toUsd(random, reading) : random.chance(0.3) ? String(reading) : Number(reading)
  readings[byKey ? 'meters' : meter.unit === 'calls' ? 'used' : 'spent'] = into
}

/** Nano-USD as a number where that is exact enough to look at, else as a decimal string. */
function toUsd(random: Random, nano: bigint): number | string {
  const text = `${nano / 1_000_000_000n}.${String(nano % 1_000_000_000n).padStart(9, '0')}`
  if (nano % 10_000_000n === 0n && random.chance(0.4)) return Number(text)
  return random.chance(0.5) ? text.replace(/\.?0+$/, '') : text
}

function toUsdNumber(nano: bigint): number {
  return Number(nano) / 1e9
}
