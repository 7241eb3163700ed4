/**
 * What two policies allow differently, and everything else that a reviewer must know of a change.
 *
 * Access is compared for every acting principal and every chain, those that the API could make included. What did not change
 * is recognised by its keys and not proved again; each question has a budget, beyond which its answer is *unknown*.
 */
import type { PolicyModel } from '../model/index.ts'
import { type CompareOptions, compareAccess } from './diff-compare.ts'
import { diffLimits, type LimitChange } from './diff-limits.ts'
import {
  type AgentChange,
  type DepthChange,
  diffAgents,
  diffDepths,
  diffExpiries,
  type ExpiryChange,
} from './diff-members.ts'
import { type Catalogs, diffTools, type ToolChange } from './diff-tools.ts'
import { type Region, toRegions, type UnknownRegion } from './region.ts'

/** A policy and what its text says beyond the model. */
export interface DiffedPolicy {
  readonly model: PolicyModel
  /** Assertions as written; absent for an image, which does not hold them. */
  readonly assertions?: readonly string[] | undefined
  /** Absent for an image. */
  readonly catalogs?: Catalogs | undefined
}

export type DiffOptions = CompareOptions

export interface PolicyDiff {
  readonly newAccess: readonly Region[]
  readonly lostAccess: readonly Region[]
  readonly unknown: readonly UnknownRegion[]
  readonly agents: readonly AgentChange[]
  readonly limits: readonly LimitChange[]
  readonly expiries: readonly ExpiryChange[]
  readonly depths: readonly DepthChange[]
  /** Absent when one of the two is an image. */
  readonly assertions?: { readonly added: readonly string[]; readonly removed: readonly string[] }
  /** Absent when one of the two is an image. */
  readonly tools?: readonly ToolChange[]
  readonly generation: {
    readonly old: number
    readonly new: number
    /** Something changed and the generation did not grow: hosts would refuse the new policy. */
    readonly isStale: boolean
  }
  /** Chains that were compared; the others were recognised as unchanged. */
  readonly compared: number
}

export function diffPolicies(old: DiffedPolicy, new_: DiffedPolicy, options: DiffOptions = {}): PolicyDiff {
  const access = diffAccess(old.model, new_.model, options)
  const sections = {
    agents: diffAgents(old.model, new_.model),
    limits: diffLimits(old.model, new_.model),
    expiries: diffExpiries(old.model, new_.model),
    depths: diffDepths(old.model, new_.model),
  }
  const isChanged =
    access.newAccess.length + access.lostAccess.length + access.unknown.length > 0 ||
    Object.values(sections).some((changes) => changes.length > 0)
  const [before, after] = [old.model.generation, new_.model.generation]
  return {
    ...access,
    ...sections,
    ...(old.assertions && new_.assertions && { assertions: diffTexts(old.assertions, new_.assertions) }),
    ...(old.catalogs && new_.catalogs && { tools: diffTools(old.catalogs, new_.catalogs, new_.model) }),
    generation: { old: before, new: after, isStale: isChanged && after <= before },
  }
}

function diffTexts(
  old: readonly string[],
  new_: readonly string[],
): { added: readonly string[]; removed: readonly string[] } {
  return { added: without(new_, old), removed: without(old, new_) }
}

/** Each text of `others` takes away one equal text. */
function without(texts: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>()
  for (const text of others) left.set(text, (left.get(text) ?? 0) + 1)
  return texts.filter((text) => {
    const count = left.get(text) ?? 0
    left.set(text, count - 1)
    return count <= 0
  })
}

function diffAccess(
  old: PolicyModel,
  new_: PolicyModel,
  options: DiffOptions,
): Pick<PolicyDiff, 'newAccess' | 'lostAccess' | 'unknown' | 'compared'> {
  const { gained, lost, unknown, compared } = compareAccess(old, new_, options)
  const [newAccess, lostAccess] = [toRegions(gained, true), toRegions(lost, false)]
  return {
    newAccess: newAccess.regions,
    lostAccess: lostAccess.regions,
    unknown: [...unknown, ...newAccess.unknown, ...lostAccess.unknown],
    compared,
  }
}
