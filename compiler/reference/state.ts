/**
 * What was made at run time, read from the JSON of `--state`: agents, delegations, and the names that are revoked or
 * suspended. Language reference, section 10.
 */
import type { AgentType, AtomNode, CidrNode, HoursNode, PathNode, Window } from '../../grammar/index.ts'
import { parseCidr, parseHours, parsePattern, parseRegexBody, type Parsed } from '../model/index.ts'
import { numberToDecimal, roundUp } from './decimal.ts'
import { parseInstant } from './instant.ts'
import type { Delegation, Grant, Limit, Policy, Principal } from './policy.ts'

export interface State {
  readonly agents: ReadonlyMap<string, Principal>
  readonly delegations: readonly Delegation[]
  readonly revoked: ReadonlySet<string>
  readonly suspended: ReadonlySet<string>
}

/**
 * Reads the state. An agent whose name the policy declares, or that was made before, is not made.
 *
 * @throws {TypeError} when the JSON is not a state, an unknown constraint included
 */
export function toState(value: unknown, policy: Policy): State {
  const json = value === undefined || value === null ? {} : object(value, 'state')
  const reader = new PermissionReader()
  const agents = new Map<string, Principal>()
  for (const entry of array(json.agents, 'agents')) {
    const agent = object(entry, 'agent')
    const name = string(agent.name, 'name')
    const principal: Principal = {
      name,
      type: agentType(agent.type),
      owner: isAbsent(agent.owner) ? undefined : string(agent.owner, 'owner'),
      grants: reader.permissions(agent.permissions),
      limits: [],
      mayDelegate: isAbsent(agent.mayDelegate) ? undefined : whole(agent.mayDelegate, 'mayDelegate'),
      expiresAt: instant(agent.expiresAt, 'expiresAt'),
      isRuntime: true,
    }
    if (!policy.agents.has(name) && !agents.has(name)) agents.set(name, principal)
  }
  const delegations = array(json.delegations, 'delegations').map((entry): Delegation => {
    const delegation = object(entry, 'delegation')
    return {
      from: string(delegation.from, 'from'),
      to: string(delegation.to, 'to'),
      grants: reader.permissions(delegation.permissions),
      limits: [],
      depth: isAbsent(delegation.depth) ? 0n : whole(delegation.depth, 'depth'),
      expiresAt: instant(delegation.expiresAt, 'expiresAt'),
      expiresIn: undefined,
      isRevoked: delegation.revoked === true,
      isRuntime: true,
    }
  })
  const names = (key: 'revoked' | 'suspended') => new Set(array(json[key], key).map((name) => string(name, key)))
  return { agents, delegations, revoked: names('revoked'), suspended: names('suspended') }
}

const NOWHERE = { start: 0, end: 0 }

const CONSTRAINTS = [
  'maxCallsPerMinute',
  'maxCallsPerHour',
  'maxCallsPerDay',
  'budgetUsdPerDay',
  'budgetUsdPerMonth',
  'throttlePerMinute',
  'allowedHoursUTC',
  'timeWindow',
  'ipAllowlist',
  'requireApproval',
  'argPatterns',
]

/** Numbers the clauses of permissions, `~0` and on, in the order in which they were added. */
class PermissionReader {
  private nextClause = 0

  permissions(value: unknown): readonly Grant[] {
    return array(value, 'permissions').map((entry) => this.permission(object(entry, 'permission')))
  }

  private permission(permission: Json): Grant {
    const actions = array(permission.actions, 'actions').map((action) => string(action, 'actions'))
    const constraints = isAbsent(permission.constraints) ? {} : object(permission.constraints, 'constraints')
    for (const key of Object.keys(constraints)) {
      if (!CONSTRAINTS.includes(key)) throw new TypeError(`unknown constraint \`${key}\``)
    }
    return {
      id: -1,
      actions: actions.includes('*') ? undefined : actions,
      patterns: [parsed(parsePattern(string(permission.resource, 'resource')))],
      when: toAtoms(constraints),
      limits: this.limits(constraints),
      approval: constraints.requireApproval === true ? { by: undefined, withinMs: undefined } : undefined,
      estimateNanoUsd: 0n,
    }
  }

