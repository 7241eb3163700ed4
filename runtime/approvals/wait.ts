/** Waits for a decision, which any process may take: looks again and again, less and less often, and at once when it is here. */
import { KavachError } from '../errors.ts'
import type { Site } from '../site.ts'
import type { Bell } from './bell.ts'
import { type Approval, statusOf, viewOf } from './view.ts'

export interface WaitOptions {
  /** Default: until it is decided or expires. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

const FIRST_LOOK_MS = 25
const LAST_LOOK_MS = 2000

/** @throws {KavachError} KVCH_E_APPROVAL_TIMEOUT, KVCH_E_APPROVAL_NOT_FOUND; with the reason of `signal` when that aborts */
export async function wait(
  site: Pick<Site, 'host' | 'read'>,
  bell: Bell,
  id: string,
  { timeoutMs = Number.POSITIVE_INFINITY, signal }: WaitOptions,
): Promise<Approval> {
  const { host } = site
  if (!(timeoutMs >= 0)) {
    throw new KavachError('KVCH_E_REQUEST_INVALID', 'timeoutMs: must be milliseconds, 0 or more', {
      details: { path: 'timeoutMs' },
    })
  }
  const end = host.elapsed() + timeoutMs
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 2, LAST_LOOK_MS)) {
    signal?.throwIfAborted()
    // Whoever decides between the look and the sleep rings a bell that is listened to already.
    const { signal: rung, done } = bell.listen(id, signal)
    try {
      const row = await site.read((reader) => reader.get('approvals', { id }))
      if (row === undefined) throw new KavachError('KVCH_E_APPROVAL_NOT_FOUND', `there is no approval \`${id}\``)
      const now = host.now()
      if (statusOf(row, now) !== 'pending') return viewOf(row, now)
      const left = end - host.elapsed()
      if (left <= 0) throw new KavachError('KVCH_E_APPROVAL_TIMEOUT', undefined, { details: { approvalId: id } })
      // It may have rung while the store was read.
      if (!rung.aborted) await host.sleep(Math.min(pause, left), { signal: rung }).catch(() => undefined)
    } finally {
      done()
    }
  }
}
