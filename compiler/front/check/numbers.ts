/** Bounds that the parser does not know: those of depths, durations and of what stores can count. */
import type { BudgetNode, DurationLiteral, IntLiteral, PolicyFile, Span } from '../../../grammar/index.ts'
import { type CheckContext, type Rule, spanOf } from './context.ts'
import { walk } from './walk.ts'

const MAX_DEPTH = 5n
/** Stores count nano-USD exactly below this: 9_007_199 USD. */
const MAX_EXACT = 2n ** 53n

/** KV1021 (depth), KV1024 (duration), KV1025 (approver without a name), KV4004 (inexact cap). */
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
            if (fact.kind === 'approved-by' && fact.by.value === '') reportApprover(context, file, fact.by)
          }
        }
      }
    }
  }
  walk(policy.files, {
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

function reportBudget({ report }: CheckContext, file: PolicyFile, budget: BudgetNode): void {
  for (const { amount } of budget.windows) {
    if (amount.value.units < MAX_EXACT) continue
    report({
      code: 'KV4004',
      severity: 'warning',
      message: `no store can count up to \`${amount.text}\` USD exactly`,
      path: file.path,
      span: spanOf(amount),
      label: 'hosts refuse to load this policy',
      help: 'stay below 9_007_199 USD',
    })
  }
}

function reportDuration({ report }: CheckContext, file: PolicyFile, duration: DurationLiteral): void {
  if (duration.ms > 0) return
  report({
    code: 'KV1024',
    severity: 'error',
    message: `the duration \`${duration.text}\` is over at once`,
    path: file.path,
    span: spanOf(duration),
    label: 'grants nothing',
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
