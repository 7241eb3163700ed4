/**
 * The store that keeps everything in memory and loses it with the process: for tests, and for trying things out. Each index is
 * a sorted list; a transaction that fails is undone step by step.
 */
import {
  type Awaitable,
  columnsOfIndex,
  type IndexName,
  isPromise,
  isUniqueIndex,
  KavachError,
  type Key,
  type Range,
  type Row,
  type Store,
  TABLES,
  type TableName,
  type Transaction,
} from '../runtime/index.ts'
import { compareTexts, compareTo } from './order.ts'
import { type AnyRow, assertRow, columnsOf, copyRow, DEFAULT_LIMIT, usedWhenOver, type Value } from './rows.ts'
import { Turns } from './turns.ts'

export function createMemoryStore(): Store {
  const projects = new Map<string, Project>()
  const running = new Set<Promise<unknown>>()
  let isClosed = false

  async function run<R>(name: string, work: (tx: MemoryTransaction) => Awaitable<R>): Promise<R> {
    if (isClosed) throw new KavachError('KVCH_E_STORE_CLOSED')
    const project = projects.get(name) ?? { turns: new Turns(), tables: new Map() }
    projects.set(name, project)
    const turn = project.turns.take()
    if (turn !== undefined) await turn
    try {
      const result = new MemoryTransaction(project.tables).run(work)
      return isPromise(result) ? await result : result
    } finally {
      project.turns.release()
    }
  }

  function transaction<R>(project: string, work: (tx: MemoryTransaction) => Awaitable<R>): Promise<R> {
    const ended = run(project, work)
    running.add(ended)
    const forget = () => running.delete(ended)
    ended.then(forget, forget)
    return ended
  }

  return {
    provider: 'memory',
    isDurable: false,
    db: undefined,
    migrate: async () => undefined,
    transaction,
    // Nobody writes between the steps of a reader that takes its turn.
    read: transaction,
    async projects() {
      if (isClosed) throw new KavachError('KVCH_E_STORE_CLOSED')
      const known = [...projects].filter(([, { tables }]) => tableOf(tables, 'heads').size > 0)
      return known.map(([name]) => name).sort(compareTexts)
    },
    async close() {
      isClosed = true
      await Promise.allSettled(running)
    },
  }
}

type Tables = Map<TableName, MemoryTable>

interface Project {
  readonly turns: Turns
  readonly tables: Tables
}

function tableOf(tables: Tables, name: TableName): MemoryTable {
  const known = tables.get(name) ?? new MemoryTable(name)
  tables.set(name, known)
  return known
}

/** Steps that undo what a transaction did are kept until it ends. */
class MemoryTransaction implements Transaction {
  private readonly tables: Tables
  private readonly undo: (() => void)[] = []
  private isOver = false
  /** A conflict: the transaction is lost even when somebody catches it. */
  private failure: unknown

  constructor(tables: Tables) {
    this.tables = tables
  }

  run<R>(work: (tx: MemoryTransaction) => Awaitable<R>): Awaitable<R> {
    try {
      const result = work(this)
      if (!isPromise(result)) return this.end(result)
      return result.then(
        (value) => this.end(value),
        (error) => this.fail(error),
      )
    } catch (error) {
      return this.fail(error)
    }
  }

  get<T extends TableName>(table: T, key: Key<T>): Row<T> | undefined {
    // What was put under this name is a row of it.
    return this.open(table).get(key as AnyRow) as Row<T> | undefined
  }

  find<T extends TableName>(table: T, index: IndexName<T>, range: Range = {}): readonly Row<T>[] {
    return this.open(table).find(index, range) as readonly unknown[] as readonly Row<T>[]
  }

  insert<T extends TableName>(table: T, rows: readonly Row<T>[]): void {
    const owner = this.open(table)
    for (const row of rows as readonly AnyRow[]) {
      assertRow(table, row)
      if (owner.has(row)) this.conflict(table)
      this.replace(table, undefined, copyRow(row))
    }
  }

  put<T extends TableName>(table: T, rows: readonly Row<T>[]): void {
    const owner = this.open(table)
    for (const row of rows as readonly AnyRow[]) {
      assertRow(table, row)
      this.replace(table, owner.peek(row), copyRow(row))
    }
  }

  remove<T extends TableName>(table: T, key: Key<T>): boolean {
    const row = this.open(table).peek(key as AnyRow)
    if (row !== undefined) this.replace(table, row, undefined)
    return row !== undefined
  }

  private open(table: TableName): MemoryTable {
    if (this.isOver) throw usedWhenOver()
    return tableOf(this.tables, table)
  }

  private replace(name: TableName, before: AnyRow | undefined, after: AnyRow | undefined): void {
    const table = tableOf(this.tables, name)
    if (after !== undefined && table.hasTwinOf(after, before)) this.conflict(name)
    table.replace(before, after)
    this.undo.push(() => table.replace(after, before))
  }

