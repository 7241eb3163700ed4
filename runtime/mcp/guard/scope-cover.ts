/** Which scopes an operation needs: one whose permissions speak of it. Matching is that of policies, compiled once. */
import { coverOf } from '../../index.ts'
import type { McpSettings } from '../settings.ts'
import type { Target } from './operation.ts'

export interface ScopeCover {
  /**
   * The scopes that these targets need and `granted` lacks, with what it contains taken into account; of several scopes that would
   * do, the smallest. `uncovered`: no scope that there is speaks of one of them, so that none would help.
   */
  readonly lacking: (granted: readonly string[], targets: readonly Target[]) => Lack
  /** Whether a granted scope speaks of it. */
  readonly covers: (granted: readonly string[], target: Target) => boolean
}

/** Nothing: all is there. */
export type Lack = readonly string[] | 'uncovered' | undefined

/** @throws {KavachError} KVCH_E_CONFIG_INVALID */
export function createScopeCover({ scopes, closureOf }: Pick<McpSettings, 'scopes' | 'closureOf'>): ScopeCover {
  // A scope with all that it contains, the smallest first; of equal ones the first that was configured.
  const all = Object.entries(scopes)
    .map(([name, { permissions }]) => ({
      name,
      covers: coverOf(permissions, name),
      size: closureOf([name]).size,
    }))
    .sort((a, b) => a.size - b.size)
  const coverers = ({ action, resource }: Target) => all.filter(({ covers }) => covers(action, resource))

  return {
    lacking(granted, targets) {
      const held = closureOf(granted)
      const needed = new Set<string>()
      for (const target of targets) {
        const fitting = coverers(target)
        const [smallest] = fitting
        if (smallest === undefined) return 'uncovered'
        if (!fitting.some(({ name }) => held.has(name))) needed.add(smallest.name)
      }
      return needed.size === 0 ? undefined : [...needed]
    },
    covers(granted, target) {
      const held = closureOf(granted)
      return coverers(target).some(({ name }) => held.has(name))
    },
  }
}
