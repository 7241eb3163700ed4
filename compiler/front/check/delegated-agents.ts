/** A `delegated` agent holds nothing of its own: all it may do comes through a chain. */
import { type Rule, spanOf } from './context.ts'

/** KV1018 (it has grants or roles), KV4007 (nobody delegates to it). */
export const checkDelegatedAgents: Rule = ({ policy, report }) => {
  const receivers = new Set(policy.delegations.map(({ node }) => node.to.text))
  for (const { file, node } of policy.agents.values()) {
    if (node.type !== 'delegated') continue
    for (const member of node.members) {
      if (member.kind !== 'grant' && member.kind !== 'roles') continue
      report({
        code: 'KV1018',
        severity: 'error',
        message: `the delegated agent \`${node.name.text}\` has ${member.kind === 'grant' ? 'a grant' : 'roles'} of its own`,
        path: file.path,
        span: spanOf(member),
        label: 'may stand in a `delegate` to it',
        secondary: [{ path: file.path, span: spanOf(node.name), label: 'declared `delegated` here' }],
        help: 'declare the agent `autonomous` or `service`, or move this to a `delegate`',
      })
    }
    if (!receivers.has(node.name.text) && !policy.broken.any) {
      report({
        code: 'KV4007',
        severity: 'warning',
        message: `nobody delegates to the delegated agent \`${node.name.text}\``,
        path: file.path,
        span: spanOf(node.name),
        label: 'it can do nothing until somebody delegates to it at run time',
        help: `write \`delegate SOMEBODY -> ${node.name.text} { ... }\`, or remove the agent`,
      })
    }
  }
}
