/** Scopes (`read, write on mcp:github:**`) and conditions (`ip in office and args.n <= 5`). */
import type { IToken, TokenType } from 'chevrotain'
import { parseCidr, parseDecimal, parseHours, parsePattern, parseRegex } from '../../compiler/model/index.ts'
import type {
  ActionsNode,
  AtomNode,
  CidrList,
  CidrNode,
  CompareAtom,
  ConditionNode,
  DecimalNode,
  HoursList,
  HoursNode,
  InAtom,
  LiteralList,
  LiteralNode,
  MatchesAtom,
  Name,
  PathNode,
  PatternNode,
  RegexNode,
  ScopeNode,
  Span,
} from '../ast.ts'
import {
  AtLeast,
  AtMost,
  Clock,
  Comma,
  Digits,
  Dot,
  Equal,
  KW,
  LeftBracket,
  Minus,
  Pattern,
  Raw,
  Regex,
  RightBracket,
  Star,
  Str,
  Word,
} from '../tokens.ts'
import { noun, TokenSource } from './token-source.ts'

/** What stands behind `not`: the names of `args only`, or a path that ends at `end`, and what it is compared with. */
type AtomBody =
  | { readonly only: readonly Name[] }
  | {
      readonly root: PathNode['root']
      readonly names: readonly Name[]
      readonly end: number
      readonly comparison: Comparison
    }

type Comparison =
  | Pick<InAtom, 'kind' | 'values'>
  | Pick<MatchesAtom, 'kind' | 'pattern'>
  | Pick<CompareAtom, 'kind' | 'operator' | 'value'>

export abstract class ConditionRules extends TokenSource {
  protected readonly scope = this.RULE('scope', (): ScopeNode => {
    const start = this.start()
    const actions = this.SUBRULE(this.actions)
    const patterns = this.SUBRULE(this.patternList)
    return { kind: 'scope', start, end: this.end(), actions, patterns }
  })

  protected readonly actions = this.RULE('actions', (): ActionsNode => {
    const start = this.start()
    const names: Name[] = []
    const any = this.OR({
      DEF: [
        { ALT: () => this.CONSUME(Star) !== undefined },
        {
          ALT: () => {
            names.push(this.SUBRULE(this.nameOrString))
            this.may(MORE_ACTIONS)
            this.MANY(() => {
              this.CONSUME(Comma)
              names.push(this.SUBRULE2(this.nameOrString))
            })
            return false
          },
        },
      ],
      ERR_MSG: 'an action',
    })
    return { kind: 'actions', start, end: this.end(), any, names }
  })

  protected readonly patternList = this.RULE('patternList', (): PatternNode[] => {
    this.CONSUME(KW.on)
    const patterns = [this.SUBRULE(this.pattern)]
    this.MANY(() => {
      this.CONSUME(Comma)
      patterns.push(this.SUBRULE2(this.pattern))
    })
    return patterns
  })

  protected readonly pattern = this.RULE('pattern', (): PatternNode => {
    this.read('pattern')
    const token = this.CONSUME(Pattern)
    const text = token.image
    let value = this.patterns.get(text)
    if (value === undefined) {
      value = this.value(token, parsePattern)
      if (this.patterns.size < MAX_SHARED_PATTERNS) this.patterns.set(text, value)
    }
    return { kind: 'pattern', start: token.startOffset, end: this.end(), text, value }
  })

  private readonly nameAlternatives = [
    { ALT: () => this.name(this.CONSUME(Word)) },
    { ALT: () => this.quotedName(this.CONSUME(Str)) },
  ]

  /** `name` of the grammar: an identifier or a string. */
  protected readonly nameOrString = this.RULE('nameOrString', (): Name => {
    return this.OR({
      DEF: this.nameAlternatives,
      ERR_MSG: 'a name',
    })
  })

  protected readonly condition = this.RULE('condition', (): ConditionNode => {
    const start = this.start()
    const atoms = [this.SUBRULE(this.atom)]
    this.may(AND)
    this.MANY(() => {
      this.CONSUME(KW.and)
      atoms.push(this.SUBRULE2(this.atom))
      this.may(AND)
    })
    return { kind: 'condition', start, end: this.end(), atoms }
  })

