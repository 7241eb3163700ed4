/** Random policies of what our language and Cedar have in common, about a few themes and one common world. */
import { type Atom, generateAtom, generateSets, OWNERS, type Sample, type Sets } from '../generate/atoms.ts'
import { fixed, group, leaf, list, type Piece } from '../generate/piece.ts'
import type { Aim, GeneratedPolicy } from '../generate/policy.ts'
import type { Random } from '../generate/random.ts'
import { generateActions, generatePatterns, generateThemes, type Themes } from '../generate/scopes.ts'
import { generateWorld, type World } from '../generate/world.ts'

const NAMES = ['planner', 'coder', 'b-x2', 'Reviewer', 'tester_1', 'x']
const ROLES = ['reader', 'writer', 'admin']

/** Regexes that Cedar can say as a list or as a `like` pattern, beside what they are in JavaScript. */
const MATCHERS: readonly (readonly [string, RegExp])[] = [
  ['/a|ab|append/', /^(a|ab|append)$/u],
  ['/ab{1,2}/i', /^ab{1,2}$/iu],
  ['/\\/api\\/.*/', /^\/api\/.*$/u],
  ['/a.*/s', /^a.*$/su],
  ['/.*b/', /^.*b$/u],
  ['/.*a.*b/s', /^.*a.*b$/su],
  ['/.*/', /^.*$/u],
  ['/a\\*.*\\"\\\\/s', /^a\*.*"\\$/su],
  ['/😀?a?/', /^😀?a?$/u],
]

const TEXTS = [
  '',
  'a',
  'b',
  'ab',
  'aB',
  'abb',
  'aab',
  'append',
  '/api/',
  '/api/a',
  '/api/\n',
  'a\nb',
  'x\na',
  '😀',
  '😀a',
]
const STARS = ['a*"\\', 'a*x"\\', 'ax"\\', 'a*"', 'a**"\\']

export function generateCommon(random: Random): GeneratedPolicy {
  return new Writer(random, 0).policy()
}

/** The same with some of what Cedar cannot say: meters, approvals, regexes and large numbers. */
export function generateMixed(random: Random): GeneratedPolicy {
  return new Writer(random, 0.15).policy()
}

class Writer {
  private readonly random: Random
  /** How likely a part is one that Cedar cannot say. */
  private readonly foreign: number
  private readonly sets: Sets
  private readonly world: World
  private readonly themes: Themes
  private readonly atoms: Atom[] = []
  private readonly instants: number[] = []

  constructor(random: Random, foreign: number) {
    this.random = random
    this.foreign = foreign
    this.sets = generateSets(random)
    this.world = generateWorld(random)
    this.themes = generateThemes(random)
  }

  policy(): GeneratedPolicy {
    const { random } = this
    const agents = random.shuffle(NAMES).slice(0, random.between(1, 4))
    const roles = ROLES.slice(0, random.between(0, 3))
    const parts = random.shuffle([
      ...this.setDeclarations(),
      ...roles.map((role, index) => this.role(role, roles.slice(0, index))),
      ...agents.map((agent) => this.agent(agent, roles)),
      ...this.guardrails(),
    ])
    const { themes, world, atoms, instants } = this
    const aim: Aim = {
      themes,
      world,
      agents,
      roots: agents,
      edges: [],
      hasBoundary: false,
      atoms,
      approvers: [],
      durations: [],
      instants,
      counts: [],
      amounts: [],
    }
    return { piece: group('', [fixed('policy p\n'), ...parts]), aim }
  }

  private setDeclarations(): readonly Piece[] {
    const { cidr, hours, regex } = this.sets
    return [
      ...cidr.map(({ name, text }) => leaf(`set ${name} = cidr [${text}]\n`)),
      ...hours.map(({ name, text }) => leaf(`set ${name} = hours ${text}\n`)),
      ...(this.foreign > 0 ? regex.map(({ name, text }) => leaf(`set ${name} = regex ${text}\n`)) : []),
    ]
  }

  private role(name: string, earlier: readonly string[]): Piece {
    const included = this.random.some(earlier, 0, 2)
    const includes = included.length > 0 ? [group(' includes ', [list(included)])] : []
    const head = { ...group(`role ${name}`, includes), isFixed: true }
    return group('', [head, fixed(' {\n'), ...this.grants(1, 2)], '}\n')
  }

  private agent(name: string, all: readonly string[]): Piece {
    const { random } = this
    const members: Piece[] = []
    if (random.chance(0.7)) members.push(leaf(`  owner ${JSON.stringify(random.pick(OWNERS))}\n`))
    const roles = random.some(all, 0, 2)
    if (roles.length > 0) members.push(group('  roles ', [list(roles)], '\n'))
    members.push(...this.grants(roles.length > 0 ? 0 : 1, 3))
    if (random.chance(0.25)) members.push(leaf(`  expires at ${this.instant()}\n`))
    if (random.chance(this.foreign)) members.push(leaf('  limit rate 5 per minute\n'))
    return group(`${random.pick(['autonomous', 'service'])} agent ${name} {\n`, random.shuffle(members), '}\n')
  }

  private guardrails(): readonly Piece[] {
    const { random } = this
    const rules: Piece[] = []
    for (let left = random.between(0, 2); left > 0; left--) {
      const hasWhen = random.chance(0.8)
      const parts = [{ ...this.scope(), isFixed: true }]
      if (hasWhen) parts.push(this.condition(' when ', false, 2))
      if (!hasWhen || random.chance(0.4)) parts.push(this.condition(' unless ', true, 2))
      rules.push(group('forbid ', parts, '\n'))
    }
    for (let left = random.between(0, 2); left > 0; left--) {
      const condition = { ...this.condition('', true, 2), isFixed: true }
      rules.push(group('require ', [condition, fixed(' for '), { ...this.scope(), isFixed: true }], '\n'))
    }
    if (random.chance(this.foreign)) rules.push(this.guardrail('limit', 'budget 1 USD per day'))
    if (random.chance(this.foreign)) rules.push(this.guardrail('require', 'approval by "boss"'))
    return rules
  }

  private guardrail(word: string, clause: string): Piece {
    return group(`${word} ${clause} for `, [{ ...this.scope(), isFixed: true }], '\n')
  }

  private grants(least: number, most: number): readonly Piece[] {
    return Array.from({ length: this.random.between(least, most) }, () => this.grant())
  }

  private grant(): Piece {
    const { random } = this
    const parts = [{ ...this.scope(), isFixed: true }]
    if (random.chance(0.75)) parts.push(this.condition(' when ', true, random.pick([1, 2, 2, 3])))
    // It has no effect where nothing is charged.
    if (random.chance(0.1)) parts.push(leaf(' estimate 0.25 USD'))
    if (random.chance(this.foreign)) parts.push(leaf(random.pick([' rate 2 per hour', ' needs approval'])))
    return group('  allow ', parts, '\n')
  }

  private scope(): Piece {
    const { random } = this
    const theme = random.chance(0.8) ? this.themes[0] : random.pick(this.themes)
    const actions = random.chance(0.3) ? fixed('*') : list(generateActions(random, theme))
    return group('', [actions, fixed(' on '), list(generatePatterns(random, theme))])
  }

  private condition(word: string, truth: boolean, most: number): Piece {
    const atoms = Array.from({ length: this.random.between(1, most) }, () => this.atom(truth))
    this.atoms.push(...atoms)
    return group(word, [
      {
        ...group(
          '',
          atoms.map(({ text }) => leaf(text)),
          '',
          ' and ',
        ),
        isFixed: true,
      },
    ])
  }

  private atom(truth: boolean): Atom {
    const { random, sets, world } = this
    if (random.chance(0.1)) return this.matcher()
    const isForeign = random.chance(this.foreign)
    for (;;) {
      const atom = generateAtom(random, sets, { world, truth })
      if (isForeign) return atom
      if (atom.kind !== 'args-matches' && isSmall(atom.text)) return atom
    }
  }

  private matcher(): Atom {
    const { random } = this
    const [text, regex] = random.pick(MATCHERS)
    const fact = random.pick(['args.path', 'args.mode', 'args.deep.x'])
    const texts = [...TEXTS, ...(text.includes('\\*') ? STARS : [])]
    const sample: Sample = {
      text: `${fact} matches ${text}`,
      good: texts.filter((value) => regex.test(value)),
      bad: [...texts.filter((value) => !regex.test(value)), 5],
    }
    return { kind: 'args-matches', fact, negated: false, ...sample }
  }

  private instant(): string {
    const { random, world } = this
    const now = typeof world.now === 'string' ? Date.parse(world.now) : Date.UTC(2026, 3, 1, 10)
    const at = now + random.pick([1, 3_600_000, 86_400_000, 31_536_000_000, 0, -1])
    this.instants.push(at)
    return new Date(at).toISOString()
  }
}

/** Whether Cedar's whole numbers hold every number of an atom (docs/cedar.md). */
function isSmall(text: string): boolean {
  const numbers = text.match(/-?\d[\d_]*(\.\d+)?/g) ?? []
  return numbers.every((number) => {
    const [whole = '', fraction = ''] = number.replaceAll(/[-_]/g, '').split('.')
    return /[1-9]/.test(fraction) ? Number(whole) < 9_000_000 : whole.length <= 15
  })
}
