/**
 * The text of every statement over the tables, for whatever driver runs it; the project is its first value. Drizzle writes them:
 * an instance of ours, since another may rename columns, or log what it writes.
 */
import { and, asc, desc, eq, getTableColumns, gt, isNull, lt, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { drizzle } from 'drizzle-orm/sqlite-proxy'
import { columnsOfIndex, type Range, TABLES } from '../../runtime/index.ts'
import { columnsOf } from '../rows.ts'
import { type AnyTable, dataOf, indexNameOf, type SqlTable, sqlTableOf } from './schema.ts'

/** It writes statements and runs none. */
const db = drizzle(async () => ({ rows: [] }))

/** Ranges of one shape, over one index, have one text. */
export function shapeOf({ equal = [], after, before, isReversed }: Range): number {
  let shape = (after === undefined ? 0 : 1) | (before === undefined ? 0 : 2) | (isReversed === true ? 4 : 0)
  let bit = 8
  for (const value of equal) {
    shape |= value === null ? bit * 2 : bit
    bit *= 4
  }
  return shape
}

/** Values after the project: those of the key. */
export function getText(name: SqlTable): string {
  const table = sqlTableOf(name)
  const query = db
    .select(rowOf(table))
    .from(table)
    .where(and(...keyOf(name)))
  return query.toSQL().sql
}

/** Values after the project: those of `equal` that are not null, `after`, `before`, and the limit. */
export function findText(name: SqlTable, index: string, range: Range): string {
  const table = sqlTableOf(name)
  const { equal = [], after, before, isReversed } = range
  const columns = columnsOfIndex(dataOf(name), index)
  if (index !== 'key' && !(index in TABLES[dataOf(name)].indexes))
    throw new TypeError(`there is no index ${name}.${index}`)
  const order = columns.slice(equal.length).map((column) => columnOf(table, column))
  const bounded = columns[equal.length]
  const conditions = [
    eq(columnOf(table, 'project'), sql.placeholder('project')),
    ...equal.map((value, at) => {
      const column = columnOf(table, columns[at] ?? '')
      return value === null ? isNull(column) : eq(column, sql.placeholder(`equal${at}`))
    }),
    ...(after === undefined ? [] : [gt(columnOf(table, bounded ?? ''), sql.placeholder('after'))]),
    ...(before === undefined ? [] : [lt(columnOf(table, bounded ?? ''), sql.placeholder('before'))]),
  ]
  // Told nothing, SQLite may read a whole project in the order of its key rather than look into an index.
  const source = index === 'key' ? table : sql`${table} indexed by ${sql.identifier(indexNameOf(name, index))}`
  // By name alone: Drizzle would not find the table of a column behind the hint.
  const row = columnsOf(dataOf(name)).map(([column]) => [column, sql`${sql.identifier(column)}`] as const)
  const query = db
    .select(Object.fromEntries(row))
    .from(source)
    .where(and(...conditions))
    .orderBy(...order.map((column) => (isReversed === true ? desc(column) : asc(column))))
    .limit(sql.placeholder('limit'))
  return query.toSQL().sql
}

/** Values: those of each row, after the project. */
export function insertText(name: SqlTable, rows: number): string {
  return insertQuery(name, rows).toSQL().sql
}

function insertQuery(name: SqlTable, rows: number) {
  const columns = ['project', ...columnsOf(dataOf(name)).map(([column]) => column)]
  const row = Object.fromEntries(columns.map((column) => [column, sql.placeholder(column)]))
  return db.insert(sqlTableOf(name)).values(Array.from({ length: rows }, () => row))
}

/** Inserts, or replaces the whole row. Values: those of each row, after the project. */
export function putText(name: SqlTable, rows: number): string {
  const table = sqlTableOf(name)
  const key: readonly string[] = TABLES[dataOf(name)].key
  const rest = columnsOf(dataOf(name)).flatMap(([column]) => (key.includes(column) ? [] : [column]))
  const [first, ...others] = ['project', ...key].map((column) => columnOf(table, column))
  if (first === undefined) throw new TypeError('a key begins with the project')
  const query = insertQuery(name, rows).onConflictDoUpdate({
    target: [first, ...others],
    set: Object.fromEntries(rest.map((column) => [column, sql`excluded.${sql.identifier(column)}`])),
  })
  return query.toSQL().sql
}

/** Values after the project: those of the key. */
export function removeText(name: SqlTable): string {
  return db
    .delete(sqlTableOf(name))
    .where(and(...keyOf(name)))
    .toSQL().sql
}

/** The columns that a row has: the project is known. */
function rowOf(table: AnyTable): Record<string, SQLiteColumn> {
  const { project: _, ...columns } = columnsOfTable(table)
  return columns
}

function keyOf(name: SqlTable): readonly SQL[] {
  const table = sqlTableOf(name)
  return ['project', ...TABLES[dataOf(name)].key].map((column) => eq(columnOf(table, column), sql.placeholder(column)))
}

function columnOf(table: AnyTable, name: string): SQLiteColumn {
  const column = columnsOfTable(table)[name]
  if (column === undefined) throw new TypeError(`there is no column ${name}`)
  return column
}

function columnsOfTable(table: AnyTable): Record<string, SQLiteColumn> {
  return getTableColumns(table)
}
