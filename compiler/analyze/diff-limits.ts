/** How rates, budgets and estimates changed, clause by clause. */
import { widerLimits } from '../algebra/index.ts'
import { type BudgetModel, formatDecimal, type GrantModel, type LimitModel, type PolicyModel } from '../model/index.ts'
import { describeLimit, describeScope } from './describe-rule.ts'
import { scopeText } from './diff-key.ts'

export interface LimitChange {
  readonly change: 'added' | 'removed' | 'looser' | 'tighter' | 'other'
  /** `agent coder`, `delegation planner -> coder`, `role reader`, `boundary runtime`, `everybody`. */
  readonly holder: string
  /** What the clause is about: `calls`, or the scope of its rule. */
  readonly subject: string
  readonly old: string | undefined
  readonly new: string | undefined
  /** Rule of the clause; absent for limits of agents, delegations and the boundary. */
  readonly oldRule?: number
  readonly newRule?: number
}

/** Clauses are the same when they have the same meter, whatever their numbers; grants are when they have the same scope. */
export function diffLimits(old: PolicyModel, new_: PolicyModel): readonly LimitChange[] {
  const [before, after] = [clausesOf(old), clausesOf(new_)]
  const keys = [...new Set([...before.keys(), ...after.keys()])]
  return keys.flatMap((key) => {
    const [was, is] = [before.get(key), after.get(key)]
    const clause = is ?? was
    if (clause === undefined || was?.text === is?.text) return []
    return [
      {
        change: changeOf(was, is),
        holder: clause.holder,
        subject: clause.subject,
        old: was?.text,
        new: is?.text,
        ...(was?.rule !== undefined && { oldRule: was.rule }),
        ...(is?.rule !== undefined && { newRule: is.rule }),
      },
    ]
  })
}

interface Clause {
  readonly holder: string
  readonly subject: string
  readonly text: string
  /** A limit, or nano-USD of an estimate. */
  readonly limit: LimitModel | bigint
  readonly rule: number | undefined
}

function clausesOf(model: PolicyModel): ReadonlyMap<string, Clause> {
  const clauses = new Map<string, Clause>()
  const add = (holder: string, limits: readonly LimitModel[] | undefined, grant?: GrantModel) => {
    for (const limit of limits ?? []) {
      const subject = grant === undefined ? 'all calls' : describeScope(grant).text
      clauses.set(limit.key, { holder, subject, text: describeLimit(limit), limit, rule: grant?.id })
    }
  }
  const addGrants = (holder: string, grants: readonly GrantModel[]) => {
    const seen = new Map<string, number>()
    for (const grant of grants) {
      add(holder, grant.limits, grant)
      if (grant.estimateNanoUsd === undefined) continue
      const scope = scopeText(grant)
      const earlier = seen.get(scope) ?? 0
      seen.set(scope, earlier + 1)
      clauses.set(`${holder} ${scope} ${earlier}`, {
        holder,
        subject: describeScope(grant).text,
        text: `estimate ${formatDecimal(grant.estimateNanoUsd)} USD`,
        limit: grant.estimateNanoUsd,
        rule: grant.id,
      })
    }
  }
  for (const { name, grants } of model.roles) addGrants(`role ${name}`, grants)
  for (const { name, grants, limits } of model.agents) {
    add(`agent ${name}`, limits)
    addGrants(`agent ${name}`, grants)
  }
  for (const { from, to, grants, limits } of model.delegations) {
    add(`delegation ${from} -> ${to}`, limits)
    addGrants(`delegation ${from} -> ${to}`, grants)
  }
  add('boundary runtime', model.boundary?.limits)
  addGrants('boundary runtime', model.boundary?.grants ?? [])
  for (const rule of model.limits) {
    const each = rule.per === undefined ? '' : ` each ${rule.per}`
    clauses.set(rule.limit.key, {
      holder: 'everybody',
      subject: describeScope(rule).text,
      text: `${describeLimit(rule.limit)}${each}`,
      limit: rule.limit,
      rule: rule.id,
    })
  }
  return clauses
}

/** The order of nested windows decides: `rate 60 per minute` is within `rate 3600 per hour`. */
function changeOf(was: Clause | undefined, is: Clause | undefined): LimitChange['change'] {
  if (was === undefined) return 'added'
  if (is === undefined) return 'removed'
  const isLooser = isWider(is.limit, was.limit)
  if (isLooser === isWider(was.limit, is.limit)) return 'other'
  return isLooser ? 'looser' : 'tighter'
}

/** Whether `a` lets something through that `b` does not. A call that counts as less is let through longer. */
function isWider(a: Clause['limit'], b: Clause['limit']): boolean {
  if (typeof a === 'bigint' || typeof b === 'bigint') return a < b
  return widerLimits([a], [b]).length > 0 || isPaceWider(a, b)
}

const SHORTER = { minute: 1n, hour: 60n, day: 1440n, month: 44_640n } as const

/** Whether `a` throttles later, or to more calls, than `b`. */
function isPaceWider(a: LimitModel, b: LimitModel): boolean {
  const [left, right] = [throttleOf(a), throttleOf(b)]
  if (right === undefined) return false
  if (left === undefined) return true
  if (left.percent > right.percent) return true
  return left.count * SHORTER[right.window] > right.count * SHORTER[left.window]
}

function throttleOf(limit: LimitModel): BudgetModel['throttle'] {
  return limit.kind === 'budget' ? limit.throttle : undefined
}
