/** Random rules over the small universe. */
import type { Random } from '../generate/random.ts'
import type { Atom, PrincipalType } from './facts.ts'
import type { Approval, Forbid, Grant, Require, Scope } from './rule.ts'

const FACT_ATOMS: readonly Atom['about'][] = ['inner', 'outer', 'office', 'daytime']
export const TYPE_ATOMS: readonly Atom['about'][] = ['autonomous', 'service']
export const OWNER_ATOMS: readonly Atom['about'][] = ['ann']
export const TYPES: readonly PrincipalType[] = ['autonomous', 'delegated', 'service']

export interface Bounds {
  /** What conditions may ask about the agent. */
  readonly agentAtoms: readonly Atom['about'][]
  /** Whether approvals are asked for. */
  readonly hasApprovals: boolean
  readonly patterns: readonly string[]
}

export function generateScope(random: Random, { patterns }: Bounds): Scope {
  return {
    actions: random.chance(0.5) ? undefined : random.some(['read', 'write'], 1, 2),
    patterns: Array.from({ length: random.chance(0.7) ? 1 : 2 }, () => random.pick(patterns)),
  }
}

export function generateCondition(random: Random, { agentAtoms }: Bounds, least: number): readonly Atom[] {
  const count = random.chance(0.7) ? least : least + random.between(0, 2)
  return Array.from({ length: count }, () => ({
    isNegated: random.chance(0.4),
    about: random.pick(agentAtoms.length > 0 && random.chance(0.4) ? agentAtoms : FACT_ATOMS),
  }))
}

export function generateApproval(random: Random): Approval {
  return { by: random.chance(0.5) ? 'boss' : undefined }
}

export function generateGrant(random: Random, bounds: Bounds): Grant {
  const needsApproval = bounds.hasApprovals && random.chance(0.25)
  return {
    ...generateScope(random, bounds),
    when: generateCondition(random, bounds, random.chance(0.5) ? 0 : 1),
    approval: needsApproval ? generateApproval(random) : undefined,
  }
}

export function generateForbid(random: Random, bounds: Bounds): Forbid {
  const hasWhen = random.chance(0.6)
  const hasUnless = random.chance(0.4)
  return {
    ...generateScope(random, bounds),
    when: hasWhen ? generateCondition(random, bounds, 1) : undefined,
    unless: hasUnless ? generateCondition(random, bounds, 1) : undefined,
  }
}

export function generateRequire(random: Random, bounds: Bounds): Require {
  const needsApproval = bounds.hasApprovals && random.chance(0.4)
  return {
    ...generateScope(random, bounds),
    when: needsApproval ? [] : generateCondition(random, bounds, 1),
    approval: needsApproval ? generateApproval(random) : undefined,
  }
}
