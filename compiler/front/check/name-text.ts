/** Actions and agent names can occur in a request: 1 to 128 bytes, NFC, without `:`, `*`, controls and U+FFFD. */
import type { Name, PolicyFile } from '../../../grammar/index.ts'
import { nameFault } from '../../model/index.ts'
import { type CheckContext, type Rule, spanOf } from './context.ts'
import { walk } from './walk.ts'

/** KV1014. */
export const checkNameText: Rule = (context) => {
  const { policy } = context
  for (const file of policy.files) {
    for (const node of file.declarations) {
      if (node.kind === 'agent') reportText(context, file, node.name, 'agent')
      else if (node.kind === 'test') {
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
