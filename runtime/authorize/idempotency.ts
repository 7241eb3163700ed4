/** A retry under the same key has the same answer, and is charged once. Only what was allowed is kept: a denial charges nothing. */
import { canonicalJson } from '../../compiler/model/index.ts'
import { after } from '../awaitable.ts'
import type { AuthorizeRequest, AuthorizeResult } from '../request.ts'
import type { Change } from '../site.ts'
import type { Awaitable } from '../store.ts'

/** An answer is kept for a day. */
const KEPT_MS = 86_400_000

/** The answer that was given before, or `conflict` when the key was used for another request. */
export function earlierAnswer(
  change: Change,
  agent: string,
  key: string,
  digest: string,
): Awaitable<AuthorizeResult | 'conflict' | undefined> {
  return after(change.get('answers', { agent, key }), (row) => {
    if (row === undefined || row.expiresAt <= change.now) return undefined
    // Nobody else writes this table.
    return row.digest === digest ? (JSON.parse(row.answer) as AuthorizeResult) : 'conflict'
  })
}

export function keepAnswer(
  change: Change,
  agent: string,
  key: string,
  digest: string,
  answer: AuthorizeResult,
): Awaitable<void> {
  const expiresAt = change.now + KEPT_MS
  return change.put('answers', [{ agent, key, digest, answer: JSON.stringify(answer), expiresAt }])
}

/** What must be the same in a retry, as canonical JSON; nothing when the request is not JSON. */
export function requestText({
  action,
  resource,
  args,
  ip,
  cost,
  via,
  delegation,
}: AuthorizeRequest): string | undefined {
  try {
    return canonicalJson({ action, resource, args, ip, cost, via, delegation })
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return undefined
    throw error
  }
}
