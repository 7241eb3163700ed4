/**
 * Holds a log against itself and against checkpoints. It takes the rows in order, whole or pruned, from a store or an export:
 *
 * - every body has its leaf, the columns say what the body says, and what stands beside it is what the body commits to;
 * - no row is missing, and no row is earlier than the one before it;
 * - the leaves make the head, and at the size of each checkpoint they make its root.
 *
 * The first two find whoever changed a row, and the head whoever did not know how it is made. Against those who know, only
 * checkpoints help: for a log written anew they cannot be made without the key, and not even with it where an older one is kept.
 */

import { toHex } from '../../compiler/model/index.ts'
import type { Row } from '../tables.ts'
import { leafOfText } from './append.ts'
import { Frontier } from './frontier.ts'
import { HASH_BYTES, isEqual, type Sha256 } from './merkle.ts'
import { isSigned, type NoteKey, openNote } from './note.ts'
import { readPersonal } from './personal.ts'
import { stampOf } from './stamp.ts'

export interface VerifyFinding {
  /**
   * What does not fit: `leaf` a body and its hash, `column` a body and the columns beside it, `personal` values and their
   * commitment, `time` a row that is earlier than the one before it, `missing` and `order` the sequence of rows, `pruned` a body
   * that nobody dropped in the open, `head` the head of the log, `checkpoint` the root that was signed, `cut` rows that were
   * signed and are gone, `signature` a checkpoint that none of the keys signed, `postings` where rows of an agent are, `format`
   * an export that cannot be read.
   */
  readonly code:
    | 'leaf'
    | 'column'
    | 'personal'
    | 'time'
    | 'missing'
    | 'order'
    | 'pruned'
    | 'head'
    | 'checkpoint'
    | 'cut'
    | 'signature'
    | 'postings'
    | 'format'
  /** The row where it shows, or the first one. */
  readonly seq?: number
  readonly message: string
}

export interface VerifyReport {
  readonly isIntact: boolean
  /** Rows. */
  readonly size: number
  /** Hex. */
  readonly root: string
  /** Rows of which only the hash is left. */
  readonly pruned: number
  /** Rows whose personal values were erased. */
  readonly erased: number
  /** Checkpoints that hold, and the rows below the largest of them. */
  readonly checkpoints: number
  readonly signedRows: number
  /** False when no key was given, so that a checkpoint may be anybody's. */
  readonly areSignaturesChecked: boolean
  /** The first hundred. */
  readonly findings: readonly VerifyFinding[]
  readonly findingCount: number
}

export interface ClaimedHead {
  readonly size: number
  readonly frontier: Uint8Array
}

/** Findings that are kept; the rest is counted. */
const MAX_FINDINGS = 100

interface Awaited {
  readonly size: number
  readonly root: Uint8Array
}

/** A class because it is opened, fed and closed. */
export class LogVerifier {
  private readonly sha256: Sha256
  private readonly areSignaturesChecked: boolean
  private readonly frontier: Frontier
  private readonly findings: VerifyFinding[] = []
  private findingCount = 0
  private awaited: readonly Awaited[]
  private next = 0
  private time = 0
  private pruned = 0
  private firstPruned: number | undefined
  private lastPruned = -1
  private prunedTo = 0
  private erased = 0
  private checkpoints = 0
  private signedRows = 0
  private isBroken = false

  private constructor(sha256: Sha256, areSignaturesChecked: boolean) {
    this.sha256 = sha256
    this.areSignaturesChecked = areSignaturesChecked
    this.frontier = new Frontier(sha256, 0, new Uint8Array(0))
    this.awaited = []
  }

  /** @param checkpoints notes @param keys one of which must have signed each; without any, signatures are not looked at */
  static async open(sha256: Sha256, checkpoints: readonly string[], keys: readonly NoteKey[]): Promise<LogVerifier> {
    const verifier = new LogVerifier(sha256, keys.length > 0)
    await verifier.expect(checkpoints, keys)
    return verifier
  }

  report(code: VerifyFinding['code'], message: string, seq?: number): void {
    this.findingCount++
    if (this.findings.length < MAX_FINDINGS) this.findings.push({ code, ...(seq !== undefined && { seq }), message })
  }

  /** Checkpoints of smaller logs than what was taken so far cannot be added any more. */
  private async expect(checkpoints: readonly string[], keys: readonly NoteKey[]): Promise<void> {
    const awaited: Awaited[] = []
    for (const note of new Set(checkpoints)) {
      const opened = openNote(note)
      if (opened === undefined) this.report('signature', 'a checkpoint is no checkpoint')
      else if (keys.length > 0 && !(await isSigned(opened, keys, this.sha256))) {
        this.report('signature', `the checkpoint of ${opened.size} rows was signed by none of the keys`)
      } else awaited.push(opened)
    }
    this.awaited = awaited.sort((a, b) => a.size - b.size)
    this.meet()
  }

