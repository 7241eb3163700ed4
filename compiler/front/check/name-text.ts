/** Actions, agent names and owners can occur in a request: 1 to 128 bytes, NFC, without `:`, `*`, controls and U+FFFD. */
import type { Name, PolicyFile, Span } from '../../../grammar/index.ts'
import { nameFault } from '../../model/index.ts'
import { type CheckContext, type Rule, spanOf } from './context.ts'
import { walk } from './walk.ts'

/** KV1014 (agent or action), KV1031 (owner without a name). */
export const checkNameText: Rule = (context) => {
  const { policy } = context
  for (const file of policy.files) {
    for (const node of file.declarations) {
      if (node.kind === 'agent') {
        reportText(context, file, node.name, 'agent')
        for (const member of node.members) {
          if (member.kind === 'owner' && member.owner.value === '') reportOwner(context, file, member.owner)
        }
      } else if (node.kind === 'test') {
        for (const row of node.rows) for (const name of row.actions.names) reportText(context, file, name, 'action')
      }
    }
  }
  walk(policy.files, {
    scope: (scope, _conditions, { file }) => {
      for (const name of scope.actions.names) reportText(context, file, name, 'action')
    },
  })
}

function reportText({ report }: CheckContext, file: PolicyFile, name: Name, word: 'agent' | 'action'): void {
  const fault = nameFault(name.text)
  if (fault === undefined) return
  report({
    code: 'KV1014',
    severity: 'error',
    message: `no request can name this ${word}`,
    path: file.path,
    span: spanOf(name),
    label: `it ${fault}`,
    help:
      word === 'action' && name.text === '*'
        ? 'write `*` without quotes for every action'
        : `${word} names are 1 to 128 bytes of UTF-8 in normal form C, without \`:\`, \`*\` and control characters`,
  })
}

function reportOwner({ report }: CheckContext, file: PolicyFile, owner: Span): void {
  report({
    code: 'KV1031',
    severity: 'error',
    message: 'the owner has no name',
    path: file.path,
    span: spanOf(owner),
    label: 'is empty',
    help: 'name the owner, or leave `owner` out',
  })
}
