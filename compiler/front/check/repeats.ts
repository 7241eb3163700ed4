/** Lists that say the same thing twice: harmless, and seldom meant. */
import type { Name, PolicyFile } from '../../../grammar/index.ts'
import { type CheckContext, type Rule, spanOf } from './context.ts'
import { walk } from './walk.ts'

/** KV4006. */
export const checkRepeats: Rule = (context) => {
  const { policy } = context
  for (const file of policy.files) {
    for (const node of file.declarations) {
      if (node.kind === 'role') reportRepeats(context, file, node.includes)
      else if (node.kind === 'agent') {
        const roles = node.members.flatMap((member) => (member.kind === 'roles' ? member.roles : []))
        reportRepeats(context, file, roles)
      }
    }
  }
  walk(policy.files, {
    scope: (scope, _conditions, { file }) => {
      reportRepeats(context, file, scope.actions.names)
      if (scope.patterns.length > 1) reportRepeats(context, file, scope.patterns)
    },
    condition: (condition, { file }) => {
      for (const atom of condition.atoms) if (atom.kind === 'args-only') reportRepeats(context, file, atom.names)
    },
  })
}

function reportRepeats({ report }: CheckContext, file: PolicyFile, names: readonly Name[]): void {
  if (names.length < 2) return
  const first = new Map<string, Name>()
  for (const name of names) {
    const earlier = first.get(name.text)
    if (earlier === undefined) {
      first.set(name.text, name)
      continue
    }
    report({
      code: 'KV4006',
      severity: 'warning',
      message: `\`${name.text}\` stands twice in this list`,
      path: file.path,
      span: spanOf(name),
      label: 'said again here',
      secondary: [{ path: file.path, span: spanOf(earlier), label: 'first said here' }],
      help: 'remove one of the two, or correct it',
    })
  }
}
