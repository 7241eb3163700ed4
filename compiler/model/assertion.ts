/** What a policy asserts of itself, as resolved data: what is proved on every compile. */
import type { ApprovalModel, AtomModel, ScopeModel } from './policy.ts'

export type AssertionModel = CanAssertion | EveryAssertion | WithinAssertion

/** `never`, `only` and `some` WHO can ... */
export interface CanAssertion extends ScopeModel {
  readonly kind: 'never' | 'only' | 'some'
  readonly who: Who
  readonly when?: readonly AtomModel[]
}

/** `every ... needs ...` and `every ... is denied`. */
export interface EveryAssertion extends ScopeModel {
  readonly kind: 'every'
  readonly when?: readonly AtomModel[]
  /** An approval, a condition, or that nobody may. */
  readonly needs:
    | { readonly kind: 'approval'; readonly approval: ApprovalModel }
    | { readonly kind: 'condition'; readonly when: readonly AtomModel[] }
    | { readonly kind: 'denied' }
}

/** Everything that `inner` can do, `outer` holds itself. */
export interface WithinAssertion {
  readonly kind: 'within'
  readonly inner: string
  readonly outer: string
}

/** Everybody, agents made at run time, or declared agents by name. */
export type Who =
  | { readonly kind: 'anybody' | 'runtime' }
  | { readonly kind: 'agents'; readonly names: readonly string[] }
