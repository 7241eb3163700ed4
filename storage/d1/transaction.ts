/** One transaction over D1; fence.ts says how it works. */
import {
  type Awaitable,
  type IndexName,
  isPromise,
  KavachError,
  type Key,
  type Range,
  type Row,
  type TableName,
  type Transaction,
} from '../../runtime/index.ts'
import { type AnyRow, assertRow, copyRow, DEFAULT_LIMIT, usedWhenOver } from '../rows.ts'
import { mergeMeters, orderOf } from '../sqlite/cold-meters.ts'
import type { D1Statement } from './binding.ts'
import { faultOfSize } from './limits.ts'
import { Overlay, withWritten } from './overlay.ts'
import { lost, Snapshot, type SnapshotPlace } from './snapshot.ts'
import { toRow } from './statements.ts'

type Write =
  | { readonly kind: 'insert' | 'put'; readonly table: TableName; readonly rows: AnyRow[] }
  | { readonly kind: 'remove'; readonly table: TableName; readonly key: AnyRow }

export class D1Transaction implements Transaction {
  isOver = false
  /** A conflict: the transaction is lost even when somebody catches it. */
  failure: KavachError | undefined = undefined
  readonly snapshot: Snapshot
  private readonly place: SnapshotPlace
  private readonly project: string
  private readonly overlay = new Overlay()
  private readonly writes: Write[] = []

  constructor(place: SnapshotPlace, project: string) {
    this.place = place
    this.project = project
    this.snapshot = new Snapshot(place, project)
  }

  get<T extends TableName>(table: T, key: Key<T>): Awaitable<Row<T> | undefined> {
    this.assertUsable()
    // Rows of the table that was named; a key is a part of a row.
    return this.row(table, key as AnyRow) as Awaitable<Row<T> | undefined>
  }

  find<T extends TableName>(table: T, index: IndexName<T>, range: Range = {}): Awaitable<readonly Row<T>[]> {
    this.assertUsable()
    return this.rows(table, index, range) as Promise<readonly unknown[]> as Promise<readonly Row<T>[]>
  }

  insert<T extends TableName>(table: T, rows: readonly Row<T>[]): Awaitable<void> {
    this.assertUsable()
    const given = rows as readonly AnyRow[]
    for (const row of given) assertRow(table, row)
    // The database refuses what is in the same table; of meters there are two.
    const asked = table === 'meters' ? given.map((row) => this.row(table, row)).filter(isPromise) : []
    // A reading that fails ends the transaction, whoever waits for it.
    for (const each of asked) each.catch(() => undefined)
    for (const row of given) {
      if (isThere(this.overlay.peek(table, row))) throw this.conflict(table)
      this.overlay.write(table, row, copyRow(row))
    }
    this.note('insert', table, given)
    if (asked.length === 0) return undefined
    return Promise.all(asked).then((found) => {
      if (found.some(isThere)) throw this.conflict(table)
    })
  }

  put<T extends TableName>(table: T, rows: readonly Row<T>[]): void {
    this.assertUsable()
    const given = rows as readonly AnyRow[]
    for (const row of given) {
      assertRow(table, row)
      this.overlay.write(table, row, copyRow(row))
    }
    this.note('put', table, given)
  }

  remove<T extends TableName>(table: T, key: Key<T>): Awaitable<boolean> {
    this.assertUsable()
    const before = this.row(table, key as AnyRow)
    this.overlay.write(table, key as AnyRow, null)
    this.writes.push({ kind: 'remove', table, key: copyRow(key as AnyRow) })
    return isPromise(before) ? before.then(isThere) : isThere(before)
  }

  get hasWrites(): boolean {
    return this.writes.length > 0
  }

  /** All that was written, in its order. */
  statements(): readonly D1Statement[] {
    const { statements } = this.place
    return this.writes.flatMap((write): readonly D1Statement[] => {
      if (write.kind !== 'remove') return statements.write(write.kind, write.table, this.project, write.rows)
      const { table, key } = write
      const removal = statements.remove(table, this.project, key)
      return table === 'meters' ? [removal, statements.remove('coldMeters', this.project, key)] : [removal]
    })
  }

  private row(table: TableName, key: AnyRow): Awaitable<AnyRow | undefined> {
    const known = this.overlay.peek(table, key)
    if (known !== undefined) return known === null ? undefined : copyRow(known)
    const { statements } = this.place
    const asked = [statements.get(table, this.project, key)]
    if (table === 'meters') asked.push(statements.get('coldMeters', this.project, key))
    return this.ask(asked).then((tables) => {
      const found = tables.flat()[0]
      const row = found === undefined ? null : toRow(table, found)
      this.overlay.noteRead(table, key, row)
      return row === null ? undefined : copyRow(row)
    })
  }

  private async rows(table: TableName, index: string, range: Range): Promise<readonly AnyRow[]> {
    const written = this.overlay.writtenIn(table)
    const { limit = DEFAULT_LIMIT, isReversed = false } = range
    const wider: Range = { ...range, limit: limit + written.size }
    const { statements } = this.place
    const asked = [statements.find(table, this.project, index, wider)]
    if (table === 'meters') asked.push(statements.find('coldMeters', this.project, index, wider))
    const [own = [], cold = []] = (await this.ask(asked)).map((rows) => rows.map((row) => toRow(table, row)))
    // Rows of meters, in both of their tables.
    const found =
      cold.length === 0
        ? own
        : (mergeMeters(own as readonly unknown[] as Row<'meters'>[], cold as readonly unknown[] as Row<'meters'>[], {
            isBefore: orderOf(index, isReversed),
            limit: limit + written.size,
          }) as readonly unknown[] as readonly AnyRow[])
    for (const row of found) this.overlay.noteRead(table, row, row)
    return withWritten(table, index, range, { found, written }).map(copyRow)
  }

  private async ask(statements: readonly D1Statement[]): Promise<readonly (readonly unknown[])[]> {
    try {
      return await this.snapshot.ask(statements)
    } catch (error) {
      throw this.fail(error as KavachError) // The snapshot throws nothing else.
    }
  }

  private note(kind: 'insert' | 'put', table: TableName, rows: readonly AnyRow[]): void {
    for (const row of rows) {
      const fault = faultOfSize(table, row)
      if (fault !== undefined) throw this.fail(fault)
    }
    const last = this.writes.at(-1)
    const copies = rows.map(copyRow)
    if (last !== undefined && last.kind === kind && last.table === table) last.rows.push(...copies)
    else this.writes.push({ kind, table, rows: copies })
  }

  private assertUsable(): void {
    if (this.isOver) throw usedWhenOver()
    if (this.snapshot.isLost) throw lost()
    if (this.failure !== undefined) throw this.failure
  }

  private conflict(table: TableName): KavachError {
    return this.fail(new KavachError('KVCH_E_STORE_CONFLICT', `the key of a row of \`${table}\` is taken`))
  }

  private fail(error: KavachError): KavachError {
    this.failure ??= error
    return error
  }
}

function isThere(row: AnyRow | null | undefined): boolean {
  return row !== undefined && row !== null
}
