/** Bounds of depths, percentages, amounts of money and durations. */
import type { BudgetNode, DecimalNode, DurationLiteral, IntLiteral, PolicyFile, Span } from '../../../grammar/index.ts'
import { type CheckContext, type Rule, spanOf } from './context.ts'
import { walk } from './walk.ts'

const MAX_DEPTH = 5n
const MAX_PERCENT = 100n
const NANO = 1_000_000_000n
/** 9_000_000_000 USD in nano-USD: below 2^63, with room to add two of them without sign. */
const MAX_AMOUNT = 9_000_000_000n * NANO
/** Stores count nano-USD exactly below this: 9_007_199 USD. */
const MAX_EXACT = 2n ** 53n

/** KV1021 (depth), KV1022 (percentage), KV1023 (amount), KV1024 (duration), KV1025 (approver), KV4004 (inexact cap). */
export const checkNumbers: Rule = (context) => {
  const { policy } = context
  for (const file of policy.files) {
    for (const node of file.declarations) {
      if (node.kind === 'agent' || node.kind === 'delegation' || node.kind === 'boundary') {
        for (const member of node.members) {
          if (member.kind === 'may' || member.kind === 'depth') reportDepth(context, file, member.depth)
          else if (member.kind === 'expires-in') reportDuration(context, file, member.duration)
        }
      } else if (node.kind === 'test') {
        for (const facts of [node.facts, ...node.rows.map((row) => row.facts)]) {
          for (const fact of facts) {
            if (fact.kind === 'cost' || fact.kind === 'spent') reportAmount(context, file, fact.amount)
          }
        }
      }
    }
  }
  walk(policy.files, {
    grant: (grant, { file }) => {
      for (const clause of grant.clauses) if (clause.kind === 'estimate') reportAmount(context, file, clause.amount)
    },
    limit: (limit, { file }) => {
      if (limit.kind === 'budget') reportBudget(context, file, limit)
    },
    approval: ({ by, within }, { file }) => {
      if (within !== undefined) reportDuration(context, file, within)
      if (by?.value === '') reportApprover(context, file, by)
    },
  })
}

function reportDepth({ report }: CheckContext, file: PolicyFile, depth: IntLiteral): void {
  if (depth.value <= MAX_DEPTH) return
  report({
    code: 'KV1021',
    severity: 'error',
    message: `depth \`${depth.value}\` is out of range`,
    path: file.path,
    span: spanOf(depth),
    label: 'from 0 to 5',
    help: 'a chain has at most 5 hops',
  })
}

function reportBudget(context: CheckContext, file: PolicyFile, budget: BudgetNode): void {
  for (const { amount } of budget.windows) {
    if (reportAmount(context, file, amount)) continue
    if (amount.value.units < MAX_EXACT) continue
    context.report({
      code: 'KV4004',
      severity: 'warning',
      message: `no store can count up to \`${amount.text}\` USD exactly`,
      path: file.path,
      span: spanOf(amount),
      label: 'hosts refuse to load this policy',
      help: 'stay below 9_007_199 USD',
    })
  }
  const { throttle } = budget
  if (throttle === undefined || throttle.percent.value <= MAX_PERCENT) return
  context.report({
    code: 'KV1022',
    severity: 'error',
    message: `\`${throttle.percent.value}%\` is out of range`,
    path: file.path,
    span: spanOf(throttle.percent),
    label: 'from 0% to 100%',
    help: 'the threshold is a part of the cap',
  })
}

/** Returns whether the amount was reported. */
function reportAmount({ report }: CheckContext, file: PolicyFile, amount: DecimalNode): boolean {
  const { units } = amount.value
  if (units >= 0n && units <= MAX_AMOUNT) return false
  report({
    code: 'KV1023',
    severity: 'error',
    message: `\`${amount.text}\` USD is out of range`,
    path: file.path,
    span: spanOf(amount),
    label: 'from 0 to 9_000_000_000',
    help: 'amounts are USD, not cents',
  })
  return true
}

function reportDuration({ report }: CheckContext, file: PolicyFile, duration: DurationLiteral): void {
  const fault =
    duration.ms === 0 ? 'is over at once' : Number.isSafeInteger(duration.ms) ? undefined : 'is longer than time lasts'
  if (fault === undefined) return
  report({
    code: 'KV1024',
    severity: 'error',
    message: `the duration \`${duration.text}\` ${fault}`,
    path: file.path,
    span: spanOf(duration),
    label: duration.ms === 0 ? 'grants nothing' : 'at most 2^53 milliseconds',
    help: 'write a duration such as `30m` or `7d`',
  })
}

function reportApprover({ report }: CheckContext, file: PolicyFile, by: Span): void {
  report({
    code: 'KV1025',
    severity: 'error',
    message: 'the approver has no name',
    path: file.path,
    span: spanOf(by),
    label: 'nobody can give this approval',
    help: 'name an approver or a role, or leave `by` out so that anyone will do',
  })
}
