/** Which productions of the grammar occur in a tree: one tick for each alternative that an author can write. */
import type {
  ActionsNode,
  ApprovalNode,
  AssertDeclaration,
  AtomNode,
  BudgetNode,
  ConditionNode,
  Declaration,
  DurationLiteral,
  FactNode,
  GrantNode,
  HoursNode,
  IntLiteral,
  LiteralNode,
  PatternNode,
  PolicyFile,
  RateNode,
  ScopeNode,
  SetDeclaration,
  Span,
  StringLiteral,
} from '../../grammar/index.ts'

/** Every tick that the corpus must earn, in the order of the grammar. */
export const PRODUCTIONS: readonly string[] = [
  ...list('header', ['without generation', 'with generation']),
  'comment',
  ...list('int', ['plain', 'with _']),
  ...list('decimal', ['whole', 'with a point', 'negative', 'with _']),
  ...list('string', ['plain', '\\"', '\\\\', '\\/', '\\n', '\\t', '\\r', '\\u0041', '\\u{1F600}']),
  ...list('duration', ['s', 'm', 'h', 'd']),
  ...list('stamp', ['plain', 'with a fraction']),
  ...list('name', ['with -', 'with _', 'spelled like a keyword']),
  'catalog',
  ...list('set', ['cidrs', 'hours', 'regex']),
  ...list('cidr', ['IPv4 network', 'IPv4 address', 'IPv6 network', 'IPv6 address', 'IPv4-mapped']),
  ...list('hours', ['daily', 'a day', 'days', 'days that wrap', 'over midnight', '24:00', 'several']),
  ...list('regex', ['no flag', 'flag i', 'flag s', 'flags is', 'with \\/']),
  ...list('role', ['without includes', 'with includes', 'with several includes', 'empty']),
  ...list('agent', ['autonomous', 'delegated', 'service', 'empty']),
  ...list('agent member', ['owner', 'roles', 'several roles', 'grant', 'limit', 'may', 'expires-at']),
  ...list('delegation', ['empty', 'grant', 'limit', 'expires-in', 'expires-at', 'depth', 'several grants']),
  ...list('boundary', ['grant', 'limit', 'may']),
  ...list('grant', ['without when', 'with when', 'rate', 'several rates', 'approval', 'estimate']),
  ...list('grant', ['needs before rate', 'rate before needs', 'estimate before rate']),
  ...list('actions', ['*', 'a name', 'a string', 'several']),
  ...list('patterns', ['one', 'several']),
  ...list('pattern', ['**', '** at the end', 'text', '* alone', '* inside', 'string', 'choice', 'choice in text']),
  ...list('pattern', ['choice with *', 'two choices', 'characters _.@-']),
  ...list('condition', ['one atom', 'several atoms']),
  ...atomForms().flatMap((form) => [form, `not ${form}`]),
  ...list('args only', ['no names', 'a name', 'a string', 'several']),
  ...list('path', ['args, one name', 'args, several names', 'args, a string', 'len, one name', 'len, several names']),
  ...list('list', ['of strings', 'of numbers', 'of booleans', 'of agent types']),
  ...list('literal', ['string', 'number', 'negative number', 'true', 'false', 'autonomous', 'delegated', 'service']),
  ...['rate', 'budget'].flatMap((kind) =>
    list(kind, ['minute', 'hour', 'day', 'month', 'one window', 'several windows']),
  ),
  ...list('rate', ['without each', 'each resource', 'each owner', 'each tenant', 'of 0']),
  ...list('budget', [
    'without throttle',
    'throttle per minute',
    'throttle per hour',
    'throttle per day',
    'throttle per month',
  ]),
  ...list('limit', ['rate', 'budget']),
  ...['needs', 'require', 'every'].flatMap((place) =>
    list(`approval of ${place}`, ['plain', 'by', 'within', 'by and within']),
  ),
  ...list('forbid', ['plain', 'when', 'unless', 'when and unless']),
  ...list('require', ['approval', 'condition']),
  ...list('limit for', ['rate', 'budget', 'without each', 'each agent', 'each owner', 'each tenant']),
  ...['never', 'only', 'some'].flatMap((word) =>
    list(`assert ${word}`, ['*', 'runtime', 'a name', 'names', 'without when', 'with when']),
  ),
  ...list('assert every', ['needs approval', 'needs a condition', 'is denied', 'without when', 'with when']),
  'assert within',
  ...list('test', ['without facts', 'with facts', 'as runtime', 'without rows']),
  ...list('row', [
    'allow',
    'deny',
    'approval',
    'limited',
    'throttle',
    'without facts',
    'with facts',
    'several actions',
  ]),
  ...list('fact', [
    'via',
    'several via',
    'at',
    'since',
    'from',
    'with',
    'used',
    'spent',
    'trust',
    'cost',
    'approved-by',
  ]),
  'fact because',
  ...list('json', ['null', 'true', 'false', 'number', 'string', 'list', 'object', 'bare key', 'quoted key']),
]

