/** A role cannot include itself, directly or through others. */
import { orderRoles } from '../resolve.ts'
import { type Rule, spanOf } from './context.ts'

/** KV1009, once per cycle, at the role declared first in it. */
export const checkRoleCycles: Rule = ({ policy, report }) => {
  for (const cycle of orderRoles(policy).cycles) {
    const [first, ...others] = cycle
    if (first === undefined) continue
    const names = cycle.map((role) => role.node.name.text)
    report({
      code: 'KV1009',
      severity: 'error',
      message: `role \`${first.node.name.text}\` includes itself`,
      path: first.file.path,
      span: spanOf(first.node.name),
      label: [...names, first.node.name.text].join(' -> '),
      ...(others.length > 0 && {
        secondary: others.map((role) => ({
          path: role.file.path,
          span: spanOf(role.node.name),
          label: 'part of the cycle',
        })),
      }),
      help: 'remove one `includes` of the cycle',
    })
  }
}
