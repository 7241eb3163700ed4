/** Types of what `compile` reports. */

export interface Compiled {
  readonly contender: string
  readonly coldMs: number
  readonly warmMs: number
  readonly peakBytes: number
}

export function aheadIn(row: Compiled, rows: readonly Compiled[]): readonly string[]
