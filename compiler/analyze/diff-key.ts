/**
 * What the parts of a policy come to, as texts: two parts with the same key give the same access, whatever their ids, their
 * order and the way in which they were written. So what did not change is recognised without a proof.
 */
import type { Dfa } from '../algebra/index.ts'
import {
  type ApprovalModel,
  type AtomModel,
  formatPattern,
  type GrantModel,
  type LimitModel,
  type ScopeModel,
  sha256,
  toHex,
} from '../model/index.ts'
import type { Guard } from './diff-side.ts'

const GRANTS = new WeakMap<GrantModel, string>()

/** Scope, condition, approval, and what fresh meters let through. */
export function grantKey(grant: GrantModel): string {
  const known = GRANTS.get(grant)
  if (known !== undefined) return known
  const { when, limits, approval, estimateNanoUsd } = grant
  const key = JSON.stringify([
    scopeKey(grant),
    conditionKey(when),
    approvalKey(approval),
    payKey(limits),
    String(estimateNanoUsd ?? 0n),
  ])
  GRANTS.set(grant, key)
  return key
}

/** A forbid, a require or a top-level limit, as far as it denies. */
export function guardKey(guard: Guard): string {
  const { rule } = guard
  switch (guard.kind) {
    case 'limit':
      return JSON.stringify(['limit', scopeKey(rule), payKey([guard.rule.limit])])
    case 'forbid': {
      const { when, unless } = guard.rule
      return JSON.stringify([
        'forbid',
        scopeKey(rule),
        conditionKey(when),
        unless === undefined ? 0 : conditionKey(unless),
      ])
    }
    case 'require': {
      const { when, approval } = guard.rule
      return JSON.stringify(['require', scopeKey(rule), conditionKey(when), approvalKey(approval)])
    }
  }
}

function approvalKey(approval: ApprovalModel | undefined): unknown {
  return approval === undefined ? 0 : [approval.by ?? 0, approval.withinMs ?? 0]
}

/** Actions and resources of a rule, whatever their order. */
export function scopeText(scope: ScopeModel): string {
  return JSON.stringify(scopeKey(scope))
}

function scopeKey({ actions, patterns, automata = [] }: ScopeModel): readonly unknown[] {
  return [
    actions === undefined ? '*' : actions.length === 1 ? actions : distinct(actions),
    patterns.length === 1 ? patterns.map(formatPattern) : distinct(patterns.map(formatPattern)),
    ...(automata.length === 0 ? [] : [distinct(automata.map(dfaKey))]),
  ]
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort()
}

function conditionKey(atoms: readonly AtomModel[] = []): readonly string[] {
  return atoms.length === 0 ? [] : distinct(atoms.map(atomKey))
}

function atomKey(atom: AtomModel): string {
  return JSON.stringify(
    Object.entries(atom).sort(([a], [b]) => (a < b ? -1 : 1)),
    (_, value: unknown) => {
      if (typeof value === 'bigint') return `${value}n`
      return isDfa(value) ? dfaKey(value) : value
    },
  )
}

function isDfa(value: unknown): value is Dfa {
  return typeof value === 'object' && value !== null && 'classCount' in value && 'accepting' in value
}

const AUTOMATA = new WeakMap<Dfa, string>()

/** Equal exactly for equal automata in canonical form. */
export function dfaKey(dfa: Dfa): string {
  const known = AUTOMATA.get(dfa)
  if (known !== undefined) return known
  const { classes, next, accepting } = dfa
  const bytes = new Uint8Array(classes.length + 2 * next.length + accepting.length)
  bytes.set(classes)
  for (const [index, target] of next.entries()) {
    bytes[classes.length + 2 * index] = target & 0xff
    bytes[classes.length + 2 * index + 1] = target >>> 8
  }
  bytes.set(accepting, classes.length + 2 * next.length)
  const key = toHex(sha256(bytes).subarray(0, 16))
  AUTOMATA.set(dfa, key)
  return key
}

/**
 * What limits deny when nothing was counted yet: everything, or costs above the least cap. The numbers that only count are
 * compared as limits.
 */
export function payKey(limits: readonly LimitModel[] = []): string {
  let cap: bigint | undefined
  for (const limit of limits) {
    if (limit.kind === 'rate') {
      if (limit.windows.some(({ count }) => count === 0n)) return 'never'
      continue
    }
    for (const { capNanoUsd } of limit.windows) {
      if (capNanoUsd === 0n) return 'never'
      if (cap === undefined || capNanoUsd < cap) cap = capNanoUsd
      const { throttle } = limit
      const isPacedAtOnce = throttle !== undefined && (capNanoUsd * BigInt(throttle.percent)) / 100n === 0n
      if (isPacedAtOnce && throttle.count === 0n) return 'never'
    }
  }
  return cap === undefined ? '' : String(cap)
}
