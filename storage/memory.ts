/**
 * The store that keeps everything in memory and loses it with the process: for tests, and for trying things out. Each index is
 * a sorted list; a transaction that fails is undone step by step.
 */
import {
  type Awaitable,
  columnsOfIndex,
  type IndexName,
  isPromise,
  KavachError,
  type Key,
  type Range,
  type Reader,
  type Row,
  type Store,
  TABLES,
  type TableName,
  type Transaction,
} from '../runtime/index.ts'

type Value = string | number | Uint8Array | null
type AnyRow = { readonly [column: string]: Value }

const DEFAULT_LIMIT = 1000

export function createMemoryStore(): Store {
  const projects = new Map<string, Tables>()
  const tails = new Map<string, Promise<unknown>>()
  let isClosed = false

  function tablesOf(project: string): Tables {
    const known = projects.get(project) ?? new Tables()
    projects.set(project, known)
    return known
  }

  /** One after the other for each project: a transaction begins when the one before it has ended. */
  function inTurn<R>(project: string, work: () => Awaitable<R>): Promise<R> {
    const before = tails.get(project)
    const run = before === undefined ? attempt(work) : before.then(work)
    const tail = run.then(
      () => undefined,
      () => undefined,
    )
    tails.set(project, tail)
    tail.then(() => {
      if (tails.get(project) === tail) tails.delete(project)
    })
    return run
  }

  function assertOpen(): void {
    if (isClosed) throw new KavachError('KVCH_E_STORE_CLOSED')
  }

  return {
    provider: 'memory',
    isDurable: false,
    db: undefined,
    migrate: async () => undefined,
    transaction: (project, work) =>
      inTurn(project, () => {
        assertOpen()
        return new MemoryTransaction(tablesOf(project)).run(work)
      }),
    // Nobody writes between the steps of a reader that takes its turn.
    read: (project, work) =>
      inTurn(project, () => {
        assertOpen()
        return work(new MemoryTransaction(tablesOf(project)))
      }),
    projects: async () => [...projects].filter(([, tables]) => tables.of('heads').size > 0).map(([project]) => project),
    close: async () => {
      isClosed = true
    },
  }
}

async function attempt<R>(work: () => Awaitable<R>): Promise<R> {
  return work()
}

class Tables {
  private readonly tables = new Map<TableName, MemoryTable>()

  of(name: TableName): MemoryTable {
    const known = this.tables.get(name) ?? new MemoryTable(name)
    this.tables.set(name, known)
    return known
  }
}

/** Steps that undo what a transaction did are kept until it ends. */
class MemoryTransaction implements Transaction {
  private readonly tables: Tables
  private readonly undo: (() => void)[] = []

  constructor(tables: Tables) {
    this.tables = tables
  }

  run<R>(work: (tx: Transaction) => Awaitable<R>): Awaitable<R> {
    try {
      const result = work(this)
      if (!isPromise(result)) return result
      return result.catch((error: unknown) => {
        this.rollBack()
        throw error
      })
    } catch (error) {
      this.rollBack()
      throw error
    }
  }

  get: Reader['get'] = <T extends TableName>(table: T, key: Key<T>) =>
    // What was put under this name is a row of it.
    this.tables.of(table).get(key as AnyRow) as Row<T> | undefined

  find: Reader['find'] = <T extends TableName>(table: T, index: IndexName<T>, range: Range = {}) =>
    this.tables.of(table).find(index, range) as readonly unknown[] as readonly Row<T>[]

  insert: Transaction['insert'] = (table, rows) => {
    for (const row of rows as readonly AnyRow[]) {
      const owner = this.tables.of(table)
      if (owner.get(row) !== undefined)
        throw new KavachError('KVCH_E_STORE_CONFLICT', `table ${table} has this key already`)
      this.replace(owner, undefined, row)
    }
  }

  put: Transaction['put'] = (table, rows) => {
    for (const row of rows as readonly AnyRow[]) {
      const owner = this.tables.of(table)
      this.replace(owner, owner.get(row), row)
    }
  }

