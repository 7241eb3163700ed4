import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { generateSQLiteDrizzleJson, generateSQLiteMigration } from 'drizzle-kit/api'
import { getTableColumns, getTableName } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { columnsOfIndex, isUniqueIndex, TABLES, type TableName } from '../../../runtime/index.ts'
import { users } from '../../../storage/index.ts'
import { columnsOf } from '../../../storage/rows.ts'
import { MIGRATIONS } from '../../../storage/sqlite/migrations.ts'
import * as schema from '../../../storage/sqlite/schema.ts'
import { connectionOf, openStoreAt } from './files.ts'

const MIGRATIONS_FOLDER = 'storage/sqlite/migrations'
const tables = Object.keys(TABLES) as TableName[]
const { SQLITE_TABLES, sqlNameOf, indexNameOf, WITHOUT_ROWID } = schema

const lastSnapshot = () => {
  const names = readdirSync(`${MIGRATIONS_FOLDER}/meta`).filter((name) => name.endsWith('_snapshot.json'))
  return JSON.parse(readFileSync(`${MIGRATIONS_FOLDER}/meta/${names.sort().at(-1)}`, 'utf8'))
}

test('drizzle-kit has nothing to add to the migrations', async () => {
  const current = await generateSQLiteDrizzleJson({ ...schema })
  // Beside those of the data: what was migrated, meters that nobody uses, and the fences of D1.
  expect(Object.keys(current.tables).length).toBe(tables.length + 3)
  expect(await generateSQLiteMigration(lastSnapshot(), current)).toEqual([])
})

test('every table of the data is one that drizzle-kit sees', () => {
  const exported: Readonly<Record<string, unknown>> = { ...schema }
  expect(tables.filter((table) => exported[table] !== SQLITE_TABLES[table])).toEqual([])
  expect(Object.keys(SQLITE_TABLES).sort()).toEqual([...tables].sort())
})

test('migrations.ts says what the files of migrations/ say', () => {
  const journal = JSON.parse(readFileSync(`${MIGRATIONS_FOLDER}/meta/_journal.json`, 'utf8'))
  const files = journal.entries.map(({ tag }: { readonly tag: string }) => {
    const statements = readFileSync(`${MIGRATIONS_FOLDER}/${tag}.sql`, 'utf8')
      .replace(/^-- oldest: .*$/m, '')
      .split('--> statement-breakpoint')
    return { tag, statements: statements.map((statement) => statement.trim()) }
  })
  expect(MIGRATIONS.map(({ tag, statements }) => ({ tag, statements }))).toEqual(files)
  expect(readdirSync(MIGRATIONS_FOLDER).filter((name) => name.endsWith('.sql')).length).toBe(MIGRATIONS.length)
  expect(existsSync('drizzle.config.ts')).toBe(true)
})

interface ColumnInfo {
  readonly name: string
  readonly type: string
  readonly notnull: number
  readonly pk: number
}

test.each(tables)('a migrated database has %s as the data says', async (table) => {
  const connection = connectionOf(await openStoreAt(':memory:'))
  const name = sqlNameOf(table)
  const rows = <T>(sql: string) => connection.prepare(sql).all() as T[] // The columns are those of the statement.
  const types = { text: 'TEXT', integer: 'INTEGER', bytes: 'BLOB' }
  const key: readonly string[] = ['project', ...TABLES[table].key]
  const columns = rows<ColumnInfo>(`PRAGMA table_info(${name})`)
  expect(columns.map(({ name, type, notnull, pk }) => [name, type.toUpperCase(), notnull, pk])).toEqual([
    ['project', 'TEXT', 1, 1],
    ...columnsOf(table).map(([column, { kind, isNullable }]) => [
      column,
      types[kind],
      isNullable ? 0 : 1,
      key.indexOf(column) + 1,
    ]),
  ])
  const indexes = rows<{ readonly name: string; readonly unique: number; readonly origin: string }>(
    `PRAGMA index_list(${name})`,
  ).filter(({ origin }) => origin === 'c')
  const columnsIn = (index: string) =>
    rows<{ readonly name: string }>(`PRAGMA index_info(${index})`).map((column) => column.name)
  expect(Object.fromEntries(indexes.map((index) => [index.name, [index.unique, columnsIn(index.name)]]))).toEqual(
    Object.fromEntries(
      Object.entries(TABLES[table].indexes).map(([index, own]) => [
        indexNameOf(table, index),
        isUniqueIndex(table, index) ? [1, ['project', ...own]] : [0, ['project', ...columnsOfIndex(table, index)]],
      ]),
    ),
  )
  const [info] = rows<{ readonly wr: number }>(`PRAGMA table_list(${name})`)
  expect(info?.wr === 1).toBe(WITHOUT_ROWID.includes(table))
})

test('meters that nobody uses stand in a table like that of the others', async () => {
  const connection = connectionOf(await openStoreAt(':memory:'))
  const sqlOf = (name: string) =>
    connection.prepare('SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type').all(name)
  const hot = JSON.stringify(sqlOf('kavach_meters'))
  expect(hot).toContain('WITHOUT ROWID')
  expect(JSON.stringify(sqlOf('kavach_cold_meters'))).toBe(hot.replaceAll('kavach_meters', 'kavach_cold_meters'))
})

test('the table of users that applications write to is that of the data', () => {
  const shapeOf = (table: typeof users | (typeof SQLITE_TABLES)['users']) =>
    Object.entries(getTableColumns(table)).map(([name, column]) => [
      name,
      column.name,
      column.notNull,
      column.getSQLType(),
    ])
  expect(getTableName(users)).toBe(getTableName(SQLITE_TABLES.users))
  expect(shapeOf(users)).toEqual(shapeOf(SQLITE_TABLES.users))
})
