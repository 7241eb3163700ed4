/** Rules over the small universe, as data: their text, and the requests that they speak of. */
import { type Atom, type Facts, type Principal, textOfAtom, truthOf } from './facts.ts'
import { type ResourceSet, resourcesOf } from './pattern.ts'

export interface Scope {
  /** `undefined` is every action. */
  readonly actions: readonly string[] | undefined
  readonly patterns: readonly string[]
}

/** `by`: the one who must approve, or anybody. */
export interface Approval {
  readonly by: string | undefined
}

export interface Grant extends Scope {
  readonly when: readonly Atom[]
  readonly approval: Approval | undefined
}

export interface Forbid extends Scope {
  readonly when: readonly Atom[] | undefined
  readonly unless: readonly Atom[] | undefined
}

/** Demands an approval, or else the condition. */
export interface Require extends Scope {
  readonly when: readonly Atom[]
  readonly approval: Approval | undefined
}

export function textOfScope({ actions, patterns }: Scope): string {
  return `${actions === undefined ? '*' : actions.join(', ')} on ${patterns.join(', ')}`
}

export function textOfCondition(atoms: readonly Atom[]): string {
  return atoms.map(textOfAtom).join(' and ')
}

export function textOfApproval({ by }: Approval): string {
  return by === undefined ? 'approval' : `approval by "${by}"`
}

export function textOfGrant(grant: Grant): string {
  const when = grant.when.length > 0 ? ` when ${textOfCondition(grant.when)}` : ''
  const needs = grant.approval === undefined ? '' : ` needs ${textOfApproval(grant.approval)}`
  return `allow ${textOfScope(grant)}${when}${needs}`
}

export function textOfForbid(forbid: Forbid): string {
  const when = forbid.when === undefined ? '' : ` when ${textOfCondition(forbid.when)}`
  const unless = forbid.unless === undefined ? '' : ` unless ${textOfCondition(forbid.unless)}`
  return `forbid ${textOfScope(forbid)}${when}${unless}`
}

export function textOfRequire(require: Require): string {
  const demand = require.approval === undefined ? textOfCondition(require.when) : textOfApproval(require.approval)
  return `require ${demand} for ${textOfScope(require)}`
}

/** The resources of the scope when the action is one of its. */
export function scopeAt({ actions, patterns }: Scope, { action }: Facts): ResourceSet {
  return actions === undefined || actions.includes(action) ? resourcesOf(patterns) : 0n
}

export function isApproved(approval: Approval | undefined, { approver }: Facts): boolean {
  if (approval === undefined) return true
  return approval.by === undefined ? approver !== undefined : approver === approval.by
}

/** What the grant allows to its holder. */
export function grantedAt(grant: Grant, facts: Facts, holder: Principal): ResourceSet {
  const isHeld = truthOf(grant.when, facts, holder) === true && isApproved(grant.approval, facts)
  return isHeld ? scopeAt(grant, facts) : 0n
}

/** What the `forbid` denies to a chain with the principal. */
export function forbiddenAt(forbid: Forbid, facts: Facts, principal: Principal): ResourceSet {
  const { when, unless } = forbid
  const isAsked = when === undefined || truthOf(when, facts, principal) !== false
  const isExcused = unless !== undefined && truthOf(unless, facts, principal) === true
  return isAsked && !isExcused ? scopeAt(forbid, facts) : 0n
}

export function refusedAt(require: Require, facts: Facts, principal: Principal): ResourceSet {
  const isMet = truthOf(require.when, facts, principal) === true && isApproved(require.approval, facts)
  return isMet ? 0n : scopeAt(require, facts)
}
