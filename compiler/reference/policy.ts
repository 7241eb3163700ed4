/**
 * What the reference keeps of a policy: its declarations, joined by name.
 *
 * Nothing is compiled. Conditions stay syntax nodes, sets stay behind their names, and a role is followed when it is asked.
 */
import type {
  AgentDeclaration,
  AgentType,
  ApprovalNode,
  AtomNode,
  BoundaryDeclaration,
  BudgetNode,
  DelegationDeclaration,
  ForbidDeclaration,
  GrantNode,
  LimitAllDeclaration,
  PolicyFile,
  RateNode,
  RequireDeclaration,
  RoleDeclaration,
  ScopeNode,
  SetDeclaration,
  Window,
} from '../../grammar/index.ts'
import type { PatternLiteral } from '../model/index.ts'

export interface Scope {
  /** `undefined` is `*`. */
  readonly actions: readonly string[] | undefined
  readonly patterns: readonly PatternLiteral[]
}

/** A `rate` or `budget` clause. `clause` stands for the KEY of its meters. */
export type Limit =
  | {
      readonly kind: 'rate'
      readonly clause: string
      readonly windows: readonly { readonly window: Window; readonly count: bigint }[]
      readonly each: 'resource' | 'owner' | 'tenant' | undefined
    }
  | {
      readonly kind: 'budget'
      readonly clause: string
      readonly windows: readonly { readonly window: Window; readonly capNanoUsd: bigint }[]
      readonly throttle: { readonly percent: bigint; readonly count: bigint; readonly window: Window } | undefined
    }

export interface Approval {
  readonly by: string | undefined
  readonly withinMs: bigint | undefined
}

/** A grant of the policy, or a permission given at run time (`id` -1). */
export interface Grant extends Scope {
  readonly id: number
  readonly when: readonly AtomNode[]
  readonly limits: readonly Limit[]
  readonly approval: Approval | undefined
  readonly estimateNanoUsd: bigint
}

export interface Principal {
  readonly name: string
  readonly type: AgentType
  readonly owner: string | undefined
  /** own(A): its grants and those of its roles, each once. */
  readonly grants: readonly Grant[]
  readonly limits: readonly Limit[]
  readonly mayDelegate: bigint | undefined
  readonly expiresAt: bigint | undefined
  readonly isRuntime: boolean
}

export interface Delegation {
  readonly from: string
  readonly to: string
  readonly grants: readonly Grant[]
  readonly limits: readonly Limit[]
  readonly depth: bigint
  readonly expiresAt: bigint | undefined
  readonly expiresIn: bigint | undefined
  readonly isRevoked: boolean
  readonly isRuntime: boolean
}

export interface Boundary {
  readonly grants: readonly Grant[]
  readonly limits: readonly Limit[]
  readonly mayDelegate: bigint
}

export interface Forbid extends Scope {
  readonly when: readonly AtomNode[] | undefined
  readonly unless: readonly AtomNode[] | undefined
}

/** Either an approval or a conjunction. */
export interface Require extends Scope {
  readonly approval: Approval | undefined
  readonly condition: readonly AtomNode[]
}

export interface LimitAll extends Scope {
  readonly limit: Limit
  readonly each: 'agent' | 'owner' | 'tenant' | undefined
}

export type SetValue = SetDeclaration['value']

export interface Policy {
  readonly sets: ReadonlyMap<string, SetValue>
  readonly agents: ReadonlyMap<string, Principal>
  readonly delegations: readonly Delegation[]
  readonly boundary: Boundary
  readonly forbids: readonly Forbid[]
  readonly requires: readonly Require[]
  readonly limits: readonly LimitAll[]
}

/** Names the KEY of a clause's meters; by default clauses are numbered, `#0` and on, in source order. */
export type KeyOf = (clause: RateNode | BudgetNode) => string | undefined

/** Reads the declarations of all files as one policy. The order of `files` does not matter, their paths decide. */
export function toPolicy(files: readonly PolicyFile[], keyOf: KeyOf = () => undefined): Policy {
  const declarations = files.toSorted((a, b) => byBytes(a.path, b.path)).flatMap((file) => sorted(file.declarations))
  const reader = new Reader(keyOf)
  const roles = new Map<string, RoleDeclaration>()
  const grantsOfRole = new Map<string, readonly Grant[]>()
  const sets = new Map<string, SetValue>()
  const agents: { readonly declaration: AgentDeclaration; readonly members: AgentParts }[] = []
  const delegations: Delegation[] = []
  const forbids: Forbid[] = []
  const requires: Require[] = []
  const limits: LimitAll[] = []
  let boundary: Boundary = { grants: [], limits: [], mayDelegate: 0n }
  for (const declaration of declarations) {
    switch (declaration.kind) {
      case 'set':
        sets.set(declaration.name.text, declaration.value)
        break
      case 'role':
        roles.set(declaration.name.text, declaration)
        grantsOfRole.set(
          declaration.name.text,
          sorted(declaration.grants).map((grant) => reader.grant(grant)),
        )
        break
      case 'agent':
        agents.push({ declaration, members: reader.agent(declaration) })
        break
      case 'delegation':
        delegations.push(reader.delegation(declaration))
        break
      case 'boundary':
        boundary = reader.boundary(declaration)
        break
      case 'forbid':
        forbids.push(reader.forbid(declaration))
        break
      case 'require':
        requires.push(reader.require(declaration))
        break
      case 'limit-all':
        limits.push(reader.limitAll(declaration))
        break
    }
  }
  const principals = agents.map(({ declaration, members }): [string, Principal] => {
    const grants = [...members.grants]
    for (const role of reachedRoles(members.roles, roles)) grants.push(...(grantsOfRole.get(role) ?? []))
    const { owner, limits, mayDelegate, expiresAt } = members
    const name = declaration.name.text
    return [name, { name, type: declaration.type, owner, grants, limits, mayDelegate, expiresAt, isRuntime: false }]
  })
  return { sets, agents: new Map(principals), delegations, boundary, forbids, requires, limits }
}

interface AgentParts {
  readonly grants: readonly Grant[]
  readonly limits: readonly Limit[]
  readonly roles: readonly string[]
  readonly owner: string | undefined
  readonly mayDelegate: bigint | undefined
  readonly expiresAt: bigint | undefined
}

/** Numbers rules (`id`) and clauses while it goes through the text in source order. */
class Reader {
  private readonly keyOf: KeyOf
  private nextRule = 0
  private nextClause = 0

  constructor(keyOf: KeyOf) {
    this.keyOf = keyOf
  }

  grant(node: GrantNode): Grant {
    const id = this.nextRule++
    const limits: Limit[] = []
    let approval: Approval | undefined
    let estimateNanoUsd = 0n
    for (const clause of node.clauses) {
      if (clause.kind === 'rate') limits.push(this.limit(clause))
      else if (clause.kind === 'approval') approval = toApproval(clause)
      else estimateNanoUsd = clause.amount.value.units
    }
    return { id, ...toScope(node.scope), when: node.when?.atoms ?? [], limits, approval, estimateNanoUsd }
  }

  agent(node: AgentDeclaration): AgentParts {
    const grants: Grant[] = []
    const limits: Limit[] = []
    const roles: string[] = []
    let owner: string | undefined
    let mayDelegate: bigint | undefined
    let expiresAt: bigint | undefined
    for (const member of sorted(node.members)) {
      switch (member.kind) {
        case 'owner':
          owner = member.owner.value
          break
        case 'roles':
          roles.push(...member.roles.map((role) => role.text))
          break
        case 'grant':
          grants.push(this.grant(member))
          break
        case 'limit':
          limits.push(this.limit(member.limit))
          break
        case 'may':
          mayDelegate = member.depth.value
          break
        case 'expires-at':
          expiresAt = BigInt(member.at.ms)
          break
      }
    }
    return { grants, limits, roles, owner, mayDelegate, expiresAt }
  }

