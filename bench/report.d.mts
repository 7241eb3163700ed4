/** Types of limits. */

export interface Limit {
  readonly what: string
  readonly value: number | 'not measured'
  readonly unit: string
  readonly bound: number
  readonly isAtMost: boolean
  readonly holds: boolean
}

export function limit(
  what: string,
  value: number | undefined,
  bound: { readonly atMost?: number; readonly atLeast?: number; readonly unit?: string },
): Limit

export function formatMeasured(limit: Pick<Limit, 'value' | 'unit'>): string
