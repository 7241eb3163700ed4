/** What a connection is told before it is used, and asked back: a database that cannot keep the promise is not opened. */
import { KavachError } from '../../runtime/index.ts'
import type { Connection } from './driver.ts'

/** What survives: `durable` the end of the machine, `process` the end of the process. */
export type Durability = 'durable' | 'process'

/** As `PRAGMA synchronous` numbers them. */
const NORMAL = 1
const FULL = 2

/**
 * Readers and one writer beside each other, whatever is asked for about the disk, and room for the pages that are written again
 * and again. There is no memory map: a file that is cut short under one ends the process.
 */
const COMMON = [
  'cache_size = -32768',
  'temp_store = MEMORY',
  // Pages that every batch touches are copied into the file once for many batches; 64 MB of log are kept.
  'wal_autocheckpoint = 16000',
  'journal_size_limit = 67108864',
  // What was erased is overwritten where that costs no further page.
  'secure_delete = FAST',
]

/** @throws {KavachError} KVCH_E_STORE_UNAVAILABLE when the database does not do as it is told; or what the driver throws */
export function configure(connection: Connection, durability: Durability): void {
  demandDurability(connection, durability)
  for (const setting of COMMON) connection.pragma(setting)
}

/**
 * A connection of the application keeps what else it was told. But it stops the process while it waits for a lock, five seconds
 * unless it was told otherwise, and no call of the host may take that long.
 */
export function configureGiven(connection: Connection, durability: Durability, longestWaitMs: number): void {
  demandDurability(connection, durability)
  const waitMs = Number(connection.pragma('busy_timeout', { simple: true }))
  if (waitMs > longestWaitMs) connection.pragma(`busy_timeout = ${Math.floor(longestWaitMs)}`)
}

function demandDurability(connection: Connection, durability: Durability): void {
  if (connection.memory) return
  demand(connection, 'journal_mode', 'WAL', 'wal')
  const level = durability === 'durable' ? FULL : NORMAL
  demand(connection, 'synchronous', String(level), level)
  // On macOS a plain `fsync` leaves the data in the drive's own memory.
  if (durability === 'durable') connection.pragma('fullfsync = ON')
}

function demand(connection: Connection, name: string, value: string, expected: string | number): void {
  connection.pragma(`${name} = ${value}`)
  const actual = connection.pragma(name, { simple: true })
  // A connection that was told so gives integers as bigints.
  if ((typeof actual === 'bigint' ? Number(actual) : actual) === expected) return
  throw new KavachError(
    'KVCH_E_STORE_UNAVAILABLE',
    `the database keeps ${name} = ${String(actual)} where ${value} is needed; is the file on a network drive?`,
  )
}
