/** Takes away what nobody will ask for again, a little at a time, so that no decision waits long for it. */
import type { Change } from '../site.ts'

const DAY_MS = 86_400_000
/** Two months of 31 days: the longest window that begins within it has ended. */
export const KEPT_MS = 62 * DAY_MS

/**
 * Removes meters whose windows are long over, answers that have expired and reservations that are closed for as long: at most
 * `limit` rows of each. Meters without a window, which begin at 0, stay.
 *
 * @returns how many rows were removed; fewer than `limit` means that there is no more for now
 */
export async function sweep(change: Change, limit: number): Promise<number> {
  const before = change.now - KEPT_MS
  const meters = await change.find('meters', 'byWindow', { after: 0, before, limit })
  for (const { key, windowStart } of meters) await change.remove('meters', { key, windowStart })
  const answers = await change.find('answers', 'byExpiry', { before: change.now + 1, limit })
  for (const { agent, key } of answers) await change.remove('answers', { agent, key })
  let removed = meters.length + answers.length
  for (const state of ['settled', 'released', 'expired'] as const) {
    const closed = await change.find('reservations', 'byState', { equal: [state], before, limit })
    for (const { seq } of closed) await change.remove('reservations', { seq })
    removed += closed.length
  }
  return removed
}