function list(what: string, forms: readonly string[]): readonly string[] {
  return forms.map((form) => `${what} ${form}`)
}

/** Attribute, operator and kind of value, for each combination that is well typed. */
function atomForms(): readonly string[] {
  const numbers = ['trust', 'cost', 'len'].flatMap((root) => list(root, ['=', '<=', '>=']))
  return [
    'args only',
    ...list('ip in', ['cidrs', 'set-reference']),
    ...list('time in', ['hours', 'set-reference']),
    ...numbers,
    'agent.type =',
    'agent.type in list',
    'agent.owner =',
    'agent.owner in list',
    ...list('agent.owner matches', ['regex', 'set-reference']),
    ...list('args', ['=', '<=', '>=']),
    ...list('args in', ['cidrs', 'hours', 'list', 'set-reference']),
    ...list('args matches', ['regex', 'set-reference']),
  ]
}

/** The ticks that one file earns. */
export function productionsOf(file: PolicyFile): ReadonlySet<string> {
  const walk = new Walk(file.text)
  walk.file(file)
  return walk.ticks
}

class Walk {
  readonly ticks = new Set<string>()
  private readonly text: string

  constructor(text: string) {
    this.text = text
  }

  file({ header, comments, declarations }: PolicyFile): void {
    if (header !== undefined) {
      this.tick('header', header.generation === undefined ? 'without generation' : 'with generation')
      if (header.generation !== undefined) this.int(header.generation)
    }
    if (comments.length > 0) this.ticks.add('comment')
    for (const declaration of declarations) this.declaration(declaration)
  }

  private tick(what: string, form: string): void {
    this.ticks.add(`${what} ${form}`)
  }

  private sourceOf({ start, end }: Span): string {
    return this.text.slice(start, end)
  }

  private declaration(node: Declaration): void {
    switch (node.kind) {
      case 'catalog':
        this.ticks.add('catalog')
        this.string(node.file)
        return
      case 'set':
        this.set(node)
        return
      case 'role':
        this.name(node.name.text)
        this.tick('role', node.includes.length === 0 ? 'without includes' : 'with includes')
        if (node.includes.length > 1) this.tick('role', 'with several includes')
        if (node.grants.length === 0) this.tick('role', 'empty')
        for (const grant of node.grants) this.grant(grant)
        return
      case 'agent':
        this.name(node.name.text)
        this.tick('agent', node.type)
        if (node.members.length === 0) this.tick('agent', 'empty')
        for (const member of node.members) this.member('agent member', member)
        return
      case 'delegation':
        if (node.members.length === 0) this.tick('delegation', 'empty')
        if (node.members.filter(({ kind }) => kind === 'grant').length > 1) this.tick('delegation', 'several grants')
        for (const member of node.members) this.member('delegation', member)
        return
      case 'boundary':
        for (const member of node.members) this.member('boundary', member)
        return
      case 'forbid': {
        const parts = [node.when && 'when', node.unless && 'unless'].filter((part) => part !== undefined)
        this.tick('forbid', parts.length === 0 ? 'plain' : parts.join(' and '))
        this.scope(node.scope, node.when, node.unless)
        return
      }
      case 'require':
        this.tick('require', node.requirement.kind)
        if (node.requirement.kind === 'approval') this.approval('require', node.requirement)
        else this.condition(node.requirement)
        this.scope(node.scope)
        return
      case 'limit-all':
        this.tick('limit for', node.limit.kind)
        this.tick('limit for', node.each === undefined ? 'without each' : `each ${node.each}`)
        this.limit(node.limit)
        this.scope(node.scope)
        return
      case 'assert':
        this.assertion(node.assertion)
        return
      case 'test':
        this.tick('test', node.facts.length === 0 ? 'without facts' : 'with facts')
        if (node.agent.text === 'runtime') this.tick('test', 'as runtime')
        if (node.rows.length === 0) this.tick('test', 'without rows')
        this.string(node.title)
        for (const fact of node.facts) this.fact(fact)
        for (const row of node.rows) {
          this.tick('row', row.verdict)
          this.tick('row', row.facts.length === 0 ? 'without facts' : 'with facts')
          if (row.actions.names.length > 1) this.tick('row', 'several actions')
          for (const fact of row.facts) this.fact(fact)
        }
        return
    }
  }

