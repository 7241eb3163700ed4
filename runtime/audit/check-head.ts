/**
 * A quick look at the log: whether it goes on from what was signed last to where the head is. Rows before the checkpoint are not
 * read, and bodies are not hashed; `verify` does both.
 */
import type { Site } from '../site.ts'
import { FRONTIER } from './checkpointer.ts'
import { Frontier } from './frontier.ts'
import { isEqual } from './merkle.ts'
import { openNote } from './note.ts'
import { fromHex } from './personal.ts'
import { pagesOf } from './rows.ts'

export interface HeadCheck {
  /** Rows of the log. */
  readonly size: number
  /** Milliseconds since 1970 of the last row. */
  readonly lastTime?: number
  /** Rows up to the last checkpoint, and when it was made. */
  readonly signed?: { readonly size: number; readonly time: number }
  /** When the first row was written that is in no checkpoint. */
  readonly unsignedSince?: number
  /** Why the log is not what was signed; absent when nothing of it was seen. */
  readonly fault?: string
}

export async function checkHead(site: Pick<Site, 'read' | 'sha256'>): Promise<HeadCheck> {
  const found = await site.read(async (reader) => {
    const [checkpoint] = await reader.find('checkpoints', 'key', { isReversed: true, limit: 1 })
    const [last] = await reader.find('audit', 'key', { isReversed: true, limit: 1 })
    const [unsigned] = await reader.find('audit', 'key', { after: (checkpoint?.size ?? 0) - 1, limit: 1 })
    const frontier = await reader.get('settings', { name: FRONTIER })
    return { head: await reader.get('heads', {}), checkpoint, last, unsigned, frontier: frontier?.value }
  })
  const { head, checkpoint, last, unsigned } = found
  const size = head?.size ?? 0
  const fault = await faultOf()
  return {
    size,
    ...(last && { lastTime: last.time }),
    ...(checkpoint && { signed: { size: checkpoint.size, time: checkpoint.time } }),
    ...(unsigned && { unsignedSince: unsigned.time }),
    ...(fault !== undefined && { fault }),
  }

  async function faultOf(): Promise<string | undefined> {
    if ((last?.seq ?? -1) !== size - 1)
      return `the head has ${size} rows, and the last row is ${last?.seq ?? 'missing'}`
    if (checkpoint === undefined || head === undefined) return undefined
    const note = openNote(checkpoint.note)
    if (note === undefined || note.size !== checkpoint.size) return 'the last checkpoint is none'
    if (note.size > size) return `${note.size} rows were signed, and ${size} are left`
    // Without the frontier only the whole log can say it.
    const frontier = frontierOf(note.size, found.frontier)
    if (frontier === undefined) return undefined
    if (!isEqual(frontier.root(), note.root)) return undefined
    for await (const page of pagesOf(site, { from: note.size, to: size })) {
      for (const { leaf } of page) frontier.append(leaf)
    }
    const isHead = frontier.size === size && isEqual(frontier.toBytes(), head.frontier)
    return isHead ? undefined : `the head does not follow from the ${note.size} rows that were signed`
  }

  function frontierOf(leaves: number, hex: string | undefined): Frontier | undefined {
    const bytes = hex === undefined ? undefined : fromHex(hex)
    if (bytes === undefined) return undefined
    try {
      return new Frontier(site.sha256, leaves, bytes)
    } catch (error) {
      // It is that of another checkpoint.
      if (error instanceof RangeError) return undefined
      throw error
    }
  }
}
