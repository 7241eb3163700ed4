/** What a transaction knows of rows: those that it wrote, and those that it read. */
import { columnsOfIndex, type Range, TABLES, type TableName } from '../../runtime/index.ts'
import { compareTo } from '../order.ts'
import { type AnyRow, DEFAULT_LIMIT, type Value } from '../rows.ts'

/** Null: there is no such row. */
type Known = AnyRow | null

export class Overlay {
  private readonly written = new Map<TableName, Map<string, Known>>()
  private readonly read = new Map<TableName, Map<string, Known>>()

  /** Undefined where nobody knows yet. */
  peek(table: TableName, key: AnyRow): Known | undefined {
    const name = nameOf(table, key)
    const own = this.written.get(table)?.get(name)
    return own === undefined ? this.read.get(table)?.get(name) : own
  }

  write(table: TableName, key: AnyRow, row: Known): void {
    mapOf(this.written, table).set(nameOf(table, key), row)
  }

  noteRead(table: TableName, key: AnyRow, row: Known): void {
    mapOf(this.read, table).set(nameOf(table, key), row)
  }

  /** What was written into a table up to now; it stays as it is. */
  writtenIn(table: TableName): ReadonlyMap<string, Known> {
    return new Map(this.written.get(table))
  }
}

/**
 * The rows that an index gives, with what was written on top. `found` are those of the database: as many as the range asks for and, beyond
 * that, one for each row that was written, since so many may be gone.
 */
export function withWritten(
  table: TableName,
  index: string,
  range: Range,
  { found, written }: { readonly found: readonly AnyRow[]; readonly written: ReadonlyMap<string, Known> },
): readonly AnyRow[] {
  const { limit = DEFAULT_LIMIT, isReversed = false } = range
  if (written.size === 0) return found.slice(0, limit)
  const columns = columnsOfIndex(table, index)
  const kept = found.filter((row) => !written.has(nameOf(table, row)))
  const own = [...written.values()].filter((row) => row !== null).filter((row) => isWithin(row, columns, range))
  const valuesOf = (row: AnyRow) => columns.map((column): Value => row[column] ?? null)
  const merged = [...kept, ...own].sort((a, b) => compareTo(columns, a, valuesOf(b)))
  if (isReversed) merged.reverse()
  return merged.slice(0, limit)
}

/** Null is within no bounds. */
function isWithin(row: AnyRow, columns: readonly string[], { equal = [], after, before }: Range): boolean {
  if (compareTo(columns, row, equal) !== 0) return false
  if (after === undefined && before === undefined) return true
  const bounded = columns.slice(equal.length, equal.length + 1)
  if (bounded.length === 0 || row[bounded[0] ?? ''] === null) return false
  if (after !== undefined && compareTo(bounded, row, [after]) <= 0) return false
  return before === undefined || compareTo(bounded, row, [before]) < 0
}

function nameOf(table: TableName, row: AnyRow): string {
  return JSON.stringify(TABLES[table].key.map((column) => row[column]))
}

function mapOf<K, V>(maps: Map<K, Map<string, V>>, key: K): Map<string, V> {
  const known = maps.get(key) ?? new Map<string, V>()
  maps.set(key, known)
  return known
}
