/** What is billed: the calls of agents, counted from the log, which has a row for each of them. */
import { checkFilter, rowsOf, viewOf } from '../audit/index.ts'
import { assertKnown } from '../authority/index.ts'
import type { Site } from '../site.ts'
import type { Row } from '../tables.ts'

export interface UsageFilter {
  /** The first instant: a `Date`, milliseconds since 1970, or RFC 3339. */
  readonly since?: Date | number | string | undefined
  /** The first instant that is too late. */
  readonly until?: Date | number | string | undefined
  /** Only calls of this agent. */
  readonly agentId?: string | undefined
}

/** A retry under an idempotency key is the same call. */
export interface UsageCount {
  /** `allowed` and `denied` together. */
  readonly calls: number
  /** Those that were throttled included. */
  readonly allowed: number
  /**
   * Whatever the reason: no permission, a limit, an approval to come, a token that is none. Failed authentications that the log
   * has only as the count of a minute are left out.
   */
  readonly denied: number
  /** Of the allowed; those whose rows were pruned are not among them, for nothing says so any more. */
  readonly throttled: number
}

export interface Usage {
  /** Counts what was decided. It reads every row of the time, or of the agent in it. @throws {KavachError} KVCH_E_REQUEST_INVALID */
  readonly count: (filter?: UsageFilter) => Promise<UsageCount>
}

export function createUsage(site: Pick<Site, 'read'>): Usage {
  return {
    async count(filter = {}) {
      assertKnown(filter, ['since', 'until', 'agentId'], 'KVCH_E_REQUEST_INVALID')
      checkFilter(filter, [])
      let allowed = 0
      let denied = 0
      let throttled = 0
      for await (const row of rowsOf(site, { ...filter, kind: 'decision' })) {
        if (row.result === 'allowed') allowed++
        else denied++
        if (isThrottled(row)) throttled++
      }
      return { calls: allowed + denied, allowed, denied, throttled }
    },
  }
}

/** Most rows need no parsing for it; recorded arguments may say the same. */
function isThrottled(row: Row<'audit'>): boolean {
  return row.result === 'allowed' && row.body?.includes('"throttle"') === true && viewOf(row).verdict === 'throttle'
}
