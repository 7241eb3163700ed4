/** What every rule of this folder is given, and how it reports. */
import type { Declaration, Diagnostic, Name, PolicyFile, Span } from '../../../grammar/index.ts'
import { nearest } from '../../../grammar/index.ts'
import type { Catalog } from '../catalog.ts'
import type { RegexPool } from '../regex-pool.ts'
import type { Located, ResolvedPolicy } from '../resolve.ts'

/** One rule: looks at the whole policy and reports what it finds. Rules do not depend on each other. */
export type Rule = (context: CheckContext) => void

export interface CheckContext {
  readonly policy: ResolvedPolicy
  readonly regexes: RegexPool
  /** Catalogs that could be read. A declared catalog that is missing here is not checked against. */
  readonly catalogs: ReadonlyMap<string, Catalog>
  /** Milliseconds since 1970, where the caller has a clock. */
  readonly now: number | undefined
  readonly report: (diagnostic: Diagnostic) => void
}

/** A declaration by kind and name, as `reportUnknown` needs it. */
export interface NamedKind {
  readonly kind: Declaration['kind']
  readonly word: string
  readonly declared: ReadonlyMap<string, Located<{ readonly name: Name }>>
}

/** The span of a node without its other members. */
export function spanOf(node: Span): Span {
  return { start: node.start, end: node.end }
}

/** Reports `name` when nothing of that kind has it, and proposes the nearest name there is. Returns whether it is known. */
export function reportUnknown(
  context: CheckContext,
  file: PolicyFile,
  name: Name,
  unknown: NamedKind & { readonly code: string },
): boolean {
  if (unknown.declared.has(name.text)) return true
  if (context.policy.broken.has(unknown.kind, name.text)) return false
  const suggestion = nearest(name.text, [...unknown.declared.keys()])
  const target = suggestion === undefined ? undefined : unknown.declared.get(suggestion)
  context.report({
    code: unknown.code,
    severity: 'error',
    message: `unknown ${unknown.word} \`${name.text}\``,
    path: file.path,
    span: spanOf(name),
    label: `no ${unknown.word} has this name`,
    ...(suggestion !== undefined &&
      target !== undefined && {
        secondary: [
          { path: target.file.path, span: spanOf(target.node.name), label: `\`${suggestion}\` is declared here` },
        ],
        fix: {
          title: `replace with \`${suggestion}\``,
          edits: [{ path: file.path, span: spanOf(name), text: suggestion }],
        },
      }),
    help: suggestion === undefined ? `declare it, or correct the name` : `did you mean \`${suggestion}\`?`,
  })
  return false
}
