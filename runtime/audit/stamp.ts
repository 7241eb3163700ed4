/** Instants as RFC 3339 writes them. */

let lastTime = Number.NaN
let lastText = ''

/** A later date cannot be written. */
export const MAX_TIME = 8.64e15

/** Milliseconds since 1970, as `2026-04-01T10:00:00.000Z`. A batch has one time, so the last one is remembered. */
export function stampOf(time: number): string {
  if (time !== lastTime) {
    // Only whoever changes a row in the database makes it a time that is none.
    lastText = Math.abs(time) <= MAX_TIME ? new Date(time).toISOString() : ''
    lastTime = time
  }
  return lastText
}
