/**
 * How many clients are kept. Anybody may add one, so each kind has a bound; when it is reached, the one that was unused for
 * longest goes. A client with a grant that lives never goes.
 *
 * The store cannot count, so what there is of each kind is counted in a meter, in the same change.
 */
import type { Change, Reader, Row } from '../../index.ts'

type Origin = Row<'oauthClients'>['origin']

/** A document that nobody could fetch anew may be used for this time beyond its life, by clients that have tokens already. */
export const STALE_MS = 86_400_000

/**
 * Writes a client that was not there, after another one has gone where there is no room.
 *
 * @param keptMs what a registration in use is kept on for
 * @returns false when there is no room, because all of its kind are in use
 */
export async function addClient(
  change: Change,
  row: Row<'oauthClients'>,
  { most, keptMs }: { readonly most: number; readonly keptMs: number },
): Promise<boolean> {
  const count = await countOf(change, row.origin)
  if (count >= most && !(await evict(change, row.origin, keptMs))) return false
  await change.insert('oauthClients', [row])
  await add(change, row.origin, 1)
  return true
}

export async function removeClient(change: Change, { id, origin }: Row<'oauthClients'>): Promise<void> {
  if (await change.remove('oauthClients', { id })) await add(change, origin, -1)
}

/**
 * Removes registrations that nobody used and documents that nobody asked for again, at most `limit`, a day after their time.
 * What is in use is kept on. Gives how many were removed.
 */
export async function sweepClients(change: Change, limit: number, keptMs: number): Promise<number> {
  let removed = 0
  const range = { after: 0, before: change.now - STALE_MS, limit }
  for (const row of await change.find('oauthClients', 'byExpiry', range)) {
    if (row.origin === 'registered' && (await isInUse(change, row.id))) await keep(change, row, keptMs)
    else {
      await removeClient(change, row)
      removed++
    }
  }
  return removed
}

/** The grants of a client that live, page by page. */
export async function* liveGrants(reader: Reader & { readonly now: number }, client: string): AsyncGenerator<string> {
  let after: string | undefined
  for (;;) {
    const page: readonly Row<'oauthGrants'>[] = await reader.find('oauthGrants', 'byClient', {
      equal: [client],
      limit: PAGE,
      ...(after !== undefined && { after }),
    })
    for (const { id, revokedAt, expiresAt } of page) {
      if (revokedAt === null && (expiresAt === null || expiresAt > reader.now)) yield id
    }
    if (page.length < PAGE) return
    after = page.at(-1)?.id
  }
}

const PAGE = 1000
/** Rows that are looked at to find one that may go. */
const MAX_LOOKED_AT = 2000

async function evict(change: Change, origin: Origin, keptMs: number): Promise<boolean> {
  let after = 0
  for (let looked = 0; looked < MAX_LOOKED_AT; ) {
    const page = await change.find('oauthClients', 'byExpiry', { after, limit: 100 })
    for (const row of page) {
      after = row.expiresAt ?? after
      if (row.origin !== origin) continue
      if (!(await isInUse(change, row.id))) {
        await removeClient(change, row)
        return true
      }
      // It is not met again for a while.
      if (origin === 'registered') await keep(change, row, keptMs)
    }
    if (page.length < 100) return false
    looked += page.length
  }
  return false
}

async function isInUse(change: Change, client: string): Promise<boolean> {
  for await (const _ of liveGrants(change, client)) return true
  return false
}

async function keep(change: Change, row: Row<'oauthClients'>, keptMs: number): Promise<void> {
  await change.put('oauthClients', [{ ...row, expiresAt: change.now + keptMs }])
}

async function countOf(change: Change, origin: Origin): Promise<number> {
  return (await change.get('meters', meterOf(origin)))?.used ?? 0
}

async function add(change: Change, origin: Origin, difference: number): Promise<void> {
  const used = Math.max(0, (await countOf(change, origin)) + difference)
  await change.put('meters', [{ ...meterOf(origin), used }])
}

/** Meters that begin at 0 have no window and are never swept. */
function meterOf(origin: Origin): { readonly key: string; readonly windowStart: number } {
  return { key: `oauth/clients=${origin}`, windowStart: 0 }
}