  private member(
    place: string,
    node: Extract<Declaration, { kind: 'agent' | 'delegation' | 'boundary' }>['members'][number],
  ): void {
    this.tick(place, node.kind)
    switch (node.kind) {
      case 'grant':
        this.grant(node)
        return
      case 'limit':
        this.tick('limit', node.limit.kind)
        this.limit(node.limit)
        return
      case 'owner':
        this.string(node.owner)
        return
      case 'roles':
        if (node.roles.length > 1) this.tick(place, 'several roles')
        return
      case 'expires-at':
        this.stamp(node.at.text)
        return
      case 'expires-in':
        this.duration(node.duration)
        return
      default:
    }
  }

  private set({ name, value }: SetDeclaration): void {
    this.name(name.text)
    this.tick('set', value.kind)
    if (value.kind === 'regex') this.regex(value.text)
    else if (value.kind === 'cidrs') for (const { text } of value.items) this.cidr(text)
    else this.hours(value.items)
  }

  private grant(node: GrantNode): void {
    this.tick('grant', node.when === undefined ? 'without when' : 'with when')
    const kinds = node.clauses.map(({ kind }) => kind)
    for (const kind of kinds) this.tick('grant', kind)
    if (kinds.filter((kind) => kind === 'rate').length > 1) this.tick('grant', 'several rates')
    const isBefore = (a: string, b: string) => kinds.join().includes(`${a},${b}`)
    if (isBefore('approval', 'rate')) this.tick('grant', 'needs before rate')
    if (isBefore('rate', 'approval')) this.tick('grant', 'rate before needs')
    if (isBefore('estimate', 'rate')) this.tick('grant', 'estimate before rate')
    for (const clause of node.clauses) {
      if (clause.kind === 'rate') this.limit(clause)
      else if (clause.kind === 'approval') this.approval('needs', clause)
      else this.decimal(clause.amount)
    }
    this.scope(node.scope, node.when)
  }

  private scope({ actions, patterns }: ScopeNode, ...conditions: readonly (ConditionNode | undefined)[]): void {
    this.actions(actions)
    this.tick('patterns', patterns.length > 1 ? 'several' : 'one')
    for (const pattern of patterns) this.pattern(pattern)
    for (const condition of conditions) if (condition !== undefined) this.condition(condition)
  }

  private actions({ any, names }: ActionsNode): void {
    if (any) this.tick('actions', '*')
    if (names.length > 1) this.tick('actions', 'several')
    for (const name of names) this.tick('actions', this.sourceOf(name).startsWith('"') ? 'a string' : 'a name')
  }

