/**
 * What was made at run time, read from the JSON of `--state`: agents, delegations, and the names that are revoked or
 * suspended. Language reference, section 10.
 */
import type { AgentType, AtomNode, CidrNode, HoursNode, PathNode, Window } from '../../grammar/index.ts'
import { type Parsed, parseCidr, parseHours, parsePattern, parseRegexBody } from '../model/index.ts'
import { numberToDecimal, roundUp } from './decimal.ts'
import { parseInstant } from './instant.ts'
import type { Delegation, Grant, Limit, Policy, Principal } from './policy.ts'
import { isName } from './request.ts'

export interface State {
  readonly agents: ReadonlyMap<string, Principal>
  readonly delegations: readonly Delegation[]
  readonly revoked: ReadonlySet<string>
  readonly suspended: ReadonlySet<string>
}

/**
 * Reads the state. An agent whose name the policy declares is not made.
 *
 * @throws {TypeError} when the JSON is not a state
 */
export function toState(value: unknown, policy: Policy, stateKeys: readonly string[]): State {
  const json = isAbsent(value) ? {} : object(value, ['agents', 'delegations', 'revoked', 'suspended'])
  const reader = new PermissionReader(stateKeys)
  const agents = new Map<string, Principal>()
  for (const entry of list(json.agents ?? [])) {
    const agent = object(entry, ['name', 'type', 'owner', 'permissions', 'mayDelegate', 'expiresAt'])
    const name = principalName(agent.name)
    if (agents.has(name)) throw new TypeError(`\`${name}\` is made twice`)
    agents.set(name, {
      name,
      type: agentType(agent.type),
      owner: isAbsent(agent.owner) ? undefined : text(agent.owner),
      grants: reader.permissions(agent.permissions),
      limits: [],
      mayDelegate: isAbsent(agent.mayDelegate) ? undefined : hops(agent.mayDelegate),
      expiresAt: isAbsent(agent.expiresAt) ? undefined : instant(agent.expiresAt),
      isRuntime: true,
    })
  }
  const delegations = list(json.delegations ?? []).map((entry): Delegation => {
    const delegation = object(entry, ['from', 'to', 'permissions', 'depth', 'expiresAt', 'revoked'])
    const from = principalName(delegation.from)
    const to = principalName(delegation.to)
    if (from === to) throw new TypeError(`\`${from}\` delegates to itself`)
    return {
      from,
      to,
      grants: reader.permissions(delegation.permissions),
      limits: [],
      depth: isAbsent(delegation.depth) ? 0n : hops(delegation.depth),
      expiresAt: isAbsent(delegation.expiresAt) ? undefined : instant(delegation.expiresAt),
      expiresIn: undefined,
      isRevoked: !isAbsent(delegation.revoked) && flag(delegation.revoked),
      isRuntime: true,
    }
  })
  for (const name of policy.agents.keys()) agents.delete(name)
  const names = (value: unknown) => new Set(list(value ?? []).map(principalName))
  return { agents, delegations, revoked: names(json.revoked), suspended: names(json.suspended) }
}

const NOWHERE = { start: 0, end: 0 }
const MAX_USD = 9_000_000_000

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
  private readonly keys: readonly string[]
  private nextClause = 0

  constructor(keys: readonly string[]) {
    this.keys = keys
  }

  permissions(value: unknown): readonly Grant[] {
    return list(value ?? []).map((entry) => this.permission(object(entry, ['resource', 'actions', 'constraints'])))
  }

  private permission(permission: Json): Grant {
    const resource = text(permission.resource)
    if (resource.includes('"')) throw new TypeError('quoted segments are not offered')
    const constraints = isAbsent(permission.constraints) ? {} : object(permission.constraints, CONSTRAINTS)
    return {
      id: -1,
      actions: toActions(list(permission.actions)),
      patterns: [parsed(parsePattern(resource))],
      when: toAtoms(constraints),
      limits: this.limits(constraints),
      approval:
        !isAbsent(constraints.requireApproval) && flag(constraints.requireApproval)
          ? { by: undefined, withinMs: undefined }
          : undefined,
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
      const windows = rates.map(([key, window]) => ({ window, count: whole(constraints[key]) }))
      limits.push({ kind: 'rate', clause: this.clause(), windows, each: undefined })
    }
    const budgets = given([
      ['budgetUsdPerDay', 'day'],
      ['budgetUsdPerMonth', 'month'],
    ])
    const pace = constraints.throttlePerMinute
    if (budgets.length > 0) {
      const windows = budgets.map(([key, window]) => ({ window, capNanoUsd: money(constraints[key]) }))
      const count = isAbsent(pace) ? 6n : whole(pace)
      const throttle = { percent: 80n, count, window: 'minute' as const }
      limits.push({ kind: 'budget', clause: this.clause(), windows, throttle })
    } else if (!isAbsent(pace)) {
      throw new TypeError('`throttlePerMinute` without a budget')
    }
    return limits
  }

  private clause(): string {
    const number = this.nextClause++
    return this.keys[number] ?? `~${number}`
  }
}

