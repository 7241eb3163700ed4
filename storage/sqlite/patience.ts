/** Trying again while another process holds the database, without blocking this one. */
import type { Host } from '../../runtime/index.ts'

export interface Patience {
  readonly host: Host
  readonly deadlineMs: number
  /** Whether it may help to try again. */
  readonly isRetried: (error: unknown) => boolean
}

/** Waits grow to this, and each is drawn from the half below: processes that wait for each other must not march in step. */
const LONGEST_WAIT_MS = 16

/** Attempts until one succeeds, fails for good, or half of the deadline has passed since `since`. @throws what it threw last */
export async function patiently<R>(
  { host, deadlineMs, isRetried }: Patience,
  since: number,
  attempt: () => R,
): Promise<R> {
  for (let wait = 2; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    try {
      return attempt()
    } catch (error) {
      if (!isRetried(error) || host.elapsed() - since >= deadlineMs / 2) throw error
    }
    const [byte = 0] = host.random(1)
    await host.sleep((wait / 2) * (1 + byte / 255))
  }
}
