/** Rows of any table, as stores see them. */
import { TABLES, type TableName } from '../runtime/index.ts'

export type Value = string | number | Uint8Array | null

/** A row whose table is known only as a value. */
export type AnyRow = { readonly [column: string]: Value }

/** Rows that `find` gives at most when nothing else was said. */
export const DEFAULT_LIMIT = 1000

export type ColumnKind = 'text' | 'integer' | 'bytes'

export interface ColumnShape {
  readonly kind: ColumnKind
  readonly isNullable: boolean
}

/** Columns by name, in the order of `TABLES`, the project left out. */
export function columnsOf(table: TableName): readonly (readonly [name: string, column: ColumnShape])[] {
  const known = COLUMNS.get(table) ?? Object.entries(TABLES[table].columns)
  COLUMNS.set(table, known)
  return known
}

const COLUMNS = new Map<TableName, readonly (readonly [name: string, column: ColumnShape])[]>()

/** The row itself, bytes copied, so that nobody changes what is kept by changing what was given or what was got. */
export function copyRow(row: AnyRow): AnyRow {
  const copy: Record<string, Value> = {}
  for (const column in row) {
    const value = row[column] ?? null
    // Not `slice`: that of a Buffer is the same bytes again.
    copy[column] = value instanceof Uint8Array ? new Uint8Array(value) : value
  }
  return copy
}

/** @throws {TypeError} when a value is missing, or is not what its column holds: whoever made the row is wrong */
export function assertRow(table: TableName, row: AnyRow): void {
  for (const [name, { kind, isNullable }] of columnsOf(table)) {
    const value: unknown = row[name]
    if (value === null ? !isNullable : !isOfKind(kind, value)) {
      throw new TypeError(`${table}.${name} cannot be ${value === null ? 'null' : `a ${typeof value}`}`)
    }
  }
}

function isOfKind(kind: ColumnKind, value: unknown): boolean {
  if (kind === 'text') return typeof value === 'string'
  if (kind === 'integer') return Number.isSafeInteger(value)
  return value instanceof Uint8Array
}

export function usedWhenOver(): TypeError {
  return new TypeError('the transaction is over: what it begins must be awaited inside it')
}