  private readonly argsAlternatives = [
    { ALT: (): AtomBody => ({ only: this.SUBRULE(this.onlyNames) }) },
    {
      ALT: (): AtomBody => {
        const names = this.SUBRULE(this.pathNames)
        return { root: 'args', names, end: this.end(), comparison: this.SUBRULE(this.comparison) }
      },
    },
  ]

  private readonly factAlternatives = [
    {
      ALT: (): AtomBody => {
        this.CONSUME(KW.args)
        this.may(ONLY)
        return this.OR2<AtomBody>({ DEF: this.argsAlternatives, ERR_MSG: '`.` and the name of an argument, or `only`' })
      },
    },
    {
      ALT: (): AtomBody => {
        this.CONSUME(KW.len)
        const names = this.SUBRULE2(this.pathNames)
        return { root: 'len', names, end: this.end(), comparison: this.SUBRULE2(this.comparison) }
      },
    },
    {
      ALT: (): AtomBody => {
        this.CONSUME(KW.agent)
        this.CONSUME(Dot)
        const part = this.oneOf(this.CONSUME(Word, TYPE_OR_OWNER), AGENT_FACTS, TYPE_OR_OWNER.ERR_MSG)
        return { root: `agent.${part}`, names: NO_NAMES, end: this.end(), comparison: this.SUBRULE3(this.comparison) }
      },
    },
    {
      ALT: (): AtomBody => {
        const root = this.SUBRULE(this.plainFact)
        return { root, names: NO_NAMES, end: this.end(), comparison: this.SUBRULE4(this.comparison) }
      },
    },
  ]

  protected readonly atom = this.RULE('atom', (): AtomNode => {
    const start = this.start()
    let negated = false
    this.may(NOT)
    this.OPTION(() => {
      this.CONSUME(KW.not)
      negated = true
    })
    this.may(FACTS)
    const pathStart = this.start()
    const body = this.OR<AtomBody>({ DEF: this.factAlternatives, ERR_MSG: 'a condition' })
    // While Chevrotain records the grammar, `OR` gives nothing of ours.
    if (this.RECORDING_PHASE) return { kind: 'args-only', start, end: start, negated, names: NO_NAMES }
    if ('only' in body) return { kind: 'args-only', start, end: this.end(), negated, names: body.only }
    const path: PathNode = { kind: 'path', start: pathStart, end: body.end, root: body.root, names: body.names }
    return this.compared({ start, end: this.end() }, negated, path, body.comparison)
  })

  private readonly plainFacts = [
    { ALT: (): PathNode['root'] => this.take(KW.ip, 'ip') },
    { ALT: (): PathNode['root'] => this.take(KW.time, 'time') },
    { ALT: (): PathNode['root'] => this.take(KW.trust, 'trust') },
    { ALT: (): PathNode['root'] => this.take(KW.cost, 'cost') },
  ]

  private readonly plainFact = this.RULE('plainFact', (): PathNode['root'] =>
    this.OR<PathNode['root']>(this.plainFacts),
  )

  private readonly onlyNames = this.RULE('onlyNames', (): Name[] => {
    const names: Name[] = []
    this.CONSUME(KW.only)
    this.CONSUME(LeftBracket)
    this.OPTION(() => {
      names.push(this.SUBRULE(this.nameOrString))
      this.MANY(() => {
        this.CONSUME(Comma)
        names.push(this.SUBRULE2(this.nameOrString))
      })
    })
    this.CONSUME(RightBracket)
    return names
  })

  private readonly pathNames = this.RULE('pathNames', (): Name[] => {
    this.CONSUME(Dot)
    const names = [this.SUBRULE(this.nameOrString)]
    this.MANY(() => {
      this.CONSUME2(Dot)
      names.push(this.SUBRULE2(this.nameOrString))
    })
    return names
  })

  private readonly comparisonAlternatives = [
    {
      ALT: (): Comparison => {
        this.CONSUME(KW.in)
        return { kind: 'in', values: this.SUBRULE(this.values) }
      },
    },
    {
      ALT: (): Comparison => {
        this.CONSUME(KW.matches)
        return { kind: 'matches', pattern: this.SUBRULE(this.matched) }
      },
    },
    { ALT: (): Comparison => this.compareWith('=', this.CONSUME(Equal), this.SUBRULE(this.literal)) },
    { ALT: (): Comparison => this.compareWith('<=', this.CONSUME(AtMost), this.SUBRULE2(this.literal)) },
    { ALT: (): Comparison => this.compareWith('>=', this.CONSUME(AtLeast), this.SUBRULE3(this.literal)) },
  ]

