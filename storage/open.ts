/** The store for what `database` says. Drivers are loaded when they are first needed. */
import { type Host, KavachError, type Store } from '../runtime/index.ts'
import { createMemoryStore } from './memory.ts'
import { type D1Option, openGivenD1 } from './open-d1.ts'
import {
  type Connection,
  type Durability,
  isNodeDatabase,
  type NodeDatabase,
  openSqliteStore,
  SQLITE_DRIVERS,
  type SqliteDriver,
} from './sqlite/index.ts'

/** A file, nothing at all, a binding of D1, a better-sqlite3 database, a `DatabaseSync` of `node:sqlite`, Drizzle over one, or a store. */
export type DatabaseOption =
  | {
      readonly provider: 'sqlite'
      readonly url: string
      /** Default: better-sqlite3, and `node:sqlite` where that is not installed or does not load. */
      readonly driver?: SqliteDriver | undefined
    }
  | { readonly provider: 'memory' }
  | D1Option
  | Connection
  | NodeDatabase
  | { readonly $client: Connection | NodeDatabase }
  | Store

export interface OpenOptions {
  readonly durability?: Durability | undefined
  /** Milliseconds within which every call answers. Default 2,000. */
  readonly deadlineMs?: number | undefined
  readonly host?: Host | undefined
}

/**
 * Opens the database, without making its tables: that is `migrate()`.
 *
 * @throws {KavachError} KVCH_E_CONFIG_INVALID for what is no database, KVCH_E_STORE_* for one that cannot be opened
 */
export async function openStore(database: DatabaseOption, options: OpenOptions = {}): Promise<Store> {
  // What callers write is not checked by anybody before.
  const given: unknown = database
  if (typeof given !== 'object' || given === null) {
    return fail('database', 'give `{ provider: "sqlite", url }`, or an open database')
  }
  if (isStore(given)) return given
  if (isConnection(given)) return openSqliteStore({ ...options, connection: given })
  const d1 = openGivenD1(given, options)
  if (d1 !== undefined) return d1
  if ('$client' in given) {
    const { $client: client } = given
    if (isConnection(client)) return openSqliteStore({ ...options, connection: client, db: given })
    if (isOfBun(client)) fail('database', NOT_BUN)
    fail('database', 'of Drizzle instances only those over better-sqlite3, `node:sqlite` and D1 are known')
  }
  if (isOfBun(given)) fail('database', NOT_BUN)
  return openProvider(given, options)
}

async function openProvider(given: object, options: OpenOptions): Promise<Store> {
  const { provider, url, driver, ...rest }: { provider?: unknown; url?: unknown; driver?: unknown } = given
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) fail(`database.${unknown}`, 'is not known; `provider`, `url` and `driver` are')
  if (provider === 'memory') {
    if (url !== undefined) fail('database.url', 'the memory has no `url`')
    if (driver !== undefined) fail('database.driver', 'the memory has no `driver`')
    return createMemoryStore()
  }
  if (provider === 'sqlite') {
    if (typeof url !== 'string') fail('database.url', 'give a path, a `file:` URL or `:memory:`')
    if (driver !== undefined && !isDriver(driver))
      fail('database.driver', `give ${SQLITE_DRIVERS.map((name) => `\`${name}\``).join(' or ')}`)
    return openSqliteStore({ ...options, url, driver })
  }
  if (typeof provider === 'string' && LATER.has(provider)) {
    fail('database.provider', `\`${provider}\` is not supported yet; \`sqlite\`, \`d1\` and \`memory\` are`)
  }
  return fail('database.provider', `\`${String(provider)}\` is unknown; \`sqlite\`, \`d1\` and \`memory\` are known`)
}

const LATER: ReadonlySet<string> = new Set(['postgres', 'postgresql', 'mysql', 'mariadb'])

function isStore(value: object): value is Store {
  return hasMethods(value, ['migrate', 'transaction', 'read', 'projects', 'close'])
}

function isConnection(value: unknown): value is Connection | NodeDatabase {
  if (typeof value !== 'object' || value === null) return false
  return hasMethods(value, ['prepare', 'exec', 'pragma', 'close']) || isNodeDatabase(value)
}

function isDriver(value: unknown): value is SqliteDriver {
  return SQLITE_DRIVERS.some((name) => name === value)
}

/** A `Database` of `bun:sqlite`. */
function isOfBun(value: unknown): boolean {
  return typeof value === 'object' && value !== null && hasMethods(value, ['prepare', 'query', 'transaction', 'close'])
}

const NOT_BUN =
  'a database of `bun:sqlite` cannot be used; give a `DatabaseSync` of `node:sqlite`, or `{ provider: "sqlite", url }`'

function hasMethods(value: object, names: readonly string[]): boolean {
  return names.every((name) => typeof Reflect.get(value, name) === 'function')
}

function fail(path: string, message: string): never {
  throw new KavachError('KVCH_E_CONFIG_INVALID', `${path}: ${message}`, { details: { path } })
}
