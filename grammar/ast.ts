/**
 * The syntax tree of policy text: plain readonly data with UTF-16 offsets into its source.
 *
 * Offsets only: lines and columns are computed when a diagnostic is printed. Literals carry both the text as written (for
 * the formatter) and the value parsed by `compiler/model/literals`.
 */
import type { CidrLiteral, DecimalLiteral, HoursRange, PatternLiteral, RegexLiteral } from '../compiler/model/index.ts'

/** Half-open range of UTF-16 offsets, `start <= end`. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A name and where it stands. For a quoted name `text` is the unescaped value. */
export interface Name extends Span {
  readonly text: string
}

/** One parsed file. */
export interface PolicyFile {
  readonly kind: 'file'
  /** Path as given, with `/` separators; the order of files is the byte order of these paths. */
  readonly path: string
  readonly text: string
  readonly header: PolicyHeader | undefined
  readonly declarations: readonly Declaration[]
  readonly comments: readonly Comment[]
  /**
   * Statements dropped because of a syntax error, with their name where it could be read: they silence follow-up errors.
   * `text` stands for text of no kind. Empty exactly when the file has no error.
   */
  readonly broken: readonly {
    readonly kind: Declaration['kind'] | 'policy' | 'text'
    readonly name: string | undefined
  }[]
}

/** `// ...` without the line end. */
export interface Comment extends Span {}

export interface PolicyHeader extends Span {
  readonly kind: 'policy'
  readonly name: Name
  readonly generation: IntLiteral | undefined
}

export type Declaration =
  | CatalogDeclaration
  | SetDeclaration
  | RoleDeclaration
  | AgentDeclaration
  | DelegationDeclaration
  | BoundaryDeclaration
  | ForbidDeclaration
  | RequireDeclaration
  | LimitAllDeclaration
  | AssertDeclaration
  | TestDeclaration

export interface CatalogDeclaration extends Span {
  readonly kind: 'catalog'
  readonly name: Name
  readonly file: StringLiteral
}

export interface SetDeclaration extends Span {
  readonly kind: 'set'
  readonly name: Name
  readonly value: CidrList | HoursList | RegexNode
}

export interface RoleDeclaration extends Span {
  readonly kind: 'role'
  readonly name: Name
  readonly includes: readonly Name[]
  readonly grants: readonly GrantNode[]
}

export type AgentType = 'autonomous' | 'delegated' | 'service'

export interface AgentDeclaration extends Span {
  readonly kind: 'agent'
  readonly type: AgentType
  readonly name: Name
  /** In source order; `owner`, `may`, `expires` at most once (a checked rule, the parser keeps what was written). */
  readonly members: readonly AgentMember[]
}

export type AgentMember = OwnerMember | RolesMember | GrantNode | LimitNode | MayNode | ExpiresAtNode

export interface OwnerMember extends Span {
  readonly kind: 'owner'
  readonly owner: StringLiteral
}

export interface RolesMember extends Span {
  readonly kind: 'roles'
  readonly roles: readonly Name[]
}

export interface MayNode extends Span {
  readonly kind: 'may'
  readonly depth: IntLiteral
}

export interface ExpiresAtNode extends Span {
  readonly kind: 'expires-at'
  readonly at: StampLiteral
}

export interface ExpiresInNode extends Span {
  readonly kind: 'expires-in'
  readonly duration: DurationLiteral
}

export interface DepthNode extends Span {
  readonly kind: 'depth'
  readonly depth: IntLiteral
}

export interface DelegationDeclaration extends Span {
  readonly kind: 'delegation'
  readonly from: Name
  readonly to: Name
  readonly members: readonly (GrantNode | LimitNode | ExpiresAtNode | ExpiresInNode | DepthNode)[]
}

export interface BoundaryDeclaration extends Span {
  readonly kind: 'boundary'
  readonly members: readonly (GrantNode | LimitNode | MayNode)[]
}

