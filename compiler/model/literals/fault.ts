/** Makers of `Parsed`, so that every literal reports its faults in one shape. */
import type { Parsed } from './values.ts'

/** The good half of a `Parsed`. */
export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value }
}

/** Code, UTF-16 range inside the parsed text, message and remedy of a fault. */
export interface FaultParts {
  readonly code: string
  readonly start: number
  readonly end: number
  readonly message: string
  readonly help?: string | undefined
}

/** The bad half of a `Parsed`. */
export function fault(parts: FaultParts): {
  readonly ok: false
  readonly fault: Extract<Parsed<never>, { ok: false }>['fault']
} {
  const { code, start, end, message, help } = parts
  return { ok: false, fault: help === undefined ? { code, start, end, message } : { code, start, end, message, help } }
}
