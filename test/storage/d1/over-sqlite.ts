/**
 * D1 as far as a store can tell, over SQLite in this process: what it takes and gives, its limits and its errors. That D1 itself behaves so
 * is shown by test/runtimes/worker, where the same promises are held against workerd.
 */
import Database from 'better-sqlite3'
import type { D1Binding, D1Result, D1Statement } from '../../../storage/d1/binding.ts'

export interface LocalD1 {
  readonly binding: D1Binding
  /** The database behind it. */
  readonly database: Database.Database
  /** Calls up to now. */
  readonly calls: () => number
  /** What happens instead of the next calls, or before them. */
  readonly next: (...steps: readonly Step[]) => void
}

/** Before the call it may wait, or throw; what it gives is done after the call. */
export type Step = () => undefined | Promise<undefined> | (() => unknown)

const MAX_VALUES = 100

class Statement implements D1Statement {
  readonly sql: string
  readonly values: readonly unknown[]
  private readonly own: (statements: readonly Statement[]) => Promise<D1Result[]>

  constructor(sql: string, values: readonly unknown[], own: (statements: readonly Statement[]) => Promise<D1Result[]>) {
    this.sql = sql
    this.values = values
    this.own = own
  }

  bind(...values: unknown[]): D1Statement {
    if (values.length > MAX_VALUES) throw new Error('D1_ERROR: too many SQL variables: SQLITE_ERROR')
    if (values.includes(undefined))
      throw new Error("D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'")
    return new Statement(this.sql, values, this.own)
  }

  async all(): Promise<D1Result> {
    const [result = {}] = await this.own([this])
    return result
  }
}

export function localD1(path = ':memory:'): LocalD1 {
  const database = new Database(path)
  let calls = 0
  let steps: Step[] = []

  async function run(statements: readonly Statement[]): Promise<D1Result[]> {
    calls++
    const after = await steps.shift()?.()
    // As far as another process is: everybody else has a turn meanwhile.
    await new Promise((resolve) => setImmediate(resolve))
    const results = database.transaction(() => statements.map(runOne))()
    await after?.()
    return results
  }

  function runOne({ sql, values }: Statement): D1Result {
    try {
      const statement = database.prepare(sql)
      // D1 numbers are doubles, in both directions.
      const given = values.map((value) => (typeof value === 'boolean' ? Number(value) : value))
      if (!statement.reader) {
        statement.run(...given)
        return { results: [] }
      }
      const rows = statement.all(...given) as Record<string, unknown>[] // The driver gives objects.
      return { results: rows.map(toJson) }
    } catch (error) {
      throw toD1(error)
    }
  }

  const own = (sql: string) => new Statement(sql, [], run)
  return {
    binding: {
      prepare: own,
      // Every statement comes from `prepare`.
      batch: (statements) => run(statements as Statement[]),
      exec: (sql) => run([own(sql)]),
    },
    database,
    calls: () => calls,
    next(...more) {
      steps = [...more]
    },
  }
}

/** Bytes are lists of numbers, as in JSON. */
function toJson(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value instanceof Uint8Array ? [...value] : value]),
  )
}

function toD1(error: unknown): Error {
  const { message, code = 'SQLITE_ERROR' } = error as Error & { readonly code?: string } // better-sqlite3 throws these.
  const primary = code.split('_').slice(0, 2).join('_')
  return new Error(`D1_ERROR: ${message}: ${primary} (extended: ${code})`)
}
