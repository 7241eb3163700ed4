/** Hosts as applications open them, through `createKavach`; they are closed when the test ends. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { onTestFinished, vi } from 'vitest'
import {
  type AuthorizeRequest,
  createKavach,
  type Kavach,
  type KavachError,
  type KavachOptions,
  type NewAgent,
} from '../../../index.ts'

/** A Wednesday at noon, 12 hours before the end of the day and 30 days before that of the month. */
export const START = Date.UTC(2026, 3, 1, 12)
export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** The clock of the platform stands still at `now`, and is moved by calling this again; timers go on. */
export function setClock(now: number): void {
  if (!vi.isFakeTimers()) {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
  }
  vi.setSystemTime(now)
}

/** A host in memory, unless it is said otherwise. */
export async function openHost(options: KavachOptions = {}) {
  const isPlaced = options.database !== undefined || options.db !== undefined
  const place: KavachOptions = isPlaced ? {} : { database: { provider: 'memory' } }
  const kavach = await createKavach({ warn: () => undefined, ...place, ...options })
  onTestFinished(() => kavach.close())
  return kavach
}

/** A host over a SQLite file. */
export function openFile(url: string, options: KavachOptions = {}) {
  return openHost({ ...options, database: { provider: 'sqlite', url } })
}

/** The path of a database that is not there yet, in a folder that goes with the test. */
export function freshFile(name = 'kavach.db'): string {
  const folder = mkdtempSync(join(tmpdir(), 'kavach-host-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, name)
}

let made = 0

/** Makes an agent that may read what is `doc:`, unless it is said otherwise. */
export function makeAgent(kavach: Pick<Kavach, 'agents'>, agent: Partial<NewAgent> = {}) {
  return kavach.agents.create({
    ownerId: 'ann',
    name: `agent-${made++}`,
    type: 'autonomous',
    permissions: agent.type === 'delegated' ? [] : [{ resource: 'doc:**', actions: ['read'] }],
    ...agent,
  })
}

export const READ = { action: 'read', resource: 'doc:1' } satisfies AuthorizeRequest

/** What was used of each meter of a file, as the database has it. */
export function metersOf(file: string, project = 'default'): { readonly [key: string]: number } {
  const rows = queryFile(file, 'SELECT key, used FROM kavach_meters WHERE project = ?', project)
  // The columns are those that the statement names.
  return Object.fromEntries((rows as { key: string; used: number }[]).map(({ key, used }) => [key, used]))
}

/** Asks a file beside whoever has it open. */
export function queryFile(file: string, sql: string, ...values: unknown[]): readonly unknown[] {
  const db = new Database(file, { readonly: true })
  try {
    return db.prepare(sql).all(...values)
  } finally {
    db.close()
  }
}

/** The connection under a host over a file, to make it fail. */
export function connectionOf({ db }: Awaited<ReturnType<typeof openFile>>): Database.Database {
  // Drizzle instances carry the connection that they were made of, which their type does not say.
  return (db as typeof db & { readonly $client: Database.Database }).$client
}

/** The error that it rejects with. */
export async function errorOf(promise: PromiseLike<unknown>): Promise<KavachError> {
  const error = await promise.then(
    () => undefined,
    // Everything that the host rejects with is one.
    (thrown: unknown) => thrown as KavachError,
  )
  if (error?.code === undefined) throw error ?? new TypeError('it was not refused')
  return error
}

/** True when it has an answer after everything has happened that does not wait for anybody else. */
export async function isAnswered(promise: Promise<unknown>): Promise<boolean> {
  let answered = false
  const note = () => {
    answered = true
  }
  promise.then(note, note)
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  return answered
}
