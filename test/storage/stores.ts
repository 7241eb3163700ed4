/** The stores that the promises are held against. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '../../runtime/index.ts'
import { createMemoryStore, openD1Store, openSqliteStore, type SqliteOptions } from '../../storage/index.ts'
import type { Opener } from '../../storage/promises.ts'
import { localD1 } from './d1/over-sqlite.ts'

export const STORES: readonly (readonly [name: string, open: Opener])[] = [
  ['memory', async () => createMemoryStore()],
  ['SQLite in memory', () => openMigrated({ url: ':memory:' })],
  ['a SQLite file', openFile],
  ['D1, as it is over SQLite', openLocalD1],
]

/** A store with its tables. */
export async function openMigrated(options: SqliteOptions): Promise<Store> {
  const store = await openSqliteStore(options)
  await store.migrate()
  return store
}

export function folder(): string {
  return mkdtempSync(join(tmpdir(), 'kavach-store-'))
}

async function openLocalD1(): Promise<Store> {
  const store = openD1Store({ binding: localD1().binding, deadlineMs: 10_000 })
  await store.migrate()
  return store
}

/** In a folder of its own, which goes when the store is closed. */
async function openFile(): Promise<Store> {
  const path = folder()
  const store = await openMigrated({ url: join(path, 'kavach.db'), durability: 'process' })
  const remove = () => rmSync(path, { recursive: true, force: true })
  return { ...methodsOf(store), close: () => store.close().finally(remove) }
}

/** The members of a store, those of its class too. */
function methodsOf(store: Store): Store {
  return {
    provider: store.provider,
    isDurable: store.isDurable,
    db: store.db,
    migrate: () => store.migrate(),
    transaction: (project, work) => store.transaction(project, work),
    read: (project, work) => store.read(project, work),
    projects: () => store.projects(),
    close: () => store.close(),
  }
}
