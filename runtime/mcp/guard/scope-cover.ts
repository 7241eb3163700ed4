/** Which scopes an operation needs: one whose permissions speak of it. Matching is that of policies, compiled once. */
import { type Cover, coverOf } from '../../index.ts'
import type { McpSettings } from '../settings.ts'
import type { Target } from './operation.ts'

export interface ScopeCover {
  /**
   * The scopes that these targets need and `granted` lacks, with what it contains taken into account; nothing when all is there.
   * What no scope speaks of needs none: the policy decides about it. Of several scopes that would do it is the smallest.
   */
  readonly lacking: (granted: readonly string[], targets: readonly Target[]) => readonly string[] | undefined
  /** For lists: whether a granted scope speaks of it, or no scope does. */
  readonly covers: (granted: readonly string[], target: Target) => boolean
}

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
  const coverers = ({ action, resource }: Target): readonly { readonly name: string; readonly covers: Cover }[] =>
    all.filter(({ covers }) => covers(action, resource))

  function missing(granted: ReadonlySet<string>, target: Target): string | undefined {
    const fitting = coverers(target)
    return fitting.some(({ name }) => granted.has(name)) ? undefined : fitting[0]?.name
  }

  return {
    lacking(granted, targets) {
      const held = closureOf(granted)
      const needed = new Set<string>()
      for (const target of targets) {
        const scope = missing(held, target)
        if (scope !== undefined) needed.add(scope)
      }
      return needed.size === 0 ? undefined : [...needed]
    },
    covers: (granted, target) => missing(closureOf(granted), target) === undefined,
  }
}
