/** A connection to a database, and all that was prepared on it; made anew when the file is another one. */
import { resolve } from 'node:path'
import type { KavachError } from '../../runtime/index.ts'
import { configure, configureGiven, type Durability } from './configure.ts'
import type { Connection, Driver, Statement } from './driver.ts'
import { toStoreError } from './faults.ts'
import { type FileIdentity, identityOf, isStill } from './file.ts'
import { Statements } from './statements.ts'

export interface LinkPlan {
  readonly driver: Driver
  /** Undefined: in memory. */
  readonly path: string | undefined
  readonly durability: Durability
  readonly deadlineMs: number
}

export interface Link {
  readonly connection: Connection
  /** For the application: Drizzle over it, its own where it has one. */
  readonly db: unknown
  readonly statements: Statements
  readonly toError: (error: unknown) => KavachError
  /** False when the file was removed, or another one is in its place. */
  readonly isInPlace: () => boolean
  /** The same of the write-ahead log, which is there from the first commit to the end of the last connection. */
  readonly isLogInPlace: () => boolean
  /** Writes what the log holds into the file; false when somebody is in the way. */
  readonly emptyLog: () => boolean
  readonly beginWriting: Statement
  readonly beginReading: Statement
  /** Reads anything, so that a reader has its state from its beginning. */
  readonly settle: Statement
  readonly commit: Statement
  readonly rollBack: Statement
}

/** @throws what the driver throws */
export function openLink(plan: LinkPlan, { fileMustExist = false } = {}): Link {
  const connection = plan.driver.open(plan.path ?? ':memory:', { fileMustExist })
  try {
    configure(connection, plan.durability)
    return linkTo(plan, connection)
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Over a connection of the application. @throws what the driver throws */
export function adoptLink(plan: LinkPlan, connection: Connection, db?: unknown): Link {
  configureGiven(connection, plan.durability, plan.deadlineMs / 4)
  return linkTo(plan, connection, db)
}

/** The file of a connection; undefined: in memory. */
export function pathOfConnection({ memory, name }: Connection): string | undefined {
  return memory ? undefined : resolve(name)
}

function linkTo({ path, driver }: LinkPlan, connection: Connection, db?: unknown): Link {
  const file: FileIdentity | undefined = path === undefined ? undefined : identityOf(path)
  const drizzle = driver.toDrizzle(connection)
  const settle = connection.prepare('SELECT 1 FROM sqlite_schema LIMIT 1')
  // The first to read makes the log.
  settle.get()
  const log = path === undefined ? undefined : identityOf(`${path}-wal`)
  return {
    connection,
    db: db ?? drizzle,
    statements: new Statements(connection),
    toError: (error) => toStoreError(error, path),
    isInPlace: () => path === undefined || (file !== undefined && isStill(path, file)),
    isLogInPlace: () => path === undefined || (log !== undefined && isStill(`${path}-wal`, log)),
    emptyLog: () => connection.pragma('wal_checkpoint(TRUNCATE)', { simple: true }) === 0,
    beginWriting: connection.prepare('BEGIN IMMEDIATE'),
    beginReading: connection.prepare('BEGIN'),
    settle,
    commit: connection.prepare('COMMIT'),
    rollBack: connection.prepare('ROLLBACK'),
  }
}
