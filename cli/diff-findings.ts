/** A comparison as findings at the lines of the new policy: annotations of a pull request, SARIF, JSON. */
import type { Diagnostic } from '../grammar/index.ts'
import type { DiffReport, RegionRow } from './diff-report.ts'

/** New access is an error, or a warning when it is waived; what is unknown, and a generation that did not grow, are errors. */
export function diffFindings(report: DiffReport): readonly Diagnostic[] {
  const { old, new: new_, unknown, generation, newAccess, lostAccess } = report
  const nowhere = { path: new_.showPath(new_.files?.[0]?.path ?? new_.shown), span: { start: 0, end: 0 } }
  return [
    ...newAccess.map((row) => toFinding(row, report, 'new-access')),
    ...lostAccess.map((row) => ({ ...toFinding(row, report, 'lost-access'), ...placeIn(row, report, true) })),
    ...unknown.map(
      ({ who, what, why }): Diagnostic => ({
        code: 'unknown-access',
        severity: 'error',
        message: `nobody knows whether this is new: ${who}: ${what}: ${why}`,
        ...nowhere,
      }),
    ),
    ...(generation === undefined
      ? []
      : [{ code: 'stale-generation', severity: 'error' as const, message: generation, ...nowhere }]),
  ].map((finding) => (finding.path === '' ? { ...finding, path: old.shown } : finding))
}

function toFinding(row: RegionRow, report: DiffReport, code: string): Diagnostic {
  const { title, who, what, more, why, witness, region, isWaived } = row
  const parts = `${what.join(' | ')}${more > 0 ? ` and ${more} more` : ''}`
  return {
    code,
    severity: code === 'new-access' && !isWaived ? 'error' : 'warning',
    message: `${title}${isWaived ? ' (waived)' : ''}: ${who}: ${parts}`,
    ...placeIn(row, report, false),
    notes: [
      { key: 'why', text: why },
      { key: 'witness', text: witness },
      ...(code === 'new-access' ? [{ key: 'digest', text: region.digest }] : []),
    ],
  }
}

/** The first rule that allows it; in the new policy, or for lost access in the old one. */
function placeIn({ region }: RegionRow, report: DiffReport, isLost: boolean): Pick<Diagnostic, 'path' | 'span'> {
  const source = isLost ? report.old : report.new
  const ids = region.cause.kind === 'grants' ? region.cause.ids : region.grants
  const origin = ids.map((id) => source.map?.rules[id]).find((rule) => rule !== undefined)
  if (origin === undefined) return { path: source.shown, span: { start: 0, end: 0 } }
  return { path: source.showPath(origin.path), span: origin.span }
}
