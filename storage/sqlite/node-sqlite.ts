/**
 * `node:sqlite` in the shape of better-sqlite3. It is a part of the runtime where no native code of a package loads: in Bun, in
 * Deno, and in a Node that better-sqlite3 was not built for.
 */
import { pathToFileURL } from 'node:url'
import type { Connection, Statement } from './driver.ts'

/** What is used of a `DatabaseSync` of `node:sqlite`. */
export interface NodeDatabase {
  readonly isOpen: boolean
  readonly isTransaction: boolean
  prepare(sql: string): NodeStatement
  exec(sql: string): void
  /** Null: in memory. */
  location(): string | null
  close(): void
}

/** What is used of a `StatementSync`. */
export interface NodeStatement {
  run(...values: readonly unknown[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint }
  get(...values: readonly unknown[]): unknown
  all(...values: readonly unknown[]): unknown[]
  columns(): readonly { readonly name: string; readonly type: string | null }[]
  setReadBigInts(areBig: boolean): void
  setReturnArrays(areArrays: boolean): void
}

/** `node:sqlite` as this runtime has it. */
export interface NodeSqlite {
  readonly DatabaseSync: new (path: string | URL) => NodeDatabase
  /**
   * Texts are read up to their first NUL: Node 22 and Deno do so. Two owners whose names begin alike would be one, so such texts
   * are read as bytes.
   */
  readonly cutsTexts: boolean
}

export function isNodeDatabase(value: unknown): value is NodeDatabase {
  if (typeof value !== 'object' || value === null) return false
  return METHODS.every((name) => typeof Reflect.get(value, name) === 'function')
}

/** `pragma` would be that of better-sqlite3, and `bun:sqlite` knows no `location`. */
const METHODS = ['prepare', 'exec', 'location', 'close', 'createSession']

let found: NodeSqlite | undefined

/** Undefined where there is none, or one that lacks something: Node has all since 22.16. */
export function findNodeSqlite(): NodeSqlite | undefined {
  found ??= lookForIt()
  return found
}

function lookForIt(): NodeSqlite | undefined {
  const module: unknown = withoutItsWarning(() => globalThis.process?.getBuiltinModule?.('node:sqlite'))
  if (typeof module !== 'object' || module === null || !('DatabaseSync' in module)) return undefined
  const DatabaseSync = module.DatabaseSync as NodeSqlite['DatabaseSync'] // The class of this name.
  const database = new DatabaseSync(':memory:')
  try {
    const statement = database.prepare("SELECT 'a' || char(0) || 'b' AS text")
    if (typeof statement.columns !== 'function' || typeof statement.setReturnArrays !== 'function') return undefined
    const { text } = statement.get() as { readonly text: string } // The column that was asked for.
    return { DatabaseSync, cutsTexts: text !== 'a\0b' }
  } finally {
    database.close()
  }
}

/** Node 22 warns that SQLite is experimental whenever it is loaded. Loading takes one turn, so no other warning is kept from anybody. */
function withoutItsWarning<R>(load: () => R): R {
  const { process } = globalThis
  if (process === undefined) return load()
  const { emitWarning } = process
  process.emitWarning = (...args: readonly unknown[]) => {
    if (!String(args[0]).startsWith('SQLite is an experimental feature')) Reflect.apply(emitWarning, process, args)
  }
  try {
    return load()
  } finally {
    process.emitWarning = emitWarning
  }
}

/** @throws what the runtime throws */
export function openNodeConnection(
  sqlite: NodeSqlite,
  path: string,
  { fileMustExist = false, busyMs }: { readonly fileMustExist?: boolean | undefined; readonly busyMs: number },
): NodeConnection {
  // Only a URL can say that no file is to be made.
  const target = fileMustExist && path !== ':memory:' ? new URL(`${pathToFileURL(path)}?mode=rw`) : path
  const connection = new NodeConnection(new sqlite.DatabaseSync(target), sqlite.cutsTexts)
  // Deno waits for five seconds, whatever its constructor is told.
  connection.pragma(`busy_timeout = ${busyMs}`)
  return connection
}

export class NodeConnection implements Connection {
  readonly database: NodeDatabase
  readonly name: string
  readonly memory: boolean
  private readonly cutsTexts: boolean

  constructor(database: NodeDatabase, cutsTexts: boolean) {
    const location = database.location()
    this.database = database
    this.cutsTexts = cutsTexts
    this.memory = location === null
    this.name = location ?? ':memory:'
  }

