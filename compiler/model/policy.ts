/**
 * A policy as resolved data: what lowering produces, emission reads and the model API accepts.
 *
 * No names are left to resolve except agents, which are referred to by name; sets are inlined, roles are grant sets that
 * agents share by index. Everything is plain data without spans; `source` indexes a side table kept by the compiler.
 */
import type { Dfa } from '../algebra/index.ts'
import type { CidrLiteral, PatternLiteral, WeekRange } from './literals/values.ts'

export interface PolicyModel {
  readonly name: string
  /** 1 .. 2^53 - 1. */
  readonly generation: number
  /** Milliseconds since 1970; the image answers `stale-policy` outside `[notBefore, notAfter)`. */
  readonly notBefore?: number
  readonly notAfter?: number
  /** Grant sets of roles, closed over `includes` (a role's set holds every grant it reaches, once). */
  readonly roles: readonly RoleModel[]
  readonly agents: readonly AgentModel[]
  readonly delegations: readonly DelegationModel[]
  readonly boundary?: BoundaryModel
  readonly forbids: readonly ForbidModel[]
  readonly requires: readonly RequireModel[]
  readonly limits: readonly GuardrailLimitModel[]
}

export interface RoleModel {
  readonly name: string
  readonly grants: readonly GrantModel[]
}

export type PrincipalType = 'autonomous' | 'delegated' | 'service'

export interface AgentModel {
  readonly name: string
  readonly type: PrincipalType
  readonly owner?: string
  readonly grants: readonly GrantModel[]
  /** Indices into `PolicyModel.roles`. */
  readonly roles?: readonly number[]
  readonly limits?: readonly LimitModel[]
  /** Hops that may leave this agent, 0-5. Absent: none as a root, uncapped as an intermediate. */
  readonly mayDelegate?: number
  /** Milliseconds since 1970. */
  readonly expiresAt?: number
}

export interface DelegationModel {
  readonly from: string
  readonly to: string
  readonly grants: readonly GrantModel[]
  readonly limits?: readonly LimitModel[]
  /** Further hops, 0-5; default 0. */
  readonly depth?: number
  /** At most one of the two. `expiresIn` counts from the hop's `since`, milliseconds. */
  readonly expiresAt?: number
  readonly expiresIn?: number
  readonly revoked?: boolean
}

export interface BoundaryModel {
  readonly grants: readonly GrantModel[]
  readonly limits?: readonly LimitModel[]
  readonly mayDelegate?: number
}

export interface ScopeModel {
  /** `undefined` is `*`. */
  readonly actions: readonly string[] | undefined
  /**
   * Beside `actions: undefined`: all actions but these, at most 30. No policy text says this; it is what is left of `*` where
   * some actions of an agent made at run time need an approval.
   */
  readonly exceptActions?: readonly string[]
  readonly patterns: readonly PatternLiteral[]
  /**
   * Resources of a policy read back from an image, whose pattern has no text that says the same: a resource matches when one
   * of `patterns` or one of `automata` accepts it. Like those of `compilePattern`, they leave the limits of 128 bytes and 32
   * segments to whoever compares them.
   */
  readonly automata?: readonly Dfa[]
}

export interface GrantModel extends ScopeModel {
  /** Position in the policy text (files in path order): the tie break of "which grant is charged". Unique in a policy. */
  readonly id: number
  readonly when?: readonly AtomModel[]
  readonly limits?: readonly LimitModel[]
  readonly approval?: ApprovalModel
  readonly estimateNanoUsd?: bigint
}

export type LimitWindow = 'minute' | 'hour' | 'day' | 'month'

/** A rate or budget clause with all its windows. */
export type LimitModel = RateModel | BudgetModel

export interface RateModel {
  readonly kind: 'rate'
  /** Stable identity of the clause, see `meterKey` in the language reference: does not change with the numbers. */
  readonly key: string
  readonly windows: readonly { readonly window: LimitWindow; readonly count: bigint }[]
  readonly each?: 'resource' | 'owner' | 'tenant'
}

export interface BudgetModel {
  readonly kind: 'budget'
  readonly key: string
  readonly windows: readonly { readonly window: LimitWindow; readonly capNanoUsd: bigint }[]
  readonly throttle?: { readonly percent: number; readonly count: bigint; readonly window: LimitWindow }
}

export interface ApprovalModel {
  readonly by?: string
  readonly withinMs?: number
}

export interface ForbidModel extends ScopeModel {
  readonly id: number
  readonly when?: readonly AtomModel[]
  readonly unless?: readonly AtomModel[]
}

export interface RequireModel extends ScopeModel {
  readonly id: number
  readonly approval?: ApprovalModel
  readonly when?: readonly AtomModel[]
}

export interface GuardrailLimitModel extends ScopeModel {
  readonly id: number
  readonly limit: LimitModel
  readonly per?: 'agent' | 'owner' | 'tenant'
}

export type NumberRoot = 'trust' | 'cost'

/** One atom of a conjunction, sets inlined. `path` is the argument path below `args` / `len`. */
export type AtomModel = { readonly negated: boolean } & (
  | { readonly kind: 'ip-in'; readonly ranges: readonly CidrLiteral[] }
  | { readonly kind: 'time-in'; readonly ranges: readonly WeekRange[] }
  | { readonly kind: 'number'; readonly root: NumberRoot; readonly operator: '=' | '<=' | '>='; readonly units: bigint }
  | { readonly kind: 'agent-type'; readonly types: readonly PrincipalType[] }
  | { readonly kind: 'agent-owner'; readonly owners: readonly string[] }
  | { readonly kind: 'agent-owner-matches'; readonly dfa: Dfa }
  | { readonly kind: 'args-only'; readonly names: readonly string[] }
  | {
      readonly kind: 'len'
      readonly path: readonly string[]
      readonly operator: '=' | '<=' | '>='
      readonly units: bigint
    }
  | { readonly kind: 'arg-ip-in'; readonly path: readonly string[]; readonly ranges: readonly CidrLiteral[] }
  | { readonly kind: 'arg-time-in'; readonly path: readonly string[]; readonly ranges: readonly WeekRange[] }
  | { readonly kind: 'arg-matches'; readonly path: readonly string[]; readonly dfa: Dfa }
  | { readonly kind: 'arg-strings'; readonly path: readonly string[]; readonly values: readonly string[] }
  | {
      readonly kind: 'arg-number'
      readonly path: readonly string[]
      readonly operator: '=' | '<=' | '>='
      readonly units: bigint
    }
  | { readonly kind: 'arg-numbers'; readonly path: readonly string[]; readonly values: readonly bigint[] }
  | { readonly kind: 'arg-boolean'; readonly path: readonly string[]; readonly values: readonly boolean[] }
)
