/** The header stands in exactly one file, first, and its generation fits the format. */

import type { PolicyHeader } from '../../../grammar/index.ts'
import type { Located } from '../resolve.ts'
import { isCompanion } from './companion-files.ts'
import { type CheckContext, type Rule, spanOf } from './context.ts'

const MAX_GENERATION = 2n ** 53n - 1n

/** KV1001 (no header), KV1002 (a second one), KV1003 (not first), KV1004 (generation). */
export const checkHeader: Rule = (context) => {
  let first: Located<PolicyHeader> | undefined
  for (const file of context.policy.files) {
    if (file.header === undefined) continue
    const node = file.header
    if (first === undefined) first = { file, node }
    else reportSecond(context, first, { file, node })
    reportLate(context, { file, node })
    reportGeneration(context, { file, node })
  }
  if (first === undefined && !context.policy.broken.has('policy')) reportMissing(context)
}

function reportMissing({ policy, report }: CheckContext): void {
  const file = policy.files.find((candidate) => !isCompanion(candidate.path)) ?? policy.files[0]
  report({
    code: 'KV1001',
    severity: 'error',
    message: 'the policy has no header',
    path: file?.path ?? '',
    span: { start: 0, end: 0 },
    label: 'expected `policy NAME` here, or at the top of one other file',
    help: 'begin one file with `policy NAME generation 1`',
  })
}

function reportSecond({ report }: CheckContext, first: Located<PolicyHeader>, second: Located<PolicyHeader>): void {
  report({
    code: 'KV1002',
    severity: 'error',
    message: 'the policy has a second header',
    path: second.file.path,
    span: spanOf(second.node),
    label: 'all files of a folder are one policy',
    secondary: [{ path: first.file.path, span: spanOf(first.node), label: 'first declared here' }],
    help: 'keep one `policy` line',
  })
}

function reportLate({ report }: CheckContext, { file, node }: Located<PolicyHeader>): void {
  const before = file.declarations[0]
  if (before === undefined || before.start >= node.start) return
  report({
    code: 'KV1003',
    severity: 'error',
    message: 'the header is not the first statement of its file',
    path: file.path,
    span: spanOf(node),
    label: 'must stand before all declarations',
    secondary: [
      { path: file.path, span: { start: before.start, end: before.start + 1 }, label: 'the first declaration' },
    ],
    help: 'move the `policy` line to the top of the file',
  })
}

function reportGeneration({ report }: CheckContext, { file, node }: Located<PolicyHeader>): void {
  const { generation } = node
  if (generation === undefined || (generation.value >= 1n && generation.value <= MAX_GENERATION)) return
  report({
    code: 'KV1004',
    severity: 'error',
    message: `generation \`${generation.value}\` is out of range`,
    path: file.path,
    span: spanOf(generation),
    label: 'from 1 to 9007199254740991',
    help: 'generations begin at 1 and grow by one with every published change',
  })
}
