/** What is taken out of the log again: personal values of somebody, and bodies that are older than they are needed. */
import { KavachError } from '../errors.ts'
import type { Change, Site } from '../site.ts'
import type { Row } from '../tables.ts'
import { entryOf } from './entry.ts'
import { instantOf, isAbout } from './query.ts'
import { pagesOf, seqAt } from './rows.ts'

/** Whose personal values are erased: those of rows about an agent, or all that name a user. */
export type EraseSubject =
  | { readonly userId: string; readonly agentId?: undefined }
  | { readonly agentId: string; readonly userId?: undefined }

export interface Erased {
  /** The row that says so. It does not name the user. */
  readonly auditId: string
  readonly rows: number
}

export interface Pruned {
  /** The row that says so; nothing when nothing was to be dropped. */
  readonly auditId: string | undefined
  readonly rows: number
}

/** Proofs stay as they are: the rows hold commitments, which say nothing without the salt. */
export async function eraseRows(site: Site, subject: EraseSubject, actor: string): Promise<Erased> {
  const { userId, agentId } = subject
  const names = Object.entries({ userId, agentId }).filter(([, value]) => value !== undefined)
  if (names.length !== 1 || names.some(([, value]) => typeof value !== 'string' || value === '')) {
    throw new KavachError('KVCH_E_REQUEST_INVALID', 'erase: give `userId` or `agentId`', {
      details: { path: 'userId' },
    })
  }
  const size = await sizeOf(site)
  let rows = 0
  for await (const page of pagesOf(site, { from: 0, to: size })) {
    const concerned = page.filter(
      (row) => row.personal !== null && (userId === undefined ? row.agent === agentId : isAbout(row, userId)),
    )
    await rewrite(site, concerned, (row) => ({ ...row, personal: null }))
    rows += concerned.length
  }
  const auditId = await site.change((change) =>
    change.record(entryOf({ kind: 'erase', agent: agentId, actor, members: { rows, upTo: size } })),
  )
  return { auditId, rows }
}

/** Bodies of rows before an instant; their hashes stay, so that everything else can still be proved. */
export async function pruneRows(site: Site, before: Date | number | string, actor: string): Promise<Pruned> {
  const time = instantOf('before', before)
  if (time === undefined)
    throw new KavachError('KVCH_E_REQUEST_INVALID', 'before: is missing', { details: { path: 'before' } })
  const { to, first } = await site.read(async (reader) => {
    const size = (await reader.get('heads', {}))?.size ?? 0
    const end = await seqAt(reader, time, size)
    return { to: end, first: await firstWhole(reader, end) }
  })
  if (first >= to) return { auditId: undefined, rows: 0 }
  // First the row, or a crash would leave rows without a body and nobody to say why.
  const auditId = await site.change((change) =>
    change.record(
      entryOf({ kind: 'prune', actor, members: { from: first, to, before: new Date(time).toISOString() } }),
    ),
  )
  let rows = 0
  for await (const page of pagesOf(site, { from: first, to })) {
    await rewrite(site, page, (row) => ({ ...row, body: null, personal: null }))
    rows += page.length
  }
  return { auditId, rows }
}

const DAY_MS = 86_400_000

/** Drops what is older than the settings want it to be. */
export async function pruneExpired(site: Site): Promise<Pruned> {
  const { retentionDays } = site.settings.audit
  if (retentionDays === undefined) return { auditId: undefined, rows: 0 }
  return pruneRows(site, site.host.now() - retentionDays * DAY_MS, 'host')
}

/** Rows are pruned from the first one on, so the first whole one is found by halves. */
async function firstWhole(reader: Pick<Change, 'get'>, to: number): Promise<number> {
  let low = 0
  let high = to
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const row = await reader.get('audit', { seq: middle })
    if (row === undefined || row.body === null) low = middle + 1
    else high = middle
  }
  return low
}

async function sizeOf(site: Site): Promise<number> {
  return (await site.read((reader) => reader.get('heads', {})))?.size ?? 0
}

/** Reads each row again before it is written: another change may have come between. */
async function rewrite(
  site: Site,
  rows: readonly Row<'audit'>[],
  change: (row: Row<'audit'>) => Row<'audit'>,
): Promise<void> {
  if (rows.length === 0) return
  await site.change(async (tx) => {
    const current: Row<'audit'>[] = []
    for (const { seq } of rows) {
      const row = await tx.get('audit', { seq })
      if (row !== undefined) current.push(change(row))
    }
    await tx.put('audit', current)
  })
}
