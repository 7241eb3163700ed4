/**
 * The statements of a connection, each prepared once, when it is first needed. Drizzle writes them and the driver runs them:
 * to run one through Drizzle costs as much again as the statement.
 */
import { type Range, TABLES } from '../../runtime/index.ts'
import { columnsOf } from '../rows.ts'
import { ColdMeters } from './cold-meters.ts'
import type { Connection, Statement } from './driver.ts'
import { findText, getText, insertText, putText, removeText, shapeOf } from './queries.ts'
import { dataOf, type SqlTable } from './schema.ts'

/**
 * Rows that one statement writes where there are as many: a call of the driver costs more than a row. 256 rows of the log take
 * 0.26 ms instead of 0.39.
 */
export const ROWS_AT_ONCE = 16

/** The statements for one table. `project` is the first value of each. */
export interface TableStatements {
  readonly columns: readonly string[]
  readonly key: readonly string[]
  /** Columns that the driver gives as Buffers. */
  readonly bytes: readonly string[]
  readonly get: Statement
  readonly insert: Statement
  readonly put: Statement
  /** Writes `ROWS_AT_ONCE` rows, all values in one list. */
  readonly many: (kind: 'insert' | 'put') => Statement
  readonly remove: Statement
  /** Values after the project: those of `equal` that are not null, `after`, `before`, and the limit. */
  readonly find: (index: string, range: Range) => Statement
}

export class Statements {
  readonly coldMeters: ColdMeters
  private readonly tables = new Map<SqlTable, TableStatements>()
  private readonly connection: Connection

  constructor(connection: Connection) {
    this.connection = connection
    this.coldMeters = new ColdMeters(connection)
  }

  of(table: SqlTable): TableStatements {
    const known = this.tables.get(table)
    if (known !== undefined) return known
    const made = makeStatements(this.connection, table)
    this.tables.set(table, made)
    return made
  }
}

function makeStatements(connection: Connection, name: SqlTable): TableStatements {
  const prepare = (text: string) => connection.prepare(text).safeIntegers(false)
  const finds = new Map<string, Map<number, Statement>>()
  let insertMany: Statement | undefined
  let putMany: Statement | undefined
  return {
    columns: columnsOf(dataOf(name)).map(([column]) => column),
    key: TABLES[dataOf(name)].key,
    bytes: columnsOf(dataOf(name)).flatMap(([column, { kind }]) => (kind === 'bytes' ? [column] : [])),
    get: prepare(getText(name)),
    insert: prepare(insertText(name, 1)),
    put: prepare(putText(name, 1)),
    many(kind) {
      if (kind === 'insert') {
        insertMany ??= prepare(insertText(name, ROWS_AT_ONCE))
        return insertMany
      }
      putMany ??= prepare(putText(name, ROWS_AT_ONCE))
      return putMany
    },
    remove: prepare(removeText(name)),
    find(index, range) {
      const shapes = finds.get(index) ?? new Map<number, Statement>()
      finds.set(index, shapes)
      const shape = shapeOf(range)
      const known = shapes.get(shape)
      if (known !== undefined) return known
      const statement = prepare(findText(name, index, range))
      shapes.set(shape, statement)
      return statement
    },
  }
}
