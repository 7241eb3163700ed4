/** A store as simple as can be: a list of rows a table, searched from end to end. The random tests hold the others against it. */
import { columnsOfIndex, type Range, type TableName } from '../../runtime/index.ts'
import type { AnyRow, Value } from '../../storage/rows.ts'

export class Model {
  private rows: readonly AnyRow[] = []
  private readonly table: TableName

  constructor(table: TableName) {
    this.table = table
  }

  get(key: AnyRow): AnyRow | undefined {
    return this.rows.find((row) => this.isSame(row, key))
  }

  put(row: AnyRow): void {
    this.remove(row)
    this.rows = [...this.rows, row]
  }

  remove(key: AnyRow): boolean {
    const size = this.rows.length
    this.rows = this.rows.filter((row) => !this.isSame(row, key))
    return this.rows.length < size
  }

  find(index: string, { equal = [], after, before, isReversed, limit = 1000 }: Range): readonly AnyRow[] {
    const columns = columnsOfIndex(this.table, index)
    const valueAt = (row: AnyRow, at: number) => row[columns[at] ?? ''] ?? null
    const inBounds = (value: Value) =>
      (after === undefined || (value !== null && order(value, after) > 0)) &&
      (before === undefined || (value !== null && order(value, before) < 0))
    const found = this.rows
      .filter((row) => equal.every((value, at) => valueAt(row, at) === value) && inBounds(valueAt(row, equal.length)))
      .sort((a, b) => columns.map((_, at) => order(valueAt(a, at), valueAt(b, at))).find((by) => by !== 0) ?? 0)
    return (isReversed === true ? found.reverse() : found).slice(0, limit)
  }

  copy(): Model {
    const copy = new Model(this.table)
    copy.rows = this.rows
    return copy
  }

  private isSame(a: AnyRow, b: AnyRow): boolean {
    return columnsOfIndex(this.table, 'key').every((column) => a[column] === b[column])
  }
}

function order(a: Value, b: Value): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return a < b ? -1 : a > b ? 1 : 0
}