  get open(): boolean {
    return this.database.isOpen
  }

  get inTransaction(): boolean {
    return this.database.isOpen && this.database.isTransaction
  }

  prepare(sql: string): RowStatement {
    const statement = this.database.prepare(sql)
    const columns = statement.columns()
    const texts = this.cutsTexts ? textsOf(sql, columns) : NO_TEXTS
    const read = texts.length === 0 ? statement : this.database.prepare(readingTextsWhole(sql, columns.length, texts))
    return new RowStatement(
      read,
      columns.map(({ name }) => name),
      texts,
    )
  }

  exec(sql: string): void {
    this.database.exec(sql)
  }

  pragma(text: string, { simple = false }: { readonly simple?: boolean } = {}): unknown {
    const statement = this.prepare(`PRAGMA ${text}`)
    return simple ? statement.raw().all()[0]?.[0] : statement.all()
  }

  close(): void {
    if (this.database.isOpen) this.database.close()
  }
}

const NO_TEXTS: readonly number[] = []

/** Which columns of a query are texts of a table. */
function textsOf(sql: string, columns: ReturnType<NodeStatement['columns']>): readonly number[] {
  if (!/^\s*select\b/i.test(sql)) return NO_TEXTS
  return columns.flatMap(({ type }, at) => (type?.toUpperCase() === 'TEXT' ? [at] : []))
}

/** The same rows in the same order, with bytes for texts that hold a NUL. */
function readingTextsWhole(sql: string, width: number, texts: readonly number[]): string {
  const names = Array.from({ length: width }, (_, at) => `c${at}`)
  const values = names.map((name, at) => {
    return texts.includes(at) ? `CASE WHEN instr(${name}, char(0)) THEN CAST(${name} AS BLOB) ELSE ${name} END` : name
  })
  return `WITH q(${names.join(', ')}) AS (${sql}) SELECT ${values.join(', ')} FROM q`
}

/** A statement whose rows are objects, as anything else makes them: those of the runtime have no prototype. */
export class RowStatement implements Statement {
  private readonly statement: NodeStatement
  private readonly columns: readonly string[]
  private readonly texts: readonly number[]

  constructor(statement: NodeStatement, columns: readonly string[], texts: readonly number[]) {
    statement.setReadBigInts(false)
    statement.setReturnArrays(true)
    this.statement = statement
    this.columns = columns
    this.texts = texts
  }

  run(...values: readonly unknown[]): { readonly changes: number; readonly lastInsertRowid: number } {
    // It was told to give numbers.
    return this.statement.run(...values) as { readonly changes: number; readonly lastInsertRowid: number }
  }

  get(...values: readonly unknown[]): unknown {
    const row = this.statement.get(...values) as unknown[] | undefined // It was told to give arrays.
    return row === undefined ? undefined : this.toObject(row)
  }

  all(...values: readonly unknown[]): unknown[] {
    const rows = this.statement.all(...values) as unknown[][] // It was told to give arrays.
    const objects: unknown[] = new Array(rows.length)
    for (let at = 0; at < rows.length; at++) objects[at] = this.toObject(rows[at] as unknown[]) // `at` is below the length.
    return objects
  }

  /** Integers that a number cannot hold are an error, always. */
  safeIntegers(_areBig: boolean): this {
    return this
  }

  /** The same with arrays for rows. */
  raw(): {
    readonly get: (...values: readonly unknown[]) => readonly unknown[] | undefined
    readonly all: (...values: readonly unknown[]) => readonly (readonly unknown[])[]
  } {
    return {
      get: (...values) => {
        const row = this.statement.get(...values) as unknown[] | undefined // It was told to give arrays.
        return row === undefined ? undefined : this.whole(row)
      },
      // It was told to give arrays.
      all: (...values) => (this.statement.all(...values) as unknown[][]).map((row) => this.whole(row)),
    }
  }

  private toObject(values: unknown[]): unknown {
    if (this.texts.length > 0) this.whole(values)
    const { columns } = this
    const row: Record<string, unknown> = {}
    for (let at = 0; at < columns.length; at++) row[columns[at] as string] = values[at] // `at` is below the length.
    return row
  }

  private whole(values: unknown[]): unknown[] {
    for (const at of this.texts) {
      const value = values[at]
      if (value instanceof Uint8Array) values[at] = UTF8.decode(value)
    }
    return values
  }
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })
