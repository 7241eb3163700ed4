/** Members, clauses, windows and facts that may be said only once. */
import type { PolicyFile, Span, Window } from '../../../grammar/index.ts'
import { type CheckContext, type Rule, spanOf } from './context.ts'
import { walk } from './walk.ts'

/** KV1012 (a member, clause or fact again), KV1017 (a window again within one clause). */
export const checkOnce: Rule = (context) => {
  for (const file of context.policy.files) {
    for (const node of file.declarations) {
      if (node.kind === 'agent' || node.kind === 'delegation' || node.kind === 'boundary') {
        reportAgain(context, file, node.members, MEMBERS)
      } else if (node.kind === 'test') {
        for (const facts of [node.facts, ...node.rows.map((row) => row.facts)]) {
          reportAgain(context, file, facts, FACTS)
          for (const kind of ['used', 'spent'] as const) {
            reportWindows(
              context,
              file,
              facts.flatMap((fact) => (fact.kind === kind ? [{ window: fact.window, ...spanOf(fact) }] : [])),
            )
          }
        }
      }
    }
  }
  walk(context.policy.files, {
    grant: (grant, { file }) => {
      if (grant.clauses.length > 1) reportAgain(context, file, grant.clauses, CLAUSES)
    },
    limit: ({ windows }, { file }) => {
      if (windows.length < 2) return
      const entries = windows.map((entry) => ({
        window: entry.window,
        ...spanOf('count' in entry ? entry.count : entry.amount),
      }))
      reportWindows(context, file, entries)
    },
  })
}

/** Kinds that share a word exclude each other: a delegation expires in, or at. */
const MEMBERS: Readonly<Record<string, string>> = {
  owner: 'owner',
  may: 'may delegate',
  'expires-at': 'expires',
  'expires-in': 'expires',
  depth: 'depth',
}

const CLAUSES: Readonly<Record<string, string>> = { approval: 'needs', estimate: 'estimate' }

const FACTS: Readonly<Record<string, string>> = {
  via: 'via',
  at: 'at',
  since: 'since',
  from: 'from',
  with: 'with',
  trust: 'trust',
  cost: 'cost',
  because: 'because',
}

function reportAgain(
  { report }: CheckContext,
  file: PolicyFile,
  parts: readonly (Span & { readonly kind: string })[],
  words: Readonly<Record<string, string>>,
): void {
  const first = new Map<string, Span>()
  for (const part of parts) {
    const word = words[part.kind]
    if (word === undefined) continue
    const earlier = first.get(word)
    if (earlier === undefined) {
      first.set(word, part)
      continue
    }
    report({
      code: 'KV1012',
      severity: 'error',
      message: `\`${word}\` may be said only once here`,
      path: file.path,
      span: spanOf(part),
      label: 'said again here',
      secondary: [{ path: file.path, span: spanOf(earlier), label: 'first said here' }],
      help: 'keep one of the two',
    })
  }
}

function reportWindows(
  { report }: CheckContext,
  file: PolicyFile,
  entries: readonly (Span & { readonly window: Window })[],
): void {
  const first = new Map<Window, Span>()
  for (const entry of entries) {
    const earlier = first.get(entry.window)
    if (earlier === undefined) {
      first.set(entry.window, entry)
      continue
    }
    report({
      code: 'KV1017',
      severity: 'error',
      message: `the window \`${entry.window}\` stands twice`,
      path: file.path,
      span: spanOf(entry),
      label: `a second number per ${entry.window}`,
      secondary: [{ path: file.path, span: spanOf(earlier), label: 'first said here' }],
      help: 'each window may have one number; the smaller one would win',
    })
  }
}
