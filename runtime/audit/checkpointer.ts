/**
 * Signs the log from time to time, and gives what it signed to places that the database cannot change.
 *
 * A signature says that everything up to here was written, and that nothing signed before was changed. So before it signs, it
 * adds the leaves of the rows since the last checkpoint to the frontier that it signed then, and compares the result with the
 * head. Where they differ, somebody else wrote the head, and nothing is signed any more.
 */

import { toHex } from '../../compiler/model/index.ts'
import { after } from '../awaitable.ts'
import type { CheckpointSink } from '../options.ts'
import type { Site } from '../site.ts'
import { Frontier } from './frontier.ts'
import { isEqual } from './merkle.ts'
import { checkpointText, isSigned, type NoteKey, openNote, signedNote, verifierKey } from './note.ts'
import { fromHex } from './personal.ts'
import { fillPostings } from './postings.ts'
import { pagesOf } from './rows.ts'
import { createSigning, originOf } from './signer.ts'
import { beginsAt, type OwnRun } from './tail.ts'

export interface Checkpointer {
  /**
   * Makes a checkpoint when there are 1,000 new rows, or new ones and 60 seconds have passed; and keeps the postings up. To be
   * called often: it is quick when nothing is to be done, and at most one runs. What fails is a warning, and tried again.
   */
  readonly tick: () => Promise<void>
  /** Makes a checkpoint of whatever is new. */
  readonly flush: () => Promise<void>
  /** The public key as verifiers want it, `NAME+ID+KEY`; nothing when checkpoints are not signed. */
  readonly verifierKey: () => Promise<string | undefined>
}

const EVERY_ROWS = 1000
const EVERY_MS = 60_000
/** Nothing is looked up more often than this. */
const LOOK_MS = 200
/** Name of the setting that has the frontier of the last checkpoint; the checkpoint's signature vouches for it. */
export const FRONTIER = 'audit.frontier'

interface Delivery {
  readonly sink: CheckpointSink
  /** The last checkpoint that it does not have. */
  waiting: { readonly note: string; readonly size: number } | undefined
}

export function createCheckpointer(site: Site): Checkpointer {
  const { host, sha256, project, warn } = site
  const options = site.settings.audit.checkpoints
  const { everyRows = EVERY_ROWS, everyMs = EVERY_MS, sinks = [] } = options
  const origin = originOf(options, project)
  const deliveries: readonly Delivery[] = sinks.map((sink) => ({ sink, waiting: undefined }))
  const signingOf = createSigning(site)
  /** What was signed last, and the run of our own in which that was. */
  let signed: Frontier | undefined
  let signedIn: OwnRun | undefined
  let signedAt = host.elapsed()
  let lookedAt = Number.NEGATIVE_INFINITY
  let running: Promise<void> | undefined
  /** Each fault is said once. */
  let fault = ''

  function complain(message: string): void {
    if (message !== fault) warn(message)
    fault = message
  }

  /** The frontier of the last checkpoint of this log, from the store; its signature vouches for it. */
  async function lastSigned(key: NoteKey): Promise<Frontier> {
    const { last, kept } = await site.read(async (reader) => {
      const [row] = await reader.find('checkpoints', 'key', { isReversed: true, limit: 1 })
      return { last: row, kept: await reader.get('settings', { name: FRONTIER }) }
    })
    const opened = last === undefined ? undefined : openNote(last.note)
    if (opened === undefined || !(await isSigned(opened, [key], sha256))) {
      // Nothing was signed with this key, so there is nothing that could be contradicted.
      return new Frontier(sha256, 0, NOTHING)
    }
    const bytes = kept === undefined ? undefined : fromHex(kept.value)
    try {
      if (bytes !== undefined) {
        const frontier = new Frontier(sha256, opened.size, bytes)
        if (isEqual(frontier.root(), opened.root)) return frontier
      }
    } catch (error) {
      // Of another size: it is made anew from the rows.
      if (!(error instanceof RangeError)) throw error
    }
    const frontier = new Frontier(sha256, 0, NOTHING)
    await extend(frontier, opened.size)
    if (frontier.size !== opened.size || !isEqual(frontier.root(), opened.root)) throw new Contradiction(opened.size)
    return frontier
  }

  /** Adds the leaves of the log up to `size`. */
  async function extend(frontier: Frontier, size: number): Promise<void> {
    for await (const page of pagesOf(site, { from: frontier.size, to: size })) {
      for (const { seq, leaf } of page) {
        if (seq !== frontier.size) return
        frontier.append(leaf)
      }
    }
  }

  async function make(isForced: boolean): Promise<void> {
    const found = await signingOf()
    if (found === undefined) return complain('checkpoints are not signed: set `audit.checkpoints.key`')
    const { signer, key } = found
    const { head, run } = await site.read((reader) =>
      after(reader.get('heads', {}), (found) => ({ head: found, run: found && site.tail?.runTo(found) })),
    )
    const size = head?.size ?? 0
    signed ??= await lastSigned(key)
    if (size < signed.size) throw new Contradiction(signed.size)
    const isDue = size - signed.size >= everyRows || host.elapsed() - signedAt >= everyMs || isForced
    if (head === undefined || size === signed.size || !isDue) return
    const last = { size: signed.size, frontier: signed.toBytes() }
    // What we appended ourselves, one change upon the other, needs not be added up again.
    const isOurs = run !== undefined && (run === signedIn || beginsAt(run, last))
    const next = isOurs ? new Frontier(sha256, size, head.frontier) : new Frontier(sha256, last.size, last.frontier)
    await extend(next, size)
    if (next.size !== size || !isEqual(next.toBytes(), head.frontier)) throw new Contradiction(signed.size)
    const text = checkpointText({ origin, size, root: next.root() })
    const note = signedNote(text, key, await signer.sign(UTF8.encode(text)), sha256)
    await site.change(async (change) => {
      await change.put('checkpoints', [{ size, note, time: change.now }])
      await change.put('settings', [{ name: FRONTIER, value: toHex(next.toBytes()) }])
    })
    signed = next
    signedIn = run
    signedAt = host.elapsed()
    for (const delivery of deliveries) delivery.waiting = { note, size }
  }

  async function deliver(): Promise<void> {
    for (const delivery of deliveries) {
      const { sink, waiting } = delivery
      if (waiting === undefined) continue
      try {
        await sink.write({ ...waiting, project })
        if (delivery.waiting === waiting) delivery.waiting = undefined
      } catch (error) {
        complain(`the checkpoint of ${waiting.size} rows could not be given to ${sink.name}: ${messageOf(error)}`)
      }
    }
  }

  async function work(isForced: boolean): Promise<void> {
    try {
      await fillPostings(site)
      await make(isForced)
      await deliver()
    } catch (error) {
      if (error instanceof Contradiction) signed = signedIn = undefined
      complain(`no checkpoint was made: ${messageOf(error)}`)
    }
  }

  function run(isForced: boolean): Promise<void> {
    running = work(isForced).finally(() => {
      running = undefined
    })
    return running
  }

  return {
    async tick() {
      const now = host.elapsed()
      if (running !== undefined || now - lookedAt < LOOK_MS) return
      lookedAt = now
      await run(false)
    },
    async flush() {
      await running
      await run(true)
    },
    async verifierKey() {
      const found = await signingOf()
      return found === undefined ? undefined : verifierKey(found.key, sha256)
    },
  }
}

const NOTHING = new Uint8Array(0)
const UTF8 = new TextEncoder()

class Contradiction extends Error {
  constructor(size: number) {
    super(`the log does not begin with the ${size} rows that were signed; verify it with \`kavach audit verify\``)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
