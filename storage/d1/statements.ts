/** Statements for D1, made of the texts that all of SQLite shares, with the values that belong to them. */
import { type Range, TABLES, type TableName } from '../../runtime/index.ts'
import { type AnyRow, columnsOf, DEFAULT_LIMIT, type Value } from '../rows.ts'
import { findText, getText, insertText, putText, removeText, shapeOf } from '../sqlite/queries.ts'
import type { SqlTable } from '../sqlite/schema.ts'
import type { D1Binding, D1Statement } from './binding.ts'

/** Values that one statement takes at most. @see https://developers.cloudflare.com/d1/platform/limits/ */
const MAX_VALUES = 100

export class D1Statements {
  private readonly binding: D1Binding
  private readonly texts = new Map<string, string>()

  constructor(binding: D1Binding) {
    this.binding = binding
  }

  of(text: string, ...values: readonly Value[]): D1Statement {
    return this.binding.prepare(text).bind(...values)
  }

  get(table: SqlTable, project: string, key: AnyRow): D1Statement {
    return this.of(
      this.textOf(`get ${table}`, () => getText(table)),
      project,
      ...keyOf(table, key),
    )
  }

  find(table: SqlTable, project: string, index: string, range: Range): D1Statement {
    const text = this.textOf(`find ${table} ${index} ${shapeOf(range)}`, () => findText(table, index, range))
    const { equal = [], after, before, limit = DEFAULT_LIMIT } = range
    const values: Value[] = [project, ...equal.filter((value) => value !== null)]
    if (after !== undefined) values.push(after)
    if (before !== undefined) values.push(before)
    return this.of(text, ...values, limit)
  }

  /** As many as the values of the rows need. */
  write(kind: 'insert' | 'put', table: TableName, project: string, rows: readonly AnyRow[]): readonly D1Statement[] {
    const columns = columnsOf(table).map(([name]) => name)
    const atOnce = Math.floor(MAX_VALUES / (columns.length + 1))
    const made: D1Statement[] = []
    for (let at = 0; at < rows.length; at += atOnce) {
      const some = rows.slice(at, at + atOnce)
      const toText = kind === 'insert' ? insertText : putText
      const text = this.textOf(`${kind} ${table} ${some.length}`, () => toText(table, some.length))
      const values = some.flatMap((row) => [project, ...columns.map((column) => row[column] ?? null)])
      made.push(this.of(text, ...values))
    }
    return made
  }

  remove(table: SqlTable, project: string, key: AnyRow): D1Statement {
    return this.of(
      this.textOf(`remove ${table}`, () => removeText(table)),
      project,
      ...keyOf(table, key),
    )
  }

  private textOf(name: string, make: () => string): string {
    const known = this.texts.get(name)
    if (known !== undefined) return known
    const text = make()
    this.texts.set(name, text)
    return text
  }
}

function keyOf(table: SqlTable, key: AnyRow): readonly Value[] {
  return TABLES[table === 'coldMeters' ? 'meters' : table].key.map((column) => key[column] ?? null)
}

/** A row as the host has it: D1 gives bytes as lists of numbers, or as buffers. */
export function toRow(table: TableName, given: unknown): AnyRow {
  // The statement selects the columns of the table.
  const found = given as { readonly [column: string]: unknown }
  const row: Record<string, Value> = {}
  for (const [column, { kind }] of columnsOf(table)) {
    const value = found[column]
    row[column] = kind === 'bytes' && value !== null ? toBytes(value) : (value as Value) // What the column holds.
  }
  return row
}

function toBytes(value: unknown): Uint8Array {
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  // A list of bytes, or bytes of some kind.
  return Uint8Array.from(value as ArrayLike<number>)
}
