/** Random policies: every construct of the language, about a few themes and one common world. */
import { type Atom, generateAtoms, generateSets, joinAtoms, OWNERS, type Sets } from './atoms.ts'
import { fixed, group, leaf, list, type Piece } from './piece.ts'
import type { Random } from './random.ts'
import { generateActions, generatePatterns, generateThemes, MANY_ACTIONS, type Themes } from './scopes.ts'
import { generateWorld, type World } from './world.ts'

/** A policy, and what a request needs to know to come near its edges. */
export interface GeneratedPolicy {
  readonly piece: Piece
  readonly aim: Aim
}

export interface Aim {
  readonly themes: Themes
  readonly world: World
  readonly agents: readonly string[]
  /** Agents that may hold grants of their own, and pass them on. */
  readonly roots: readonly string[]
  readonly edges: readonly { readonly from: string; readonly to: string }[]
  readonly hasBoundary: boolean
  readonly atoms: readonly Atom[]
  /** Names that `by` asks for. */
  readonly approvers: readonly string[]
  /** Milliseconds of `within` and `expires in`. */
  readonly durations: readonly number[]
  /** Instants at which something expires. */
  readonly instants: readonly number[]
  readonly counts: readonly number[]
  /** Caps and thresholds, in nano-USD. */
  readonly amounts: readonly bigint[]
}

export const WINDOWS = ['minute', 'hour', 'day', 'month'] as const

const NAMES = ['planner', 'coder', 'b-x2', 'Reviewer', 'tester_1', 'x', 'deployer']
const APPROVERS = ['boss', 'role:release-manager', 'é']
const DURATIONS: readonly (readonly [string, number])[] = [
  ['1s', 1000],
  ['15m', 900_000],
  ['1h', 3_600_000],
  ['7d', 604_800_000],
]

/** A line behind which the text of another file begins. */
export function nextFile(path: string): string {
  return `// file ${path}\n`
}

/** The files of a policy's text. */
export function filesOf(text: string): readonly { readonly path: string; readonly text: string }[] {
  const files: { readonly path: string; readonly text: string }[] = []
  for (const part of text.split(/^\/\/ file /m).slice(1)) {
    const end = part.indexOf('\n')
    files.push({ path: part.slice(0, end), text: part.slice(end + 1) })
  }
  return files
}

export function generatePolicy(random: Random): GeneratedPolicy {
  return new Writer(random).policy()
}

class Writer {
  private readonly random: Random
  private readonly sets: Sets
  private readonly world: World
  private readonly themes: Themes
  private readonly atoms: Atom[] = []
  private readonly roots: string[] = []
  private readonly approvers = new Set<string>()
  private readonly durations = new Set<number>()
  private readonly instants = new Set<number>()
  private readonly counts = new Set<number>()
  private readonly amounts = new Set<bigint>()

  constructor(random: Random) {
    this.random = random
    this.sets = generateSets(random)
    this.world = generateWorld(random)
    this.themes = generateThemes(random)
  }

  policy(): GeneratedPolicy {
    const { random } = this
    const agents = random.shuffle(NAMES).slice(0, random.between(1, 7))
    const roles = ['reader', 'writer', 'admin', 'chief'].slice(0, random.between(0, 4))
    const edges = agents.slice(1).flatMap((to, index) => {
      const from = agents[index]
      return from === undefined ? [] : [{ from, to }]
    })
    if (agents.length > 2 && random.chance(0.3)) {
      const [from, to] = random.shuffle(agents)
      if (from !== undefined && to !== undefined) edges.push({ from, to })
    }
    const hasBoundary = random.chance(0.8)
    const declarations = [
      ...this.setDeclarations(),
      ...roles.map((role, index) => this.role(role, roles.slice(0, index))),
      ...agents.map((agent, index) => this.agent(agent, { index, last: agents.length - 1, roles })),
      ...edges.flatMap((edge) => this.delegations(edge, agents)),
      ...this.guardrails(),
      ...(hasBoundary ? [this.boundary()] : []),
      ...(random.chance(0.1) ? this.proofs(agents) : []),
      ...(random.chance(0.08) ? this.crowd() : []),
    ]
    const header = fixed(`policy p${random.chance(0.5) ? '' : ' generation 3'}\n`)
    const parts: Piece[] = random.shuffle(declarations)
    if (random.chance(0.2)) parts.splice(random.below(parts.length + 1), 0, fixed(nextFile('b.kavach')))
    if (random.chance(0.2)) parts.push(fixed(nextFile('a/z.kavach')), ...parts.splice(1, random.below(4)))
    const { themes, world, atoms } = this
    const aim: Aim = {
      themes,
      world,
      agents,
      roots: this.roots,
      edges,
      hasBoundary,
      atoms,
      approvers: [...this.approvers],
      durations: [...this.durations],
      instants: [...this.instants],
      counts: [...this.counts],
      amounts: [...this.amounts],
    }
    return { piece: group('', [fixed(nextFile('a.kavach')), header, ...parts]), aim }
  }