  private pattern({ text, value }: PatternNode): void {
    if (value.rest) this.tick('pattern', value.segments.length === 0 ? '**' : '** at the end')
    if (text.includes('"')) this.tick('pattern', 'string')
    if (/^[^"{*]*[_.@-]/.test(text)) this.tick('pattern', 'characters _.@-')
    for (const segment of value.segments) {
      const choices = segment.filter(({ kind }) => kind === 'choice')
      if (choices.length > 1) this.tick('pattern', 'two choices')
      if (choices.length > 0) this.tick('pattern', segment.length > choices.length ? 'choice in text' : 'choice')
      for (const part of segment) {
        if (part.kind === 'text' && segment.length === 1) this.tick('pattern', 'text')
        if (part.kind === 'any') this.tick('pattern', segment.length === 1 ? '* alone' : '* inside')
        if (part.kind !== 'choice') continue
        if (part.options.some((option) => option.some(({ kind }) => kind === 'any')))
          this.tick('pattern', 'choice with *')
      }
    }
  }

  private condition({ atoms }: ConditionNode): void {
    this.tick('condition', atoms.length > 1 ? 'several atoms' : 'one atom')
    for (const atom of atoms) this.atom(atom)
  }

  private atom(atom: AtomNode): void {
    const not = atom.negated ? 'not ' : ''
    if (atom.kind === 'args-only') {
      this.ticks.add(`${not}args only`)
      if (atom.names.length === 0) this.tick('args only', 'no names')
      if (atom.names.length > 1) this.tick('args only', 'several')
      for (const name of atom.names) this.tick('args only', this.sourceOf(name).startsWith('"') ? 'a string' : 'a name')
      return
    }
    const { root, names } = atom.path
    if (names.length > 0) this.tick('path', `${root}, ${names.length > 1 ? 'several names' : 'one name'}`)
    if (names.some((name) => this.sourceOf(name).startsWith('"'))) this.tick('path', 'args, a string')
    switch (atom.kind) {
      case 'compare':
        this.ticks.add(`${not}${root} ${atom.operator}`)
        this.literal(atom.value)
        return
      case 'matches':
        this.ticks.add(`${not}${root} matches ${atom.pattern.kind}`)
        if (atom.pattern.kind === 'regex') this.regex(atom.pattern.text)
        return
      case 'in':
        this.ticks.add(`${not}${root} in ${atom.values.kind}`)
        if (atom.values.kind === 'cidrs') for (const { text } of atom.values.items) this.cidr(text)
        if (atom.values.kind === 'hours') this.hours(atom.values.items)
        if (atom.values.kind !== 'list') return
        this.tick('list', LIST_TYPES[atom.values.items[0]?.kind ?? 'string'])
        for (const item of atom.values.items) this.literal(item)
    }
  }

  private literal(node: LiteralNode): void {
    switch (node.kind) {
      case 'string':
        this.tick('literal', 'string')
        this.string(node)
        return
      case 'decimal':
        this.tick('literal', node.value.units < 0n ? 'negative number' : 'number')
        this.decimal(node)
        return
      default:
        this.tick('literal', String(node.value))
    }
  }

  private string(node: StringLiteral): void {
    const source = this.sourceOf(node)
    const escapes = source.match(/\\(?:u\{|.)/g) ?? []
    if (escapes.length === 0) this.tick('string', 'plain')
    for (const each of escapes) this.tick('string', ESCAPES.get(each) ?? each)
  }

  private decimal(node: { readonly text: string }): void {
    if (node.text.startsWith('-')) this.tick('decimal', 'negative')
    if (node.text.includes('_')) this.tick('decimal', 'with _')
    this.tick('decimal', node.text.includes('.') ? 'with a point' : 'whole')
  }

  private int(node: IntLiteral): void {
    this.tick('int', this.sourceOf(node).includes('_') ? 'with _' : 'plain')
  }

  private limit(node: RateNode | BudgetNode): void {
    this.tick(node.kind, node.windows.length > 1 ? 'several windows' : 'one window')
    for (const { window } of node.windows) this.tick(node.kind, window)
    if (node.kind === 'rate') {
      this.tick('rate', node.each === undefined ? 'without each' : `each ${node.each}`)
      for (const { count } of node.windows) {
        this.int(count)
        if (count.value === 0n) this.tick('rate', 'of 0')
      }
      return
    }
    for (const { amount } of node.windows) this.decimal(amount)
    this.tick('budget', node.throttle === undefined ? 'without throttle' : `throttle per ${node.throttle.window}`)
  }

  private approval(place: string, { by, within }: ApprovalNode): void {
    const parts = [by && 'by', within && 'within'].filter((part) => part !== undefined)
    this.tick(`approval of ${place}`, parts.length === 0 ? 'plain' : parts.join(' and '))
    if (by !== undefined) this.string(by)
    if (within !== undefined) this.duration(within)
  }

  private assertion(node: AssertDeclaration['assertion']): void {
    switch (node.kind) {
      case 'within':
        this.ticks.add('assert within')
        return
      case 'can': {
        const what = `assert ${node.quantifier}`
        const names = node.who.names.length > 1 ? 'names' : 'a name'
        this.tick(what, node.who.who === 'any' ? '*' : node.who.who === 'runtime' ? 'runtime' : names)
        this.tick(what, node.when === undefined ? 'without when' : 'with when')
        this.scope(node.scope, node.when)
        return
      }
      case 'every':
        this.tick('assert every', node.when === undefined ? 'without when' : 'with when')
        if (node.needs === 'denied') this.tick('assert every', 'is denied')
        else if (node.needs.kind === 'approval') {
          this.tick('assert every', 'needs approval')
          this.approval('every', node.needs)
        } else {
          this.tick('assert every', 'needs a condition')
          this.condition(node.needs)
        }
        this.scope(node.scope, node.when)
    }
  }

  private fact(node: FactNode): void {
    this.tick('fact', node.kind)
    switch (node.kind) {
      case 'via':
        if (node.names.length > 1) this.tick('fact', 'several via')
        return
      case 'at':
      case 'since':
        this.stamp(node.at.text)
        return
      case 'with':
        this.json(node.value)
        if (/[{,]\s*[A-Za-z_]/.test(this.sourceOf(node))) this.tick('json', 'bare key')
        if (/[{,]\s*"[^"]*"\s*:/.test(this.sourceOf(node))) this.tick('json', 'quoted key')
        return
      default:
    }
  }

  private json(value: Extract<FactNode, { kind: 'with' }>['value']): void {
    if (value === null || typeof value === 'boolean') this.tick('json', String(value))
    else if (typeof value !== 'object') this.tick('json', typeof value)
    else if (Array.isArray(value)) {
      this.tick('json', 'list')
      for (const item of value) this.json(item)
    } else {
      this.tick('json', 'object')
      for (const member of Object.values(value)) this.json(member)
    }
  }

  private cidr(text: string): void {
    if (text.includes(':')) this.tick('cidr', text.includes('.') ? 'IPv4-mapped' : `IPv6 ${kindOfCidr(text)}`)
    else this.tick('cidr', `IPv4 ${kindOfCidr(text)}`)
  }

  private hours(items: readonly HoursNode[]): void {
    if (items.length > 1) this.tick('hours', 'several')
    for (const { text, value } of items) {
      const [days = ''] = text.split(' ')
      this.tick('hours', days === 'daily' ? 'daily' : days.includes('-') ? 'days' : 'a day')
      // A mask that wraps holds Sunday and Monday, and not all of what lies between.
      if (days.includes('-') && (value.days & 0b1000001) === 0b1000001) this.tick('hours', 'days that wrap')
      if (value.to < value.from) this.tick('hours', 'over midnight')
      if (text.endsWith('24:00')) this.tick('hours', '24:00')
    }
  }

  private regex(text: string): void {
    const flags = text.slice(text.lastIndexOf('/') + 1)
    this.tick('regex', flags === '' ? 'no flag' : flags.length > 1 ? 'flags is' : `flag ${flags}`)
    if (text.includes('\\/')) this.tick('regex', 'with \\/')
  }

  private duration({ text }: DurationLiteral): void {
    this.tick('duration', text.slice(-1))
  }

  private stamp(text: string): void {
    this.tick('stamp', text.includes('.') ? 'with a fraction' : 'plain')
  }

  private name(text: string): void {
    if (text.includes('-')) this.tick('name', 'with -')
    if (text.includes('_')) this.tick('name', 'with _')
    if (KEYWORDS.has(text)) this.tick('name', 'spelled like a keyword')
  }
}

function kindOfCidr(text: string): string {
  return text.includes('/') ? 'network' : 'address'
}

const LIST_TYPES: Readonly<Record<LiteralNode['kind'], string>> = {
  string: 'of strings',
  decimal: 'of numbers',
  boolean: 'of booleans',
  word: 'of agent types',
}
const ESCAPES = new Map([
  ['\\u{', '\\u{1F600}'],
  ['\\u', '\\u0041'],
])
const KEYWORDS: ReadonlySet<string> = new Set([
  'allow',
  'limit',
  'agent',
  'policy',
  'when',
  'cidr',
  'hours',
  'every',
  'never',
])
