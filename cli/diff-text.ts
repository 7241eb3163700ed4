/** A comparison for people at a terminal. */
import { type DiffReport, type RegionRow, sectionsOf, unwaived } from './diff-report.ts'
import { plural } from './findings.ts'

/** Rows of a section that are printed; the others are counted. */
const MAX_ROWS = 40

export function diffText(report: DiffReport): string {
  const parts = [
    verdictOf(report),
    ...rows('New access', report.newAccess, (row) => regionText(row, true)),
    ...rows('Unknown', report.unknown, ({ who, what, why }) => `  ${who}: ${what}\n    ${why}`),
    ...rows('Lost access', report.lostAccess, (row) => regionText(row, false)),
    ...sectionsOf(report).flatMap(({ title, lines }) => rows(title, lines, (line) => `  ${line}`)),
    ...(report.generation === undefined ? [] : [`Generation\n  ${report.generation}`]),
  ]
  return `${parts.join('\n\n')}\n`
}

/** What matters first: whether anybody can do more than before. */
export function verdictOf(report: DiffReport): string {
  const { newAccess, lostAccess, unknown } = report
  const fresh = unwaived(report)
  const approvals = fresh.filter(({ region }) => region.kind === 'approval').length
  const waived = newAccess.length - fresh.length
  const words = [
    fresh.length > 0
      ? `${plural(fresh.length, 'region')} of new access`
      : waived > 0
        ? 'no new access beside what is waived'
        : unknown.length > 0
          ? 'no new access was found'
          : 'no new access',
    ...(approvals > 0 ? [`${plural(approvals, 'approval')} dropped`] : []),
    ...(waived > 0 ? [`${waived} waived`] : []),
    ...(unknown.length > 0 ? [`${unknown.length} unknown`] : []),
    ...(lostAccess.length > 0 ? [`${plural(lostAccess.length, 'region')} of lost access`] : []),
  ]
  return words.join(', ')
}

function rows<T>(title: string, items: readonly T[], toText: (item: T) => string): readonly string[] {
  if (items.length === 0) return []
  const shown = items.slice(0, MAX_ROWS).map(toText)
  const more = items.length > MAX_ROWS ? [`  and ${items.length - MAX_ROWS} more; --format json lists them`] : []
  return [`${title}\n${[...shown, ...more].join('\n')}`]
}

function regionText(row: RegionRow, isNew: boolean): string {
  const { title, who, what, more, why, witness, state, region, isWaived } = row
  const lines = [
    `  ${title}: ${who}`,
    ...what.map((text) => `    ${text}`),
    ...(more > 0 ? [`    and ${plural(more, 'more part')}`] : []),
    `    = why: ${why}`,
    `    = witness: ${witness}`,
    ...(state === undefined ? [] : [`    = state: ${state}`]),
    `    = ${isNew ? 'before' : 'now'}: ${region.witness.reason}`,
    ...(isNew ? [`    = digest: ${region.digest}${isWaived ? ', waived' : ''}`] : []),
  ]
  return lines.join('\n')
}
