/**
 * Policy text in its one form, as `kavach fmt` writes it.
 *
 * The tree says which tokens there are and where lines may break; the tokens themselves are written as they were. So the
 * printer knows at each token how far it is in the source, and a comment comes out between the two tokens it stood between.
 * Where a statement or list was broken over lines by its author, or is too wide, it is broken in the one way there is.
 */
import type {
  ActionsNode,
  AgentMember,
  ApprovalNode,
  AssertDeclaration,
  AtomNode,
  BoundaryDeclaration,
  BudgetNode,
  CidrNode,
  ConditionNode,
  Declaration,
  DelegationDeclaration,
  FactNode,
  GrantNode,
  InAtom,
  LimitAllDeclaration,
  LiteralNode,
  Name,
  PathNode,
  PolicyFile,
  PolicyHeader,
  RateNode,
  ScopeNode,
  SetDeclaration,
  Span,
  TestDeclaration,
  TestRow,
  ThrottleNode,
  WhoNode,
} from './ast.ts'
import { type JsonShape, jsonShape } from './print-json.ts'
import { type Clause, CommentedText, INDENT } from './print-text.ts'

/**
 * The text of a file that was parsed without errors, formatted. What is printed parses to the same tree, its spans aside,
 * keeps every comment, and is printed as it is when it is printed again.
 */
export function printPolicy(file: PolicyFile): string {
  return new Printer(file).print()
}

type Member = AgentMember | DelegationDeclaration['members'][number] | BoundaryDeclaration['members'][number]

class Printer {
  private readonly file: PolicyFile
  private readonly out: CommentedText

  constructor(file: PolicyFile) {
    this.file = file
    this.out = new CommentedText(file.text, file.comments)
  }

  print(): string {
    const { header, declarations } = this.file
    const statements: (PolicyHeader | Declaration)[] = [...declarations]
    if (header !== undefined) {
      const place = statements.findIndex(({ start }) => start > header.start)
      statements.splice(place < 0 ? statements.length : place, 0, header)
    }
    let wasBlock = false
    for (const statement of statements) {
      const isBlock = BLOCKS.has(statement.kind)
      this.out.startItem(statement.start, 0, isBlock || wasBlock)
      this.statement(statement)
      this.out.endItem()
      wasBlock = isBlock
    }
    return this.out.finish()
  }

  private statement(node: PolicyHeader | Declaration): void {
    switch (node.kind) {
      case 'policy':
        this.words('policy')
        this.verbatim(node.name)
        if (node.generation !== undefined) {
          this.words('generation')
          this.verbatim(node.generation)
        }
        return
      case 'catalog':
        this.words('catalog')
        this.verbatim(node.name)
        this.words('from')
        this.verbatim(node.file)
        return
      case 'set':
        this.words('set')
        this.verbatim(node.name)
        this.words('=')
        this.setValue(node.value)
        return
      case 'role':
        this.words('role')
        this.verbatim(node.name)
        if (node.includes.length > 0) {
          this.words('includes')
          this.run(node.includes, (name) => this.verbatim(name))
        }
        this.block(node, node.grants, (grant) => this.member(grant))
        return
      case 'agent':
        this.words(node.type, 'agent')
        this.verbatim(node.name)
        this.block(node, node.members, (member) => this.member(member))
        return
      case 'delegation':
        this.words('delegate')
        this.verbatim(node.from)
        this.words('->')
        this.verbatim(node.to)
        this.block(node, node.members, (member) => this.member(member))
        return
      case 'boundary':
        this.words('boundary', 'runtime')
        this.block(node, node.members, (member) => this.member(member))
        return
      case 'forbid':
        this.out.withClauses(() => {
          this.words('forbid')
          this.scope(node.scope)
        }, [
          ...this.conditionClause('when', node.scope.end, node.when),
          ...this.conditionClause('unless', node.when?.end ?? node.scope.end, node.unless),
        ])
        return
      case 'require':
        this.out.withClauses(() => {
          this.words('require')
          this.requirement(node.requirement)
        }, [this.forClause(node.requirement.end, node.scope)])
        return
      case 'limit-all':
        this.limitAll(node)
        return
      case 'assert':
        this.assertion(node)
        return
      case 'test':
        this.test(node)
        return
    }
  }

