/** Types of what `size` reports. */

export interface Size {
  readonly what: string
  readonly isPeer?: boolean
  readonly gzippedBytes: number
}

export function smallerOf(rows: readonly Size[]): readonly Size[]