  private setDeclarations(): readonly Piece[] {
    const { cidr, hours, regex } = this.sets
    return [
      ...cidr.map(({ name, text }) => leaf(`set ${name} = cidr [${text}]\n`)),
      ...hours.map(({ name, text }) => leaf(`set ${name} = hours ${text}\n`)),
      ...regex.map(({ name, text }) => leaf(`set ${name} = regex ${text}\n`)),
    ]
  }

  private role(name: string, earlier: readonly string[]): Piece {
    // Chains of roles: what is included indirectly must be reached too.
    const included = this.random.chance(0.6) ? earlier.slice(-1) : this.random.some(earlier, 0, 2)
    const includes = included.length > 0 ? [group(' includes ', [list(included)])] : []
    const head = { ...group(`role ${name}`, includes), isFixed: true }
    return group('', [head, fixed(' {\n'), ...this.grants(0, 2)], '}\n')
  }

  private agent(
    name: string,
    place: { readonly index: number; readonly last: number; readonly roles: readonly string[] },
  ): Piece {
    const { random } = this
    const isRoot = place.index === 0
    const type = random.pick(isRoot ? ['autonomous', 'service'] : ['autonomous', 'delegated', 'delegated', 'service'])
    const members: Piece[] = []
    if (random.chance(0.6)) members.push(leaf(`  owner ${JSON.stringify(random.pick(OWNERS))}\n`))
    if (type !== 'delegated') {
      const roles = random.chance(0.5) ? place.roles.slice(-1) : random.some(place.roles, 0, 2)
      members.push(...this.grants(isRoot && roles.length === 0 ? 1 : 0, roles.length === 0 ? 3 : 1))
      if (roles.length > 0) members.push(group('  roles ', [list(roles)], '\n'))
    }
    members.push(...this.limits(0.32))
    const left = place.last - place.index
    if (random.chance(isRoot ? 0.98 : type === 'delegated' ? 0.25 : 0.85)) {
      const depth = random.chance(0.85) ? 5 : random.chance(0.5) ? Math.min(5, left) : random.between(0, 5)
      members.push(leaf(`  may delegate depth ${depth}\n`))
      if (type !== 'delegated') this.roots.push(name)
    }
    if (random.chance(0.04)) members.push(leaf(`  expires at ${this.instant()}\n`))
    return group(`${type} agent ${name} {\n`, random.shuffle(members), '}\n')
  }

  private delegations(
    { from, to }: { readonly from: string; readonly to: string },
    agents: readonly string[],
  ): readonly Piece[] {
    const { random } = this
    const left = agents.length - 1 - agents.indexOf(to)
    return Array.from({ length: random.between(1, 3) }, () => {
      const members: Piece[] = [...this.grants(1, 2), ...this.limits(0.2)]
      const depth = random.chance(0.85) ? 5 : random.chance(0.6) ? Math.min(5, left) : random.between(0, 5)
      if (depth > 0 || random.chance(0.3)) members.push(leaf(`  depth ${depth}\n`))
      if (random.chance(0.2)) members.push(leaf(`  expires in ${this.duration()}\n`))
      else if (random.chance(0.15)) members.push(leaf(`  expires at ${this.instant()}\n`))
      return group(`delegate ${from} -> ${to} {\n`, random.shuffle(members), '}\n')
    })
  }

  private boundary(): Piece {
    const { random } = this
    const members = [...this.grants(1, 3), ...this.limits(0.32)]
    if (random.chance(0.95))
      members.push(leaf(`  may delegate depth ${random.pick([5, 5, 5, 5, 5, 5, 4, 3, 2, 1, 0])}\n`))
    return group('boundary runtime {\n', random.shuffle(members), '}\n')
  }

