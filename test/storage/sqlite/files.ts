/** Folders with a database in them, and other processes on it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { KavachError, type Row, type Store } from '../../../runtime/index.ts'
import { openSqliteStore, type SqliteOptions } from '../../../storage/index.ts'
import type { Connection } from '../../../storage/sqlite/driver.ts'

/** A folder that is gone after the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'kavach-sqlite-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A path in a folder of its own. */
export function freshFile(): string {
  return join(folder(), 'kavach.db')
}

/** A store with its tables, closed after the test. */
export async function openStoreAt(url: string, options: Omit<SqliteOptions, 'url'> = {}): Promise<Store> {
  const store = await openSqliteStore({ url, durability: 'process', ...options })
  onTestFinished(() => store.close())
  await store.migrate()
  return store
}

type DatabaseClass = new (path: string, options?: { readonly timeout?: number }) => Connection
const BetterSqlite: DatabaseClass = createRequire(import.meta.url)('better-sqlite3')

/** A connection beside those of the store, closed after the test. */
export function connectTo(path: string): Connection {
  const connection = new BetterSqlite(path)
  onTestFinished(() => void connection.close())
  return connection
}

/** The connection of a store. */
export function connectionOf(store: Store): Connection {
  return (store.db as { readonly $client: Connection }).$client // Drizzle over better-sqlite3 has it there.
}

export const setting = (name: string, value = ''): Row<'settings'> => ({ name, value })

export function write(store: Store, name: string, value = ''): Promise<void> {
  return store.transaction('default', (tx) => tx.put('settings', [setting(name, value)]))
}

/** As the host does: a row of the log, and the head that counts it. */
export function logRow(store: Store, seq: number, what = seq): Promise<void> {
  const bytes = Uint8Array.of(what)
  return store.transaction('default', async (tx) => {
    await tx.get('heads', {})
    const row = { seq, time: 1, agent: null, kind: 'test', result: null, body: '{}', leaf: bytes, personal: null }
    await tx.insert('audit', [row])
    await tx.put('heads', [{ size: seq + 1, frontier: bytes, time: 1, epoch: seq }])
  })
}

export async function namesIn(store: Store): Promise<readonly string[]> {
  return store.read('default', async (reader) => (await reader.find('settings', 'key')).map(({ name }) => name))
}

/** The code of the error with which it fails; the error must be one of the host. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    if (error instanceof KavachError) return error.code
    throw error
  }
  return 'fine'
}

/** A process of this folder, ended after the test; it says something when it is ready. */
export async function startChild(script: string, args: readonly string[]): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, script), [...args])
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'message')
  return child
}
