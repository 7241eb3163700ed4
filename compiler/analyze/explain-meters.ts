/** What is left of limits: each cap less what its meter reads. Language reference, section 8. */
import type { BudgetModel, GuardrailLimitModel, LimitModel, RateModel } from '../model/index.ts'
import { type RequestFacts, unitsOf } from './explain-request.ts'

/** Who is charged: the holder of a limit, or a principal of the chain. */
export interface Charged {
  readonly name: string
  readonly owner: string | undefined
}

/** A limit of a grant, an agent, a delegation or the boundary, whose caps are what `facts` leave of them. */
export function remainingLimit(limit: LimitModel, holder: Charged, facts: RequestFacts): LimitModel {
  return reduce(limit, [holderScope(limit, holder, facts)], facts)
}

/** The same of a top-level limit, which may be counted for several principals: the fullest meter counts. */
export function remainingGuardrail(
  rule: GuardrailLimitModel,
  chain: readonly Charged[],
  facts: RequestFacts,
): GuardrailLimitModel {
  return { ...rule, limit: reduce(rule.limit, guardrailScopes(rule, chain, facts), facts) }
}

function holderScope(limit: LimitModel, { name, owner }: Charged, { resource, tenant }: RequestFacts): string {
  const each = limit.kind === 'rate' ? limit.each : undefined
  switch (each) {
    case undefined:
      return part('agent', name)
    case 'resource':
      return part('agent', name) + part('resource', resource)
    case 'owner':
      return part('owner', owner)
    case 'tenant':
      return part('tenant', tenant)
  }
}

function guardrailScopes(
  { per }: GuardrailLimitModel,
  chain: readonly Charged[],
  { tenant }: RequestFacts,
): readonly string[] {
  if (per === undefined) return ['']
  switch (per) {
    case 'agent':
      return chain.map(({ name }) => part('agent', name))
    case 'owner':
      return chain.map(({ owner }) => part('owner', owner))
    case 'tenant':
      return [part('tenant', tenant)]
  }
}

function part(word: string, value: string | undefined): string {
  return value === undefined ? `/${word}` : `/${word}=${encodeURIComponent(value)}`
}

function reduce(limit: LimitModel, scopes: readonly string[], facts: RequestFacts): LimitModel {
  return limit.kind === 'rate' ? reduceRate(limit, scopes, facts) : reduceBudget(limit, scopes, facts)
}

function reduceRate(limit: RateModel, scopes: readonly string[], facts: RequestFacts): RateModel {
  const windows = limit.windows.map(({ window, count }) => ({
    window,
    count: less(count, fullest(`${limit.key}/${window}`, scopes, facts.readings.used[window], 0, facts)),
  }))
  return { ...limit, windows }
}

function reduceBudget(limit: BudgetModel, scopes: readonly string[], facts: RequestFacts): BudgetModel {
  const { key, throttle } = limit
  const read = limit.windows.map(({ window, capNanoUsd }) => ({
    window,
    capNanoUsd,
    spent: fullest(`${key}/${window}`, scopes, facts.readings.spent[window], 9, facts),
  }))
  const windows = read.map(({ window, capNanoUsd, spent }) => ({ window, capNanoUsd: less(capNanoUsd, spent) }))
  if (throttle === undefined) return { kind: 'budget', key, windows }
  const isPaced = read.some(({ capNanoUsd, spent }) => spent >= (capNanoUsd * BigInt(throttle.percent)) / 100n)
  if (!isPaced) return { kind: 'budget', key, windows }
  const used = fullest(`${key}p/${throttle.window}`, scopes, facts.readings.used[throttle.window], 0, facts)
  // At 0 % every call is paced, whatever is left of the caps.
  return { kind: 'budget', key, windows, throttle: { ...throttle, percent: 0, count: less(throttle.count, used) } }
}

function fullest(
  meter: string,
  scopes: readonly string[],
  ofWindow: unknown,
  places: number,
  { readings }: RequestFacts,
): bigint {
  let most = 0n
  for (const scope of scopes) {
    const value = unitsOf(readings.meters[`${meter}${scope}`] ?? ofWindow, places) ?? 0n
    if (value > most) most = value
  }
  return most
}

function less(cap: bigint, used: bigint): bigint {
  return used >= cap ? 0n : cap - used
}