  private guardrails(): readonly Piece[] {
    const { random } = this
    const rules: Piece[] = []
    for (let left = random.between(0, 2); left > 0; left--) {
      const hasWhen = random.chance(0.8)
      const hasUnless = !hasWhen || random.chance(0.3)
      const parts = [{ ...this.scope(), isFixed: true }]
      if (hasWhen) parts.push(this.condition(' when ', false, 2))
      if (hasUnless) parts.push(this.condition(' unless ', true, 1))
      rules.push(group('forbid ', parts, '\n'))
    }
    for (let left = random.between(0, 2); left > 0; left--) {
      const condition = { ...this.condition('', true, 2), isFixed: true }
      rules.push(group('require ', [condition, fixed(' for '), { ...this.scope(), isFixed: true }], '\n'))
    }
    if (random.chance(0.35)) {
      rules.push(group('require ', [fixed(this.approval()), fixed(' for '), { ...this.scope(), isFixed: true }], '\n'))
    }
    if (random.chance(0.35)) {
      // Wide enough for every call: without it too few policies could throttle at all.
      this.amounts.add(toNano('9_000_000_000'))
      rules.push(leaf('limit budget 9_000_000_000 USD per day throttle at 80% to 2_000 per hour for * on **\n'))
    }
    for (let left = random.between(0, 3); left > 0; left--) {
      const clause = random.chance(0.3) ? this.rate() : this.budget()
      const each = random.chance(0.6) ? [leaf(` each ${random.pick(['agent', 'owner', 'tenant'])}`)] : []
      rules.push(group('limit ', [clause, fixed(' for '), { ...this.scope(), isFixed: true }, ...each], '\n'))
    }
    return rules
  }

  /** Assertions and tests: neither may change a decision. */
  private proofs(agents: readonly string[]): readonly Piece[] {
    const { random } = this
    const agent = random.pick(agents)
    return [
      group(`assert never ${agent} can `, [{ ...this.scope(), isFixed: true }], '\n'),
      group('assert every ', [{ ...this.scope(), isFixed: true }, fixed(` needs ${this.approval()}`)], '\n'),
      leaf(`assert ${agent} within ${random.pick(agents)}\n`),
      leaf(`test "t" as ${agent} at 2026-04-01T10:00:00Z from 10.1.2.3 {\n  deny read on a:b because no-grant\n}\n`),
    ]
  }

  /** Many agents, and one with more grants and actions than small tables hold. */
  private crowd(): readonly Piece[] {
    const { random } = this
    const agents = Array.from({ length: random.between(1, 40) }, (_, index) =>
      leaf(`service agent extra${index} {\n}\n`),
    )
    const grants = Array.from({ length: random.between(9, 40) }, (_, index) => {
      const actions = random.chance(0.3) ? '*' : [...random.some(MANY_ACTIONS, 1, 40), 'read'].join(', ')
      const pattern = random.chance(0.8) ? `x:r${random.below(50)}` : `x:r${index}*`
      const when = random.chance(0.2) ? [this.condition(' when ', true, 1)] : []
      return group('  allow ', [fixed(`${actions} on ${pattern}`), ...when], '\n')
    })
    const [theme] = this.themes
    const last = group('  allow ', [fixed(`${JSON.stringify(theme.action)} on **`)], '\n')
    this.roots.push('rich')
    return [...agents, group('service agent rich {\n', [...grants, last], '}\n')]
  }

  private grants(least: number, most: number): readonly Piece[] {
    return Array.from({ length: this.random.between(least, most) }, () => this.grant())
  }

  private grant(): Piece {
    const { random } = this
    const parts = [{ ...this.scope(), isFixed: true }]
    if (random.chance(0.5)) parts.push(this.condition(' when ', true, random.pick([1, 2, 2, 3])))
    const clauses: Piece[] = []
    if (random.chance(0.2)) clauses.push(leaf(` needs ${this.approval()}`))
    for (let left = random.chance(0.22) ? random.between(1, 2) : 0; left > 0; left--) {
      const each = random.chance(0.5) ? [leaf(` each ${random.pick(['resource', 'owner', 'tenant'])}`)] : []
      clauses.push(group(' ', [this.rate(), ...each]))
    }
    if (random.chance(0.25)) clauses.push(leaf(` estimate ${random.pick(ESTIMATES)} USD`))
    return group('  allow ', [...parts, ...random.shuffle(clauses)], '\n')
  }

