/** JSON permissions, which agents and delegations made at run time have in place of `allow`. Language reference, section 10. */
import {
  AutomatonTooLarge,
  compilePattern,
  compileRegex,
  isSmallPattern,
  mergeRanges,
  TooHard,
} from '../algebra/index.ts'
import { type ApprovalSplitter, readApprovalScopes } from './approval-scope.ts'
import type { JsonPlace } from './json-place.ts'
import { parseCidr } from './literals/address.ts'
import { parseHours, weekRanges } from './literals/hours.ts'
import { nameFault } from './literals/name.ts'
import { formatPattern, parsePattern } from './literals/pattern.ts'
import { parseRegexBody } from './literals/regex.ts'
import type { Parsed, PatternLiteral } from './literals/values.ts'
import { type ClauseIdentity, createMeterKeys } from './meter-key.ts'
import type { AtomModel, BudgetModel, GrantModel, LimitModel, LimitWindow, RateModel } from './policy.ts'

/** Whose permissions: part of the identity of their meters. */
export interface PermissionHolder {
  readonly kind: 'runtime agent' | 'runtime delegation'
  readonly name: string
}

/** Numbers the grants of one state, and tells their clauses apart. */
export interface PermissionReader {
  /**
   * A grant for each permission, or several where `constraints` ask for an approval of a part of it.
   *
   * @throws {StateFault} for what is no permission, and for constraints whose approvals take too much work to apply
   */
  readonly read: (
    permissions: JsonPlace | undefined,
    holder: PermissionHolder,
    constraints?: AgentConstraints,
  ) => readonly GrantModel[]
  /**
   * Constraints of a whole agent: those of a permission, and `requireApprovalFor`. An agent's are read before its permissions.
   *
   * @throws {StateFault}
   */
  readonly readConstraints: (constraints: JsonPlace, holder: PermissionHolder) => AgentConstraints
}

/** What holds for every grant of an agent. */
export interface AgentConstraints {
  /** Charged by every call, whatever the grant. */
  readonly limits: readonly LimitModel[]
  readonly when: readonly AtomModel[]
  readonly needsApproval: boolean
  readonly split: ApprovalSplitter
  readonly place: JsonPlace
}

/** Ids begin at 0. */
export function createPermissionReader(): PermissionReader {
  const keyOf = createMeterKeys()
  let nextId = 0
  return {
    read: (permissions, holder, constraints) =>
      (permissions?.list() ?? []).flatMap((place) => {
        const grant = readPermission(place, { holder, keyOf })
        const parts = constraints === undefined ? [grant] : constrain(grant, constraints)
        return parts.map((part) => ({ ...part, id: nextId++ }))
      }),
    readConstraints(place, holder) {
      const { requireApprovalFor, ...stated } = place.object(AGENT_CONSTRAINTS)
      const key = (clause: 'rate' | 'budget') => keyOf([holder.kind, holder.name, clause, '*', ['**'], [], ''])
      return {
        limits: readLimits(stated, key),
        when: readConditions(stated).when,
        needsApproval: stated.requireApproval?.flag() === true,
        split: requireApprovalFor === undefined ? (grant) => [grant] : readApprovalScopes(requireApprovalFor),
        place,
      }
    },
  }
}

function constrain(grant: GrantModel, { when, needsApproval, split, place }: AgentConstraints): readonly GrantModel[] {
  const all = [...(grant.when ?? []), ...when]
  try {
    return split({
      ...grant,
      ...(all.length > 0 && { when: all }),
      ...(needsApproval && { approval: grant.approval ?? {} }),
    })
  } catch (error) {
    if (error instanceof TooHard) return place.fail('these approvals take too much work to apply to the permissions')
    throw error
  }
}

interface Making {
  readonly holder: PermissionHolder
  readonly keyOf: (identity: ClauseIdentity) => string
}

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
] as const

type Constraints = { readonly [K in (typeof CONSTRAINTS)[number]]?: JsonPlace }

const AGENT_CONSTRAINTS = [...CONSTRAINTS, 'requireApprovalFor'] as const

function readPermission(place: JsonPlace, { holder, keyOf }: Making): GrantModel {
  const { resource, actions, constraints } = place.object(['resource', 'actions', 'constraints'])
  const pattern = readPattern(resource ?? place.missing('resource'))
  const names = readActions(actions ?? place.missing('actions'))
  const stated: Constraints = constraints?.object(CONSTRAINTS) ?? {}
  const { when, texts } = readConditions(stated)
  const key = (clause: 'rate' | 'budget') =>
    keyOf([
      holder.kind,
      holder.name,
      clause,
      names === undefined ? '*' : [...names].sort(),
      [formatPattern(pattern)],
      [...texts].sort(),
      '',
    ])
  const limits = readLimits(stated, key)
  const needsApproval = stated.requireApproval?.flag() === true
  return {
    id: 0,
    actions: names,
    patterns: [pattern],
    ...(when.length > 0 && { when }),
    ...(limits.length > 0 && { limits }),
    ...(needsApproval && { approval: {} }),
  }
}

function readPattern(place: JsonPlace): PatternLiteral {
  const text = place.text()
  if (text.includes('"')) place.fail('quoted segments are not offered here')
  const pattern = orFail(parsePattern(text), place)
  if (!isSmallPattern(pattern)) {
    try {
      compilePattern(pattern)
    } catch (error) {
      if (error instanceof AutomatonTooLarge) place.fail('this pattern stands for too many alternatives')
      throw error
    }
  }
  return pattern
}

