/** Instants as RFC 3339 writes them. */

let lastTime = Number.NaN
let lastText = ''

/** Milliseconds since 1970, as `2026-04-01T10:00:00.000Z`. A batch has one time, so the last one is remembered. */
export function stampOf(time: number): string {
  if (time !== lastTime) {
    lastText = new Date(time).toISOString()
    lastTime = time
  }
  return lastText
}