  /** `{`, the members on lines of their own, `}`. */
  private block<T extends Span>(node: Span, members: readonly T[], print: (member: T) => void): void {
    this.words('{')
    this.out.openBlock()
    for (const member of members) {
      this.out.startItem(member.start, INDENT, false)
      print(member)
      this.out.endItem()
    }
    this.out.closeBlock(node.end - 1)
  }

  private member(node: Member): void {
    switch (node.kind) {
      case 'grant':
        this.grant(node)
        return
      case 'limit':
        this.out.withClauses(
          () => {
            this.words('limit')
            if (node.limit.kind === 'rate') this.rate(node.limit)
            else this.budget(node.limit)
          },
          node.limit.kind === 'budget' ? this.throttleClause(node.limit) : [],
        )
        return
      case 'owner':
        this.words('owner')
        this.verbatim(node.owner)
        return
      case 'roles':
        this.words('roles')
        this.run(node.roles, (name) => this.verbatim(name))
        return
      case 'may':
        this.words('may', 'delegate', 'depth')
        this.verbatim(node.depth)
        return
      case 'expires-at':
        this.words('expires', 'at')
        this.verbatim(node.at)
        return
      case 'expires-in':
        this.words('expires', 'in')
        this.verbatim(node.duration)
        return
      case 'depth':
        this.words('depth')
        this.verbatim(node.depth)
        return
    }
  }

  private grant(node: GrantNode): void {
    this.out.withClauses(() => {
      this.words('allow')
      this.scope(node.scope)
    }, [
      ...this.conditionClause('when', node.scope.end, node.when),
      ...node.clauses.map((clause) => this.grantClause(clause)),
    ])
  }

  private grantClause(clause: GrantNode['clauses'][number]): Clause {
    const { start } = clause
    switch (clause.kind) {
      case 'rate':
        return { start, print: () => this.rate(clause) }
      case 'approval':
        return {
          start,
          print: () => {
            this.words('needs')
            this.approval(clause)
          },
        }
      case 'estimate':
        return {
          start,
          print: () => {
            this.words('estimate')
            this.verbatim(clause.amount)
            this.words('USD')
          },
        }
    }
  }

  private limitAll(node: LimitAllDeclaration): void {
    const { limit, scope, each } = node
    this.out.withClauses(() => {
      this.words('limit')
      if (limit.kind === 'rate') this.rate(limit)
      else this.budget(limit)
    }, [
      ...(limit.kind === 'budget' ? this.throttleClause(limit) : []),
      this.forClause(limit.end, scope),
      ...(each === undefined ? [] : [this.clauseAfter(scope.end, () => this.words('each', each))]),
    ])
  }

  private assertion(node: AssertDeclaration): void {
    const { assertion } = node
    switch (assertion.kind) {
      case 'can':
        this.out.withClauses(
          () => {
            this.words('assert', assertion.quantifier)
            this.who(assertion.who)
            this.words('can')
            this.scope(assertion.scope)
          },
          this.conditionClause('when', assertion.scope.end, assertion.when),
        )
        return
      case 'every': {
        const { scope, when, needs } = assertion
        const last = this.clauseAfter(when?.end ?? scope.end, () => {
          if (needs === 'denied') this.words('is', 'denied')
          else {
            this.words('needs')
            this.requirement(needs)
          }
        })
        this.out.withClauses(() => {
          this.words('assert', 'every')
          this.scope(scope)
        }, [...this.conditionClause('when', scope.end, when), last])
        return
      }
      case 'within':
        this.words('assert')
        this.verbatim(assertion.inner)
        this.words('within')
        this.verbatim(assertion.outer)
        return
    }
  }

