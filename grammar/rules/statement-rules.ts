/** The statements of a file. */
import { EOF } from 'chevrotain'
import { parseAddress, parseInteger } from '../../compiler/model/index.ts'
import type {
  AgentDeclaration,
  AgentMember,
  AgentType,
  AssertDeclaration,
  BoundaryDeclaration,
  CatalogDeclaration,
  ConditionNode,
  Declaration,
  DelegationDeclaration,
  FactNode,
  ForbidDeclaration,
  GrantNode,
  IntLiteral,
  JsonValue,
  LimitAllDeclaration,
  Name,
  PatternNode,
  PolicyHeader,
  RequireDeclaration,
  RoleDeclaration,
  SetDeclaration,
  TestDeclaration,
  TestRow,
  WhoNode,
} from '../ast.ts'
import { Lexer } from '../lexer.ts'
import { type BlockKind, MEMBERS, STATEMENT_STARTS } from '../recovery.ts'
import { Arrow, Comma, Digits, Equal, Json, KW, LeftBrace, Raw, RightBrace, Star, Str, Word } from '../tokens.ts'
import { MemberRules } from './member-rules.ts'
import { noun } from './token-source.ts'

export type Statement = PolicyHeader | Declaration

type Assertion = AssertDeclaration['assertion']
type DelegationMember = DelegationDeclaration['members'][number]
type BoundaryMember = BoundaryDeclaration['members'][number]

export class StatementRules extends MemberRules {
  constructor(isValidated = false) {
    super(isValidated)
    this.performSelfAnalysis()
  }

  /** Reads from `text` from now on. */
  load(text: string): Lexer {
    this.lexer = new Lexer(text)
    this.patterns.clear()
    this.reset()
    return this.lexer
  }

  /**
   * Reads the rest of a block, from a member up to its `}`, only to find what else is wrong there. `opening` is the offset
   * of its `{` where no rule has met it.
   */
  readBody(kind: BlockKind, opening: number | undefined): void {
    if (opening !== undefined) this.opening = opening
    switch (kind) {
      case 'role':
        this.roleBody()
        break
      case 'agent':
        this.agentBody()
        break
      case 'delegation':
        this.delegationBody()
        break
      case 'boundary':
        this.boundaryBody()
        break
      case 'test':
        this.testBody()
        break
    }
  }

  readonly statement = this.RULE('statement', (): Statement => {
    if (!this.RECORDING_PHASE) this.settleAssertion()
    return this.OR<Statement>([
      { ALT: (): Statement => this.SUBRULE(this.policy) },
      { ALT: (): Statement => this.SUBRULE(this.catalog) },
      { ALT: (): Statement => this.SUBRULE(this.set) },
      { ALT: (): Statement => this.SUBRULE(this.role) },
      { ALT: (): Statement => this.SUBRULE(this.agent) },
      { ALT: (): Statement => this.SUBRULE(this.delegation) },
      { ALT: (): Statement => this.SUBRULE(this.boundary) },
      { ALT: (): Statement => this.SUBRULE(this.forbid) },
      { ALT: (): Statement => this.SUBRULE(this.require) },
      { ALT: (): Statement => this.SUBRULE(this.limitAll) },
      { ALT: (): Statement => this.SUBRULE(this.assert) },
      { ALT: (): Statement => this.SUBRULE(this.test) },
    ])
  })

  private readonly policy = this.RULE('policy', (): PolicyHeader => {
    const start = this.start()
    this.CONSUME(KW.policy)
    const name = this.name(this.CONSUME(Word, noun('the name of the policy')))
    let generation: IntLiteral | undefined
    this.may(['generation'])
    this.OPTION(() => {
      this.CONSUME(KW.generation)
      generation = this.int(this.CONSUME(Digits, noun('a whole number')), parseInteger)
    })
    return { kind: 'policy', start, end: this.end(), name, generation }
  })

  private readonly catalog = this.RULE('catalog', (): CatalogDeclaration => {
    const start = this.start()
    this.CONSUME(KW.catalog)
    const name = this.name(this.CONSUME(Word, noun('the name of the catalog')))
    this.CONSUME(KW.from)
    const file = this.string(this.CONSUME(Str, noun('the path of the catalog in double quotes')))
    return { kind: 'catalog', start, end: this.end(), name, file }
  })

