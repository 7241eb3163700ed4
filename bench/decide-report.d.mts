/** Types of what `decide` reports. */
import type { Limit } from './report.mjs'

export function decideReport(
  rows: readonly object[],
  contenders: readonly string[],
): { readonly limits: readonly Limit[]; readonly notes: readonly string[] }
