/** Which grants were used for what: collected from decisions, in memory that does not grow with their number. */
import { acceptsText, compilePattern, type Dfa } from '../algebra/index.ts'
import type { GrantModel, PolicyModel } from '../model/index.ts'
import { grantsById } from './mutate.ts'

export interface GrantUsage {
  readonly count: number
  readonly actions: ReadonlySet<string>
  /** For each pattern of the grant the resources that it was needed for; `undefined` when there are too many to list. */
  readonly resources: readonly (ReadonlySet<string> | undefined)[]
}

export type Usage = ReadonlyMap<number, GrantUsage>

export interface UsageKeeper {
  /** `ids` are the grants that were, or could have been, chosen; ids of what was made at run time are left aside. */
  readonly add: (request: { readonly action: string; readonly resource: string }, ids: readonly number[]) => void
  readonly usage: () => Usage
}

/** More resources of one pattern than this are not listed, whatever is asked for. */
const MAX_RESOURCES = 20_000

export function createUsage(model: PolicyModel): UsageKeeper {
  const grants = grantsById({ model })
  const automata = new Map<GrantModel, readonly Dfa[]>()
  const used = new Map<number, { count: number; actions: Set<string>; resources: (Set<string> | undefined)[] }>()
  const automataOf = (grant: GrantModel): readonly Dfa[] => {
    const known = automata.get(grant) ?? grant.patterns.map(compilePattern)
    automata.set(grant, known)
    return known
  }
  return {
    add: ({ action, resource }, ids) => {
      for (const id of new Set(ids)) {
        const grant = grants.get(id)
        if (grant === undefined) continue
        const usage = used.get(id) ?? { count: 0, actions: new Set(), resources: grant.patterns.map(() => new Set()) }
        used.set(id, usage)
        usage.count++
        usage.actions.add(action)
        const known = usage.resources.some((resources) => resources?.has(resource) === true)
        if (known) continue
        // The first pattern that accepts it stands for it.
        const at = automataOf(grant).findIndex((dfa) => acceptsText(dfa, resource))
        const resources = usage.resources[at]
        if (resources === undefined) continue
        if (resources.size < MAX_RESOURCES) resources.add(resource)
        else usage.resources[at] = undefined
      }
    },
    usage: () => used,
  }
}