function toActions(names: readonly unknown[]): readonly string[] | undefined {
  if (names.length === 0) throw new TypeError('no action')
  return names.length === 1 && names[0] === '*' ? undefined : names.map(principalName)
}

function toAtoms(constraints: Json): readonly AtomNode[] {
  const { allowedHoursUTC, timeWindow, ipAllowlist, argPatterns } = constraints
  const atoms: AtomNode[] = []
  const ranges: string[] = []
  if (!isAbsent(allowedHoursUTC)) ranges.push(text(allowedHoursUTC))
  if (!isAbsent(timeWindow)) {
    const { start, end } = object(timeWindow, ['start', 'end'])
    ranges.push(`${text(start)}-${text(end)}`)
  }
  for (const range of ranges) {
    const value = parsed(parseHours(`daily ${range}`))
    const items: readonly HoursNode[] = [{ ...NOWHERE, kind: 'hours-range', text: range, value }]
    atoms.push({
      ...NOWHERE,
      kind: 'in',
      negated: false,
      path: path('time'),
      values: { ...NOWHERE, kind: 'hours', items },
    })
  }
  if (!isAbsent(ipAllowlist)) {
    const items = list(ipAllowlist).map((entry): CidrNode => {
      return { ...NOWHERE, kind: 'cidr', text: text(entry), value: parsed(parseCidr(text(entry))) }
    })
    if (items.length === 0) throw new TypeError('no address')
    atoms.push({
      ...NOWHERE,
      kind: 'in',
      negated: false,
      path: path('ip'),
      values: { ...NOWHERE, kind: 'cidrs', items },
    })
  }
  if (!isAbsent(argPatterns)) {
    for (const [name, entry] of Object.entries(record(argPatterns))) {
      const value = parsed(parseRegexBody(text(entry), '', { slashEscaped: false }))
      const pattern = { ...NOWHERE, kind: 'regex' as const, text: text(entry), value }
      atoms.push({ ...NOWHERE, kind: 'matches', negated: false, path: path('args', name.split('.')), pattern })
    }
  }
  return atoms
}

function path(root: PathNode['root'], names: readonly string[] = []): PathNode {
  if (names.includes('')) throw new TypeError('an empty part in a path')
  return { ...NOWHERE, kind: 'path', root, names: names.map((part) => ({ ...NOWHERE, text: part })) }
}

type Json = { readonly [key: string]: unknown }

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined
}

function record(value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('not an object')
  return Object.fromEntries(Object.entries(value))
}

/** An object with no other members than these. */
function object(value: unknown, names: readonly string[]): Json {
  const found = record(value)
  for (const name of Object.keys(found)) if (!names.includes(name)) throw new TypeError(`unknown member \`${name}\``)
  return found
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('not a list')
  return value
}

function text(value: unknown): string {
  if (typeof value !== 'string' || value === '' || /\p{Cs}/u.test(value)) throw new TypeError('not a text')
  return value
}

/** Agents and actions, by the rule of section 2. */
function principalName(value: unknown): string {
  const name = text(value)
  if (!isName(name)) throw new TypeError(`\`${name}\` is no name`)
  return name
}

function flag(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new TypeError('neither true nor false')
  return value
}

function whole(value: unknown): bigint {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new TypeError('not a whole number')
  return BigInt(value)
}

function hops(value: unknown): bigint {
  const count = whole(value)
  if (count > 5n) throw new TypeError('more than 5 hops')
  return count
}

function money(value: unknown): bigint {
  const amount = typeof value === 'number' && value >= 0 && value <= MAX_USD ? numberToDecimal(value) : undefined
  if (amount === undefined) throw new TypeError('not an amount')
  return roundUp(amount, 9)
}

function instant(value: unknown): bigint {
  const ms = parseInstant(value)
  if (ms === undefined) throw new TypeError('not a time')
  return ms
}

function agentType(value: unknown): AgentType {
  if (value === 'autonomous' || value === 'delegated' || value === 'service') return value
  throw new TypeError('not a type of agent')
}

function parsed<T>(result: Parsed<T>): T {
  if (!result.ok) throw new TypeError(result.fault.message)
  return result.value
}
