/** What a benchmark has found, for people, for machines and for a pull request. */
import { FLOOR_NAMES, measureOf, unitOf, VERDICTS } from './bench-budget.ts'
import { type BudgetVerdict, type JudgedLine, verdictOf } from './bench-judge.ts'
import type { LineFault } from './bench-requests.ts'
import { type Measured, median } from './bench-run.ts'
import { plural } from './findings.ts'

export const BENCH_FORMATS = ['text', 'json', 'github'] as const

/** Lines that are left out are named, at most so many of them. */
export const MAX_FAULTS = 20

export type BenchFormat = (typeof BENCH_FORMATS)[number]

export interface BenchReport {
  /** As the command line named it. */
  readonly module: string
  readonly policy: { readonly name: string; readonly generation: number; readonly digest: string }
  /** The function of `kavachos/engine` that made the engine. */
  readonly loader: 'loadEngine' | 'loadLiveEngine'
  readonly requests: {
    readonly file: string
    readonly count: number
    readonly verdicts: Readonly<Record<string, number>>
    readonly faults: readonly LineFault[]
    /** Those of the faults that let the policy not pass: nobody knows what these requests take. */
    readonly refused: readonly LineFault[]
  }
  readonly machine: {
    readonly runtime: string
    readonly platform: string
    readonly cpu: string
    readonly cores: number
  }
  /** Of one round. */
  readonly seconds: number
  readonly measured: Measured
  /** Absent without a budget. */
  readonly budget: { readonly file: string; readonly lines: readonly JudgedLine[] } | undefined
  readonly isInterrupted: boolean
}

/** The whole output, ended by a line feed. There must be a round. */
export function renderBench(report: BenchReport, format: BenchFormat): string {
  switch (format) {
    case 'text':
      return toText(report)
    case 'json':
      return `${JSON.stringify(toJson(report), null, 2)}\n`
    case 'github':
      return `${toAnnotations(report)}${toText(report)}`
  }
}