  private readonly set = this.RULE('set', (): SetDeclaration => {
    const start = this.start()
    this.CONSUME(KW.set)
    const name = this.name(this.CONSUME(Word, noun('the name of the set')))
    this.CONSUME(Equal)
    this.may(['cidr', 'hours', 'regex'])
    const value = this.OR<SetDeclaration['value']>({
      DEF: [
        { ALT: (): SetDeclaration['value'] => this.SUBRULE(this.cidrs) },
        { ALT: (): SetDeclaration['value'] => this.SUBRULE(this.hours) },
        {
          ALT: (): SetDeclaration['value'] => {
            this.CONSUME(KW.regex)
            return this.SUBRULE(this.regex)
          },
        },
      ],
      ERR_MSG: '`cidr [...]`, `hours ...` or `regex /.../`',
    })
    return { kind: 'set', start, end: this.end(), name, value }
  })

  private readonly role = this.RULE('role', (): RoleDeclaration => {
    const start = this.start()
    let includes: Name[] = []
    this.CONSUME(KW.role)
    const name = this.name(this.CONSUME(Word, noun('the name of the role')))
    this.may(['includes'])
    this.OPTION(() => {
      this.CONSUME(KW.includes)
      includes = this.SUBRULE(this.names)
    })
    this.open(this.CONSUME(LeftBrace))
    const grants = this.SUBRULE(this.roleBody)
    return { kind: 'role', start, end: this.end(), name, includes, grants }
  })

  private readonly roleBody = this.RULE('roleBody', (): GrantNode[] => {
    const grants: GrantNode[] = []
    this.may(MEMBERS.role)
    this.MANY(() => {
      grants.push(this.SUBRULE(this.grant))
      this.may(MEMBERS.role)
    })
    this.CONSUME(RightBrace)
    return grants
  })

  private readonly agent = this.RULE('agent', (): AgentDeclaration => {
    const start = this.start()
    const type = this.OR<AgentType>([
      { ALT: (): AgentType => this.take(KW.autonomous, 'autonomous') },
      { ALT: (): AgentType => this.take(KW.delegated, 'delegated') },
      { ALT: (): AgentType => this.take(KW.service, 'service') },
    ])
    this.CONSUME(KW.agent)
    const name = this.name(this.CONSUME(Word, AGENT))
    this.open(this.CONSUME(LeftBrace))
    const members = this.SUBRULE(this.agentBody)
    return { kind: 'agent', start, end: this.end(), type, name, members }
  })

  private readonly agentBody = this.RULE('agentBody', (): AgentMember[] => {
    const members: AgentMember[] = []
    this.may(MEMBERS.agent)
    this.MANY(() => {
      members.push(this.SUBRULE(this.agentMember))
      this.may(MEMBERS.agent)
    })
    this.CONSUME(RightBrace)
    return members
  })

  /** Kept, because making them anew for each member costs more than reading it. */
  private readonly agentMembers = [
    { ALT: (): AgentMember => this.SUBRULE(this.grant) },
    { ALT: (): AgentMember => this.SUBRULE(this.limit) },
    { ALT: (): AgentMember => this.SUBRULE(this.mayDelegate) },
    { ALT: (): AgentMember => this.SUBRULE(this.expiresAt) },
    {
      ALT: (): AgentMember => {
        const start = this.start()
        this.CONSUME(KW.owner)
        const owner = this.string(this.CONSUME(Str, noun('the owner in double quotes')))
        return { kind: 'owner', start, end: this.end(), owner }
      },
    },
    {
      ALT: (): AgentMember => {
        const start = this.start()
        this.CONSUME(KW.roles)
        const roles = this.SUBRULE(this.names)
        return { kind: 'roles', start, end: this.end(), roles }
      },
    },
  ]

  private readonly agentMember = this.RULE('agentMember', (): AgentMember => this.OR<AgentMember>(this.agentMembers))

  private readonly delegation = this.RULE('delegation', (): DelegationDeclaration => {
    const start = this.start()
    this.CONSUME(KW.delegate)
    const from = this.name(this.CONSUME(Word, AGENT))
    this.CONSUME(Arrow)
    const to = this.name(this.CONSUME2(Word, AGENT))
    this.open(this.CONSUME(LeftBrace))
    const members = this.SUBRULE(this.delegationBody)
    return { kind: 'delegation', start, end: this.end(), from, to, members }
  })

  private readonly delegationBody = this.RULE('delegationBody', (): DelegationMember[] => {
    const members: DelegationMember[] = []
    this.may(MEMBERS.delegation)
    this.MANY(() => {
      this.OR([
        { ALT: () => members.push(this.SUBRULE(this.grant)) },
        { ALT: () => members.push(this.SUBRULE(this.limit)) },
        { ALT: () => members.push(this.SUBRULE(this.expires)) },
        { ALT: () => members.push(this.SUBRULE(this.depth)) },
      ])
      this.may(MEMBERS.delegation)
    })
    this.CONSUME(RightBrace)
    return members
  })

