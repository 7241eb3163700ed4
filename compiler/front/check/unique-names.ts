/** Names are unique per kind over all files, the boundary stands once, and `runtime` names no agent. */
import type { Name, PolicyFile, Span } from '../../../grammar/index.ts'
import type { Located } from '../resolve.ts'
import { type CheckContext, type Rule, spanOf } from './context.ts'

/** KV1005 (declared twice), KV1010 (`runtime` as a name), KV1011 (second boundary). */
export const checkUniqueNames: Rule = (context) => {
  const { policy } = context
  for (const file of policy.files) {
    for (const node of file.declarations) {
      switch (node.kind) {
        case 'agent':
          if (node.name.text === 'runtime') reportRuntime(context, file, node.name)
          reportTwice(context, 'agent', policy.agents.get(node.name.text), file, node)
          break
        case 'role':
          reportTwice(context, 'role', policy.roles.get(node.name.text), file, node)
          break
        case 'set':
          reportTwice(context, 'set', policy.sets.get(node.name.text), file, node)
          break
        case 'catalog':
          reportTwice(context, 'catalog', policy.catalogs.get(node.name.text), file, node)
          break
        case 'boundary':
          if (policy.boundary !== undefined && policy.boundary.node !== node) {
            reportBoundary(context, file, node, policy.boundary)
          }
          break
        default:
      }
    }
  }
}

function reportTwice<T extends { readonly name: Name }>(
  { report }: CheckContext,
  word: string,
  first: Located<T> | undefined,
  file: PolicyFile,
  node: T,
): void {
  if (first === undefined || first.node === node) return
  report({
    code: 'KV1005',
    severity: 'error',
    message: `${word} \`${node.name.text}\` is declared twice`,
    path: file.path,
    span: spanOf(node.name),
    label: 'declared again here',
    secondary: [{ path: first.file.path, span: spanOf(first.node.name), label: 'first declared here' }],
    help: 'rename one of the two, or join them',
  })
}

function reportRuntime({ report }: CheckContext, file: PolicyFile, name: Name): void {
  report({
    code: 'KV1010',
    severity: 'error',
    message: '`runtime` cannot be the name of an agent',
    path: file.path,
    span: spanOf(name),
    label: 'means every agent made at run time',
    help: 'choose another name',
  })
}

function reportBoundary({ report }: CheckContext, file: PolicyFile, node: Span, first: Located<Span>): void {
  const length = 'boundary'.length
  report({
    code: 'KV1011',
    severity: 'error',
    message: 'the boundary is declared twice',
    path: file.path,
    span: { start: node.start, end: node.start + length },
    label: 'declared again here',
    secondary: [
      {
        path: first.file.path,
        span: { start: first.node.start, end: first.node.start + length },
        label: 'first declared here',
      },
    ],
    help: 'keep one `boundary runtime` with all grants and limits',
  })
}
