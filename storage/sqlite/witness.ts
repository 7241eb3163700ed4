/**
 * What this process knows of the logs in the database, so that a file put in the place of another is used on only if it goes on
 * where that one was. Whoever asks the store remembers agents between transactions and is told of changes by the epoch; a file of
 * yesterday has an older one, and what happened there since would go unnoticed.
 */
import type { Row } from '../../runtime/index.ts'
import type { Connection } from './driver.ts'

type Head = Row<'heads'>
/** The last row of a log. */
type Mark = Pick<Row<'audit'>, 'seq' | 'leaf'>

interface Seen {
  head: Head
  /** The last row that this process wrote. */
  mark: Mark | undefined
}

export class Witness {
  private readonly projects = new Map<string, Seen>()

  /** The head of a project, as it was read, or written and committed. */
  see(project: string, head: Head): void {
    const seen = this.projects.get(project)
    if (seen === undefined) this.projects.set(project, { head, mark: undefined })
    else seen.head = head
  }

  /** The last row of its log, written and committed. */
  mark(project: string, mark: Mark): void {
    const seen = this.projects.get(project)
    if (seen !== undefined) seen.mark = mark
  }

  /** True when every log in the database goes on where it was. */
  isContinuedIn(connection: Connection): boolean {
    const headOf = connection
      .prepare('SELECT size, frontier, epoch FROM kavach_heads WHERE project = ?')
      .safeIntegers(false)
    const leafOf = connection.prepare('SELECT leaf FROM kavach_audit WHERE project = ? AND seq = ?')
    return [...this.projects].every(([project, { head, mark }]) => {
      // The columns are those that were asked for.
      const now = headOf.get(project) as Pick<Head, 'size' | 'frontier' | 'epoch'> | undefined
      if (now === undefined || now.size < head.size || now.epoch < head.epoch) return false
      if (now.size === head.size) return isSame(now.frontier, head.frontier)
      // A log that went on elsewhere has to have our last row.
      if (mark === undefined || mark.seq !== head.size - 1) return false
      const row = leafOf.get(project, mark.seq) as Pick<Mark, 'leaf'> | undefined
      return row !== undefined && isSame(row.leaf, mark.leaf)
    })
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}
