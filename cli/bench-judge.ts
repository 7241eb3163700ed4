/**
 * Whether a policy keeps its budget.
 *
 * A busy machine makes things slower and never faster. So a limit that the best round exceeds is exceeded by the policy, and
 * one that the median round keeps is kept. In between nobody can tell, and that is said.
 */
import type { BudgetLine } from './bench-budget.ts'
import type { LineFault } from './bench-requests.ts'
import { type BenchRun, type Measured, median, valuesOf } from './bench-run.ts'

export type BudgetVerdict = 'within' | 'above' | 'unsure'

/** Values are in the unit of the limit: nanoseconds, bytes, or multiples of the floor. */
export interface JudgedLine {
  readonly budget: BudgetLine
  readonly verdict: BudgetVerdict
  readonly limit: number
  readonly best: number
  readonly median: number
  readonly worst: number
}

/** Judges each line by all rounds, of which there must be one. */
export function judgeBudget(lines: readonly BudgetLine[], measured: Measured): readonly JudgedLine[] {
  return lines.map((line) => judgeLine(line, measured))
}

function judgeLine(budget: BudgetLine, measured: Measured): JudgedLine {
  const { values, floors } = valuesOf(measured, budget)
  const { limit } = budget
  // A ratio is that of a round, whose floor was measured in the same moments.
  const judged =
    limit.kind === 'amount' ? values : values.map((value, round) => value / (floors[limit.floor][round] ?? Number.NaN))
  const most = limit.kind === 'amount' ? limit.amount : limit.factor
  const best = Math.min(...judged)
  const middle = median(judged)
  // Written so that what is no number is never within.
  const verdict = middle <= most ? 'within' : best <= most ? 'unsure' : 'above'
  return { budget, verdict, limit: most, best, median: middle, worst: Math.max(...judged) }
}

/** The worst verdict: a limit that is exceeded stands above one that is unsure. */
export function verdictOf(lines: readonly JudgedLine[]): BudgetVerdict {
  const has = (verdict: BudgetVerdict) => lines.some((line) => line.verdict === verdict)
  return has('above') ? 'above' : has('unsure') ? 'unsure' : 'within'
}

/**
 * Of the lines that were left out, those that keep the policy from passing. A budget is about every request of the file, unless faults are
 * allowed; a line that the engine fails on is never fine.
 */
export function refusedOf(
  faults: readonly LineFault[],
  { hasBudget, allowFaults }: { readonly hasBudget: boolean; readonly allowFaults: boolean },
): readonly LineFault[] {
  return faults.filter(({ kind }) => kind === 'engine-fault' || (hasBudget && !allowFaults))
}

/** Measures so many rounds, and up to as many again while that may still tell whether a limit is kept. */
export async function measureUntilSure(run: BenchRun, budget: readonly BudgetLine[], rounds: number): Promise<void> {
  for (let round = 0; round < rounds * 2; round++) {
    if (round >= rounds && verdictOf(judgeBudget(budget, run.measured())) !== 'unsure') return
    if (!(await run.round())) return
  }
}
