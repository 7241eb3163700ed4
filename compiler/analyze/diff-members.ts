/** What changed of agents and delegations beside their grants: who is there, until when, and how deep. */
import type { AgentModel, DelegationModel, PolicyModel } from '../model/index.ts'
import { formatDuration, formatStamp } from './describe-value.ts'
import { groupBy } from './group.ts'

/** Agents that came, went, or are others now. */
export interface AgentChange {
  readonly name: string
  readonly change: 'added' | 'removed' | 'type' | 'owner'
  /** Type or owner, before and now; absent without one. */
  readonly old?: string
  readonly new?: string
}

export interface ExpiryChange {
  /** `agent coder`, `delegation planner -> coder`. */
  readonly holder: string
  /** `other`: one of the two counts from an instant, the other from the hop. */
  readonly change: 'added' | 'removed' | 'later' | 'earlier' | 'other'
  readonly old: string | undefined
  readonly new: string | undefined
}

export interface DepthChange {
  readonly holder: string
  readonly change: 'deeper' | 'shallower'
  /** Hops, 0 where nothing is said. */
  readonly old: number
  readonly new: number
}

export function diffAgents(old: PolicyModel, new_: PolicyModel): readonly AgentChange[] {
  const [before, after] = [byName(old), byName(new_)]
  const changes: AgentChange[] = []
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(name), after.get(name)]
    if (was === undefined || is === undefined) {
      changes.push({ name, change: was === undefined ? 'added' : 'removed' })
      continue
    }
    if (was.type !== is.type) changes.push({ name, change: 'type', old: was.type, new: is.type })
    if (was.owner === is.owner) continue
    changes.push({
      name,
      change: 'owner',
      ...(was.owner !== undefined && { old: was.owner }),
      ...(is.owner !== undefined && { new: is.owner }),
    })
  }
  return changes
}

export function diffExpiries(old: PolicyModel, new_: PolicyModel): readonly ExpiryChange[] {
  const changes: ExpiryChange[] = []
  const compare = (holder: string, was: Expiring, is: Expiring) => {
    const change = expiryChange(was, is)
    if (change !== undefined) changes.push({ holder, change, old: expiryText(was), new: expiryText(is) })
  }
  for (const [name, was, is] of agentsOfBoth(old, new_)) compare(`agent ${name}`, was, is)
  for (const [name, was, is] of delegationsOfBoth(old, new_)) compare(`delegation ${name}`, was, is)
  return changes
}

export function diffDepths(old: PolicyModel, new_: PolicyModel): readonly DepthChange[] {
  const changes: DepthChange[] = []
  const compare = (holder: string, was = 0, is = 0) => {
    if (was !== is) changes.push({ holder, change: is > was ? 'deeper' : 'shallower', old: was, new: is })
  }
  for (const [name, was, is] of agentsOfBoth(old, new_)) compare(`agent ${name}`, was.mayDelegate, is.mayDelegate)
  for (const [name, was, is] of delegationsOfBoth(old, new_)) compare(`delegation ${name}`, was.depth, is.depth)
  compare('boundary runtime', old.boundary?.mayDelegate, new_.boundary?.mayDelegate)
  return changes
}

type Expiring = Pick<DelegationModel, 'expiresAt' | 'expiresIn'>

function expiryChange(was: Expiring, is: Expiring): ExpiryChange['change'] | undefined {
  if (was.expiresAt === is.expiresAt && was.expiresIn === is.expiresIn) return undefined
  const [before, after] = [was.expiresAt ?? was.expiresIn, is.expiresAt ?? is.expiresIn]
  if (before === undefined) return 'added'
  if (after === undefined) return 'removed'
  if ((was.expiresAt === undefined) !== (is.expiresAt === undefined)) return 'other'
  return after > before ? 'later' : 'earlier'
}

function expiryText({ expiresAt, expiresIn }: Expiring): string | undefined {
  if (expiresAt !== undefined) return `at ${formatStamp(expiresAt)}`
  return expiresIn === undefined ? undefined : `in ${formatDuration(expiresIn)}`
}

function byName({ agents }: PolicyModel): ReadonlyMap<string, AgentModel> {
  return new Map(agents.map((agent) => [agent.name, agent]))
}

type Both<T> = readonly (readonly [name: string, old: T, new_: T])[]

function agentsOfBoth(old: PolicyModel, new_: PolicyModel): Both<AgentModel> {
  const before = byName(old)
  return new_.agents.flatMap((is) => {
    const was = before.get(is.name)
    return was === undefined ? [] : [[is.name, was, is] as const]
  })
}

/** Of several delegations for a pair, the first is compared with the first, and so on. */
function delegationsOfBoth(old: PolicyModel, new_: PolicyModel): Both<DelegationModel> {
  const nameOf = ({ from, to }: DelegationModel): string => `${from} -> ${to}`
  const before = groupBy(old.delegations, nameOf)
  return [...groupBy(new_.delegations, nameOf)].flatMap(([name, some]) =>
    some.flatMap((is, index) => {
      const was = before.get(name)?.[index]
      return was === undefined ? [] : [[name, was, is] as const]
    }),
  )
}
