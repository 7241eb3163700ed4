/** Agents and delegations whose time is over already: they grant nothing any more. */
import type { PolicyFile, StampLiteral } from '../../../grammar/index.ts'
import { type CheckContext, type Rule, spanOf } from './context.ts'

/** KV1032. Silent without a clock. */
export const checkExpired: Rule = (context) => {
  for (const file of context.policy.files) {
    for (const node of file.declarations) {
      if (node.kind !== 'agent' && node.kind !== 'delegation') continue
      const what =
        node.kind === 'agent' ? `agent \`${node.name.text}\`` : `delegation \`${node.from.text} -> ${node.to.text}\``
      for (const member of node.members) {
        if (member.kind === 'expires-at') reportExpired(context, file, member.at, what)
      }
    }
  }
}

function reportExpired({ now, report }: CheckContext, file: PolicyFile, at: StampLiteral, what: string): void {
  if (now === undefined || now < at.ms) return
  report({
    code: 'KV1032',
    severity: 'warning',
    message: `the ${what} has expired`,
    path: file.path,
    span: spanOf(at),
    label: 'is in the past',
    help: 'give it a later time, or remove it',
  })
}