/** `undefined` for `["*"]`. */
function readActions(place: JsonPlace): readonly string[] | undefined {
  const names = place.list()
  if (names.length === 0) place.fail('must name an action, or be `["*"]`')
  if (names.length === 1 && names[0]?.value === '*') return undefined
  const texts = names.map((name) => {
    const text = name.text()
    const fault = nameFault(text)
    return fault === undefined ? text : name.fail(text === '*' ? '`*` stands alone' : `the action ${fault}`)
  })
  return [...new Set(texts)]
}

/** The atoms, and the text of each for the identity of the permission's meters. */
function readConditions(stated: Constraints): {
  readonly when: readonly AtomModel[]
  readonly texts: readonly string[]
} {
  const when: AtomModel[] = []
  const texts: string[] = []
  const add = (name: string, text: unknown, atom: AtomModel) => {
    when.push(atom)
    texts.push(`${name}=${JSON.stringify(text)}`)
  }
  const addHours = (name: string, range: string, place: JsonPlace) => {
    const hours = orFail(parseHours(`daily ${range}`), place)
    add(name, range, { kind: 'time-in', negated: false, ranges: weekRanges([hours]) })
  }
  const { allowedHoursUTC, timeWindow, ipAllowlist, argPatterns } = stated
  if (allowedHoursUTC !== undefined) addHours('allowedHoursUTC', allowedHoursUTC.text(), allowedHoursUTC)
  if (timeWindow !== undefined) {
    const { start, end } = timeWindow.object(['start', 'end'])
    const from = (start ?? timeWindow.missing('start')).text()
    const to = (end ?? timeWindow.missing('end')).text()
    addHours('timeWindow', `${from}-${to}`, timeWindow)
  }
  if (ipAllowlist !== undefined) {
    const items = ipAllowlist.list()
    if (items.length === 0) ipAllowlist.fail('must hold an address; leave it out to allow all')
    const ranges = mergeRanges(items.map((item) => orFail(parseCidr(item.text()), item)))
    const distinct = [...new Set(items.map((item) => item.text()))].sort()
    add('ipAllowlist', distinct, { kind: 'ip-in', negated: false, ranges })
  }
  for (const [name, place] of argPatterns?.entries() ?? []) {
    const path = name.split('.')
    if (path.includes('')) place.fail('the path has an empty part')
    const source = place.text()
    const compiled = compileRegex(orFail(parseRegexBody(source, '', { slashEscaped: false }), place))
    if (!compiled.ok) place.fail('this regex is too large: its automaton has more than 4096 states')
    else add(`argPatterns.${name}`, source, { kind: 'arg-matches', negated: false, path, dfa: compiled.dfa })
  }
  return { when, texts }
}

const RATES = [
  ['maxCallsPerMinute', 'minute'],
  ['maxCallsPerHour', 'hour'],
  ['maxCallsPerDay', 'day'],
] as const
const BUDGETS = [
  ['budgetUsdPerDay', 'day'],
  ['budgetUsdPerMonth', 'month'],
] as const
const THROTTLE_PERCENT = 80
const THROTTLE_PER_MINUTE = 6n

function readLimits(stated: Constraints, key: (clause: 'rate' | 'budget') => string): readonly LimitModel[] {
  const rates: RateModel['windows'][number][] = []
  for (const [name, window] of RATES) {
    const place = stated[name]
    if (place !== undefined) rates.push({ window, count: BigInt(place.count()) })
  }
  const budgets: { window: LimitWindow; capNanoUsd: bigint }[] = []
  for (const [name, window] of BUDGETS) {
    const place = stated[name]
    if (place !== undefined) budgets.push({ window, capNanoUsd: readMoney(place) })
  }
  const { throttlePerMinute } = stated
  if (throttlePerMinute !== undefined && budgets.length === 0) {
    throttlePerMinute.fail('throttles a budget, and there is none')
  }
  const limits: LimitModel[] = []
  if (rates.length > 0) limits.push({ kind: 'rate', key: key('rate'), windows: rates })
  if (budgets.length > 0) {
    const count = throttlePerMinute === undefined ? THROTTLE_PER_MINUTE : BigInt(throttlePerMinute.count())
    const throttle: BudgetModel['throttle'] = { percent: THROTTLE_PERCENT, count, window: 'minute' }
    limits.push({ kind: 'budget', key: key('budget'), windows: budgets, throttle })
  }
  return limits
}

const MAX_USD = 9e9
const NANO_PLACES = 9

/** Nano-USD, rounded up: the amount is the shortest decimal that round-trips. */
function readMoney(place: JsonPlace): bigint {
  const { value } = place
  if (typeof value !== 'number' || !(value >= 0 && value <= MAX_USD)) {
    return place.fail('must be an amount of USD from 0 to 9,000,000,000')
  }
  const [digits = '0', exponent = '0'] = String(value).split('e')
  const [whole = '0', fraction = ''] = digits.split('.')
  const shift = NANO_PLACES + Number(exponent) - fraction.length
  const units = BigInt(whole + fraction)
  if (shift >= 0) return units * 10n ** BigInt(shift)
  const divisor = 10n ** BigInt(-shift)
  return (units + divisor - 1n) / divisor
}

function orFail<T>(parsed: Parsed<T>, place: JsonPlace): T {
  return parsed.ok ? parsed.value : place.fail(parsed.fault.message)
}