  add(row: Row<'audit'>): void {
    const { seq, leaf, time } = row
    if (seq < this.next) {
      this.report('order', `row ${seq} stands behind row ${this.next - 1}`, seq)
      return
    }
    if (seq > this.next) {
      const gap = seq - this.next === 1 ? `row ${this.next} is` : `rows ${this.next} to ${seq - 1} are`
      this.report('missing', `${gap} missing`, this.next)
      this.isBroken = true
    }
    this.next = seq + 1
    if (!hasShape(row)) {
      this.report('column', `row ${seq} holds what no row holds`, seq)
      this.isBroken = true
      return
    }
    if (time < this.time) this.report('time', `row ${seq} is earlier than the one before it`, seq)
    this.time = Math.max(this.time, time)
    if (row.body === null) this.addPruned(row)
    else this.addWhole(row, row.body)
    if (leaf.length !== HASH_BYTES) {
      this.report('leaf', `row ${seq} has a hash of ${leaf.length} bytes`, seq)
      this.isBroken = true
    }
    // From the first missing row on, nothing can be said of roots.
    if (this.isBroken) return
    this.frontier.append(leaf)
    this.meet()
  }

  /** A row that says that bodies before it were dropped. */
  noteBeyond({ kind, body }: Row<'audit'>): void {
    if (kind === 'prune' && body !== null) this.notePrune(membersOf(body))
  }

  finish(head: ClaimedHead | undefined): VerifyReport {
    const size = this.next
    for (const { size: wanted } of this.awaited) {
      if (wanted > size)
        this.report('cut', `a checkpoint has ${wanted} rows, and the log ${size}: the last ones are gone`, size)
      else if (this.isBroken) this.report('checkpoint', `the checkpoint of ${wanted} rows cannot hold`, wanted)
    }
    if (this.firstPruned !== undefined && this.lastPruned >= this.prunedTo) {
      const seq = Math.max(this.firstPruned, this.prunedTo)
      this.report('pruned', `row ${seq} has no body, and no row says that it was dropped`, seq)
    }
    if (head === undefined) this.report('head', 'there is no head')
    else if (head.size !== size) this.report('head', `the head has ${head.size} rows, and the log ${size}`, size)
    else if (!this.isBroken && !isEqual(head.frontier, this.frontier.toBytes())) {
      this.report('head', 'the head is not that of the rows')
    }
    return {
      isIntact: this.findingCount === 0,
      size,
      root: toHex(this.frontier.root()),
      pruned: this.pruned,
      erased: this.erased,
      checkpoints: this.checkpoints,
      signedRows: this.signedRows,
      areSignaturesChecked: this.areSignaturesChecked,
      findings: this.findings,
      findingCount: this.findingCount,
    }
  }

  private addPruned({ seq }: Row<'audit'>): void {
    this.pruned++
    this.firstPruned ??= seq
    this.lastPruned = seq
  }

  private addWhole({ seq, time, agent, kind, result, leaf, personal }: Row<'audit'>, body: string): void {
    if (!isEqual(leafOfText(body, this.sha256), leaf)) this.report('leaf', `row ${seq} is not what was hashed`, seq)
    const members = membersOf(body)
    const said = [members.seq, members.time, members.kind, members.agent ?? null, members.result ?? null]
    const columns = ['seq', 'time', 'kind', 'agent', 'result']
    for (const [at, value] of [seq, stampOf(time), kind, agent, result].entries()) {
      if (said[at] !== value)
        this.report('column', `the column ${columns[at]} of row ${seq} is not what the row says`, seq)
    }
    if (personal === null) {
      if (members.personal !== undefined) this.erased++
    } else if (readPersonal(personal, this.sha256)?.commitment !== members.personal) {
      this.report('personal', `the personal values of row ${seq} are not those that it commits to`, seq)
    }
    if (kind === 'prune') this.notePrune(members)
  }

  private notePrune({ to }: { readonly [member: string]: unknown }): void {
    if (typeof to === 'number') this.prunedTo = Math.max(this.prunedTo, to)
  }

  /** Compares the root with the checkpoints of this size. */
  private meet(): void {
    for (let first = this.awaited[0]; first?.size === this.frontier.size; first = this.awaited[0]) {
      if (isEqual(first.root, this.frontier.root())) {
        this.checkpoints++
        this.signedRows = first.size
      } else {
        this.report('checkpoint', `the first ${first.size} rows are not those of the checkpoint`, first.size - 1)
      }
      this.awaited = this.awaited.slice(1)
    }
  }
}

/** Databases such as SQLite keep whatever they are given, whatever the column was declared to be. */
function hasShape({ time, agent, kind, result, body, leaf, personal }: Row<'audit'>): boolean {
  const isText = (value: unknown) => value === null || typeof value === 'string'
  return Number.isSafeInteger(time) && leaf instanceof Uint8Array && [agent, kind, result, body, personal].every(isText)
}

/** Nothing for what is no JSON: then no column says what the body says. */
function membersOf(body: string): { readonly [member: string]: unknown } {
  try {
    const json: unknown = JSON.parse(body)
    // Any object may be asked for its members.
    return typeof json === 'object' && json !== null ? (json as { readonly [member: string]: unknown }) : {}
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}
