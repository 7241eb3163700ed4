/** Until proofs exist, nobody may believe that an assertion was proved or a delegation compared. */

import type { Declaration } from '../../../grammar/index.ts'
import type { Located } from '../resolve.ts'
import type { Rule } from './context.ts'

/** KV9001, once per policy, with the counts. */
export const checkNotProved: Rule = ({ policy, report }) => {
  let first: Located<Declaration> | undefined
  let assertions = 0
  let delegations = 0
  for (const file of policy.files) {
    for (const node of file.declarations) {
      if (node.kind !== 'assert' && node.kind !== 'delegation') continue
      first ??= { file, node }
      if (node.kind === 'assert') assertions += 1
      else delegations += 1
    }
  }
  if (first === undefined) return
  const counts = [count(assertions, 'assertion'), count(delegations, 'delegation')].filter((text) => text !== '')
  const { start } = first.node
  report({
    code: 'KV9001',
    severity: 'warning',
    message: `not proved: ${counts.join(' and ')}`,
    path: first.file.path,
    span: { start, end: start + (first.node.kind === 'assert' ? 'assert' : 'delegate').length },
    label: 'the first of them',
    help: 'this version checks and runs the policy, but proves nothing about it; `--require-proofs` refuses it',
  })
}

function count(n: number, word: string): string {
  return n === 0 ? '' : `${n} ${word}${n === 1 ? '' : 's'}`
}