  private scope(): Piece {
    const { random } = this
    const theme = random.chance(0.75) ? this.themes[0] : random.pick(this.themes)
    const actions = random.chance(0.3) ? fixed('*') : list(generateActions(random, theme))
    return group('', [actions, fixed(' on '), list(generatePatterns(random, theme))])
  }

  private condition(word: string, truth: boolean, most: number): Piece {
    const atoms = generateAtoms(this.random, this.sets, { world: this.world, truth }, most)
    this.atoms.push(...atoms)
    const parts = atoms.map((atom) => leaf(joinAtoms([atom])))
    return group(word, [{ ...group('', parts, '', ' and '), isFixed: true }])
  }

  private limits(probability: number): readonly Piece[] {
    const { random } = this
    const limits: Piece[] = []
    while (random.chance(probability) && limits.length < 3) {
      const each = random.chance(0.4) ? [leaf(` each ${random.pick(['resource', 'owner', 'tenant'])}`)] : []
      limits.push(group('  limit ', random.chance(0.4) ? [this.rate(), ...each] : [this.budget()], '\n'))
    }
    return limits
  }

  private rate(): Piece {
    const windows = this.windows().map((window) => leaf(`${this.count()} per ${window}`))
    return { ...group('rate ', [{ ...group('', windows, '', ', '), isFixed: true }]), isFixed: true }
  }

  private budget(): Piece {
    const { random } = this
    const percent = random.pick([0, 1, 33, 50, 80, 99, 100])
    const windows = this.windows().map((window) => {
      const amount = random.pick(AMOUNTS)
      const nano = toNano(amount)
      for (const edge of [nano, (nano * BigInt(percent)) / 100n]) this.amounts.add(edge)
      return leaf(`${amount} USD per ${window}`)
    })
    const pace = `throttle at ${percent}% to ${this.count()} per ${random.pick(WINDOWS)}`
    const throttle = random.chance(0.85) ? [leaf(` ${pace}`)] : []
    return { ...group('budget ', [{ ...group('', windows, '', ', '), isFixed: true }, ...throttle]), isFixed: true }
  }

  private windows(): readonly string[] {
    const { random } = this
    return random.shuffle(WINDOWS).slice(0, random.chance(0.7) ? 1 : random.between(2, 3))
  }

  private count(): string {
    const text = this.random.pick(COUNTS)
    this.counts.add(Number(text.replaceAll('_', '')))
    return text
  }

  private approval(): string {
    const { random } = this
    const parts = ['approval']
    if (random.chance(0.6)) {
      const by = random.pick(APPROVERS)
      this.approvers.add(by)
      parts.push(`by ${JSON.stringify(by)}`)
    }
    if (random.chance(0.4)) parts.push(`within ${this.duration()}`)
    return parts.join(' ')
  }

  private duration(): string {
    const [text, ms] = this.random.pick(DURATIONS)
    this.durations.add(ms)
    return text
  }

  private instant(): string {
    const { random, world } = this
    const now = typeof world.now === 'string' ? Date.parse(world.now) : Date.UTC(2026, 3, 1, 10)
    const at = now + random.pick([1, 1000, 3_600_000, 86_400_000, 3_600_000, 86_400_000, 0, -1, -86_400_000])
    this.instants.add(at)
    return new Date(at).toISOString()
  }
}

const ESTIMATES = ['0.25', '1', '0', '0.000000001', '2.00', '9_000_000_000']
const AMOUNTS =
  '2.00 1 0.50 10 40.00 300 0.000000003 9_000_000_000 9_000_000_000 9_000_000_000 20 4.5 6 500 1_000.10 12_000_000 0'.split(
    ' ',
  )
const COUNTS = '60 2_000 6 2 1 2_000 60 12 100 10 5 30 600 3 0'.split(' ')

/** USD as written in a policy, in nano-USD. */
export function toNano(usd: string): bigint {
  const [whole = '', fraction = ''] = usd.replaceAll('_', '').split('.')
  return BigInt(whole + fraction.padEnd(9, '0'))
}
