/** A world as policy text, and as the JSON of what was made at run time. */
import type { Condition } from './condition.ts'
import { SET_VALUES } from './condition.ts'
import type { Scope } from './scope.ts'
import {
  type Agent,
  type Approval,
  type Boundary,
  type Delegation,
  type Grant,
  idOf,
  type Limit,
  mostOf,
  PACE,
  type World,
} from './world.ts'

export interface Printed {
  readonly text: string
  /** Grants by the number that the policy gives them. */
  readonly numbers: ReadonlyMap<Grant, number>
}

export function printPolicy(world: World, generation: number): Printed {
  const numbers = new Map<Grant, number>()
  let rules = 0
  const grants = (list: readonly Grant[]) =>
    list.map((grant) => {
      numbers.set(grant, rules++)
      return grantText(grant)
    })
  const guardrail = (text: string) => {
    rules++
    return text
  }
  const { sets, roles, agents, delegations, boundary, forbids, requires, limits } = world
  const lines = [
    `policy p generation ${generation}`,
    `set office = ${SET_VALUES.office[sets.office]}`,
    `set workday = ${SET_VALUES.workday[sets.workday]}`,
    `set safe = ${SET_VALUES.safe[sets.safe]}`,
    ...roles.flatMap((role) => block(`role ${role.name}${list(' includes ', role.includes)}`, grants(role.grants))),
    ...agents.flatMap((agent) =>
      agent.isRuntime
        ? []
        : block(`${agent.type} agent ${agent.name}`, [...grants(agent.grants), ...agentMembers(agent)]),
    ),
    ...delegations.flatMap((delegation) =>
      delegation.isRuntime
        ? []
        : block(`delegate ${delegation.from} -> ${delegation.to}`, [
            ...grants(delegation.grants),
            ...delegationMembers(delegation),
          ]),
    ),
    ...(boundary ? block('boundary runtime', [...grants(boundary.grants), ...boundaryMembers(boundary)]) : []),
    ...forbids.map(({ when, unless, ...scope }) =>
      guardrail(`forbid ${scopeText(scope)}${conjunction(' when ', when)}${conjunction(' unless ', unless)}`),
    ),
    ...requires.map(({ when, approval, ...scope }) =>
      guardrail(`require ${approval ? approvalText(approval) : conjunction('', when)} for ${scopeText(scope)}`),
    ),
    ...limits.map(({ limit, ...scope }) => {
      const each = limit.each === undefined ? '' : ` each ${limit.each}`
      return guardrail(`limit ${limitText({ ...limit, each: undefined })} for ${scopeText(scope)}${each}`)
    }),
  ]
  return { text: `${lines.join('\n')}\n`, numbers }
}

function block(head: string, members: readonly string[]): readonly string[] {
  return [`${head} {`, ...members.map((member) => `  ${member}`), '}']
}

function list(word: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `${word}${items.join(', ')}`
}

function agentMembers({ owner, roles, limits, mayDelegate, expiresAt }: Agent): readonly string[] {
  return [
    ...(owner === undefined ? [] : [`owner ${JSON.stringify(owner)}`]),
    ...(roles.length === 0 ? [] : [`roles ${roles.join(', ')}`]),
    ...limits.map((limit) => `limit ${limitText(limit)}`),
    ...(mayDelegate === undefined ? [] : [`may delegate depth ${mayDelegate}`]),
    ...(expiresAt === undefined ? [] : [`expires at ${stamp(expiresAt)}`]),
  ]
}

function delegationMembers({ limits, depth, expiresAt, expiresIn }: Delegation): readonly string[] {
  return [
    ...limits.map((limit) => `limit ${limitText(limit)}`),
    ...(depth === undefined ? [] : [`depth ${depth}`]),
    ...(expiresAt === undefined ? [] : [`expires at ${stamp(expiresAt)}`]),
    ...(expiresIn === undefined ? [] : [`expires in ${duration(expiresIn)}`]),
  ]
}

