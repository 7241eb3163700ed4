/** Budgets that cover calls which cost nothing as far as the policy says. */
import type { BudgetNode, GrantNode, LimitAllDeclaration, PolicyFile } from '../../../grammar/index.ts'
import { mayOverlap } from '../../algebra/index.ts'
import type { Located } from '../resolve.ts'
import { closeRoles } from '../resolve.ts'
import { type CheckContext, type Rule, spanOf } from './context.ts'
import { walk } from './walk.ts'

/** KV4003, once per budget: without `cost` in the request, a grant without `estimate` is charged nothing. */
export const checkEstimates: Rule = (context) => {
  const { policy } = context
  const unpriced: Located<GrantNode>[] = []
  const places = new Map<GrantNode, PolicyFile>()
  walk(policy.files, {
    grant: (grant, { file }) => {
      if (grant.clauses.some((clause) => clause.kind === 'estimate')) return
      unpriced.push({ file, node: grant })
      places.set(grant, file)
    },
  })
  if (unpriced.length === 0) return
  const closed = closeRoles(policy, (grant) => grant.start)
  for (const file of policy.files) {
    for (const node of file.declarations) {
      if (node.kind === 'limit-all') {
        if (node.limit.kind !== 'budget') continue
        const covered = unpriced.filter((grant) => covers(node, grant.node))
        reportBudget(context, file, node.limit, covered)
      } else if (node.kind === 'agent' || node.kind === 'delegation' || node.kind === 'boundary') {
        const budgets = node.members.flatMap((member) =>
          member.kind === 'limit' && member.limit.kind === 'budget' ? [member.limit] : [],
        )
        if (budgets.length === 0) continue
        const grants = new Set<GrantNode>()
        for (const member of node.members) {
          if (member.kind === 'grant') grants.add(member)
          else if (member.kind === 'roles') {
            for (const role of member.roles) for (const grant of closed.get(role.text) ?? []) grants.add(grant)
          }
        }
        const covered = [...grants].flatMap((grant) => {
          const place = places.get(grant)
          return place === undefined ? [] : [{ file: place, node: grant }]
        })
        for (const budget of budgets) reportBudget(context, file, budget, covered)
      }
    }
  }
}

function covers(limit: LimitAllDeclaration, grant: GrantNode): boolean {
  const actions = new Set(limit.scope.actions.names.map((name) => name.text))
  const meets =
    limit.scope.actions.any ||
    grant.scope.actions.any ||
    grant.scope.actions.names.some((name) => actions.has(name.text))
  return meets && limit.scope.patterns.some((a) => grant.scope.patterns.some((b) => mayOverlap(a.value, b.value)))
}

function reportBudget(
  { report }: CheckContext,
  file: PolicyFile,
  budget: BudgetNode,
  covered: readonly Located<GrantNode>[],
): void {
  const [first] = covered
  if (first === undefined) return
  const grants = covered.length === 1 ? 'a grant' : `${covered.length} grants`
  report({
    code: 'KV4003',
    severity: 'warning',
    message: `this budget covers ${grants} without \`estimate\``,
    path: file.path,
    span: spanOf(budget),
    label: 'is charged nothing for a request without `cost`',
    secondary: [{ path: first.file.path, span: spanOf(first.node.scope), label: 'has no `estimate`' }],
    help: 'add `estimate N USD` to the grant, or send `cost` with every request',
  })
}