  private readonly boundary = this.RULE('boundary', (): BoundaryDeclaration => {
    const start = this.start()
    this.CONSUME(KW.boundary)
    this.CONSUME(KW.runtime)
    this.open(this.CONSUME(LeftBrace))
    const members = this.SUBRULE(this.boundaryBody)
    return { kind: 'boundary', start, end: this.end(), members }
  })

  private readonly boundaryBody = this.RULE('boundaryBody', (): BoundaryMember[] => {
    const members: BoundaryMember[] = []
    this.may(MEMBERS.boundary)
    this.MANY(() => {
      this.OR([
        { ALT: () => members.push(this.SUBRULE(this.grant)) },
        { ALT: () => members.push(this.SUBRULE(this.limit)) },
        { ALT: () => members.push(this.SUBRULE(this.mayDelegate)) },
      ])
      this.may(MEMBERS.boundary)
    })
    this.CONSUME(RightBrace)
    return members
  })

  private readonly forbid = this.RULE('forbid', (): ForbidDeclaration => {
    const start = this.start()
    this.CONSUME(KW.forbid)
    const scope = this.SUBRULE(this.scope)
    let when: ConditionNode | undefined
    let unless: ConditionNode | undefined
    this.may(['when'])
    this.OPTION(() => {
      this.CONSUME(KW.when)
      when = this.SUBRULE(this.condition)
    })
    this.may(['unless'])
    this.OPTION2(() => {
      this.CONSUME(KW.unless)
      unless = this.SUBRULE2(this.condition)
    })
    return { kind: 'forbid', start, end: this.end(), scope, when, unless }
  })

  private readonly require = this.RULE('require', (): RequireDeclaration => {
    const start = this.start()
    this.CONSUME(KW.require)
    this.may(['approval'])
    const requirement = this.OR<RequireDeclaration['requirement']>({
      DEF: [
        { ALT: (): RequireDeclaration['requirement'] => this.SUBRULE(this.approval) },
        { ALT: (): RequireDeclaration['requirement'] => this.SUBRULE(this.condition) },
      ],
      ERR_MSG: '`approval` or a condition',
    })
    this.CONSUME(KW.for)
    const scope = this.SUBRULE(this.scope)
    return { kind: 'require', start, end: this.end(), requirement, scope }
  })

  private readonly limitAll = this.RULE('limitAll', (): LimitAllDeclaration => {
    const start = this.start()
    this.CONSUME(KW.limit)
    this.may(['rate', 'budget'])
    const limit = this.OR<LimitAllDeclaration['limit']>({
      DEF: [
        { ALT: (): LimitAllDeclaration['limit'] => this.SUBRULE(this.plainRate) },
        { ALT: (): LimitAllDeclaration['limit'] => this.SUBRULE(this.budget) },
      ],
      ERR_MSG: '`rate` or `budget`',
    })
    this.CONSUME(KW.for)
    const scope = this.SUBRULE(this.scope)
    let each: LimitAllDeclaration['each']
    this.may(['each'])
    this.OPTION(() => {
      this.CONSUME(KW.each)
      each = this.oneOf(this.CONSUME(Word, LIMIT_SCOPE), LIMIT_SCOPES, LIMIT_SCOPE.ERR_MSG)
    })
    return { kind: 'limit-all', start, end: this.end(), limit, scope, each }
  })

  private readonly assert = this.RULE('assert', (): AssertDeclaration => {
    const start = this.start()
    this.CONSUME(KW.assert)
    this.may(['never', 'only', 'some', 'every'])
    const assertion = this.OR<Assertion>({
      DEF: [
        { ALT: (): Assertion => this.SUBRULE(this.canAssertion) },
        { ALT: (): Assertion => this.SUBRULE(this.everyAssertion) },
        {
          // The quantifiers are names too; `settleAssertion` has decided.
          IGNORE_AMBIGUITIES: true,
          ALT: (): Assertion => {
            const inner = this.name(this.CONSUME(Word, AGENT))
            this.CONSUME(KW.within)
            const outer = this.name(this.CONSUME2(Word, AGENT))
            return { kind: 'within', inner, outer }
          },
        },
      ],
      ERR_MSG: '`never`, `only`, `some`, `every` or the name of an agent',
    })
    return { kind: 'assert', start, end: this.end(), assertion }
  })