  remove: Transaction['remove'] = (table, key) => {
    const owner = this.tables.of(table)
    const row = owner.get(key as AnyRow)
    if (row !== undefined) this.replace(owner, row, undefined)
    return row !== undefined
  }

  private replace(table: MemoryTable, before: AnyRow | undefined, after: AnyRow | undefined): void {
    table.replace(before, after)
    this.undo.push(() => table.replace(after, before))
  }

  private rollBack(): void {
    for (const step of this.undo.reverse()) step()
  }
}

class MemoryTable {
  private readonly key: readonly string[]
  private readonly rows = new Map<string, AnyRow>()
  private readonly indexes: { readonly name: string; readonly columns: readonly string[]; readonly rows: AnyRow[] }[]

  constructor(name: TableName) {
    this.key = TABLES[name].key
    this.indexes = ['key', ...Object.keys(TABLES[name].indexes)].map((index) => {
      return { name: index, columns: columnsOfIndex(name, index), rows: [] }
    })
  }

  get size(): number {
    return this.rows.size
  }

  get(key: AnyRow): AnyRow | undefined {
    return this.rows.get(this.nameOf(key))
  }

  replace(before: AnyRow | undefined, after: AnyRow | undefined): void {
    if (before !== undefined) this.rows.delete(this.nameOf(before))
    if (after !== undefined) this.rows.set(this.nameOf(after), after)
    for (const { columns, rows } of this.indexes) {
      if (before !== undefined) rows.splice(firstAtLeast(rows, columns, before), 1)
      if (after !== undefined) rows.splice(firstAtLeast(rows, columns, after), 0, after)
    }
  }

  find(name: string, { equal = [], after, before, isReversed, limit = DEFAULT_LIMIT }: Range): readonly AnyRow[] {
    const index = this.indexes.find((known) => known.name === name)
    if (index === undefined) throw new TypeError(`there is no index ${name}`)
    const { columns, rows } = index
    const next = columns[equal.length] ?? ''
    const fits = (row: AnyRow) =>
      equal.every((value, at) => compare(row[columns[at] ?? ''] ?? null, value) === 0) &&
      (after === undefined || compare(row[next] ?? null, after) > 0) &&
      (before === undefined || (row[next] !== null && compare(row[next] ?? null, before) < 0))
    const start = firstAtLeast(
      rows,
      columns.slice(0, equal.length),
      Object.fromEntries(columns.map((c, i) => [c, equal[i] ?? null])),
    )
    const found: AnyRow[] = []
    for (let at = start; at < rows.length; at++) {
      const row = rows[at] as AnyRow // `at` is below the length.
      if (equal.some((value, i) => compare(row[columns[i] ?? ''] ?? null, value) !== 0)) break
      if (fits(row)) found.push(row)
      if (isReversed !== true && found.length >= limit) break
    }
    return isReversed === true ? found.reverse().slice(0, limit) : found
  }

  private nameOf(row: AnyRow): string {
    return JSON.stringify(this.key.map((column) => row[column]))
  }
}

/** Where a row that compares like `wanted` in these columns is, or would be. */
function firstAtLeast(rows: readonly AnyRow[], columns: readonly string[], wanted: AnyRow): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const row = rows[middle] as AnyRow // `middle` is below `high`.
    if (compareIn(columns, row, wanted) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function compareIn(columns: readonly string[], a: AnyRow, b: AnyRow): number {
  for (const column of columns) {
    const order = compare(a[column] ?? null, b[column] ?? null)
    if (order !== 0) return order
  }
  return 0
}

/** Null first, then numbers, then texts by their UTF-8 bytes, as databases do. */
function compare(a: Value, b: Value): number {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b)
  return a < b ? -1 : 1
}

/** By code points, which is the order of UTF-8. */
function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    // Surrogates stand for what is above all other units.
    const isHighX = x >= 0xd800 && x <= 0xdfff
    const isHighY = y >= 0xd800 && y <= 0xdfff
    return isHighX === isHighY ? x - y : isHighX ? 1 : -1
  }
  return a.length - b.length
}
