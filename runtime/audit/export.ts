/** The log as a text for other systems, the oldest row first, a piece at a time. */
import { KavachError } from '../errors.ts'
import type { Site } from '../site.ts'
import type { Row } from '../tables.ts'
import { bundleCheckpoint, bundleHead, bundleHeader, bundleRow } from './bundle.ts'
import { cefOf } from './cef.ts'
import { CSV_HEADER, csvOf } from './csv.ts'
import { ocsfOf } from './ocsf.ts'
import { type AuditFilter, checkFilter, rowsOf } from './query.ts'
import { pagesOf } from './rows.ts'
import { viewOf } from './view.ts'

export const EXPORT_FORMATS = ['json', 'csv', 'jsonl', 'ocsf', 'cef'] as const

export interface AuditExport extends AuditFilter {
  /** `jsonl` is what `kavach replay` and `kavach tighten` read. */
  readonly format: (typeof EXPORT_FORMATS)[number]
  /**
   * With `jsonl`, and without a filter: bodies as they were hashed, with hashes, checkpoints and the head, for
   * `kavach audit verify` on a machine that has nothing else.
   */
  readonly proofs?: boolean | undefined
}

/** Pieces that are put together before they are given out. */
const CHUNK_CHARS = 64 * 1024

/** @throws {KavachError} KVCH_E_REQUEST_INVALID, before the first piece */
export function exportChunks(site: Site, options: AuditExport): AsyncGenerator<string> {
  checkFilter(options, ['format', 'proofs'])
  const { format, proofs = false, ...filter } = options
  if (!EXPORT_FORMATS.includes(format)) throw invalid('format', `must be one of ${EXPORT_FORMATS.join(', ')}`)
  if (!proofs) return gathered(linesOf(site, format, filter))
  if (format !== 'jsonl') throw invalid('proofs', 'there are proofs with `jsonl` only')
  const [named] = Object.entries(filter).filter(([, value]) => value !== undefined)
  if (named !== undefined) throw invalid(named[0], 'an export with proofs has all rows')
  return gathered(bundleOf(site))
}

async function* linesOf(site: Site, format: AuditExport['format'], filter: AuditFilter): AsyncGenerator<string> {
  const write = WRITERS[format]
  if (format === 'csv') yield CSV_HEADER
  if (format === 'json') yield '['
  let isFirst = true
  for await (const row of rowsOf(site, filter)) {
    if (format === 'json') yield isFirst ? '\n' : ',\n'
    yield write(row)
    isFirst = false
  }
  if (format === 'json') yield isFirst ? ']\n' : '\n]\n'
}

const WRITERS: { readonly [F in AuditExport['format']]: (row: Row<'audit'>) => string } = {
  json: (row) => JSON.stringify(viewOf(row)),
  jsonl: (row) => `${JSON.stringify(viewOf(row))}\n`,
  csv: (row) => csvOf(viewOf(row)),
  ocsf: (row) => ocsfOf(viewOf(row)),
  cef: (row) => cefOf(viewOf(row)),
}

async function* bundleOf(site: Site): AsyncGenerator<string> {
  const head = (await site.read((reader) => reader.get('heads', {}))) ?? { size: 0, frontier: new Uint8Array(0) }
  yield bundleHeader(site.project, head.size)
  for await (const page of pagesOf(site, { from: 0, to: head.size })) for (const row of page) yield bundleRow(row)
  for (let after = -1; ; ) {
    const [checkpoint] = await site.read((reader) => reader.find('checkpoints', 'key', { after, limit: 1 }))
    if (checkpoint === undefined || checkpoint.size > head.size) break
    yield bundleCheckpoint(checkpoint.note)
    after = checkpoint.size
  }
  yield bundleHead(head)
}

async function* gathered(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = ''
  for await (const line of lines) {
    chunk += line
    if (chunk.length < CHUNK_CHARS) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}

function invalid(path: string, message: string): KavachError {
  return new KavachError('KVCH_E_REQUEST_INVALID', `${path}: ${message}`, { details: { path } })
}
