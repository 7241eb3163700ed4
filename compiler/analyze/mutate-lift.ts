/**
 * A policy whose limits of zero are limits that can be kept, so that proofs see what lies behind them.
 *
 * A rate of 0 is used up whatever is read, which no other reading would change; but between two denials it still says
 * `limited` where a budget says `deny`. Lifted to a number that only a reading of that size uses up, such a limit is like any other,
 * and what holds of the lifted policy for all readings holds of the policy, whose readings are some of them.
 */
import type { BudgetModel, GrantModel, LimitModel, PolicyModel } from '../model/index.ts'
import { replace } from './mutate-edit.ts'

/** More than a cost can be, or a policy can state. */
const LIFTED = 10n ** 19n

/** The same object where nothing is zero; parts that were the same object stay the same object. */
export function liftZeros(model: PolicyModel): PolicyModel {
  const roles = replace(model.roles, liftHolder)
  const agents = replace(model.agents, liftHolder)
  const delegations = replace(model.delegations, liftHolder)
  const boundary = model.boundary && liftHolder(model.boundary)
  const limits = replace(model.limits, (rule) =>
    once(rule, () => {
      const limit = liftLimit(rule.limit)
      return limit === rule.limit ? rule : { ...rule, limit }
    }),
  )
  const isSame =
    roles === model.roles &&
    agents === model.agents &&
    delegations === model.delegations &&
    boundary === model.boundary &&
    limits === model.limits
  return isSame ? model : { ...model, roles, agents, delegations, ...(boundary && { boundary }), limits }
}

interface Holder {
  readonly grants: readonly GrantModel[]
  readonly limits?: readonly LimitModel[]
}

const KNOWN = new WeakMap<object, object>()

/** What was made of a part before is made of it again. */
function once<T extends object>(part: T, lift: () => T): T {
  const known = KNOWN.get(part)
  if (known !== undefined) return known as T // Only ever put there as what a T became.
  const lifted = lift()
  KNOWN.set(part, lifted)
  return lifted
}

function liftHolder<T extends Holder>(holder: T): T {
  return once(holder, () => {
    const grants = replace(holder.grants, liftGrant)
    const limits = holder.limits && liftLimits(holder.limits)
    const isSame = grants === holder.grants && limits === holder.limits
    return isSame ? holder : { ...holder, grants, ...(limits && { limits }) }
  })
}

function liftGrant(grant: GrantModel): GrantModel {
  return once(grant, () => {
    const limits = grant.limits && liftLimits(grant.limits)
    return limits === undefined || limits === grant.limits ? grant : { ...grant, limits }
  })
}

function liftLimits(limits: readonly LimitModel[]): readonly LimitModel[] {
  return once(limits, () => replace(limits, liftLimit))
}

function liftLimit(limit: LimitModel): LimitModel {
  return once(limit, () => (limit.kind === 'rate' ? liftRate(limit) : liftBudget(limit)))
}

function liftRate(limit: Extract<LimitModel, { readonly kind: 'rate' }>): LimitModel {
  const windows = replace(limit.windows, (it) => (it.count === 0n ? { ...it, count: LIFTED } : it))
  return windows === limit.windows ? limit : { ...limit, windows }
}

function liftBudget(limit: BudgetModel): LimitModel {
  const windows = replace(limit.windows, (it) => (it.capNanoUsd === 0n ? { ...it, capNanoUsd: LIFTED } : it))
  const { throttle } = limit
  const isNever = throttle?.count === 0n
  if (windows === limit.windows && !isNever) return limit
  return { ...limit, windows, ...(throttle && isNever && { throttle: { ...throttle, count: LIFTED } }) }
}
