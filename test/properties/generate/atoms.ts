/**
 * Conditions: their text, and values of the fact they ask about that make them hold and fail, drawn from the very ends of
 * their ranges. The values are hints for steering; nothing that is judged depends on them.
 */
import { generateCidr, generateDecimal, generateHours, generateRegex } from './literals.ts'
import type { Random } from './random.ts'
import { factOf, type World } from './world.ts'

export const ATOM_KINDS = [
  'ip',
  'time',
  'args-matches',
  'args-in',
  'args-equal',
  'args-compare',
  'args-cidr',
  'args-hours',
  'args-only',
  'len',
  'trust',
  'cost',
  'agent.type',
  'agent.owner',
] as const

export type AtomKind = (typeof ATOM_KINDS)[number]

export interface Atom {
  readonly kind: AtomKind
  readonly text: string
  readonly negated: boolean
  /** `ip`, `now`, `trust`, `cost`, `only`, `args.PATH`, or `agent` which no request can set. */
  readonly fact: string
  readonly good: readonly unknown[]
  readonly bad: readonly unknown[]
}

export interface Sample {
  readonly text: string
  readonly good: readonly unknown[]
  readonly bad: readonly unknown[]
}

export const CIDRS: readonly Sample[] = [
  {
    text: '10.0.0.0/8',
    good: ['10.0.0.0', '10.1.2.3', '10.255.255.255', '::ffff:10.0.0.9'],
    bad: ['9.255.255.255', '11.0.0.0'],
  },
  {
    text: '10.1.0.0/16',
    good: ['10.1.0.0', '10.1.2.3', '10.1.255.255', '::FFFF:0A01:1'],
    bad: ['10.0.255.255', '10.2.0.0'],
  },
  { text: '10.1.2.3', good: ['10.1.2.3', '::ffff:a01:203'], bad: ['10.1.2.2', '10.1.2.4'] },
  {
    text: '2001:db8:ac::/48',
    good: ['2001:db8:ac::', '2001:db8:ac:ffff:ffff:ffff:ffff:ffff', '2001:0db8:00ac:0:0:0:1.2.3.4'],
    bad: ['2001:db8:ab:ffff:ffff:ffff:ffff:ffff', '2001:db8:ad::', '::'],
  },
  {
    text: '0.0.0.0/0',
    good: ['0.0.0.0', '10.1.2.3', '10.0.0.0', '255.255.255.255'],
    bad: ['::fffe:ffff:ffff', '::1:0:0:0', '::1'],
  },
  { text: '::/0', good: ['::', '10.1.2.3', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'], bad: [] },
]

/** The first of April 2026 was a Wednesday. */
export const HOURS: readonly Sample[] = [
  {
    text: 'mon-fri 09:00-18:00',
    good: ['2026-04-01T09:00:00Z', '2026-04-01T10:00:00Z', '2026-04-03T17:59:59.999Z', Date.UTC(2026, 3, 6, 9)],
    bad: ['2026-04-01T08:59:59.999Z', '2026-04-01T18:00:00Z', '2026-04-04T10:00:00Z', '2026-04-05T10:00:00Z'],
  },
  {
    text: 'daily 08:00-12:00',
    good: ['2026-04-01T08:00:00Z', '2026-04-01T10:00:00Z', '2026-04-05T11:59:59.999999Z'],
    bad: ['2026-04-01T07:59:59.999Z', '2026-04-01T12:00:00Z'],
  },
  {
    text: 'mon-fri 22:00-06:00',
    good: ['2026-04-01T22:00:00Z', '2026-04-04T05:59:59.999Z', '2026-04-07T00:00:00Z'],
    bad: ['2026-04-06T03:00:00Z', '2026-04-04T06:00:00Z', '2026-04-01T21:59:59.999Z', '2026-04-01T10:00:00Z'],
  },
  {
    text: 'sun 23:00-01:00, wed 00:00-24:00',
    good: ['2026-04-06T00:59:59.999Z', '2026-04-05T23:00:00Z', '2026-04-01T10:00:00Z', '2026-04-01T23:59:59.999Z'],
    bad: ['2026-04-06T01:00:00Z', '2026-04-05T22:59:59.999Z', '2026-04-02T00:00:00Z'],
  },
  {
    text: 'fri-mon 00:00-24:00',
    good: ['2026-04-03T00:00:00Z', '2026-04-06T23:59:59.999Z', '2024-02-29T10:00:00Z', '1970-01-02T00:00:00Z'],
    bad: ['2026-04-07T00:00:00Z', '2026-04-02T23:59:59.999Z', '1970-01-01T00:00:00Z', 0],
  },
]

const TEXTS = [
  '',
  'append',
  'a',
  'b',
  'ab',
  'aB',
  'aab',
  'abab',
  '/api/a',
  '/docs/b1',
  '/api/../x',
  'x\ny',
  '😀',
  '😀a',
  'é',
  '12',
  ' ',
]

/** Regexes of the language beside what they are in JavaScript. */
const REGEXES: readonly (readonly [string, RegExp])[] = [
  ['/[ab]{1,3}/', /^[ab]{1,3}$/u],
  ['/(a|b)+b/i', /^(a|b)+b$/iu],
  ['/\\/(api|docs)\\/[a-z0-9_\\-]{1,8}/', /^\/(api|docs)\/[a-z0-9_-]{1,8}$/u],
  ['/.*/', /^.*$/u],
  ['/.+/s', /^.+$/su],
  ['/^(\\w|\\s)?$/', /^(\w|\s)?$/u],
  ['/[^a-z]*/', /^[^a-z]*$/u],
  ['/\\d+|(?:ab)*/', /^(?:\d+|(?:ab)*)$/u],
  ['/(a+)+b?/', /^(a+)+b?$/u],
  ['/\\x{1F600}a?/', /^\u{1F600}a?$/u],
]

const MATCHERS: readonly Sample[] = REGEXES.map(([text, regex]) => ({
  text,
  good: TEXTS.filter((value) => regex.test(value)),
  bad: TEXTS.filter((value) => !regex.test(value)),
}))

/** Names and texts of the sets that a policy declares. */
export interface Sets {
  readonly cidr: readonly (Sample & { readonly name: string })[]
  readonly hours: readonly (Sample & { readonly name: string })[]
  readonly regex: readonly (Sample & { readonly name: string })[]
}

export function generateSets(random: Random): Sets {
  const named = (samples: readonly Sample[], prefix: string) =>
    random.some(samples, 1, 2).map((sample, index) => ({ ...sample, name: `${prefix}${index}` }))
  const known = <T extends Sample>(samples: readonly T[], make: (random: Random) => Sample) =>
    random.chance(0.15) ? [make(random)] : samples
  return {
    cidr: named(known(CIDRS, generateCidr), 'net'),
    hours: named(known(HOURS, generateHours), 'hrs'),
    regex: named(known(MATCHERS, generateRegex), 'rex'),
  }
}

const WEIGHTS: Readonly<Record<AtomKind, number>> = {
  ip: 3,
  time: 3,
  'args-matches': 2,
  'args-in': 2,
  'args-equal': 2,
  'args-compare': 2,
  'args-cidr': 1,
  'args-hours': 1,
  'args-only': 1.5,
  len: 1.5,
  trust: 2,
  cost: 1.5,
  'agent.type': 1.5,
  'agent.owner': 1.2,
}

/** Which way an atom should come out in the common world, where it can be told. */
export interface Lean {
  readonly world: World
  readonly truth: boolean
}

/** A conjunction of 1 to `most` atoms, of different facts where it can be. */
export function generateAtoms(random: Random, sets: Sets, lean: Lean, most: number): readonly Atom[] {
  return Array.from({ length: random.between(1, most) }, () => generateAtom(random, sets, lean))
}

export function joinAtoms(atoms: readonly Atom[]): string {
  return atoms.map((atom) => atom.text).join(' and ')
}

/** Mostly an atom that leans as it should: what does not is negated, tried again, or kept all the same. */
export function generateAtom(random: Random, sets: Sets, lean: Lean): Atom {
  let atom = generateAny(random, sets)
  for (let turn = 0; turn < 4; turn++) {
    const truth = leans(atom, lean.world)
    if (truth === undefined || truth === lean.truth || random.chance(0.08)) break
    atom = random.chance(0.25) && atom.bad.length > 0 ? negate(atom) : generateAny(random, sets)
  }
  return atom
}

function generateAny(random: Random, sets: Sets): Atom {
  const kind = random.weighted(WEIGHTS)
  const atom: Atom = { kind, ...makeAtom(random, sets, kind), negated: false }
  return random.chance(0.12) ? negate(atom) : atom
}

function negate({ kind, fact, text, good, bad, negated }: Atom): Atom {
  const plain = negated ? text.slice('not '.length) : `not ${text}`
  return { kind, fact, text: plain, good: bad, bad: good, negated: !negated }
}

/** A hint, from the lists of good and bad values; `undefined` where they do not say. */
function leans({ kind, fact, text, good, bad, negated }: Atom, world: World): boolean | undefined {
  if (kind === 'agent.type' || kind === 'agent.owner') return undefined
  if (kind === 'args-only') {
    const [names] = negated ? bad : good
    const within = Object.keys(world.args).every((name) => Array.isArray(names) && names.includes(name))
    return within !== negated
  }
  const value = factOf(world, fact)
  if (value === undefined) return false
  if (good.includes(value)) return true
  if (bad.includes(value)) return false
  const compared = /(<=|>=) (-?[0-9._]+)$/.exec(text)
  if (compared === null || typeof value !== 'number') return undefined
  const bound = Number(compared[2]?.replaceAll('_', ''))
  return (compared[1] === '<=' ? value <= bound : value >= bound) !== negated
}

type Made = Sample & { readonly fact: string }

const BOUNDS = ['0', '5', '1.5', '-2', '1_000', '0.000000001', '999_999_999_999_999_999.999999999']
const ARG_OF_TEXT = ['args.path', 'args.mode', 'args.deep.x']
const ARG_OF_NUMBER = ['args.n', 'args.deep.n', 'args."odd name"']

function makeAtom(random: Random, sets: Sets, kind: AtomKind): Made {
  switch (kind) {
    case 'ip':
      return { fact: 'ip', ...prefixed('ip in ', random.chance(0.6) ? setOf(random, sets.cidr) : cidrs(random)) }
    case 'time':
      return { fact: 'now', ...prefixed('time in ', random.chance(0.6) ? setOf(random, sets.hours) : hours(random)) }
    case 'args-matches': {
      const fact = random.pick(ARG_OF_TEXT)
      const matcher = random.chance(0.4)
        ? setOf(random, sets.regex)
        : random.chance(0.2)
          ? generateRegex(random)
          : random.pick(MATCHERS)
      return { fact, ...prefixed(`${fact} matches `, matcher) }
    }
    case 'args-in':
      return argsIn(random)
    case 'args-equal':
      return argsEqual(random)
    case 'args-compare': {
      const fact = random.pick(ARG_OF_NUMBER)
      return { fact, ...comparison(random, fact, random.chance(0.3) ? generateDecimal(random) : random.pick(BOUNDS)) }
    }
    case 'args-cidr':
      return {
        fact: 'args.net',
        ...prefixed('args.net in ', random.chance(0.5) ? setOf(random, sets.cidr) : cidrs(random)),
      }
    case 'args-hours':
      return {
        fact: 'args.at',
        ...prefixed('args.at in ', random.chance(0.5) ? setOf(random, sets.hours) : hours(random)),
      }
    case 'args-only':
      return argsOnly(random)
    case 'len':
      return length(random)
    case 'trust':
      return { fact: 'trust', ...comparison(random, 'trust', random.pick(['60', '50', '0.5', '80'])) }
    case 'cost':
      return { fact: 'cost', ...comparison(random, 'cost', random.pick(['0.50', '1', '0.000000001', '0']), 0) }
    case 'agent.type':
      return agentType(random)
    case 'agent.owner':
      return agentOwner(random)
  }
}

function prefixed(prefix: string, sample: Sample): Sample {
  return { text: prefix + sample.text, good: sample.good, bad: sample.bad }
}

function setOf(random: Random, sets: readonly (Sample & { readonly name: string })[]): Sample {
  const { name, good, bad } = random.pick(sets)
  return { text: name, good, bad }
}

function cidrs(random: Random): Sample {
  const items = random.some(CIDRS, 1, 3)
  if (random.chance(0.2)) items.push(generateCidr(random), generateCidr(random))
  return { ...union(items), text: `cidr [${items.map((item) => item.text).join(', ')}]` }
}

function hours(random: Random): Sample {
  const items = random.some(HOURS, 1, 2)
  if (random.chance(0.2)) items.push(generateHours(random))
  return { ...union(items), text: `hours ${items.map((item) => item.text).join(', ')}` }
}

function union(items: readonly Sample[]): Omit<Sample, 'text'> {
  const good = items.flatMap((item) => item.good)
  return { good, bad: items.flatMap((item) => item.bad).filter((value) => !good.includes(value)) }
}

function argsIn(random: Random): Made {
  if (random.chance(0.6)) {
    const fact = random.pick(ARG_OF_TEXT)
    const good = random.some(['a', 'ab', 'append', 'é', ''], 1, 3)
    const bad = [...good.map((text) => `${text}x`), 'A', 5, true]
    return { fact, text: `${fact} in [${good.map((text) => JSON.stringify(text)).join(', ')}]`, good, bad }
  }
  const fact = random.pick(ARG_OF_NUMBER)
  const numbers = random.some([0, 5, 1.5, -2, 1e-9, 123456789012], 1, 3)
  const texts = numbers.map((value) => (value === 1e-9 ? '0.000000001' : String(value)))
  const good = numbers
  const bad = [...numbers.map((value) => value + 1), 0, 5, 1.5, -2, 1e-10, 1e21, String(numbers[0])].filter(
    (value) => !good.includes(Number(value)),
  )
  return { fact, text: `${fact} in [${texts.join(', ')}]`, good, bad }
}

function argsEqual(random: Random): Made {
  switch (random.below(3)) {
    case 0: {
      const value = random.chance(0.5)
      return { fact: 'args.flag', text: `args.flag = ${value}`, good: [value], bad: [!value, `${value}`, 1] }
    }
    case 1: {
      const fact = random.pick(ARG_OF_TEXT)
      const value = random.pick(['a', 'ab', '/api/a'])
      const others = WORLD_TEXTS.filter((text) => text !== value)
      const bad = [`${value} `, value.toUpperCase(), [value], ...others]
      return { fact, text: `${fact} = "${value}"`, good: [value], bad }
    }
    default: {
      const fact = random.pick(ARG_OF_NUMBER)
      const value = random.pick([0, 5, 1.5])
      const others = [0, 5, 1.5, -2].filter((number) => number !== value)
      const bad = [value + 1e-9, `${value}`, null, ...others]
      return { fact, text: `${fact} = ${value === 5 ? '5.0' : value}`, good: [value], bad }
    }
  }
}

/** `path <= bound` or `>=`, sometimes `=`, with the numbers right beside the bound. */
function comparison(random: Random, path: string, bound: string, least = Number.NEGATIVE_INFINITY): Sample {
  const at = Number(bound.replaceAll('_', ''))
  const below = [at - 1e-9, at - 1, at - 0.5].map((value) => Number(value.toFixed(9))).filter((value) => value >= least)
  const above = [at + 1e-9, at + 1e-10, at + 1].map((value) => Number(value.toFixed(10)))
  const operator = random.pick(['<=', '>=', '<=', '>=', '='])
  const text = `${path} ${operator} ${bound}`
  if (operator === '=') return { text, good: [at], bad: [...below, ...above] }
  return operator === '<=' ? { text, good: [at, ...below], bad: above } : { text, good: [at, ...above], bad: below }
}

export const TOP_NAMES = ['path', 'mode', 'n', 'deep', 'flag', 'net', 'at', 'odd name']

function argsOnly(random: Random): Made {
  const names = random.chance(0.1) ? [] : random.chance(0.6) ? TOP_NAMES : random.some(TOP_NAMES, 2, 8)
  const texts = names.map((name) => (name.includes(' ') ? JSON.stringify(name) : name))
  return { fact: 'only', text: `args only [${texts.join(', ')}]`, good: [names], bad: [] }
}

/** Texts of the common world. */
const WORLD_TEXTS = ['a', 'ab', 'aab', 'append', '/api/a']

function length(random: Random): Made {
  const fact = random.pick(ARG_OF_TEXT)
  const most = random.pick([0, 1, 2, 3, 6])
  const operator = random.pick(['<=', '>=', '='])
  const texts = Array.from({ length: most + 2 }, (_, count) => ['a', '😀', 'é'][random.below(3)]?.repeat(count) ?? '')
  const holds = (count: number) =>
    operator === '<=' ? count <= most : operator === '>=' ? count >= most : count === most
  return {
    fact,
    text: `len.${fact.slice('args.'.length)} ${operator} ${most}`,
    good: [...texts, ...WORLD_TEXTS].filter((value) => holds(Array.from(value).length)),
    bad: [...[...texts, ...WORLD_TEXTS].filter((value) => !holds(Array.from(value).length)), 3],
  }
}

function agentType(random: Random): Made {
  const types = ['autonomous', 'delegated', 'service']
  if (random.chance(0.3)) return { fact: 'agent', text: `agent.type = ${random.pick(types)}`, good: [], bad: [] }
  return { fact: 'agent', text: `agent.type in [${random.some(types, 2, 3).join(', ')}]`, good: [], bad: [] }
}

export const OWNERS = ['ann', 'bob', 'é c']

function agentOwner(random: Random): Made {
  const text = random.pick([
    `agent.owner = "${random.pick(OWNERS)}"`,
    `agent.owner in [${random
      .some(OWNERS, 2, 3)
      .map((owner) => `"${owner}"`)
      .join(', ')}]`,
    'agent.owner matches /.*/',
    'agent.owner matches /[a-z]+/',
  ])
  return { fact: 'agent', text, good: [], bad: [] }
}