  private readonly canAssertion = this.RULE('canAssertion', (): Assertion => {
    type Quantifier = Extract<Assertion, { kind: 'can' }>['quantifier']
    const quantifier = this.OR<Quantifier>([
      { ALT: (): Quantifier => this.take(KW.never, 'never') },
      { ALT: (): Quantifier => this.take(KW.only, 'only') },
      { ALT: (): Quantifier => this.take(KW.some, 'some') },
    ])
    const who = this.SUBRULE(this.who)
    this.CONSUME(KW.can)
    const scope = this.SUBRULE(this.scope)
    let when: ConditionNode | undefined
    this.may(['when'])
    this.OPTION(() => {
      this.CONSUME(KW.when)
      when = this.SUBRULE(this.condition)
    })
    return { kind: 'can', quantifier, who, scope, when }
  })

  private readonly everyAssertion = this.RULE('everyAssertion', (): Assertion => {
    this.CONSUME(KW.every)
    const scope = this.SUBRULE(this.scope)
    let when: ConditionNode | undefined
    this.may(['when'])
    this.OPTION(() => {
      this.CONSUME(KW.when)
      when = this.SUBRULE(this.condition)
    })
    type Needs = Extract<Assertion, { kind: 'every' }>['needs']
    this.may(['needs', 'is'])
    const needs = this.OR<Needs>({
      DEF: [
        {
          ALT: (): Needs => {
            this.CONSUME(KW.needs)
            this.may(['approval'])
            return this.OR2<Needs>({
              DEF: [
                { ALT: (): Needs => this.SUBRULE(this.approval) },
                { ALT: (): Needs => this.SUBRULE2(this.condition) },
              ],
              ERR_MSG: '`approval` or a condition',
            })
          },
        },
        {
          ALT: (): Needs => {
            this.CONSUME(KW.is)
            this.CONSUME(KW.denied)
            return 'denied'
          },
        },
      ],
      ERR_MSG: '`needs ...` or `is denied`',
    })
    return { kind: 'every', scope, when, needs }
  })

  private readonly who = this.RULE('who', (): WhoNode => {
    const start = this.start()
    let names: Name[] = []
    const who = this.OR<WhoNode['who']>({
      DEF: [
        { ALT: (): WhoNode['who'] => this.take(Star, 'any') },
        { ALT: (): WhoNode['who'] => this.take(KW.runtime, 'runtime') },
        {
          // `runtime` is no name of an agent, so the alternative before this one is right.
          IGNORE_AMBIGUITIES: true,
          ALT: (): WhoNode['who'] => {
            names = this.SUBRULE(this.names)
            return 'names'
          },
        },
      ],
      ERR_MSG: '`*`, `runtime` or the names of agents',
    })
    return { kind: 'who', start, end: this.end(), who, names }
  })

  private readonly names = this.RULE('names', (): Name[] => {
    const names = [this.name(this.CONSUME(Word))]
    this.MANY(() => {
      this.CONSUME(Comma)
      names.push(this.name(this.CONSUME2(Word)))
    })
    return names
  })

  private readonly test = this.RULE('test', (): TestDeclaration => {
    const start = this.start()
    const facts: FactNode[] = []
    this.CONSUME(KW.test)
    const title = this.string(this.CONSUME(Str, noun('the title of the test in double quotes')))
    this.CONSUME(KW.as)
    const agent = this.name(this.CONSUME(Word, AGENT))
    this.may(FACT_WORDS)
    this.MANY(() => {
      facts.push(this.SUBRULE(this.fact))
      this.may(FACT_WORDS)
    })
    this.open(this.CONSUME(LeftBrace))
    const rows = this.SUBRULE(this.testBody)
    return { kind: 'test', start, end: this.end(), title, agent, facts, rows }
  })

  private readonly testBody = this.RULE('testBody', (): TestRow[] => {
    const rows: TestRow[] = []
    this.may(MEMBERS.test)
    this.MANY(() => {
      rows.push(this.SUBRULE(this.row))
      this.may(MEMBERS.test)
    })
    this.CONSUME(RightBrace)
    return rows
  })