/** `allow ...`. Clauses stand in source order; one `needs`, one `estimate` (a checked rule). */
export interface GrantNode extends Span {
  readonly kind: 'grant'
  readonly scope: ScopeNode
  readonly when: ConditionNode | undefined
  readonly clauses: readonly (RateNode | ApprovalNode | EstimateNode)[]
}

export interface ScopeNode extends Span {
  readonly kind: 'scope'
  readonly actions: ActionsNode
  readonly patterns: readonly PatternNode[]
}

/** `*` is `any: true` with no names. */
export interface ActionsNode extends Span {
  readonly kind: 'actions'
  readonly any: boolean
  readonly names: readonly Name[]
}

export interface PatternNode extends Span {
  readonly kind: 'pattern'
  readonly text: string
  readonly value: PatternLiteral
}

/** Atoms joined by `and`; never empty. */
export interface ConditionNode extends Span {
  readonly kind: 'condition'
  readonly atoms: readonly AtomNode[]
}

export type AtomNode = ArgsOnlyAtom | InAtom | MatchesAtom | CompareAtom

export interface ArgsOnlyAtom extends Span {
  readonly kind: 'args-only'
  readonly negated: boolean
  readonly names: readonly Name[]
}

export interface InAtom extends Span {
  readonly kind: 'in'
  readonly negated: boolean
  readonly path: PathNode
  readonly values: SetReference | CidrList | HoursList | LiteralList
}

export interface MatchesAtom extends Span {
  readonly kind: 'matches'
  readonly negated: boolean
  readonly path: PathNode
  readonly pattern: RegexNode | SetReference
}

export interface CompareAtom extends Span {
  readonly kind: 'compare'
  readonly negated: boolean
  readonly path: PathNode
  readonly operator: '=' | '<=' | '>='
  readonly value: LiteralNode
}

/** `names` is empty except for `args` and `len`, where it is the path below them (never empty there). */
export interface PathNode extends Span {
  readonly kind: 'path'
  readonly root: 'ip' | 'time' | 'trust' | 'cost' | 'agent.type' | 'agent.owner' | 'args' | 'len'
  readonly names: readonly Name[]
}

/** Name of a `set`. */
export interface SetReference extends Span {
  readonly kind: 'set-reference'
  readonly name: Name
}

export interface CidrList extends Span {
  readonly kind: 'cidrs'
  readonly items: readonly CidrNode[]
}

export interface CidrNode extends Span {
  readonly kind: 'cidr'
  readonly text: string
  readonly value: CidrLiteral
}

export interface HoursList extends Span {
  readonly kind: 'hours'
  readonly items: readonly HoursNode[]
}

export interface HoursNode extends Span {
  readonly kind: 'hours-range'
  readonly text: string
  readonly value: HoursRange
}

/** `/.../flags`; `text` is the whole literal as written. */
export interface RegexNode extends Span {
  readonly kind: 'regex'
  readonly text: string
  readonly value: RegexLiteral
}

export interface LiteralList extends Span {
  readonly kind: 'list'
  readonly items: readonly LiteralNode[]
}

export type LiteralNode = StringLiteral | DecimalNode | BooleanLiteral | WordLiteral

export interface StringLiteral extends Span {
  readonly kind: 'string'
  /** Unescaped. */
  readonly value: string
}

export interface DecimalNode extends Span {
  readonly kind: 'decimal'
  readonly text: string
  readonly value: DecimalLiteral
}

export interface BooleanLiteral extends Span {
  readonly kind: 'boolean'
  readonly value: boolean
}

/** A bare word: `autonomous`, `delegated` or `service`. */
export interface WordLiteral extends Span {
  readonly kind: 'word'
  readonly value: AgentType
}

export interface IntLiteral extends Span {
  readonly kind: 'int'
  readonly value: bigint
}

/** Milliseconds since 1970, fractions of a millisecond dropped. */
export interface StampLiteral extends Span {
  readonly kind: 'stamp'
  readonly text: string
  readonly ms: number
}

export interface DurationLiteral extends Span {
  readonly kind: 'duration'
  readonly text: string
  readonly ms: number
}

export type Window = 'minute' | 'hour' | 'day' | 'month'