  delegation(node: DelegationDeclaration): Delegation {
    const grants: Grant[] = []
    const limits: Limit[] = []
    let depth = 0n
    let expiresAt: bigint | undefined
    let expiresIn: bigint | undefined
    for (const member of sorted(node.members)) {
      switch (member.kind) {
        case 'grant':
          grants.push(this.grant(member))
          break
        case 'limit':
          limits.push(this.limit(member.limit))
          break
        case 'depth':
          depth = member.depth.value
          break
        case 'expires-at':
          expiresAt = BigInt(member.at.ms)
          break
        case 'expires-in':
          expiresIn = BigInt(member.duration.ms)
          break
      }
    }
    const ends = { from: node.from.text, to: node.to.text }
    return { ...ends, grants, limits, depth, expiresAt, expiresIn, isRevoked: false, isRuntime: false }
  }

  boundary(node: BoundaryDeclaration): Boundary {
    const grants: Grant[] = []
    const limits: Limit[] = []
    let mayDelegate = 0n
    for (const member of sorted(node.members)) {
      if (member.kind === 'grant') grants.push(this.grant(member))
      else if (member.kind === 'limit') limits.push(this.limit(member.limit))
      else mayDelegate = member.depth.value
    }
    return { grants, limits, mayDelegate }
  }

  forbid(node: ForbidDeclaration): Forbid {
    this.nextRule++
    return { ...toScope(node.scope), when: node.when?.atoms, unless: node.unless?.atoms }
  }

  require(node: RequireDeclaration): Require {
    this.nextRule++
    const { requirement } = node
    if (requirement.kind === 'approval') {
      return { ...toScope(node.scope), approval: toApproval(requirement), condition: [] }
    }
    return { ...toScope(node.scope), approval: undefined, condition: requirement.atoms }
  }

  limitAll(node: LimitAllDeclaration): LimitAll {
    this.nextRule++
    return { ...toScope(node.scope), limit: this.limit(node.limit), each: node.each }
  }

  private limit(node: RateNode | BudgetNode): Limit {
    const number = this.nextClause++
    const clause = this.keyOf(node) ?? `#${number}`
    if (node.kind === 'rate') {
      const windows = node.windows.map(({ window, count }) => ({ window, count: count.value }))
      return { kind: 'rate', clause, windows, each: node.each }
    }
    const windows = node.windows.map(({ window, amount }) => ({ window, capNanoUsd: amount.value.units }))
    const { throttle } = node
    return {
      kind: 'budget',
      clause,
      windows,
      throttle: throttle && { percent: throttle.percent.value, count: throttle.count.value, window: throttle.window },
    }
  }
}

function reachedRoles(names: readonly string[], roles: ReadonlyMap<string, RoleDeclaration>): ReadonlySet<string> {
  const reached = new Set<string>()
  const open = [...names]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (reached.has(name)) continue
    reached.add(name)
    open.push(...(roles.get(name)?.includes ?? []).map((included) => included.text))
  }
  return reached
}

function toScope(node: ScopeNode): Scope {
  return {
    actions: node.actions.any ? undefined : node.actions.names.map((name) => name.text),
    patterns: node.patterns.map((pattern) => pattern.value),
  }
}

function toApproval(node: ApprovalNode): Approval {
  return { by: node.by?.value, withinMs: node.within && BigInt(node.within.ms) }
}

function sorted<T extends { readonly start: number }>(nodes: readonly T[]): readonly T[] {
  return nodes.toSorted((a, b) => a.start - b.start)
}

/** Order of the UTF-8 bytes, which is the order of code points. */
function byBytes(a: string, b: string): number {
  const left = Array.from(a, (char) => char.codePointAt(0) ?? 0)
  const right = Array.from(b, (char) => char.codePointAt(0) ?? 0)
  for (const [index, point] of left.entries()) {
    const other = right[index]
    if (other === undefined) return 1
    if (point !== other) return point - other
  }
  return left.length - right.length
}