  private test(node: TestDeclaration): void {
    this.out.withClauses(
      () => {
        this.words('test')
        this.verbatim(node.title)
        this.words('as')
        this.verbatim(node.agent)
      },
      node.facts.map((fact) => this.factClause(fact)),
      { indent: 2 * INDENT, isTable: true },
    )
    const width = Math.max(0, ...node.rows.map(({ verdict }) => verdict.length))
    this.block(node, node.rows, (row) => this.row(row, width))
  }

  private row(node: TestRow, width: number): void {
    this.out.withClauses(
      () => {
        this.words(node.verdict)
        this.out.blanks(width - node.verdict.length)
        this.actions(node.actions)
        this.words('on')
        this.run(node.patterns, (pattern) => this.verbatim(pattern))
      },
      node.facts.map((fact) => this.factClause(fact)),
      { indent: INDENT, isTable: true },
    )
  }

  private factClause(fact: FactNode): Clause {
    return { start: fact.start, print: () => this.fact(fact) }
  }

  private fact(node: FactNode): void {
    switch (node.kind) {
      case 'via':
        this.words('via')
        this.run(node.names, (name) => this.verbatim(name))
        return
      case 'at':
      case 'since':
        this.words(node.kind)
        this.verbatim(node.at)
        return
      case 'from':
        this.words('from', node.text)
        return
      case 'with':
        this.words('with')
        this.json(jsonShape(this.file.text, this.out.tokenStart(node.start + 'with'.length)))
        return
      case 'used':
        this.words('used')
        this.verbatim(node.count)
        this.words('per', node.window)
        return
      case 'spent':
        this.words('spent')
        this.verbatim(node.amount)
        this.words('USD', 'per', node.window)
        return
      case 'trust':
        this.words('trust')
        this.verbatim(node.value)
        return
      case 'cost':
        this.words('cost')
        this.verbatim(node.amount)
        this.words('USD')
        return
      case 'approved-by':
        this.words('approved', 'by')
        this.verbatim(node.by)
        return
      case 'because':
        this.words('because')
        this.verbatim(node.reason)
        return
    }
  }

  private json(shape: JsonShape): void {
    if (typeof shape === 'string') {
      this.out.token(shape)
      return
    }
    const items = shape.items.map(({ key, value }) => () => {
      if (key !== undefined) {
        this.out.token(key)
        this.out.glue()
        this.out.token(':')
      }
      this.json(value)
    })
    this.out.list({ open: shape.open, close: shape.open === '{' ? '}' : ']', items, isTable: true })
  }

  private setValue(node: SetDeclaration['value']): void {
    switch (node.kind) {
      case 'cidrs':
      case 'hours':
        this.values(node)
        return
      case 'regex':
        this.words('regex')
        this.verbatim(node)
        return
    }
  }

  private scope(node: ScopeNode): void {
    this.actions(node.actions)
    this.words('on')
    this.run(node.patterns, (pattern) => this.verbatim(pattern))
  }

  private actions(node: ActionsNode): void {
    if (node.any) this.words('*')
    else this.run(node.names, (name) => this.verbatim(name))
  }

  private who(node: WhoNode): void {
    switch (node.who) {
      case 'any':
        this.words('*')
        return
      case 'runtime':
        this.words('runtime')
        return
      case 'names':
        this.run(node.names, (name) => this.verbatim(name))
        return
    }
  }

  private requirement(node: ApprovalNode | ConditionNode): void {
    if (node.kind === 'approval') this.approval(node)
    else this.condition(node)
  }

  private approval(node: ApprovalNode): void {
    this.words('approval')
    if (node.by !== undefined) {
      this.words('by')
      this.verbatim(node.by)
    }
    if (node.within !== undefined) {
      this.words('within')
      this.verbatim(node.within)
    }
  }

  private condition(node: ConditionNode): void {
    this.out.run(
      node.atoms.map((atom) => ({ start: atom.start, end: atom.end, print: () => this.atom(atom) })),
      'and',
    )
  }