function boundaryMembers({ limits, mayDelegate }: Boundary): readonly string[] {
  return [
    ...limits.map((limit) => `limit ${limitText(limit)}`),
    ...(mayDelegate === undefined ? [] : [`may delegate depth ${mayDelegate}`]),
  ]
}

function grantText({ when, limits, approval, estimate, ...scope }: Grant): string {
  return [
    `allow ${scopeText(scope)}${conjunction(' when ', when)}`,
    ...(approval ? [`needs ${approvalText(approval)}`] : []),
    ...limits.map(limitText),
    ...(estimate === 0 ? [] : [`estimate ${(estimate / 1e9).toFixed(9)} USD`]),
  ].join(' ')
}

function scopeText({ actions, patterns }: Scope): string {
  const names = actions?.map((name) => (/^[a-z]+$/.test(name) ? name : JSON.stringify(name))).join(', ')
  return `${names ?? '*'} on ${patterns.join(', ')}`
}

function conjunction(word: string, conditions: readonly Condition[]): string {
  return conditions.length === 0 ? '' : word + conditions.map(({ text }) => text).join(' and ')
}

function approvalText({ by, withinMs }: Approval): string {
  return `approval${by === undefined ? '' : ` by ${JSON.stringify(by)}`}${withinMs === undefined ? '' : ` within ${duration(withinMs)}`}`
}

function limitText(limit: Limit): string {
  const { kind, windows, each, throttleAt, most } = limit
  const unit = kind === 'rate' ? '' : ' USD'
  const parts = windows.map((window, index) => `${mostOf(limit, index)}${unit} per ${window}`)
  const pace = throttleAt === undefined ? '' : ` throttle at ${throttleAt}% to ${most + PACE} per minute`
  return `${kind} ${parts.join(', ')}${pace}${each === undefined ? '' : ` each ${each}`}`
}

function duration(ms: number): string {
  return `${ms / 1000}s`
}

function stamp(ms: number): string {
  return new Date(ms).toISOString()
}

/**
 * The JSON of `--state`. Flags of pairs are no part of it; with `pairsAsMembers` delegations made at run time between such a
 * pair are revoked one by one.
 */
export function printState(world: World, pairsAsMembers: boolean) {
  const { agents, delegations, revoked, suspended, dropped } = world
  const isPair = (id: string) => id.includes(' -> ')
  return {
    agents: agents.flatMap((agent) => {
      const { name, type, owner, mayDelegate, expiresAt, grants } = agent
      if (!agent.isRuntime || dropped.has(name)) return []
      return [{ name, type, owner, mayDelegate, expiresAt, permissions: grants.map(toPermission) }]
    }),
    delegations: delegations.flatMap((delegation) => {
      const { from, to, depth, expiresAt, grants } = delegation
      if (!delegation.isRuntime || dropped.has(idOf(delegation))) return []
      const isRevoked = delegation.isRevoked || (pairsAsMembers && revoked.has(idOf(delegation)))
      return [{ from, to, depth, expiresAt, revoked: isRevoked, permissions: grants.map(toPermission) }]
    }),
    revoked: [...revoked].filter((id) => !isPair(id)),
    suspended: [...suspended],
  }
}

const RATE_NAMES: Readonly<Record<string, string>> = {
  minute: 'maxCallsPerMinute',
  hour: 'maxCallsPerHour',
  day: 'maxCallsPerDay',
}
const BUDGET_NAMES: Readonly<Record<string, string>> = { day: 'budgetUsdPerDay', month: 'budgetUsdPerMonth' }

function toPermission({ actions, patterns, when, limits, approval }: Grant) {
  const constraints: Record<string, unknown> = {}
  for (const { kind, text } of when) constraints[kind] = JSON.parse(text)
  for (const limit of limits) {
    const names = limit.kind === 'rate' ? RATE_NAMES : BUDGET_NAMES
    for (const [index, window] of limit.windows.entries()) constraints[names[window] ?? window] = mostOf(limit, index)
    if (limit.throttleAt !== undefined) constraints.throttlePerMinute = limit.most + PACE
  }
  if (approval !== undefined) constraints.requireApproval = true
  return { resource: patterns[0], actions: actions ?? ['*'], constraints }
}
