/** Verifies the log that lies in a store. */

import { KavachError } from '../errors.ts'
import type { Site } from '../site.ts'
import type { Row } from '../tables.ts'
import { isEqual } from './merkle.ts'
import { noteKeyOf, openNote } from './note.ts'
import { BLOCK_ROWS, blockOf, postingsOf } from './postings.ts'
import { pagesOf } from './rows.ts'
import { LogVerifier, type VerifyReport } from './verifier.ts'

export interface VerifyOptions {
  /** Checkpoints that were kept elsewhere, beside those of the store. */
  readonly checkpoints?: readonly string[] | undefined
  /** Public keys that checkpoints may be signed with: `NAME+ID+KEY`, PEM, hex or base64url. */
  readonly keys?: readonly string[] | undefined
}

/** What a verifier needs of a site. */
export type LogPlace = Pick<Site, 'read' | 'sha256' | 'project'>

/** Reads the whole log. Rows that are written meanwhile are not looked at. */
export async function verifyStore(
  place: LogPlace,
  { checkpoints = [], keys = [] }: VerifyOptions,
): Promise<VerifyReport> {
  assertTexts('checkpoints', checkpoints)
  assertTexts('keys', keys)
  const { head, last, kept } = await place.read(async (reader) => ({
    head: await reader.get('heads', {}),
    last: (await reader.find('audit', 'key', { isReversed: true, limit: 1 }))[0],
    kept: await allCheckpoints((after) => reader.find('checkpoints', 'key', after)),
  }))
  const notes = [...kept.map(({ note }) => note), ...checkpoints]
  const verifier = await LogVerifier.open(place.sha256, notes, keysOf(keys, notes, place))
  const postings = new PostingsVerifier(place, verifier)
  const size = head?.size ?? 0
  if (last !== undefined && last.seq >= size) {
    verifier.report('head', `there is a row ${last.seq}, and the head has ${size} rows`, size)
  }
  for await (const page of pagesOf(place, { from: 0, to: size })) {
    for (const row of page) verifier.add(row)
    await postings.add(page)
  }
  // A row that was written meanwhile may say why bodies were gone when they were looked at.
  for await (const page of pagesOf(place, { from: size, to: Number.MAX_SAFE_INTEGER })) {
    for (const row of page) verifier.noteBeyond(row)
  }
  return verifier.finish(head ?? (size === 0 ? EMPTY_HEAD : undefined))
}

/** @throws {KavachError} KVCH_E_REQUEST_INVALID */
function assertTexts(path: string, given: unknown): void {
  if (Array.isArray(given) && given.every((one) => typeof one === 'string')) return
  throw new KavachError('KVCH_E_REQUEST_INVALID', `${path}: must be a list of texts`, { details: { path } })
}

const EMPTY_HEAD = { size: 0, frontier: new Uint8Array(0) }

/** @throws {KavachError} KVCH_E_REQUEST_INVALID for what is no key */
export function keysOf(keys: readonly string[], notes: readonly string[], { sha256 }: Pick<LogPlace, 'sha256'>) {
  // A bare key is one for the log that the checkpoints name.
  const origins = new Set(notes.map((note) => openNote(note)?.origin).filter((origin) => origin !== undefined))
  return keys.flatMap((text) => {
    const names = origins.size === 0 ? [''] : [...origins]
    return names.map((name) => {
      const key = noteKeyOf(text, name, sha256)
      if (key === undefined) {
        throw new KavachError(
          'KVCH_E_REQUEST_INVALID',
          'keys: a key must be NAME+ID+KEY, PEM, hex or base64url of Ed25519',
        )
      }
      return key
    })
  })
}

async function allCheckpoints(
  find: (range: {
    readonly after?: number
  }) => PromiseLike<readonly Row<'checkpoints'>[]> | readonly Row<'checkpoints'>[],
): Promise<readonly Row<'checkpoints'>[]> {
  const rows: Row<'checkpoints'>[] = []
  for (let page = await find({}); page.length > 0; page = await find({ after: rows.at(-1)?.size ?? 0 }))
    rows.push(...page)
  return rows
}

/** Postings are made of rows, so whoever changed them would hide rows from those who look for an agent. */
class PostingsVerifier {
  private readonly place: LogPlace
  private readonly verifier: LogVerifier
  private block: Row<'audit'>[] = []

  constructor(place: LogPlace, verifier: LogVerifier) {
    this.place = place
    this.verifier = verifier
  }

  async add(page: readonly Row<'audit'>[]): Promise<void> {
    for (const row of page) {
      this.block.push(row)
      if (row.seq % BLOCK_ROWS === BLOCK_ROWS - 1) await this.compare(blockOf(row.seq))
    }
  }

  private async compare(block: number): Promise<void> {
    const rows = this.block
    this.block = []
    const kept = await this.place.read((reader) => reader.get('postings', { block }))
    if (kept === undefined || isEqual(kept.entries, postingsOf(rows))) return
    this.verifier.report(
      'postings',
      `what is kept of the agents in rows ${block * BLOCK_ROWS} and on is not right`,
      block * BLOCK_ROWS,
    )
  }
}
