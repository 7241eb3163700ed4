/** Runs the `test` declarations of a policy against whatever decides. */
import type { FactNode, PatternNode, PolicyFile, Span, TestDeclaration, TestRow, Window } from '../../grammar/index.ts'
import { formatDecimal } from '../model/index.ts'

/** A request as docs/language.md, section 2, describes it. */
export interface TestRequest {
  readonly agent: string
  readonly action: string
  readonly resource: string
  readonly via?: readonly string[]
  readonly args?: unknown
  readonly ip?: string
  readonly now?: number
  readonly since?: number
  readonly cost?: number
  readonly trust?: number
  readonly approvedBy?: readonly string[]
  readonly readings?: {
    readonly used?: { readonly [W in Window]?: string }
    readonly spent?: { readonly [W in Window]?: string }
  }
}

/** Decides one request. Meters without a reading count as 0; `RUNTIME_TEST_STATE` must have been loaded. */
export type DecideTest = (request: TestRequest) => { readonly decision: string; readonly reason: string }

/** One question of a row: a row asks each of its actions on each of its resources. */
export interface TestResult {
  readonly path: string
  readonly title: string
  /** The row as written, and where. */
  readonly row: string
  readonly span: Span
  readonly request: TestRequest
  /** `reason` only where the row, or the test's header, says `because`. */
  readonly expected: { readonly decision: string; readonly reason?: string }
  readonly got: { readonly decision: string; readonly reason: string }
  readonly passed: boolean
}

/**
 * The agent that `as runtime` means, in the form of `kavach eval --state`: it holds everything, so that only the boundary
 * and the guardrails decide. No declared agent can have its name.
 */
export const RUNTIME_TEST_STATE = {
  agents: [{ name: 'runtime', type: 'autonomous', permissions: [{ resource: '**', actions: ['*'] }] }],
} as const

/** Results in source order. The policy must be free of errors. */
export function runTests(files: readonly PolicyFile[], decide: DecideTest): readonly TestResult[] {
  const results: TestResult[] = []
  for (const file of files) {
    for (const test of file.declarations) {
      if (test.kind !== 'test') continue
      for (const row of test.rows) results.push(...runRow(file, test, row, decide))
    }
  }
  return results
}

function runRow(file: PolicyFile, test: TestDeclaration, row: TestRow, decide: DecideTest): readonly TestResult[] {
  const facts = factsOf(test, row)
  const reason = lastOf(facts, 'because')?.reason.text
  const expected = { decision: row.verdict, ...(reason !== undefined && { reason }) }
  return row.actions.names.flatMap((action) =>
    row.patterns.map((pattern) => {
      const request = toRequest(test.agent.text, action.text, resourceOf(pattern), facts)
      const answer = decide(request)
      const got = { decision: answer.decision, reason: answer.reason }
      return {
        path: file.path,
        title: test.title.value,
        row: file.text.slice(row.start, row.end),
        span: { start: row.start, end: row.end },
        request,
        expected,
        got,
        passed: got.decision === expected.decision && (reason === undefined || got.reason === reason),
      }
    }),
  )
}

/**
 * The row's facts, and those of the header whose kind the row does not state. `since` is the header's `at` unless one of
 * the two gives it, so that a row with a later `at` looks at a hop that was opened then.
 */
function factsOf(test: TestDeclaration, row: TestRow): readonly FactNode[] {
  const stated = new Set(row.facts.map((fact) => fact.kind))
  const facts = [...test.facts.filter((fact) => !stated.has(fact.kind)), ...row.facts]
  const at = lastOf(test.facts, 'at')
  if (at !== undefined && lastOf(facts, 'since') === undefined) facts.push({ ...at, kind: 'since' })
  return facts
}

function lastOf<K extends FactNode['kind']>(
  facts: readonly FactNode[],
  kind: K,
): Extract<FactNode, { readonly kind: K }> | undefined {
  return facts.findLast((fact): fact is Extract<FactNode, { readonly kind: K }> => fact.kind === kind)
}

function toRequest(agent: string, action: string, resource: string, facts: readonly FactNode[]): TestRequest {
  const used: { [W in Window]?: string } = {}
  const spent: { [W in Window]?: string } = {}
  const approvedBy: string[] = []
  let request: TestRequest = { agent, action, resource }
  for (const fact of facts) {
    switch (fact.kind) {
      case 'via':
        request = { ...request, via: fact.names.map((name) => name.text) }
        break
      case 'at':
        request = { ...request, now: fact.at.ms }
        break
      case 'since':
        request = { ...request, since: fact.at.ms }
        break
      case 'from':
        request = { ...request, ip: fact.text }
        break
      case 'with':
        request = { ...request, args: fact.value }
        break
      case 'trust':
        request = { ...request, trust: Number(formatDecimal(fact.value.value.units)) }
        break
      case 'cost':
        request = { ...request, cost: Number(formatDecimal(fact.amount.value.units)) }
        break
      case 'used':
        used[fact.window] = String(fact.count.value)
        break
      case 'spent':
        spent[fact.window] = formatDecimal(fact.amount.value.units)
        break
      case 'approved-by':
        approvedBy.push(fact.by.value)
        break
      case 'because':
        break
    }
  }
  const readings = {
    ...(Object.keys(used).length > 0 && { used }),
    ...(Object.keys(spent).length > 0 && { spent }),
  }
  return {
    ...request,
    ...(approvedBy.length > 0 && { approvedBy }),
    ...(Object.keys(readings).length > 0 && { readings }),
  }
}

/** The text of a pattern without wildcards, quotes removed. */
function resourceOf({ value }: PatternNode): string {
  return value.segments
    .map((segment) => segment.map((part) => (part.kind === 'text' ? part.text : '')).join(''))
    .join(':')
}