  private readonly comparison = this.RULE('comparison', (): Comparison => {
    this.may(OPERATORS)
    return this.OR({
      DEF: this.comparisonAlternatives,
      ERR_MSG: '`in`, `matches`, `=`, `<=` or `>=`',
    })
  })

  private readonly valuesAlternatives = [
    { ALT: (): InAtom['values'] => this.SUBRULE(this.cidrs) },
    { ALT: (): InAtom['values'] => this.SUBRULE(this.hours) },
    {
      // `cidr` and `hours` are names too; `settleSetName` has decided.
      IGNORE_AMBIGUITIES: true,
      ALT: (): InAtom['values'] => {
        const name = this.name(this.CONSUME(Word))
        return { kind: 'set-reference', start: name.start, end: name.end, name }
      },
    },
    { ALT: (): InAtom['values'] => this.SUBRULE(this.literalList) },
  ]

  private readonly values = this.RULE('values', (): InAtom['values'] => {
    if (!this.RECORDING_PHASE) this.settleSetName()
    return this.OR({
      DEF: this.valuesAlternatives,
      ERR_MSG: 'the name of a set, `cidr [...]`, `hours ...` or a list `[...]`',
    })
  })

  private readonly matchedAlternatives = [
    { ALT: (): MatchesAtom['pattern'] => this.SUBRULE(this.regex) },
    {
      ALT: (): MatchesAtom['pattern'] => {
        const name = this.name(this.CONSUME(Word))
        return { kind: 'set-reference', start: name.start, end: name.end, name }
      },
    },
  ]

  private readonly matched = this.RULE('matched', (): MatchesAtom['pattern'] => {
    return this.OR({
      DEF: this.matchedAlternatives,
      ERR_MSG: 'a regex `/.../` or the name of a set',
    })
  })

  protected readonly regex = this.RULE('regex', (): RegexNode => {
    const token = this.CONSUME(Regex)
    const value = this.value(token, parseRegex)
    return { kind: 'regex', start: token.startOffset, end: this.end(), text: token.image, value }
  })

  protected readonly cidrs = this.RULE('cidrs', (): CidrList => {
    const start = this.start()
    this.CONSUME(KW.cidr)
    this.CONSUME(LeftBracket)
    const items = [this.SUBRULE(this.cidr)]
    this.MANY(() => {
      this.CONSUME(Comma)
      items.push(this.SUBRULE2(this.cidr))
    })
    this.CONSUME(RightBracket)
    return { kind: 'cidrs', start, end: this.end(), items }
  })

  private readonly cidr = this.RULE('cidr', (): CidrNode => {
    this.read('raw')
    const token = this.CONSUME(Raw, CIDR)
    const value = this.value(token, parseCidr)
    return { kind: 'cidr', start: token.startOffset, end: this.end(), text: token.image, value }
  })

  protected readonly hours = this.RULE('hours', (): HoursList => {
    const start = this.start()
    this.CONSUME(KW.hours)
    const items = [this.SUBRULE(this.hoursRange)]
    this.MANY(() => {
      this.CONSUME(Comma)
      items.push(this.SUBRULE2(this.hoursRange))
    })
    return { kind: 'hours', start, end: this.end(), items }
  })

  private readonly hoursRange = this.RULE('hoursRange', (): HoursNode => {
    const days = this.CONSUME(Word, DAYS)
    this.read('clock')
    const clock = this.CONSUME(Clock)
    const text = `${days.image} ${clock.image.replace(/[ \t]/g, '')}`
    const isAsWritten = text.length === this.end() - days.startOffset
    // A fault's offsets mean something only where the text was not tidied; otherwise the times carry it.
    const value = this.valueAt(days.startOffset, text, (written) => {
      const parsed = parseHours(written)
      if (parsed.ok || isAsWritten) return parsed
      return { ok: false, fault: { ...parsed.fault, start: 0, end: this.end() - days.startOffset } }
    })
    return { kind: 'hours-range', start: days.startOffset, end: this.end(), text, value }
  })

  private readonly literalList = this.RULE('literalList', (): LiteralList => {
    const start = this.start()
    this.CONSUME(LeftBracket)
    const items = [this.SUBRULE(this.literal)]
    this.MANY(() => {
      this.CONSUME(Comma)
      items.push(this.SUBRULE2(this.literal))
    })
    this.CONSUME(RightBracket)
    return { kind: 'list', start, end: this.end(), items }
  })

