/** The shape of delegations: between two agents, from one that may delegate. */
import type { DelegationDeclaration } from '../../../grammar/index.ts'
import type { ResolvedPolicy } from '../resolve.ts'
import { type Rule, spanOf } from './context.ts'

/** KV1019 (to itself), KV4005 (from an agent that may not delegate). */
export const checkDelegations: Rule = (context) => {
  const { policy, report } = context
  const passedOn = new Set(policy.delegations.filter(({ node }) => depthOf(node) > 0n).map(({ node }) => node.to.text))
  for (const { file, node } of policy.delegations) {
    if (node.from.text === node.to.text) {
      report({
        code: 'KV1019',
        severity: 'error',
        message: `\`${node.from.text}\` delegates to itself`,
        path: file.path,
        span: spanOf(node.to),
        label: 'the delegator',
        help: 'name another agent after `->`',
      })
      continue
    }
    const reason = cannotDelegate(policy, node.from.text, passedOn)
    if (reason === undefined) continue
    report({
      code: 'KV4005',
      severity: 'warning',
      message: `\`${node.from.text}\` may not delegate, so this delegation grants nothing`,
      path: file.path,
      span: spanOf(node.from),
      label: reason,
      help: `add \`may delegate depth 1\` to \`${node.from.text}\`, or remove the delegation`,
    })
  }
}

function cannotDelegate(policy: ResolvedPolicy, name: string, passedOn: ReadonlySet<string>): string | undefined {
  const agent = policy.agents.get(name)
  if (agent === undefined) return undefined
  const may = agent.node.members.find((member) => member.kind === 'may')
  if (may !== undefined) return may.depth.value === 0n ? 'says `may delegate depth 0`' : undefined
  return passedOn.has(name) ? undefined : 'has no `may delegate`, and nothing it received has depth left'
}

function depthOf(node: DelegationDeclaration): bigint {
  return node.members.find((member) => member.kind === 'depth')?.depth.value ?? 0n
}
