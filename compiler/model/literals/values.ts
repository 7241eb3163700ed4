/**
 * What the literals of the language mean, as data. Each `parse...` of this folder returns a `Parsed`: a value, or the
 * fault with an offset range inside the text that was given.
 */

/** A fault inside a literal: offsets are UTF-16 and relative to the text that was parsed. `code` is a `KV....` code. */
export interface LiteralFault {
  readonly code: string
  readonly start: number
  readonly end: number
  readonly message: string
  readonly help?: string
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: LiteralFault }

/**
 * A resource pattern: segments, and whether a last `**` (one or more segments) follows them. `**` alone has no segments.
 */
export interface PatternLiteral {
  readonly segments: readonly PatternSegment[]
  readonly rest: boolean
}

/** One segment is the concatenation of its parts. `*` alone is exactly one part of kind `any`. */
export type PatternSegment = readonly PatternPart[]

export type PatternPart =
  | { readonly kind: 'text'; readonly text: string }
  /** Zero or more characters, never `:`; alone in its segment one or more, since a segment is never empty. */
  | { readonly kind: 'any' }
  /** Alternatives, each a run of `text` and `any`. */
  | { readonly kind: 'choice'; readonly options: readonly PatternSegment[] }

/** Inclusive address range; IPv4 is `::ffff:0:0/96`. Values are unsigned 128-bit. */
export interface CidrLiteral {
  readonly low: bigint
  readonly high: bigint
}

/**
 * One range of `hours`. `days` is a bit mask, bit 0 = Monday ... bit 6 = Sunday. Minutes of the day, half-open:
 * `from` 0..1439, `to` 1..1440; `to < from` runs over midnight into the following day.
 */
export interface HoursRange {
  readonly days: number
  readonly from: number
  readonly to: number
}

/** Half-open minute-of-week range, 0 = Monday 00:00 UTC, `0 <= from < to <= 10080`. */
export interface WeekRange {
  readonly from: number
  readonly to: number
}

/** An exact decimal: `units` is the value times 10^9. At most 18 digits before and 9 after the point. */
export interface DecimalLiteral {
  readonly units: bigint
}

/** An inclusive range of Unicode code points. */
export interface CodePointRange {
  readonly low: number
  readonly high: number
}

/** A parsed regex. Anchored by definition; flags are already applied (classes folded, `.` expanded). */
export interface RegexLiteral {
  readonly source: string
  readonly flags: string
  readonly root: RegexExpression
}

export type RegexExpression =
  | { readonly kind: 'empty' }
  /** One code point out of sorted, disjoint ranges; no ranges matches nothing. Surrogates are never contained. */
  | { readonly kind: 'class'; readonly ranges: readonly CodePointRange[] }
  | { readonly kind: 'sequence'; readonly items: readonly RegexExpression[] }
  | { readonly kind: 'choice'; readonly options: readonly RegexExpression[] }
  /** `max` undefined is unbounded. */
  | { readonly kind: 'repeat'; readonly item: RegexExpression; readonly min: number; readonly max: number | undefined }
