/** Tests ask questions that a request can ask, and expect reasons that exist. */
import type { FactNode, Name, PatternNode, PolicyFile, TestDeclaration, TestRow } from '../../../grammar/index.ts'
import { nearest } from '../../../grammar/index.ts'
import { type CheckContext, type Rule, spanOf } from './context.ts'

/**
 * KV1026 (`runtime` without a boundary), KV1027 (unknown reason), KV1028 (wildcards), KV1029 (a principal twice),
 * KV1030 (too many hops), KV2008 (`with` takes an object), KV4009 (a reason that the verdict never has).
 */
export const checkTests: Rule = (context) => {
  for (const file of context.policy.files) {
    for (const node of file.declarations) if (node.kind === 'test') checkTest(context, file, node)
  }
}

/** Verdict that each reason comes with. */
const REASONS: ReadonlyMap<string, TestRow['verdict']> = new Map<string, TestRow['verdict']>([
  ['invalid-request', 'deny'],
  ['agent-unknown', 'deny'],
  ['agent-revoked', 'deny'],
  ['agent-suspended', 'deny'],
  ['agent-expired', 'deny'],
  ['delegation-expired', 'deny'],
  ['delegation-revoked', 'deny'],
  ['delegation-depth', 'deny'],
  ['forbidden', 'deny'],
  ['no-grant', 'deny'],
  ['ip-not-allowed', 'deny'],
  ['outside-hours', 'deny'],
  ['arg-mismatch', 'deny'],
  ['unexpected-arg', 'deny'],
  ['trust-too-low', 'deny'],
  ['cost-too-high', 'deny'],
  ['approval-required', 'approval'],
  ['rate-limited', 'limited'],
  ['budget-exhausted', 'deny'],
  ['throttled', 'throttle'],
  ['allowed', 'allow'],
])

const MAX_VIA = 63

function checkTest(context: CheckContext, file: PolicyFile, test: TestDeclaration): void {
  checkFacts(context, file, test.facts, test.agent)
  checkRuntime(context, file, test.agent)
  for (const row of test.rows) {
    checkFacts(context, file, row.facts, test.agent)
    if (row.actions.any) reportWildcard(context, file, row.actions, 'a test names the actions it asks for')
    for (const pattern of row.patterns) {
      if (!isResource(pattern)) reportWildcard(context, file, pattern, 'a test asks for one resource')
    }
    for (const fact of row.facts) if (fact.kind === 'because') checkReason(context, file, fact.reason, row.verdict)
  }
  for (const fact of test.facts) if (fact.kind === 'because') checkReason(context, file, fact.reason, undefined)
}

function isResource({ value }: PatternNode): boolean {
  return !value.rest && value.segments.every((segment) => segment.every((part) => part.kind === 'text'))
}

function checkFacts(context: CheckContext, file: PolicyFile, facts: readonly FactNode[], agent: Name): void {
  for (const fact of facts) {
    if (fact.kind === 'via') checkVia(context, file, fact.names, agent)
    else if (fact.kind === 'with' && !isObject(fact.value)) {
      context.report({
        code: 'KV2008',
        severity: 'error',
        message: '`with` takes an object of arguments',
        path: file.path,
        span: spanOf(fact),
        label: 'not an object',
        help: 'write `with { name: value }`',
      })
    }
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function checkVia(context: CheckContext, file: PolicyFile, names: readonly Name[], agent: Name): void {
  const first = new Map<string, Name>([[agent.text, agent]])
  for (const name of names) {
    checkRuntime(context, file, name)
    const earlier = first.get(name.text)
    if (earlier === undefined) {
      first.set(name.text, name)
      continue
    }
    context.report({
      code: 'KV1029',
      severity: 'error',
      message: `\`${name.text}\` is in the chain twice`,
      path: file.path,
      span: spanOf(name),
      label: 'named again here',
      secondary: [{ path: file.path, span: spanOf(earlier), label: 'first named here' }],
      help: 'a chain goes through each principal once and ends with the agent of `as`',
    })
  }
  const beyond = names[MAX_VIA]
  if (beyond === undefined) return
  context.report({
    code: 'KV1030',
    severity: 'error',
    message: `a chain of ${names.length} delegators is no request`,
    path: file.path,
    span: spanOf(beyond),
    label: `at most ${MAX_VIA}`,
    help: 'chains of more than 5 hops are denied anyway',
  })
}

function checkRuntime({ policy, report }: CheckContext, file: PolicyFile, name: Name): void {
  if (name.text !== 'runtime' || policy.boundary !== undefined || policy.broken.has('boundary')) return
  report({
    code: 'KV1026',
    severity: 'error',
    message: 'a policy without a boundary has no `runtime` agents',
    path: file.path,
    span: spanOf(name),
    label: 'nobody can be made at run time',
    help: 'declare `boundary runtime { ... }`, or test another agent',
  })
}

function checkReason(
  { report }: CheckContext,
  file: PolicyFile,
  reason: Name,
  verdict: TestRow['verdict'] | undefined,
): void {
  const expected = REASONS.get(reason.text)
  if (expected === undefined) {
    const suggestion = nearest(reason.text, [...REASONS.keys()])
    report({
      code: 'KV1027',
      severity: 'error',
      message: `unknown reason \`${reason.text}\``,
      path: file.path,
      span: spanOf(reason),
      label: 'no decision has this reason',
      help:
        suggestion === undefined ? `reasons are ${[...REASONS.keys()].join(', ')}` : `did you mean \`${suggestion}\`?`,
      ...(suggestion !== undefined && {
        fix: {
          title: `replace with \`${suggestion}\``,
          edits: [{ path: file.path, span: spanOf(reason), text: suggestion }],
        },
      }),
    })
  } else if (verdict !== undefined && verdict !== expected) {
    report({
      code: 'KV4009',
      severity: 'warning',
      message: `\`${verdict}\` never has the reason \`${reason.text}\``,
      path: file.path,
      span: spanOf(reason),
      label: `comes with \`${expected}\``,
      help: `this row can never pass: expect \`${expected}\`, or another reason`,
    })
  }
}

function reportWildcard(
  { report }: CheckContext,
  file: PolicyFile,
  node: { readonly start: number; readonly end: number },
  label: string,
): void {
  report({
    code: 'KV1028',
    severity: 'error',
    message: 'a test row has wildcards or alternatives',
    path: file.path,
    span: spanOf(node),
    label,
    help: 'write each case out; lists are separated by commas',
  })
}