  private readonly row = this.RULE('row', (): TestRow => {
    type Verdict = TestRow['verdict']
    const start = this.start()
    const facts: FactNode[] = []
    const verdict = this.OR<Verdict>([
      { ALT: (): Verdict => this.take(KW.allow, 'allow') },
      { ALT: (): Verdict => this.take(KW.deny, 'deny') },
      { ALT: (): Verdict => this.take(KW.approval, 'approval') },
      { ALT: (): Verdict => this.take(KW.limited, 'limited') },
      { ALT: (): Verdict => this.take(KW.throttle, 'throttle') },
    ])
    const actions = this.SUBRULE(this.actions)
    this.CONSUME(KW.on)
    const patterns: PatternNode[] = [this.SUBRULE(this.pattern)]
    this.may(FACT_WORDS)
    this.MANY(() => {
      facts.push(this.SUBRULE(this.fact))
      this.may(FACT_WORDS)
    })
    return { kind: 'row', start, end: this.end(), verdict, actions, patterns, facts }
  })

  private readonly fact = this.RULE('fact', (): FactNode => {
    const start = this.start()
    return this.OR<FactNode>([
      {
        ALT: (): FactNode => {
          this.CONSUME(KW.via)
          const names = this.SUBRULE(this.names)
          return { kind: 'via', start, end: this.end(), names }
        },
      },
      {
        ALT: (): FactNode => {
          this.CONSUME(KW.at)
          const at = this.SUBRULE(this.stamp)
          return { kind: 'at', start, end: this.end(), at }
        },
      },
      {
        ALT: (): FactNode => {
          this.CONSUME(KW.since)
          const at = this.SUBRULE2(this.stamp)
          return { kind: 'since', start, end: this.end(), at }
        },
      },
      {
        ALT: (): FactNode => {
          this.CONSUME(KW.from)
          this.read('raw')
          const token = this.CONSUME(Raw, noun('an address'))
          this.value(token, parseAddress)
          return { kind: 'from', start, end: this.end(), text: token.image }
        },
      },
      {
        ALT: (): FactNode => {
          this.CONSUME(KW.with)
          this.read('json')
          const token = this.CONSUME(Json)
          // The lexer made the payload with `readJson`.
          return { kind: 'with', start, end: this.end(), value: token.payload as JsonValue }
        },
      },
      {
        ALT: (): FactNode => {
          this.CONSUME(KW.used)
          const { count, window } = this.SUBRULE(this.countPerWindow)
          return { kind: 'used', start, end: this.end(), count, window }
        },
      },
      {
        ALT: (): FactNode => {
          this.CONSUME(KW.spent)
          const { amount, window } = this.SUBRULE(this.moneyPerWindow)
          return { kind: 'spent', start, end: this.end(), amount, window }
        },
      },
      {
        ALT: (): FactNode => {
          this.CONSUME(KW.trust)
          const value = this.SUBRULE(this.plainDecimal)
          return { kind: 'trust', start, end: this.end(), value }
        },
      },
      {
        ALT: (): FactNode => {
          this.CONSUME(KW.cost)
          const amount = this.SUBRULE(this.money)
          return { kind: 'cost', start, end: this.end(), amount }
        },
      },
      {
        ALT: (): FactNode => {
          this.CONSUME(KW.approved)
          this.CONSUME(KW.by)
          const by = this.string(this.CONSUME(Str, noun('the approver in double quotes')))
          return { kind: 'approved-by', start, end: this.end(), by }
        },
      },
      {
        ALT: (): FactNode => {
          this.CONSUME(KW.because)
          const reason = this.name(this.CONSUME(Word, noun('the code of a reason')))
          return { kind: 'because', start, end: this.end(), reason }
        },
      },
    ])
  })

  /**
   * Agents may be called `never`, `only`, `some` or `every`: `assert only within planner` is about an agent when the
   * statement ends behind it.
   */
  private settleAssertion(): void {
    const { lexer } = this
    if (lexer.peek(1).tokenType !== KW.assert) return
    const quantifier = lexer.peek(2)
    if (quantifier.tokenType === Word || lexer.peek(3).tokenType !== KW.within) return
    const next = lexer.peek(5)
    const isOver =
      next.tokenType === EOF ||
      (STATEMENT_STARTS.has(next.image) && lexer.text.slice(lexer.peek(4).endOffset, next.startOffset).includes('\n'))
    if (!isOver) return
    quantifier.tokenType = Word
    quantifier.tokenTypeIdx = Word.tokenTypeIdx ?? 0
  }
}

const AGENT = noun('the name of an agent')
const FACT_WORDS = ['via', 'at', 'since', 'from', 'with', 'used', 'spent', 'trust', 'cost', 'approved', 'because']
const LIMIT_SCOPES = ['agent', 'owner', 'tenant'] as const
const LIMIT_SCOPE = noun('`agent`, `owner` or `tenant`')
