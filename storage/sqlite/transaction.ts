/** One open transaction of a connection, and the one project that it can see. */
import {
  type IndexName,
  KavachError,
  type Key,
  type Range,
  type Row,
  type TableName,
  type Transaction,
} from '../../runtime/index.ts'
import { type AnyRow, DEFAULT_LIMIT, usedWhenOver, type Value } from '../rows.ts'
import { mergeMeters, orderOf } from './cold-meters.ts'
import type { SqlTable } from './schema.ts'
import { ROWS_AT_ONCE, type Statements } from './statements.ts'
import type { Witness } from './witness.ts'

export interface TransactionPlace {
  readonly statements: Statements
  readonly toError: (error: unknown) => KavachError
  readonly witness: Witness
}

/** Every method answers at once: whoever awaits its results does not give up the turn of the process for it. */
export class SqliteTransaction implements Transaction {
  isOver = false
  /** A statement failed, and perhaps SQLite has ended the transaction with it: nothing more may be done in it. */
  failure: KavachError | undefined = undefined
  private readonly place: TransactionPlace
  private readonly project: string
  private head: Row<'heads'> | undefined = undefined
  private mark: Row<'audit'> | undefined = undefined

  constructor(place: TransactionPlace, project: string) {
    this.place = place
    this.project = project
  }

  get<T extends TableName>(table: T, key: Key<T>): Row<T> | undefined {
    this.assertUsable()
    try {
      const row = this.read(table, key) ?? (table === 'meters' ? this.read('coldMeters', key) : undefined)
      // The statement selects the columns of the table.
      if (table === 'heads' && row !== undefined) this.place.witness.see(this.project, row as Row<'heads'>)
      return row as Row<T> | undefined
    } catch (error) {
      throw this.fail(error)
    }
  }

  find<T extends TableName>(table: T, index: IndexName<T>, range: Range = WHOLE): readonly Row<T>[] {
    this.assertUsable()
    try {
      const rows = this.list(table, index, range) as Row<T>[] // The statement selects the columns of the table.
      return table === 'meters' ? (this.withCold(rows as Row<'meters'>[], index, range) as Row<T>[]) : rows
    } catch (error) {
      throw this.fail(error)
    }
  }

  insert<T extends TableName>(table: T, rows: readonly Row<T>[]): void {
    this.write(table, rows, 'insert')
  }

  put<T extends TableName>(table: T, rows: readonly Row<T>[]): void {
    this.write(table, rows, 'put')
  }

  remove<T extends TableName>(table: T, key: Key<T>): boolean {
    this.assertUsable()
    try {
      const wasCold = table === 'meters' && this.drop('coldMeters', key)
      return this.drop(table, key) || wasCold
    } catch (error) {
      throw this.fail(error)
    }
  }

  /** What the transaction wrote is there. */
  confirm(): void {
    if (this.head !== undefined) this.place.witness.see(this.project, this.head)
    if (this.mark !== undefined) this.place.witness.mark(this.project, this.mark)
  }

  private read(table: SqlTable, key: object): unknown {
    const { get, key: columns, bytes } = this.place.statements.of(table)
    const row = get.get(...this.valuesOf(key as AnyRow, columns)) // A key is a part of a row.
    if (row !== undefined && bytes.length > 0) unwrapBytes(row, bytes)
    return row
  }

  private list(table: SqlTable, index: string, range: Range): readonly unknown[] {
    const { find, bytes } = this.place.statements.of(table)
    const { equal, after, before, limit = DEFAULT_LIMIT } = range
    const values: Value[] = [this.project]
    if (equal !== undefined) for (const value of equal) if (value !== null) values.push(value)
    if (after !== undefined) values.push(after)
    if (before !== undefined) values.push(before)
    values.push(limit)
    const rows = find(index, range).all(...values)
    if (bytes.length > 0) for (const row of rows) unwrapBytes(row, bytes)
    return rows
  }

  private drop(table: SqlTable, key: object): boolean {
    const { remove, key: columns } = this.place.statements.of(table)
    return remove.run(...this.valuesOf(key as AnyRow, columns)).changes > 0 // A key is a part of a row.
  }

  private withCold(hot: readonly Row<'meters'>[], index: string, range: Range): readonly Row<'meters'>[] {
    const cold = this.list('coldMeters', index, range) as Row<'meters'>[] // Both tables have the same columns.
    if (cold.length === 0) return hot
    const { isReversed = false, limit = DEFAULT_LIMIT } = range
    return mergeMeters(hot, cold, { isBefore: orderOf(index, isReversed), limit })
  }

  /** Only what is in the same table is refused by the database. */
  private assertNotCold(meters: readonly AnyRow[]): void {
    for (const meter of meters) {
      if (this.read('coldMeters', meter) !== undefined) {
        throw new KavachError('KVCH_E_STORE_CONFLICT', 'the key of a row is taken')
      }
    }
  }

  private write<T extends TableName>(table: T, rows: readonly Row<T>[], kind: 'insert' | 'put'): void {
    this.assertUsable()
    try {
      const statements = this.place.statements.of(table)
      const { columns } = statements
      if (table === 'meters' && kind === 'insert') this.assertNotCold(rows as readonly AnyRow[])
      const whole = rows.length - (rows.length % ROWS_AT_ONCE)
      // Rows of some table: the columns are those of the statement.
      const values = rows as readonly AnyRow[]
      for (let at = 0; at < whole; at += ROWS_AT_ONCE) {
        statements.many(kind).run(...this.listOf(values, at, at + ROWS_AT_ONCE, columns))
      }
      for (let at = whole; at < rows.length; at++) {
        statements[kind].run(...this.listOf(values, at, at + 1, columns))
      }
      // Rows of the table that was named.
      if (table === 'heads') this.head = rows.at(-1) as Row<'heads'> | undefined
      else if (table === 'audit') this.mark = rows.at(-1) as Row<'audit'> | undefined
      else if (table === 'meters') this.place.statements.coldMeters.noteWritten(rows.length)
    } catch (error) {
      throw this.fail(error)
    }
  }

  /** The values of some rows, each after the project. */
  private listOf(rows: readonly AnyRow[], start: number, end: number, columns: readonly string[]): readonly unknown[] {
    const values: unknown[] = []
    for (let at = start; at < end; at++) {
      const row = rows[at] as AnyRow // `at` is below the length.
      values.push(this.project)
      for (let i = 0; i < columns.length; i++) values.push(row[columns[i] as string]) // `i` is below the length.
    }
    return values
  }

  private valuesOf(key: AnyRow, columns: readonly string[]): readonly unknown[] {
    const values: unknown[] = [this.project]
    for (const column of columns) values.push(key[column])
    return values
  }

  private assertUsable(): void {
    if (this.isOver) throw usedWhenOver()
    if (this.failure !== undefined) throw this.failure
  }

  private fail(error: unknown): KavachError {
    this.failure = this.place.toError(error)
    return this.failure
  }
}

const WHOLE: Range = {}

/** Bytes come as Buffers, whose `slice` shares what it was taken from; those of the host do not. */
function unwrapBytes(row: unknown, columns: readonly string[]): void {
  const values = row as Record<string, unknown> // A row that the driver has just made, and nobody else has.
  for (const column of columns) {
    const value = values[column]
    if (value instanceof Uint8Array) values[column] = new Uint8Array(value.buffer, value.byteOffset, value.length)
  }
}
