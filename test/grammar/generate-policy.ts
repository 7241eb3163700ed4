/** Random policy text that covers every production, laid out at random, with comments in every place that allows them. */
import type { Random } from '../properties/generate/random.ts'

/** A policy of up to `statements` statements after its header. It parses without a finding, whatever it means. */
export function generatePolicy(random: Random, statements: number): string {
  const tokens = random.chance(0.8) ? header(random) : []
  for (let count = random.between(0, statements); count > 0; count--) tokens.push(...statement(random))
  return layOut(random, tokens)
}

/** Joins tokens by blanks, line ends and comments. */
export function layOut(random: Random, tokens: readonly string[]): string {
  let text = random.chance(0.1) ? '// at the top\n\n' : ''
  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1] ?? ''
    text += separator(random, before, token) + token
  }
  return text + random.pick(['', '\n', '\n\n', ' // at the end', '\n// at the end\n', '\r\n'])
}

function separator(random: Random, before: string, after: string): string {
  if (before === '') return ''
  const mayTouch = TIGHT.has(before) || TIGHT_AFTER.has(after)
  if (mayTouch && random.chance(0.5)) return ''
  return random.weighted({ ' ': 12, '  ': 1, '\n': 2, '\n  ': 2, '\n\n\n': 0.5, '\t': 0.5, '\r\n': 0.3, ...COMMENTS })
}

const COMMENTS = {
  ' // why\n': 0.5,
  '\n// a line of its own\n': 0.4,
  ' // é ü 日本\n  ': 0.2,
  ' //\n': 0.2,
  '\n\n// apart\n\n': 0.3,
}
const TIGHT: ReadonlySet<string> = new Set(['[', '{', '.'])
const TIGHT_AFTER: ReadonlySet<string> = new Set([']', '}', ',', '.', '%', ':'])

const NAMES = [
  'a',
  'planner',
  'code-reviewer',
  'x_1',
  '_',
  'Big',
  'limit',
  'on',
  'never',
  'cidr',
  'hours',
  'allow',
  'test',
  'agent',
]
/** Names that do not mean something else where a set or an asserted agent may stand. */
const PLAIN_NAMES = ['a', 'planner', 'code-reviewer', 'x_1', 'Big', 'zone']
const QUOTED = ['"odd name"', '"é"', '"a\\"b"', '"\\u{1F600}"', '"tab\\tend"', '"/\\/"', '""']
const STRINGS = [...QUOTED, '"team-support"', '"role:release-manager"']
const ACTIONS = ['read', 'write', 'execute', 'delete', '"odd action"', 'on']
const PATTERNS = [
  '**', 'mcp:github:**', 'mcp:*:x', 'a', 'pr-*:*-prod', 'mcp:{a,b-*}:y', '"odd, {name}//":**', 'a.b@c_d-e', 'x{a,b}y{c,d}z', '*:*', '{*,a}',
] // biome-ignore format: a list of words reads best as a block
const CIDRS = ['10.0.0.0/8', '192.0.2.10', '2001:db8::/32', '::1', '::ffff:10.0.0.0/104', '0.0.0.0/0']
const HOURS = [
  'daily 22:00-04:00',
  'mon-fri 09:00-18:00',
  'sat 00:00-24:00',
  'fri-mon 12:00 - 13:30',
  'sun 01:00\t-02:00',
]
const REGEXES = ['/a/', '/[a-z\\/]+/i', '/x{1,3}|y/s', '/\\/(docs|api)\\/.*/is', '/"quoted" \\{ and/', '/^\\x{1F600}$/']
const INTS = ['0', '1', '60', '2_000', '999_999_999']
const DECIMALS = ['0', '2.50', '1_000.5', '0.000000001', '100']
const DURATIONS = ['30s', '15m', '1h', '7d', '1_000s']
const STAMPS = ['2026-04-01T10:00:00Z', '1970-01-01T00:00:00.123Z', '2024-02-29T23:59:59.9Z']
const WINDOWS = ['minute', 'hour', 'day', 'month']
const JSONS = [
  '{}',
  '[]',
  '{ a: 1 }',
  '{"b":[1,2,{"c":null}],d-e:"x // no comment"}',
  '"text"',
  '-1.5e3',
  'true',
  '[ [ ] , { } ]',
  '{ __proto__: {} }',
]
const REASONS = ['no-grant', 'allowed', 'rate-limited', 'forbidden']

function header(random: Random): string[] {
  return ['policy', random.pick(NAMES), ...maybe(random, 0.6, () => ['generation', random.pick(['1', '7', '1_000'])])]
}

function statement(random: Random): string[] {
  return random.pick(STATEMENTS)(random)
}

