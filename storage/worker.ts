/** Door of the stores where there are no files: on Workers and in edge functions. Nothing behind it names Node. */
import { KavachError, type Store } from '../runtime/index.ts'
import { createMemoryStore } from './memory.ts'
import type { DatabaseOption, OpenOptions } from './open.ts'
import { openGivenD1 } from './open-d1.ts'

export type { D1Binding } from './d1/index.ts'
export { users } from './sqlite/users.ts'

/**
 * Opens the database, without making its tables: that is `migrate()`.
 *
 * @throws {KavachError} KVCH_E_CONFIG_INVALID for what is no database here
 */
export async function openWorkerStore(database: DatabaseOption, options: OpenOptions = {}): Promise<Store> {
  // What callers write is not checked by anybody before.
  const given: unknown = database
  if (typeof given !== 'object' || given === null) fail('give `{ provider: "d1", binding }`')
  const store = openGivenD1(given, options)
  if (store !== undefined) return store
  if (isStore(given)) return given
  if ('provider' in given && given.provider === 'memory') {
    const [unknown] = Object.keys(given).filter((name) => name !== 'provider')
    if (unknown !== undefined) fail(`of the memory there is no \`${unknown}\``)
    return createMemoryStore()
  }
  return fail(
    'here only `{ provider: "d1", binding }` and `{ provider: "memory" }` are known; files need Node, Bun or Deno',
  )
}

function isStore(value: object): value is Store {
  return ['migrate', 'transaction', 'read', 'projects', 'close'].every(
    (name) => typeof Reflect.get(value, name) === 'function',
  )
}

function fail(message: string): never {
  throw new KavachError('KVCH_E_CONFIG_INVALID', `database: ${message}`, { details: { path: 'database' } })
}