export interface RateNode extends Span {
  readonly kind: 'rate'
  readonly windows: readonly { readonly count: IntLiteral; readonly window: Window }[]
  readonly each: 'resource' | 'owner' | 'tenant' | undefined
}

export interface BudgetNode extends Span {
  readonly kind: 'budget'
  readonly windows: readonly { readonly amount: DecimalNode; readonly window: Window }[]
  readonly throttle: ThrottleNode | undefined
}

export interface ThrottleNode extends Span {
  readonly kind: 'throttle'
  /** 0-100. */
  readonly percent: IntLiteral
  readonly count: IntLiteral
  readonly window: Window
}

export interface LimitNode extends Span {
  readonly kind: 'limit'
  readonly limit: RateNode | BudgetNode
}

export interface ApprovalNode extends Span {
  readonly kind: 'approval'
  readonly by: StringLiteral | undefined
  readonly within: DurationLiteral | undefined
}

export interface EstimateNode extends Span {
  readonly kind: 'estimate'
  readonly amount: DecimalNode
}

export interface ForbidDeclaration extends Span {
  readonly kind: 'forbid'
  readonly scope: ScopeNode
  readonly when: ConditionNode | undefined
  readonly unless: ConditionNode | undefined
}

export interface RequireDeclaration extends Span {
  readonly kind: 'require'
  readonly requirement: ApprovalNode | ConditionNode
  readonly scope: ScopeNode
}

export interface LimitAllDeclaration extends Span {
  readonly kind: 'limit-all'
  /** `each` of the inner rate is always undefined here. */
  readonly limit: RateNode | BudgetNode
  readonly scope: ScopeNode
  readonly each: 'agent' | 'owner' | 'tenant' | undefined
}

/** `*` (every declared agent and runtime), `runtime`, or names. */
export interface WhoNode extends Span {
  readonly kind: 'who'
  readonly who: 'any' | 'runtime' | 'names'
  readonly names: readonly Name[]
}

export interface AssertDeclaration extends Span {
  readonly kind: 'assert'
  readonly assertion:
    | {
        readonly kind: 'can'
        readonly quantifier: 'never' | 'only' | 'some'
        readonly who: WhoNode
        readonly scope: ScopeNode
        readonly when: ConditionNode | undefined
      }
    | {
        readonly kind: 'every'
        readonly scope: ScopeNode
        readonly when: ConditionNode | undefined
        readonly needs: ApprovalNode | ConditionNode | 'denied'
      }
    | { readonly kind: 'within'; readonly inner: Name; readonly outer: Name }
}

export interface TestDeclaration extends Span {
  readonly kind: 'test'
  readonly title: StringLiteral
  readonly agent: Name
  readonly facts: readonly FactNode[]
  readonly rows: readonly TestRow[]
}

export interface TestRow extends Span {
  readonly kind: 'row'
  readonly verdict: 'allow' | 'deny' | 'approval' | 'limited' | 'throttle'
  readonly actions: ActionsNode
  readonly patterns: readonly PatternNode[]
  readonly facts: readonly FactNode[]
}

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }

export type FactNode =
  | (Span & { readonly kind: 'via'; readonly names: readonly Name[] })
  | (Span & { readonly kind: 'at'; readonly at: StampLiteral })
  | (Span & { readonly kind: 'since'; readonly at: StampLiteral })
  | (Span & { readonly kind: 'from'; readonly text: string })
  | (Span & { readonly kind: 'with'; readonly value: JsonValue })
  | (Span & { readonly kind: 'used'; readonly count: IntLiteral; readonly window: Window })
  | (Span & { readonly kind: 'spent'; readonly amount: DecimalNode; readonly window: Window })
  | (Span & { readonly kind: 'trust'; readonly value: DecimalNode })
  | (Span & { readonly kind: 'cost'; readonly amount: DecimalNode })
  | (Span & { readonly kind: 'approved-by'; readonly by: StringLiteral })
  | (Span & { readonly kind: 'because'; readonly reason: Name })