type Production = (random: Random) => string[]

const STATEMENTS: readonly Production[] = [
  (random) => ['catalog', random.pick(NAMES), 'from', random.pick(STRINGS)],
  (random) => [
    'set',
    random.pick(NAMES),
    '=',
    ...random.pick<Production>([cidrs, hours, (r) => ['regex', r.pick(REGEXES)]])(random),
  ],
  (random) => [
    'role',
    random.pick(NAMES),
    ...maybe(random, 0.4, () => ['includes', ...names(random)]),
    ...block(random, [grant]),
  ],
  (random) => [
    random.pick(['autonomous', 'delegated', 'service']),
    'agent',
    random.pick(NAMES),
    ...block(random, [
      grant,
      grant,
      limit,
      mayDelegate,
      (r) => ['owner', r.pick(STRINGS)],
      (r) => ['roles', ...names(r)],
      (r) => ['expires', 'at', r.pick(STAMPS)],
    ]),
  ],
  (random) => [
    'delegate',
    random.pick(NAMES),
    '->',
    random.pick(NAMES),
    ...block(random, [
      grant,
      limit,
      (r) => ['expires', 'in', r.pick(DURATIONS)],
      (r) => ['expires', 'at', r.pick(STAMPS)],
      (r) => ['depth', r.pick(['0', '1', '5'])],
    ]),
  ],
  (random) => ['boundary', 'runtime', ...block(random, [grant, limit, mayDelegate])],
  (random) => [
    'forbid',
    ...scope(random),
    ...maybe(random, 0.5, () => clause(random, 'when')),
    ...maybe(random, 0.4, () => clause(random, 'unless')),
  ],
  (random) => ['require', ...(random.chance(0.5) ? approval(random) : condition(random)), 'for', ...scope(random)],
  (random) => [
    'limit',
    ...(random.chance(0.5) ? plainRate(random) : budget(random)),
    'for',
    ...scope(random),
    ...maybe(random, 0.5, () => ['each', random.pick(['agent', 'owner', 'tenant'])]),
  ],
  (random) => ['assert', ...random.pick(ASSERTIONS)(random)],
  (random) => [
    'test',
    random.pick(STRINGS),
    'as',
    random.pick(NAMES),
    ...facts(random),
    ...block(random, [
      (r) => [
        r.pick(['allow', 'deny', 'approval', 'limited', 'throttle']),
        ...actions(r),
        'on',
        r.pick(PATTERNS),
        ...facts(r),
      ],
    ]),
  ],
]

const ASSERTIONS: readonly Production[] = [
  (random) => [
    random.pick(['never', 'only', 'some']),
    ...(random.chance(0.3) ? ['*'] : random.chance(0.3) ? ['runtime'] : plainNames(random)),
    'can',
    ...scope(random),
    ...maybe(random, 0.5, () => clause(random, 'when')),
  ],
  (random) => [
    'every',
    ...scope(random),
    ...maybe(random, 0.5, () => clause(random, 'when')),
    ...(random.chance(0.3)
      ? ['is', 'denied']
      : ['needs', ...(random.chance(0.5) ? approval(random) : condition(random))]),
  ],
  (random) => [random.pick(PLAIN_NAMES), 'within', random.pick(PLAIN_NAMES)],
]

function block(random: Random, members: readonly Production[]): string[] {
  const list = Array.from({ length: random.between(0, 4) }, () => random.pick(members)(random))
  return ['{', ...list.flat(), '}']
}

function grant(random: Random): string[] {
  const clauses = Array.from({ length: random.between(0, 3) }, () =>
    random.pick<Production>([rate, (r) => ['needs', ...approval(r)], (r) => ['estimate', r.pick(DECIMALS), 'USD']])(
      random,
    ),
  )
  return ['allow', ...scope(random), ...maybe(random, 0.5, () => clause(random, 'when')), ...clauses.flat()]
}

function limit(random: Random): string[] {
  return ['limit', ...(random.chance(0.5) ? rate(random) : budget(random))]
}

function mayDelegate(random: Random): string[] {
  return ['may', 'delegate', 'depth', random.pick(['0', '2', '5'])]
}

function scope(random: Random): string[] {
  return [...actions(random), 'on', ...list(random, 3, () => [random.pick(PATTERNS)])]
}

function actions(random: Random): string[] {
  return random.chance(0.2) ? ['*'] : list(random, 3, () => [random.pick(ACTIONS)])
}

function names(random: Random): string[] {
  return list(random, 3, () => [random.pick(NAMES)])
}

function plainNames(random: Random): string[] {
  return list(random, 3, () => [random.pick(PLAIN_NAMES)])
}