  private conflict(table: TableName): never {
    this.failure = new KavachError('KVCH_E_STORE_CONFLICT', `the key of a row of \`${table}\` is taken`)
    throw this.failure
  }

  private end<R>(result: R): R {
    if (this.failure !== undefined) return this.fail(this.failure)
    this.isOver = true
    return result
  }

  private fail(error: unknown): never {
    this.isOver = true
    for (const step of this.undo.reverse()) step()
    throw error
  }
}

interface MemoryIndex {
  readonly name: string
  readonly columns: readonly string[]
  /** How many of the columns are unique by themselves; 0 where only all of them are. */
  readonly unique: number
  readonly rows: AnyRow[]
}

class MemoryTable {
  private readonly key: readonly string[]
  private readonly hasBytes: boolean
  private readonly rows = new Map<string, AnyRow>()
  private readonly indexes: readonly MemoryIndex[]

  constructor(name: TableName) {
    const named: { readonly [index: string]: readonly string[] } = TABLES[name].indexes
    this.key = TABLES[name].key
    this.hasBytes = columnsOf(name).some(([, { kind }]) => kind === 'bytes')
    this.indexes = ['key', ...Object.keys(named)].map((index) => {
      const unique = index === 'key' || !isUniqueIndex(name, index) ? 0 : (named[index]?.length ?? 0)
      return { name: index, columns: columnsOfIndex(name, index), unique, rows: [] }
    })
  }

  get size(): number {
    return this.rows.size
  }

  get(key: AnyRow): AnyRow | undefined {
    const row = this.peek(key)
    return row !== undefined && this.hasBytes ? copyRow(row) : row
  }

  /** As it is kept. */
  peek(key: AnyRow): AnyRow | undefined {
    return this.rows.get(this.nameOf(key))
  }

  has(key: AnyRow): boolean {
    return this.rows.has(this.nameOf(key))
  }

  /** True when a row other than `before` has the columns of a unique index like this one. */
  hasTwinOf(row: AnyRow, before: AnyRow | undefined): boolean {
    return this.indexes.some(({ columns, unique, rows }) => {
      if (unique === 0) return false
      const values = columns.slice(0, unique).map((column) => row[column] ?? null)
      const twin = rows[positionOf(rows, columns, values, false)]
      return twin !== undefined && twin !== before && compareTo(columns, twin, values) === 0
    })
  }

  replace(before: AnyRow | undefined, after: AnyRow | undefined): void {
    if (before !== undefined) this.rows.delete(this.nameOf(before))
    if (after !== undefined) this.rows.set(this.nameOf(after), after)
    for (const { columns, rows } of this.indexes) {
      const valuesOf = (row: AnyRow) => columns.map((column) => row[column] ?? null)
      if (before !== undefined) rows.splice(positionOf(rows, columns, valuesOf(before), false), 1)
      if (after !== undefined) rows.splice(positionOf(rows, columns, valuesOf(after), false), 0, after)
    }
  }

  find(
    name: string,
    { equal = [], after, before, isReversed = false, limit = DEFAULT_LIMIT }: Range,
  ): readonly AnyRow[] {
    const index = this.indexes.find((known) => known.name === name)
    if (index === undefined) throw new TypeError(`there is no index ${name}`)
    const { columns, rows } = index
    // Null is below every bound and within none, as in databases.
    const low = after ?? (before === undefined ? undefined : null)
    const start =
      low === undefined ? positionOf(rows, columns, equal, false) : positionOf(rows, columns, [...equal, low], true)
    const end =
      before === undefined
        ? positionOf(rows, columns, equal, true)
        : positionOf(rows, columns, [...equal, before], false)
    const found = isReversed
      ? rows.slice(Math.max(start, end - limit), Math.max(start, end)).reverse()
      : rows.slice(start, Math.min(end, start + limit))
    return this.hasBytes ? found.map(copyRow) : found
  }

  private nameOf(row: AnyRow): string {
    return JSON.stringify(this.key.map((column) => row[column]))
  }
}

/** The first row whose first columns are at least these values, or `isBehind`, above them. */
function positionOf(
  rows: readonly AnyRow[],
  columns: readonly string[],
  values: readonly Value[],
  isBehind: boolean,
): number {
  let low = 0
  let high = rows.length
  // Most rows are written behind all others.
  const last = rows[high - 1]
  if (last !== undefined && isBefore(columns, last, values, isBehind)) return high
  while (low < high) {
    const middle = (low + high) >>> 1
    const row = rows[middle] as AnyRow // `middle` is below `high`.
    if (isBefore(columns, row, values, isBehind)) low = middle + 1
    else high = middle
  }
  return low
}

function isBefore(columns: readonly string[], row: AnyRow, values: readonly Value[], isBehind: boolean): boolean {
  const order = compareTo(columns, row, values)
  return isBehind ? order <= 0 : order < 0
}
