import { expect, test } from 'vitest'
import { columnsOfIndex, type Range, TABLES, type TableName } from '../../../runtime/index.ts'
import { columnsOf } from '../../../storage/rows.ts'
import type { Connection } from '../../../storage/sqlite/driver.ts'
import { connectionOf, openStoreAt } from './files.ts'

const tables = Object.keys(TABLES) as TableName[]

/** Every shape of range that an index takes: so many columns fixed, one of them null where it may be, bounds or none. */
function rangesOf(table: TableName, index: string): readonly Range[] {
  const columns = columnsOfIndex(table, index)
  const shapes = new Map(columnsOf(table))
  const exampleOf = (column: string) => (shapes.get(column)?.kind === 'integer' ? 1 : 'a')
  return columns.flatMap((_, width) => {
    const equal = columns.slice(0, width).map(exampleOf)
    const nulls = equal.flatMap((_, at) =>
      shapes.get(columns[at] ?? '')?.isNullable === true ? [equal.map((value, i) => (i === at ? null : value))] : [],
    )
    const bound = exampleOf(columns[width] ?? '')
    const bounds = [{}, { after: bound }, { before: bound }, { after: bound, before: bound }]
    return [equal, ...nulls].flatMap((values) =>
      bounds.flatMap((each) => [false, true].map((isReversed) => ({ equal: values, ...each, isReversed }))),
    )
  })
}

/** The statements that are run, as they are prepared. */
function recordStatements(connection: Connection): string[] {
  const seen: string[] = []
  const prepare = connection.prepare.bind(connection)
  connection.prepare = (sql) => {
    seen.push(sql)
    return prepare(sql)
  }
  return seen
}

const planOf = (connection: Connection, sql: string): readonly string[] =>
  connection
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...Array.from(sql.matchAll(/\?/g), () => 1))
    .map((row) => (row as { readonly detail: string }).detail) // The column has this name.

test.each(tables)('every look-up in %s is a search in the index that was named, and sorts nothing', async (table) => {
  const store = await openStoreAt(':memory:')
  const connection = connectionOf(store)
  const seen = recordStatements(connection)
  // The table is a value here, so that the types of its keys and indexes are not known.
  const faults = await store.read('default', async (typed) => {
    const reader = typed as unknown as {
      get(table: TableName, key: object): unknown
      find(table: TableName, index: string, range: Range): unknown
    }
    await reader.get(table, Object.fromEntries(columnsOfIndex(table, 'key').map((column) => [column, 1])))
    const found: string[] = []
    for (const index of ['key', ...Object.keys(TABLES[table].indexes)]) {
      for (const range of rangesOf(table, index)) {
        seen.length = 0
        await reader.find(table, index, range)
        for (const sql of [...seen]) {
          const plan = planOf(connection, sql)
          const isSearch = plan.length === 1 && plan[0]?.startsWith('SEARCH ')
          const named =
            index === 'key'
              ? /PRIMARY KEY|sqlite_autoindex/
              : new RegExp(`USING (?:COVERING )?INDEX \\S*_${snake(index)} `)
          const columns = (range.equal?.length ?? 0) + 1
          const terms = plan[0]?.match(/=\?/g)?.length ?? 0
          if (!isSearch || !named.test(plan[0] ?? '') || terms < columns)
            found.push(`${index} ${JSON.stringify(range)}: ${plan.join('; ')}`)
        }
      }
    }
    return found
  })
  expect(faults).toEqual([])
})

test('a statement is prepared once, however often it is run', async () => {
  const store = await openStoreAt(':memory:')
  const seen = recordStatements(connectionOf(store))
  for (let at = 0; at < 3; at++) {
    await store.transaction('default', async (tx) => {
      await tx.put('settings', [{ name: `${at}`, value: '' }])
      await tx.get('settings', { name: 'a' })
      await tx.find('settings', 'key', { after: 'a', limit: at })
      await tx.find('settings', 'key', { after: 'b', limit: 7 })
      await tx.remove('settings', { name: 'a' })
    })
  }
  expect(seen.length).toBe(new Set(seen).size)
})

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
