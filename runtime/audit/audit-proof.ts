/** Proof that a row is in the log: it can be verified with the public key and nothing else. */

import { toHex } from '../../compiler/model/index.ts'
import { KavachError } from '../errors.ts'
import { auditIdOf } from '../site.ts'
import type { Row } from '../tables.ts'
import { leafOfText } from './append.ts'
import { inclusionRanges, isEqual, type Sha256, verifyInclusion } from './merkle.ts'
import { isSigned, type NoteKey, openNote } from './note.ts'
import { fromHex, readPersonal } from './personal.ts'
import { RangeRoots } from './proof.ts'
import { pagesOf, rowById } from './rows.ts'
import type { LogPlace } from './verify-store.ts'

export interface AuditProof {
  readonly auditId: string
  /** Index of the row. */
  readonly index: number
  /** Rows of the tree that it is proved to be in. */
  readonly size: number
  /** Hex, as all hashes here. */
  readonly leaf: string
  readonly root: string
  /** From the leaf to the root. @see RFC 9162 section 2.1.3 */
  readonly proof: readonly string[]
  /** The signed checkpoint whose root it is; absent for a row that is in none yet. */
  readonly checkpoint?: string
  /** The row itself, unless it was pruned. */
  readonly body?: string
  /** Values that the body commits to, unless they were erased. */
  readonly personal?: string
}

/** @throws {KavachError} KVCH_E_AUDIT_NOT_FOUND, KVCH_E_AUDIT_TAMPERED */
export async function proveRow(place: LogPlace, auditId: string): Promise<AuditProof> {
  const { row, head, checkpoint } = await place.read(async (reader) => {
    const found = await rowById(reader, auditId)
    const [last] = await reader.find('checkpoints', 'key', { isReversed: true, limit: 1 })
    return { row: found, head: await reader.get('heads', {}), checkpoint: last }
  })
  const signed = checkpoint !== undefined && row.seq < checkpoint.size ? checkpoint : undefined
  const size = signed?.size ?? head?.size ?? 0
  return makeProof({ row, size, checkpoint: signed?.note, rows: pagesOf(place, { from: 0, to: size }) }, place.sha256)
}

interface Provable {
  readonly row: Row<'audit'>
  readonly size: number
  /** The checkpoint of this size. */
  readonly checkpoint: string | undefined
  /** All rows up to `size`. */
  readonly rows: AsyncIterable<readonly Row<'audit'>[]>
}

/** @throws {KavachError} KVCH_E_AUDIT_TAMPERED when the rows do not make the root that was signed */
export async function makeProof({ row, size, checkpoint, rows }: Provable, sha256: Sha256): Promise<AuditProof> {
  const siblings = new RangeRoots(inclusionRanges(row.seq, size), sha256)
  const whole = new RangeRoots([{ from: 0, to: size }], sha256)
  for await (const page of rows) {
    for (const { leaf } of page) {
      siblings.add(leaf)
      whole.add(leaf)
    }
  }
  const [root = new Uint8Array(0)] = whole.roots()
  const proof = siblings.roots()
  const auditId = auditIdOf(row.seq)
  const isHeld = checkpoint === undefined || isEqual(openNote(checkpoint)?.root ?? new Uint8Array(0), root)
  if (!isHeld || !verifyInclusion({ leaf: row.leaf, index: row.seq, size, root, proof }, sha256)) {
    throw new KavachError('KVCH_E_AUDIT_TAMPERED', undefined, { details: { auditId, size } })
  }
  return {
    auditId,
    index: row.seq,
    size,
    leaf: toHex(row.leaf),
    root: toHex(root),
    proof: proof.map(toHex),
    ...(checkpoint !== undefined && { checkpoint }),
    ...(row.body !== null && { body: row.body }),
    ...(row.personal !== null && { personal: row.personal }),
  }
}

/** A proof as JSON says it; nothing when it is none. */
export function parseProof(text: string): AuditProof | undefined {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  return isProof(json) ? json : undefined
}

function isProof(json: unknown): json is AuditProof {
  if (typeof json !== 'object' || json === null) return false
  // Any object may be asked for its members.
  const { auditId, index, size, leaf, root, proof, checkpoint, body, personal } = json as { [member: string]: unknown }
  const isTextOrNothing = (value: unknown) => value === undefined || typeof value === 'string'
  return (
    [auditId, leaf, root].every((value) => typeof value === 'string') &&
    [index, size].every((value) => Number.isSafeInteger(value)) &&
    [checkpoint, body, personal].every(isTextOrNothing) &&
    Array.isArray(proof) &&
    proof.every((hash) => typeof hash === 'string')
  )
}

/** Why a proof proves nothing; an empty text when it does. Without keys, whoever signed the checkpoint is not looked at. */
export async function faultOfProof(proof: AuditProof, keys: readonly NoteKey[], sha256: Sha256): Promise<string> {
  const { auditId, index, size, checkpoint, body, personal } = proof
  const leaf = fromHex(proof.leaf)
  const root = fromHex(proof.root)
  const hashes = proof.proof.map(fromHex)
  if (leaf === undefined || root === undefined) return 'its hashes are no hashes'
  const path = hashes.filter((hash) => hash !== undefined)
  if (path.length !== hashes.length) return 'its hashes are no hashes'
  if (auditId !== auditIdOf(index)) return 'it is about another row than it says'
  if (body !== undefined && !isEqual(leafOfText(body, sha256), leaf)) return 'the row is not what was hashed'
  if (personal !== undefined) {
    const commitment = readPersonal(personal, sha256)?.commitment
    if (body === undefined || commitment === undefined || !body.includes(`"personal":"${commitment}"`)) {
      return 'the personal values are not those that the row commits to'
    }
  }
  if (!verifyInclusion({ leaf, index, size, root, proof: path }, sha256)) return 'the row is not in the tree'
  if (checkpoint === undefined) return keys.length === 0 ? '' : 'it has no checkpoint, so nobody has signed it'
  const note = openNote(checkpoint)
  if (note === undefined || note.size !== size || !isEqual(note.root, root))
    return 'the checkpoint is that of another tree'
  if (keys.length > 0 && !(await isSigned(note, keys, sha256))) return 'the checkpoint was signed by none of the keys'
  return ''
}