function toText(report: BenchReport): string {
  const rows = rowsOf(report.measured)
  const table = columns([
    ['', 'median', 'best', 'worst'],
    ...rows.map(({ name, median, best, worst }) => [name, median, best, worst]),
  ])
  const { budget, requests } = report
  const parts = [headLines(report), table, ...(budget ? [budgetLines(budget, requests)] : [])]
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function headLines(report: BenchReport): readonly string[] {
  const { module, policy, requests, machine, measured, seconds, loader } = report
  const verdicts = VERDICTS.flatMap((name) => (requests.verdicts[name] ? [`${requests.verdicts[name]} ${name}`] : []))
  const leftOut = requests.faults.length === 0 ? '' : `; ${plural(requests.faults.length, 'line')} left out`
  const cut = report.isInterrupted ? ', interrupted' : ''
  return [
    `${policy.name} generation ${policy.generation} (${module}), ${loader}`,
    `${plural(requests.count, 'request')} of ${requests.file}: ${verdicts.join(', ')}${leftOut}`,
    `${plural(measured.rounds, 'round')} of ${seconds} s${cut}, ${measured.singles} decisions timed one by one`,
    `${machine.runtime}, ${machine.platform}, ${machine.cores} x ${machine.cpu}`,
  ]
}

interface Row {
  readonly name: string
  readonly median: string
  readonly best: string
  readonly worst: string
}

function rowsOf(measured: Measured): readonly Row[] {
  const series = measured.series.map((each) => toRow(measureOf(each), each.values, unitOf(each.metric)))
  const floors = measured.floors
    .filter(({ where }) => where === undefined)
    .flatMap((floor) => FLOOR_NAMES.map((name) => toRow(`floor: ${name}`, floor[name], 'ns')))
  return [...series, ...floors]
}

function toRow(name: string, values: readonly number[], unit: 'ns' | 'bytes'): Row {
  const show = (value: number) => amountText(value, unit)
  // One value is a size, which does not vary.
  if (unit === 'bytes') return { name, median: show(median(values)), best: '', worst: '' }
  return { name, median: show(median(values)), best: show(Math.min(...values)), worst: show(Math.max(...values)) }
}

/** Rows of equal columns; all but the first `left` are flush right. */
function columns(rows: readonly (readonly string[])[], left = 1): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => (column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

function budgetLines(
  { file, lines }: NonNullable<BenchReport['budget']>,
  requests: BenchReport['requests'],
): readonly string[] {
  const rows = lines.map((line) => [line.verdict, line.budget.text, foundText(line)])
  return [`${file}: ${verdictText(lines, requests)}`, ...columns(rows, 3).map((row) => `  ${row}`)]
}

/** `2 requests were not measured; 1 of 3 limits is exceeded`. */
function verdictText(lines: readonly JudgedLine[], { refused }: BenchReport['requests']): string {
  const unmeasured = refused.length === 0 ? '' : `${unmeasuredText(refused.length)}; `
  return `${unmeasured}${limitsText(lines)}`
}

/** `1 request was not measured`. */
export function unmeasuredText(count: number): string {
  return `${plural(count, 'request')} ${count === 1 ? 'was' : 'were'} not measured`
}

/** Whether the policy passes: the verdict of the limits, and above all of them that every request was measured. */
export function verdictOfReport({ budget, requests }: BenchReport): BudgetVerdict {
  return requests.refused.length > 0 ? 'above' : verdictOf(budget?.lines ?? [])
}

function limitsText(lines: readonly JudgedLine[]): string {
  const counts = (verdict: BudgetVerdict) => lines.filter((line) => line.verdict === verdict).length
  const [above, unsure] = [counts('above'), counts('unsure')]
  if (above + unsure === 0) return lines.length === 1 ? 'the limit is kept' : `all ${lines.length} limits are kept`
  const parts = [
    ...(above > 0 ? [`${above} of ${plural(lines.length, 'limit')} ${above === 1 ? 'is' : 'are'} exceeded`] : []),
    ...(unsure > 0 ? [`${unsure} of ${plural(lines.length, 'limit')} unsure, the rounds differ too much`] : []),
  ]
  return parts.join('; ')
}

/** `6.1 us (5.9 us to 7.2 us)`, in the unit of the limit. */
function foundText({ budget, best, median, worst }: JudgedLine): string {
  const { limit } = budget
  const show = (value: number) =>
    limit.kind === 'ratio' ? `${digits(value)}x ${limit.floor}` : amountText(value, unitOf(budget.metric))
  return best === worst ? show(median) : `${show(median)} (${show(best)} to ${show(worst)})`
}

/** `412 ns`, `6.13 us`, `19.2 kB`. */
export function amountText(value: number, unit: 'ns' | 'bytes'): string {
  if (unit === 'bytes') {
    if (value < 1000) return `${value} B`
    return value < 1e6 ? `${digits(value / 1e3)} kB` : `${digits(value / 1e6)} MB`
  }
  if (value < 1e3) return `${digits(value)} ns`
  if (value < 1e6) return `${digits(value / 1e3)} us`
  return value < 1e9 ? `${digits(value / 1e6)} ms` : `${digits(value / 1e9)} s`
}

/** Three digits that count, or all of a whole part that has more. */
function digits(value: number): string {
  if (value >= 100) return value.toFixed(0)
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

function toJson(report: BenchReport): unknown {
  const { module, policy, loader, requests, machine, seconds, measured, budget, isInterrupted } = report
  return {
    version: 1,
    module: { file: module, policy },
    loader,
    requests: { file: requests.file, count: requests.count, verdicts: requests.verdicts, leftOut: requests.faults },
    machine,
    rounds: measured.rounds,
    secondsPerRound: seconds,
    singles: measured.singles,
    interrupted: isInterrupted,
    metrics: measured.series.map(({ metric, where, values }) => ({
      metric,
      ...(where && { where: where.text }),
      ...statistics(values, unitOf(metric)),
    })),
    floors: measured.floors.flatMap((floor) =>
      FLOOR_NAMES.map((name) => ({
        floor: name,
        ...(floor.where && { where: floor.where.text }),
        ...statistics(floor[name], 'ns'),
      })),
    ),
    ...(budget && { budget: budgetJson(report, budget) }),
  }
}

function statistics(values: readonly number[], unit: 'ns' | 'bytes') {
  return { unit, median: median(values), best: Math.min(...values), worst: Math.max(...values), rounds: values }
}

function budgetJson(report: BenchReport, { file, lines }: NonNullable<BenchReport['budget']>): unknown {
  return {
    file,
    verdict: verdictOfReport(report),
    unmeasured: report.requests.refused.length,
    lines: lines.map(({ budget, verdict, limit, best, median, worst }) => ({
      line: budget.line,
      text: budget.text,
      verdict,
      unit: budget.limit.kind === 'ratio' ? budget.limit.floor : unitOf(budget.metric),
      limit,
      best,
      median,
      worst,
    })),
  }
}

/** @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
function toAnnotations({ budget, requests }: BenchReport): string {
  const unmeasured = requests.refused
    .slice(0, MAX_FAULTS)
    .map(({ line, fault }) => annotation(requests.file, line, `not measured: ${fault}`))
  const limits = (budget?.lines ?? [])
    .filter(({ verdict }) => verdict !== 'within')
    .map((line) =>
      annotation(budget?.file ?? '', line.budget.line, `${line.verdict}: ${line.budget.text}: ${foundText(line)}`),
    )
  return [...unmeasured, ...limits].join('')
}

function annotation(file: string, line: number, text: string): string {
  return `::error file=${escapedProperty(file)},line=${line},title=kavach bench::${escapedData(text)}\n`
}

function escapedData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapedProperty(text: string): string {
  return escapedData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

/** The summary of a job, as Markdown. */
export function benchMarkdown(report: BenchReport): string {
  const { budget, measured } = report
  const parts = [
    `### ${markOf(report)}Decisions of ${escaped(report.policy.name)}${budget ? `: ${verdictText(budget.lines, report.requests)}` : ''}`,
    ...(budget
      ? [
          markdownTable(
            ['', 'budget', 'measured'],
            budget.lines.map((line) => [line.verdict, line.budget.text, foundText(line)]),
          ),
        ]
      : []),
    markdownTable(
      ['', 'median', 'best', 'worst'],
      rowsOf(measured).map(({ name, median, best, worst }) => [name, median, best, worst]),
    ),
    `<sub>${headLines(report).map(escaped).join('<br>')}</sub>`,
  ]
  return `${parts.join('\n\n')}\n`
}

function markOf(report: BenchReport): string {
  if (report.budget === undefined) return ''
  return { within: '🟢 ', unsure: '🟡 ', above: '🔴 ' }[verdictOfReport(report)]
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map((row) => line(row.map(escaped)))].join('\n')
}

/** Nothing of a policy is markup, a mention, or the end of a cell. */
function escaped(text: string): string {
  return text.replace(/[&<>|`*_~[\]@#\\\r\n]/g, (char) =>
    char === '\n' || char === '\r' ? ' ' : `&#${char.charCodeAt(0)};`,
  )
}