function clause(random: Random, word: string): string[] {
  return [word, ...condition(random)]
}

function condition(random: Random): string[] {
  const tokens = atom(random)
  for (let more = random.between(0, 3); more > 0; more--) tokens.push('and', ...atom(random))
  return tokens
}

function atom(random: Random): string[] {
  return [...maybe(random, 0.2, () => ['not']), ...random.pick(ATOMS)(random)]
}

const ATOMS: readonly Production[] = [
  (random) => ['args', 'only', '[', ...(random.chance(0.2) ? [] : list(random, 3, () => [argument(random)])), ']'],
  (random) => [
    ...path(random),
    'in',
    ...random.pick<Production>([(r) => [r.pick(PLAIN_NAMES)], cidrs, hours, literals])(random),
  ],
  (random) => [...path(random), 'matches', random.pick([...REGEXES, ...PLAIN_NAMES])],
  (random) => [...path(random), random.pick(['=', '<=', '>=']), literal(random)],
]

function path(random: Random): string[] {
  const simple = random.pick(['ip', 'time', 'trust', 'cost', 'agent.type', 'agent.owner', 'args', 'args', 'len'])
  if (simple.startsWith('agent.')) return ['agent', '.', simple.slice('agent.'.length)]
  if (simple !== 'args' && simple !== 'len') return [simple]
  return [simple, ...Array.from({ length: random.between(1, 3) }, () => ['.', argument(random)]).flat()]
}

function argument(random: Random): string {
  return random.pick([...PLAIN_NAMES, ...QUOTED, 'only', 'in'])
}

function literals(random: Random): string[] {
  return ['[', ...list(random, 4, () => [literal(random)]), ']']
}

function literal(random: Random): string {
  return random.pick([...STRINGS, ...DECIMALS, '-2.5', 'true', 'false', 'autonomous', 'delegated', 'service'])
}

function cidrs(random: Random): string[] {
  return ['cidr', '[', ...list(random, 4, () => [random.pick(CIDRS)]), ']']
}

function hours(random: Random): string[] {
  return ['hours', ...list(random, 3, () => [random.pick(HOURS)])]
}

function rate(random: Random): string[] {
  return [...plainRate(random), ...maybe(random, 0.4, () => ['each', random.pick(['resource', 'owner', 'tenant'])])]
}

function plainRate(random: Random): string[] {
  return ['rate', ...list(random, 3, () => [random.pick(INTS), 'per', random.pick(WINDOWS)])]
}

function budget(random: Random): string[] {
  const throttle = () => [
    'throttle',
    'at',
    random.pick(['0', '80', '100']),
    '%',
    'to',
    random.pick(INTS),
    'per',
    random.pick(WINDOWS),
  ]
  return [
    'budget',
    ...list(random, 2, () => [random.pick(DECIMALS), 'USD', 'per', random.pick(WINDOWS)]),
    ...maybe(random, 0.5, throttle),
  ]
}

function approval(random: Random): string[] {
  return [
    'approval',
    ...maybe(random, 0.5, () => ['by', random.pick(STRINGS)]),
    ...maybe(random, 0.5, () => ['within', random.pick(DURATIONS)]),
  ]
}

function facts(random: Random): string[] {
  return Array.from({ length: random.between(0, 3) }, () => random.pick(FACTS)(random)).flat()
}

const FACTS: readonly Production[] = [
  (random) => ['via', ...plainNames(random)],
  (random) => ['at', random.pick(STAMPS)],
  (random) => ['since', random.pick(STAMPS)],
  (random) => ['from', random.pick(['10.2.3.4', '2001:db8::7', '::ffff:10.0.0.9'])],
  (random) => ['with', random.pick(JSONS)],
  (random) => ['with', '{', 'key', ':', '[', ...list(random, 3, () => [random.pick(['1', '"two"', 'null'])]), ']', '}'],
  (random) => ['used', random.pick(INTS), 'per', random.pick(WINDOWS)],
  (random) => ['spent', random.pick(DECIMALS), 'USD', 'per', random.pick(WINDOWS)],
  (random) => ['trust', random.pick(DECIMALS)],
  (random) => ['cost', random.pick(DECIMALS), 'USD'],
  (random) => ['approved', 'by', random.pick(STRINGS)],
  (random) => ['because', random.pick(REASONS)],
]

/** One to `most` items with commas between them. */
function list(random: Random, most: number, item: () => readonly string[]): string[] {
  const tokens = [...item()]
  for (let more = random.between(0, most - 1); more > 0; more--) tokens.push(',', ...item())
  return tokens
}

function maybe(random: Random, probability: number, tokens: () => string[]): string[] {
  return random.chance(probability) ? tokens() : []
}