  private limits(constraints: Json): readonly Limit[] {
    const limits: Limit[] = []
    const given = (keys: readonly (readonly [string, Window])[]) => keys.filter(([key]) => !isAbsent(constraints[key]))
    const rates = given([
      ['maxCallsPerMinute', 'minute'],
      ['maxCallsPerHour', 'hour'],
      ['maxCallsPerDay', 'day'],
    ])
    if (rates.length > 0) {
      const windows = rates.map(([key, window]) => ({ window, count: whole(constraints[key], key) }))
      limits.push({ kind: 'rate', clause: this.clause(), windows, each: undefined })
    }
    const budgets = given([
      ['budgetUsdPerDay', 'day'],
      ['budgetUsdPerMonth', 'month'],
    ])
    if (budgets.length > 0) {
      const windows = budgets.map(([key, window]) => ({ window, capNanoUsd: money(constraints[key], key) }))
      const pace = constraints.throttlePerMinute
      const count = isAbsent(pace) ? 6n : whole(pace, 'throttlePerMinute')
      const throttle = { percent: 80n, count, window: 'minute' as const }
      limits.push({ kind: 'budget', clause: this.clause(), windows, throttle })
    }
    return limits
  }

  private clause(): string {
    return `~${this.nextClause++}`
  }
}

function toAtoms(constraints: Json): readonly AtomNode[] {
  const atoms: AtomNode[] = []
  const hours: string[] = []
  if (!isAbsent(constraints.allowedHoursUTC)) hours.push(string(constraints.allowedHoursUTC, 'allowedHoursUTC'))
  if (!isAbsent(constraints.timeWindow)) {
    const { start, end } = object(constraints.timeWindow, 'timeWindow')
    hours.push(`${string(start, 'start')}-${string(end, 'end')}`)
  }
  for (const range of hours) {
    const item: HoursNode = { ...NOWHERE, kind: 'hours-range', text: range, value: parsed(parseHours(`daily ${range}`)) }
    const values = { ...NOWHERE, kind: 'hours' as const, items: [item] }
    atoms.push({ ...NOWHERE, kind: 'in', negated: false, path: path('time'), values })
  }
  if (!isAbsent(constraints.ipAllowlist)) {
    const items = array(constraints.ipAllowlist, 'ipAllowlist').map((entry): CidrNode => {
      const text = string(entry, 'ipAllowlist')
      return { ...NOWHERE, kind: 'cidr', text, value: parsed(parseCidr(text)) }
    })
    const values = { ...NOWHERE, kind: 'cidrs' as const, items }
    atoms.push({ ...NOWHERE, kind: 'in', negated: false, path: path('ip'), values })
  }
  if (!isAbsent(constraints.argPatterns)) {
    for (const [name, value] of Object.entries(object(constraints.argPatterns, 'argPatterns'))) {
      const text = string(value, 'argPatterns')
      const pattern = { ...NOWHERE, kind: 'regex' as const, text, value: parsed(parseRegexBody(text, '', { slashEscaped: false })) }
      atoms.push({ ...NOWHERE, kind: 'matches', negated: false, path: path('args', name.split('.')), pattern })
    }
  }
  return atoms
}

function path(root: PathNode['root'], names: readonly string[] = []): PathNode {
  return { ...NOWHERE, kind: 'path', root, names: names.map((text) => ({ ...NOWHERE, text })) }
}

type Json = { readonly [key: string]: unknown }

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined
}

function object(value: unknown, what: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError(`${what}: not an object`)
  return Object.fromEntries(Object.entries(value))
}

function array(value: unknown, what: string): readonly unknown[] {
  if (isAbsent(value)) return []
  if (!Array.isArray(value)) throw new TypeError(`${what}: not a list`)
  return value
}

function string(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new TypeError(`${what}: not a string`)
  return value
}

function whole(value: unknown, what: string): bigint {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new TypeError(`${what}: not a whole number`)
  }
  return BigInt(value)
}

function money(value: unknown, what: string): bigint {
  const amount = typeof value === 'number' && value >= 0 ? numberToDecimal(value) : undefined
  if (amount === undefined) throw new TypeError(`${what}: not an amount`)
  return roundUp(amount, 9)
}

function instant(value: unknown, what: string): bigint | undefined {
  if (isAbsent(value)) return undefined
  const ms = parseInstant(value)
  if (ms === undefined) throw new TypeError(`${what}: not a time`)
  return ms
}

function agentType(value: unknown): AgentType {
  if (value === 'autonomous' || value === 'delegated' || value === 'service') return value
  throw new TypeError('type: not an agent type')
}

function parsed<T>(result: Parsed<T>): T {
  if (!result.ok) throw new TypeError(result.fault.message)
  return result.value
}
