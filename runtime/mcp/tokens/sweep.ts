/** Takes away what nobody will ask for again, a little at a time. */
import type { Change, Row } from '../../index.ts'
import type { McpPlace } from '../place.ts'
import { isLive } from './grants.ts'

/** A code that came too late is told so for a while. */
const LATE_MS = 600_000

/**
 * Codes, tokens, grants and things to be used once that have expired: at most `limit` rows of each kind. Used codes and superseded
 * refresh tokens expire with their grant, because until then a replay has something to revoke.
 */
export async function sweepTokens(
  { settings }: Pick<McpPlace, 'settings'>,
  change: Change,
  limit: number,
): Promise<number> {
  const over = { before: change.now + 1, limit }
  const codes = await change.find('oauthCodes', 'byExpiry', { before: change.now - LATE_MS, limit })
  for (const { hash } of codes) await change.remove('oauthCodes', { hash })
  const tokens = await change.find('oauthTokens', 'byExpiry', over)
  for (const row of tokens) await forget(change, row, settings.grantMs)
  const replays = await change.find('oauthReplays', 'byExpiry', over)
  for (const { id } of replays) await change.remove('oauthReplays', { id })
  const grants = await change.find('oauthGrants', 'byExpiry', over)
  for (const { id } of grants) await forgetGrant(change, id, limit)
  return codes.length + tokens.length + replays.length + grants.length
}

/** A refresh token whose time for retries is over stays, without its successor, to be known when it comes again. */
async function forget(change: Change, row: Row<'oauthTokens'>, grantMs: number): Promise<void> {
  const grant = row.successor === null ? undefined : await change.get('oauthGrants', { id: row.grant })
  if (grant === undefined || !isLive(grant, change.now)) {
    await change.remove('oauthTokens', { hash: row.hash })
    return
  }
  const expiresAt = grant.expiresAt ?? change.now + grantMs
  await change.put('oauthTokens', [{ ...row, successor: null, expiresAt }])
}

/** Its tokens go first, and what is left of it the next time. */
async function forgetGrant(change: Change, id: string, limit: number): Promise<void> {
  const tokens = await change.find('oauthTokens', 'byGrant', { equal: [id], limit })
  for (const { hash } of tokens) await change.remove('oauthTokens', { hash })
  if (tokens.length < limit) await change.remove('oauthGrants', { id })
}