  private atom(node: AtomNode): void {
    if (node.negated) this.words('not')
    switch (node.kind) {
      case 'args-only':
        this.words('args', 'only')
        this.list(node.names)
        return
      case 'in':
        this.path(node.path)
        this.words('in')
        this.values(node.values)
        return
      case 'matches':
        this.path(node.path)
        this.words('matches')
        this.verbatim(node.pattern)
        return
      case 'compare':
        this.path(node.path)
        this.words(node.operator)
        this.verbatim(node.value)
        return
    }
  }

  private path(node: PathNode): void {
    const [root = '', part] = node.root.split('.')
    this.words(root)
    const parts = part === undefined ? [] : [() => this.words(part)]
    for (const print of [...parts, ...node.names.map((name) => () => this.verbatim(name))]) {
      this.out.glue()
      this.out.token('.')
      this.out.glue()
      print()
    }
  }

  private values(node: InAtom['values']): void {
    switch (node.kind) {
      case 'set-reference':
        this.verbatim(node)
        return
      case 'cidrs':
        this.words('cidr')
        this.list(node.items)
        return
      case 'hours':
        this.words('hours')
        this.run(node.items, (item) => {
          const [days = '', clock = ''] = item.text.split(' ')
          this.words(days)
          this.out.token(clock, item.end)
        })
        return
      case 'list':
        this.list(node.items)
        return
    }
  }

  private rate(node: RateNode): void {
    this.words('rate')
    this.run(
      node.windows.map(({ count, window }) => ({ start: count.start, end: count.end, count, window })),
      ({ count, window }) => {
        this.verbatim(count)
        this.words('per', window)
      },
    )
    if (node.each !== undefined) this.words('each', node.each)
  }

  /** Without its `throttle`, which is a clause of what the budget stands in. */
  private budget(node: BudgetNode): void {
    this.words('budget')
    this.run(
      node.windows.map(({ amount, window }) => ({ start: amount.start, end: amount.end, amount, window })),
      ({ amount, window }) => {
        this.verbatim(amount)
        this.words('USD', 'per', window)
      },
    )
  }

  private throttleClause({ throttle }: BudgetNode): readonly Clause[] {
    if (throttle === undefined) return []
    return [{ start: throttle.start, print: () => this.throttle(throttle) }]
  }

  private throttle({ percent, count, window }: ThrottleNode): void {
    this.words('throttle', 'at')
    this.verbatim(percent)
    this.out.glue()
    this.words('%', 'to')
    this.verbatim(count)
    this.words('per', window)
  }

  private conditionClause(word: string, after: number, condition: ConditionNode | undefined): readonly Clause[] {
    if (condition === undefined) return []
    return [
      this.clauseAfter(after, () => {
        this.words(word)
        this.condition(condition)
      }),
    ]
  }

  private forClause(after: number, scope: ScopeNode): Clause {
    return this.clauseAfter(after, () => {
      this.words('for')
      this.scope(scope)
    })
  }

  /** The clause whose first token follows the offset `after`. */
  private clauseAfter(after: number, print: () => void): Clause {
    return { start: this.out.tokenStart(after), print }
  }

  private run<T extends Span>(items: readonly T[], print: (item: T) => void): void {
    this.out.run(
      items.map((item) => ({ start: item.start, end: item.end, print: () => print(item) })),
      ',',
    )
  }

  private list(items: readonly (LiteralNode | Name | CidrNode)[]): void {
    this.out.list({ open: '[', close: ']', items: items.map((item) => () => this.verbatim(item)), isTable: false })
  }

  private words(...words: readonly string[]): void {
    for (const word of words) this.out.token(word)
  }

  /** A literal or name as it was written. */
  private verbatim({ start, end }: Span): void {
    this.out.token(this.file.text.slice(start, end))
  }
}

const BLOCKS: ReadonlySet<string> = new Set(['role', 'agent', 'delegation', 'boundary', 'test'])
