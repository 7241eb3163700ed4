/**
 * The port to a database: ordered tables, and transactions that run one after another for each project.
 *
 * Every promise that the host makes about money, revocation and the log rests on this list, which `storage/promises.ts`
 * holds every store to:
 *
 * - Transactions of one project are serialisable, whatever the number of processes. All that a transaction wrote is there when
 *   its promise resolves, and nothing of it when it rejects; only where the database did not answer (KVCH_E_STORE_TIMEOUT,
 *   KVCH_E_STORE_UNAVAILABLE) may all of it be there all the same.
 * - A store may call `work` again, in a new transaction, when another program was faster; only what its last call wrote and gave counts.
 *   Whatever it changes outside of the transaction it must change anew each time.
 * - `durable` stores have written to the disk by then (`synchronous=FULL` and its like); `process` stores survive the end of a
 *   process, not that of the machine.
 * - A store that cannot answer throws a `KavachError` with a `KVCH_E_STORE_*` code within its deadline, and answers again when
 *   the database does, without being opened anew.
 */
import type { IndexName, Key, Row, TableName } from './tables.ts'

/** A value, or a promise of it where the driver has to wait. Callers that matter look before they await. */
export type Awaitable<T> = T | Promise<T>

/** A part of an index, in its order. */
export interface Range {
  /** Values of the first columns of the index, the project left out. */
  readonly equal?: readonly (string | number | null)[]
  /** Bounds for the column after them, exclusive. Only for texts and integers. */
  readonly after?: string | number
  readonly before?: string | number
  readonly isReversed?: boolean
  /** Rows at most; 1,000 by default. */
  readonly limit?: number
}

export interface Reader {
  get<T extends TableName>(table: T, key: Key<T>): Awaitable<Row<T> | undefined>
  /** Rows in the order of the index and, behind that, of the key. */
  find<T extends TableName>(table: T, index: IndexName<T>, range?: Range): Awaitable<readonly Row<T>[]>
}

export interface Transaction extends Reader {
  /** @throws {KavachError} KVCH_E_STORE_CONFLICT when a key is taken; the transaction is then lost */
  insert<T extends TableName>(table: T, rows: readonly Row<T>[]): Awaitable<void>
  /** Inserts, or replaces the whole row. */
  put<T extends TableName>(table: T, rows: readonly Row<T>[]): Awaitable<void>
  /** False when there was none. */
  remove<T extends TableName>(table: T, key: Key<T>): Awaitable<boolean>
}

export interface Store {
  /** `sqlite`, `memory` and so on, for messages. */
  readonly provider: string
  readonly isDurable: boolean
  /** Creates or upgrades the tables; safe from several processes at once. */
  migrate(): Promise<void>
  /** Reads and writes; not to be nested. `work` may be called more than once. */
  transaction<R>(project: string, work: (tx: Transaction) => Awaitable<R>): Promise<R>
  /** Reads, all of the same state. `work` may be called more than once. */
  read<R>(project: string, work: (reader: Reader) => Awaitable<R>): Promise<R>
  /** Projects that have a log. */
  projects(): Promise<readonly string[]>
  /** The Drizzle instance where there is one. */
  readonly db: unknown
  close(): Promise<void>
}
