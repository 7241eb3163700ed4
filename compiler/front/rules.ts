/**
 * The numbered rules of a policy: every `allow`, `forbid`, `require` and top-level `limit`, in source order.
 *
 * Their numbers are the ids that images, decisions and audit rows carry (docs/language.md, section 1).
 */
import type {
  ForbidDeclaration,
  GrantNode,
  LimitAllDeclaration,
  PolicyFile,
  RequireDeclaration,
  Span,
} from '../../grammar/index.ts'

/** A rule as it stands in the tree. */
export type RuleNode = GrantNode | ForbidDeclaration | RequireDeclaration | LimitAllDeclaration

/** Where a rule was written. */
export interface RuleOrigin {
  readonly id: number
  readonly kind: 'allow' | 'forbid' | 'require' | 'limit'
  readonly path: string
  readonly span: Span
  /** 1-based line and column (UTF-16) of the start of `span`. */
  readonly line: number
  readonly column: number
  readonly holder: RuleHolder
}

/** Whose rule it is; guardrails are the policy's. A delegation is named `FROM -> TO`, the boundary `runtime`. */
export interface RuleHolder {
  readonly kind: 'role' | 'agent' | 'delegation' | 'boundary' | 'policy'
  readonly name: string
}

/** Rule ids and their origins: `rules[id].id === id`. */
export interface SourceMap {
  readonly rules: readonly RuleOrigin[]
}

/** The source map of a policy, and the way from a node to its id. */
export interface NumberedRules {
  readonly map: SourceMap
  /** @throws {RangeError} for a node of another policy. */
  readonly idOf: (node: RuleNode) => number
}

/** Numbers the rules of `files`, which are sorted by the bytes of their paths. */
export function numberRules(files: readonly PolicyFile[]): NumberedRules {
  const ids = new Map<RuleNode, number>()
  const rules: RuleOrigin[] = []
  for (const file of files) {
    const lines = new LineCounter(file.text)
    const add = (node: RuleNode, kind: RuleOrigin['kind'], holder: RuleHolder) => {
      const id = rules.length
      ids.set(node, id)
      const { line, column } = lines.advance(node.start)
      rules.push({ id, kind, path: file.path, span: { start: node.start, end: node.end }, line, column, holder })
    }
    for (const node of file.declarations) {
      switch (node.kind) {
        case 'role': {
          const holder: RuleHolder = { kind: 'role', name: node.name.text }
          for (const grant of node.grants) add(grant, 'allow', holder)
          break
        }
        case 'agent':
        case 'delegation':
        case 'boundary': {
          const holder = holderOf(node)
          for (const member of node.members) if (member.kind === 'grant') add(member, 'allow', holder)
          break
        }
        case 'forbid':
          add(node, 'forbid', POLICY)
          break
        case 'require':
          add(node, 'require', POLICY)
          break
        case 'limit-all':
          add(node, 'limit', POLICY)
          break
        default:
      }
    }
  }
  const idOf = (node: RuleNode): number => {
    const id = ids.get(node)
    if (id === undefined) throw new RangeError('this rule is not part of the numbered policy')
    return id
  }
  return { map: { rules }, idOf }
}

const POLICY: RuleHolder = { kind: 'policy', name: '' }

/** The holder that a declaration with members gives to its rules and limits. */
export function holderOf(
  node:
    | { readonly kind: 'agent' | 'role'; readonly name: { readonly text: string } }
    | { readonly kind: 'delegation'; readonly from: { readonly text: string }; readonly to: { readonly text: string } }
    | { readonly kind: 'boundary' },
): RuleHolder {
  switch (node.kind) {
    case 'agent':
    case 'role':
      return { kind: node.kind, name: node.name.text }
    case 'delegation':
      return { kind: 'delegation', name: `${node.from.text} -> ${node.to.text}` }
    case 'boundary':
      return { kind: 'boundary', name: 'runtime' }
  }
}

/** NAME.map.json: one rule a line, the same bytes for the same map. */
export function emitSourceMap(map: SourceMap): string {
  const rows = map.rules.map((rule) =>
    JSON.stringify({
      id: rule.id,
      kind: rule.kind,
      path: rule.path,
      line: rule.line,
      column: rule.column,
      start: rule.span.start,
      end: rule.span.end,
      holder: { kind: rule.holder.kind, name: rule.holder.name },
    }),
  )
  const body = rows.length === 0 ? '[]' : `[\n    ${rows.join(',\n    ')}\n  ]`
  return `{\n  "version": 1,\n  "rules": ${body}\n}\n`
}

/** Lines of ascending offsets in one pass over the text. */
class LineCounter {
  readonly #text: string
  #line = 1
  #lineStart = 0

  constructor(text: string) {
    this.#text = text
  }

  advance(offset: number): { readonly line: number; readonly column: number } {
    for (;;) {
      const end = this.#text.indexOf('\n', this.#lineStart)
      if (end < 0 || end >= offset) break
      this.#lineStart = end + 1
      this.#line += 1
    }
    return { line: this.#line, column: offset - this.#lineStart + 1 }
  }
}