  private readonly literalAlternatives = [
    { ALT: (): LiteralNode => this.string(this.CONSUME(Str)) },
    { ALT: (): LiteralNode => this.SUBRULE(this.decimal) },
    { ALT: (): LiteralNode => this.boolean(this.CONSUME(KW.true)) },
    { ALT: (): LiteralNode => this.boolean(this.CONSUME(KW.false)) },
    {
      ALT: (): LiteralNode => ({ kind: 'word', ...this.spanOf(this.CONSUME(KW.autonomous)), value: 'autonomous' }),
    },
    { ALT: (): LiteralNode => ({ kind: 'word', ...this.spanOf(this.CONSUME(KW.delegated)), value: 'delegated' }) },
    { ALT: (): LiteralNode => ({ kind: 'word', ...this.spanOf(this.CONSUME(KW.service)), value: 'service' }) },
  ]

  private readonly literal = this.RULE('literal', (): LiteralNode => {
    this.may(LITERAL_WORDS)
    return this.OR({
      DEF: this.literalAlternatives,
      ERR_MSG: 'a string, a number, `true` or `false`',
    })
  })

  private readonly decimal = this.RULE('decimal', (): DecimalNode => {
    const start = this.start()
    this.OPTION(() => this.CONSUME(Minus))
    this.CONSUME(Digits)
    const text = this.lexer.text.slice(start, this.end())
    const value = this.valueAt(start, text, parseDecimal)
    return { kind: 'decimal', start, end: this.end(), text, value }
  })

  private quotedName(token: IToken): Name {
    return { ...this.spanOf(token), text: String(token.payload) }
  }

  private boolean(token: IToken): LiteralNode {
    return { kind: 'boolean', start: token.startOffset, end: this.end(), value: token.image === 'true' }
  }

  private compareWith(operator: CompareAtom['operator'], _sign: IToken, value: LiteralNode): Comparison {
    return { kind: 'compare', operator, value }
  }

  private compared({ start, end }: Span, negated: boolean, path: PathNode, comparison: Comparison): AtomNode {
    switch (comparison.kind) {
      case 'in':
        return { kind: 'in', start, end, negated, path, values: comparison.values }
      case 'matches':
        return { kind: 'matches', start, end, negated, path, pattern: comparison.pattern }
      default:
        return { kind: 'compare', start, end, negated, path, operator: comparison.operator, value: comparison.value }
    }
  }

  /** A set may be called `cidr` or `hours`: what follows tells the literal from the name. */
  private settleSetName(): void {
    const first = this.lexer.peek(1)
    if (first.tokenType === KW.cidr) {
      if (this.lexer.peek(2).tokenType !== LeftBracket) this.takeAsName()
    } else if (first.tokenType === KW.hours) {
      const second = this.lexer.peek(2)
      if (second.tokenType === Digits || DAY_LIKE.test(second.image)) return
      const isBadDay = second.tokenType === Word && this.lexer.peek(3).tokenType === Digits
      if (!isBadDay) this.takeAsName()
    }
  }
}

/** Token types that end a list of alternatives early are checked here, so that a typo shows at the first use. */
export const CONDITION_STARTS: readonly TokenType[] = [
  KW.not,
  KW.args,
  KW.len,
  KW.agent,
  KW.ip,
  KW.time,
  KW.trust,
  KW.cost,
]

const MAX_SHARED_PATTERNS = 50_000
const CIDR = noun('an address or a range such as `10.0.0.0/8`')
const DAYS = noun('days such as `mon-fri` or `daily`')
const TYPE_OR_OWNER = noun('`type` or `owner`')
const AGENT_FACTS = ['type', 'owner'] as const
const DAY_LIKE = /^(?:daily|(?:mon|tue|wed|thu|fri|sat|sun)(?:-[A-Za-z]+)?)$/
const NO_NAMES: readonly Name[] = []
const MORE_ACTIONS = ['on']
const AND = ['and']
const NOT = ['not']
const ONLY = ['only']
const FACTS = ['args', 'len', 'agent', 'ip', 'time', 'trust', 'cost']
const OPERATORS = ['in', 'matches']
const LITERAL_WORDS = ['true', 'false', 'autonomous', 'delegated', 'service']
