/** What `kavach tighten` says of a narrowed policy. */
import type { Tightened } from '../compiler/analyze/index.ts'
import { plural } from './findings.ts'
import type { PolicySource } from './policy-source.ts'
import { unifiedDiff } from './tighten-diff.ts'
import type { LogCounts } from './tighten-log.ts'

export interface TightenReport {
  readonly source: PolicySource
  readonly result: Tightened
  readonly counts: LogCounts
  /** Rows that were allowed and that the policy denies now. */
  readonly uncovered: {
    readonly count: number
    readonly first: { readonly line: number; readonly reason: string } | undefined
  }
  readonly log: string
  /** Questions of the policy's tests that would come out otherwise. */
  readonly failing: number
  readonly out: string | undefined
}

/** The changed files as a unified diff. */
export function diffOf({ source, result }: TightenReport): string {
  return result.files.map(({ path, before, after }) => unifiedDiff(source.showPath(path), before, after)).join('')
}

/** For people: what goes, how long it was not seen, and what was proved. */
export function tightenText(report: TightenReport): string {
  const { result, counts, uncovered, log, failing } = report
  const lines = [`${log}: ${plural(counts.rows, 'row')}, ${counts.allowed} allowed${spanText(counts)}`]
  const fates = (['kept', 'narrowed', 'removed'] as const).map((fate) => result.grants.filter((it) => it.fate === fate))
  const [kept = [], narrowed = [], removed = []] = fates
  lines.push(
    `${plural(kept.length + narrowed.length, 'grant')} used, ${narrowed.length} of them narrowed, ${removed.length} removed`,
  )
  for (const { place, text } of removed) lines.push(`  unused: ${placeText(report, place)}  ${text}`)
  for (const place of result.delegations) lines.push(`  unused: ${placeText(report, place)}  the whole delegation`)
  const { first } = uncovered
  if (first !== undefined) {
    lines.push(
      `not covered: ${plural(uncovered.count, 'row')} that the policy itself denies, the first is line ${first.line} (${first.reason})`,
    )
  }
  if (counts.fault !== undefined) {
    lines.push(
      `unreadable: ${plural(counts.unreadable, 'line')}, the first is line ${counts.fault.line}: ${counts.fault.fault}`,
    )
  }
  if (failing > 0) lines.push(`tests: ${plural(failing, 'question')} of the policy's tests would come out otherwise`)
  lines.push(
    'proved: the narrowed policy allows nothing that the present one does not; every covered row has the same verdict',
    'warning: what the log does not show is lost; rates and budgets of narrowed grants begin anew',
  )
  return `${lines.join('\n')}\n`
}

function placeText(
  { source }: TightenReport,
  { path, line }: { readonly path: string; readonly line: number },
): string {
  return `${source.showPath(path)}:${line}`
}

function spanText({ span }: LogCounts): string {
  return span === undefined ? '' : `, ${stampText(span.from)} to ${stampText(span.to)}`
}

const LAST_DATE = 8.64e15

function stampText(ms: number): string {
  return new Date(Math.min(ms, LAST_DATE)).toISOString()
}

export function tightenJson(report: TightenReport): unknown {
  const { source, result, counts, uncovered, log, failing, out } = report
  const { rows, allowed, span, unreadable, fault } = counts
  return {
    log,
    policy: source.shown,
    rows,
    allowed,
    ...(span && { from: stampText(span.from), to: stampText(span.to) }),
    unreadable,
    ...(fault && { fault }),
    notCovered: uncovered.count,
    ...(uncovered.first && { firstNotCovered: uncovered.first }),
    proved: true,
    failingTests: failing,
    grants: result.grants.map(({ id, place, text, fate, count }) => ({
      id,
      path: source.showPath(place.path),
      line: place.line,
      text,
      fate,
      rows: count,
    })),
    delegationsRemoved: result.delegations.map(({ path, line }) => ({ path: source.showPath(path), line })),
    files: result.files
      .filter(({ before, after }) => before !== after)
      .map(({ path, after }) => ({ path: source.showPath(path), text: after })),
    ...(out !== undefined && { writtenTo: out }),
  }
}
