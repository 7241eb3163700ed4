/**
 * An export that can be verified without the store: JSON Lines that hold bodies as they were hashed.
 *
 *     {"kavach":"audit","version":1,"project":"default","size":2}
 *     {"seq":0,"time":1775044800000,"body":"{...}","leaf":"<hex>","personal":"{...}"}
 *     {"seq":1,"time":1775044800000,"kind":"decision","agent":"agt_1","result":"allowed","leaf":"<hex>"}       pruned
 *     {"checkpoint":"<note>"}
 *     {"head":{"size":2,"frontier":"<hex>"}}
 */

import { toHex } from '../../compiler/model/index.ts'
import { KavachError } from '../errors.ts'
import { seqOfAuditId } from '../site.ts'
import type { Row } from '../tables.ts'
import { type AuditProof, makeProof } from './audit-proof.ts'
import { openNote } from './note.ts'
import { fromHex } from './personal.ts'
import { LogVerifier, type VerifyReport } from './verifier.ts'
import { keysOf, type LogPlace, type VerifyOptions } from './verify-store.ts'

const VERSION = 1

export function bundleHeader(project: string, size: number): string {
  return `${JSON.stringify({ kavach: 'audit', version: VERSION, project, size })}\n`
}

export function bundleRow({ seq, time, agent, kind, result, body, leaf, personal }: Row<'audit'>): string {
  return `${JSON.stringify({
    seq,
    time,
    kind,
    ...(agent !== null && { agent }),
    ...(result !== null && { result }),
    ...(body !== null && { body }),
    leaf: toHex(leaf),
    ...(personal !== null && { personal }),
  })}\n`
}

export function bundleCheckpoint(note: string): string {
  return `${JSON.stringify({ checkpoint: note })}\n`
}

export function bundleHead({ size, frontier }: { readonly size: number; readonly frontier: Uint8Array }): string {
  return `${JSON.stringify({ head: { size, frontier: toHex(frontier) } })}\n`
}

/** One line of an export. */
export type BundleLine =
  | { readonly kind: 'header'; readonly project: string; readonly size: number }
  | { readonly kind: 'row'; readonly row: Row<'audit'> }
  | { readonly kind: 'checkpoint'; readonly note: string }
  | { readonly kind: 'head'; readonly head: { readonly size: number; readonly frontier: Uint8Array } }

/** Nothing for a line of another form. */
export function parseBundleLine(text: string): BundleLine | undefined {
  let line: unknown
  try {
    line = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  if (!isRecord(line)) return undefined
  if (line.kavach === 'audit') {
    const { version, project, size } = line
    if (version !== VERSION || typeof project !== 'string' || !isCount(size)) return undefined
    return { kind: 'header', project, size }
  }
  if (typeof line.checkpoint === 'string') return { kind: 'checkpoint', note: line.checkpoint }
  if (isRecord(line.head)) {
    const { size, frontier } = line.head
    const bytes = typeof frontier === 'string' ? fromHex(frontier) : undefined
    return isCount(size) && bytes !== undefined ? { kind: 'head', head: { size, frontier: bytes } } : undefined
  }
  const row = rowOf(line)
  return row === undefined ? undefined : { kind: 'row', row }
}

/**
 * Verifies an export. `lines` is called twice: checkpoints stand behind the rows that they are about.
 *
 * @throws {KavachError} KVCH_E_REQUEST_INVALID for what is no key
 */
export async function verifyBundle(
  lines: () => AsyncIterable<string>,
  { checkpoints = [], keys = [] }: VerifyOptions,
  place: Pick<LogPlace, 'sha256'>,
): Promise<VerifyReport> {
  const notes = [...checkpoints]
  for await (const text of lines()) {
    if (!text.startsWith('{"checkpoint"')) continue
    const line = parseBundleLine(text)
    if (line?.kind === 'checkpoint') notes.push(line.note)
  }
  const verifier = await LogVerifier.open(place.sha256, notes, keysOf(keys, notes, place))
  let head: { readonly size: number; readonly frontier: Uint8Array } | undefined
  let number = 0
  for await (const text of lines()) {
    number++
    if (text === '') continue
    const line = parseBundleLine(text)
    if (line === undefined || (number === 1) !== (line.kind === 'header') || head !== undefined) {
      verifier.report('format', `line ${number} is not one of an export with proofs`)
    } else if (line.kind === 'row') verifier.add(line.row)
    else if (line.kind === 'head') head = line.head
  }
  return verifier.finish(head)
}

/**
 * Proves that a row is in an export. `lines` is called twice.
 *
 * @throws {KavachError} KVCH_E_AUDIT_NOT_FOUND, KVCH_E_AUDIT_TAMPERED
 */
export async function proveFromBundle(
  lines: () => AsyncIterable<string>,
  auditId: string,
  { sha256 }: Pick<LogPlace, 'sha256'>,
): Promise<AuditProof> {
  const seq = seqOfAuditId(auditId)
  let row: Row<'audit'> | undefined
  let size = 0
  let signed: { readonly note: string; readonly size: number } | undefined
  for await (const text of lines()) {
    const line = parseBundleLine(text)
    if (line?.kind === 'row' && line.row.seq === seq) row = line.row
    else if (line?.kind === 'head') size = line.head.size
    else if (line?.kind === 'checkpoint') {
      const opened = openNote(line.note)
      if (opened !== undefined && opened.size >= (signed?.size ?? 0)) signed = { note: line.note, size: opened.size }
    }
  }
  if (row === undefined) throw new KavachError('KVCH_E_AUDIT_NOT_FOUND', `the export has no row \`${auditId}\``)
  const checkpoint = signed !== undefined && row.seq < signed.size ? signed : undefined
  const end = checkpoint?.size ?? size
  return makeProof({ row, size: end, checkpoint: checkpoint?.note, rows: rowsBelow(lines(), end) }, sha256)
}

async function* rowsBelow(lines: AsyncIterable<string>, size: number): AsyncGenerator<readonly Row<'audit'>[]> {
  for await (const text of lines) {
    const line = parseBundleLine(text)
    if (line?.kind === 'row' && line.row.seq < size) yield [line.row]
  }
}

type Members = { readonly [member: string]: unknown }

function rowOf({ seq, time, kind, agent = null, result = null, body = null, leaf, personal = null }: Members) {
  const bytes = typeof leaf === 'string' ? fromHex(leaf) : undefined
  if (!isCount(seq) || !isCount(time) || typeof kind !== 'string' || bytes === undefined) return undefined
  if (!isTextOrNull(agent) || !isTextOrNull(body) || !isTextOrNull(personal) || !isResult(result)) return undefined
  return { seq, time, kind, agent, result, body, leaf: bytes, personal }
}

function isRecord(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string'
}

function isResult(value: unknown): value is Row<'audit'>['result'] {
  return value === null || value === 'allowed' || value === 'denied'
}
