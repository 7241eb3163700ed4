import { createRequire } from 'node:module'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createMemoryStore, type DatabaseOption, openStore, users } from '../../storage/index.ts'
import { freshFile, namesIn, write } from './sqlite/files.ts'

const Database = createRequire(import.meta.url)('better-sqlite3')

async function open(database: unknown) {
  // What callers in plain JavaScript write has any type.
  const store = await openStore(database as DatabaseOption, { durability: 'process' })
  onTestFinished(() => store.close())
  await store.migrate()
  return store
}

describe('openStore', () => {
  const made = () => {
    const database = new Database(freshFile())
    onTestFinished(() => database.close())
    return database
  }

  test.each([
    ['a file', () => ({ provider: 'sqlite', url: freshFile() }), 'sqlite'],
    ['a file: URL', () => ({ provider: 'sqlite', url: `file:${freshFile()}` }), 'sqlite'],
    ['SQLite in memory', () => ({ provider: 'sqlite', url: ':memory:' }), 'sqlite'],
    ['memory', () => ({ provider: 'memory' }), 'memory'],
    ['a better-sqlite3 database', made, 'sqlite'],
    ['a Drizzle instance', () => drizzle(made()), 'sqlite'],
    ['a Drizzle instance that renames columns', () => drizzle(made(), { casing: 'snake_case' }), 'sqlite'],
    ['a store', () => createMemoryStore(), 'memory'],
  ])('opens %s', async (_, databaseOf, provider) => {
    const store = await open(databaseOf())
    await write(store, 'a')
    expect({ provider: store.provider, names: await namesIn(store) }).toEqual({ provider, names: ['a'] })
  })

  test('gives back the Drizzle instance that it was given', async () => {
    const db = drizzle(made())
    expect((await open(db)).db).toBe(db)
  })

  test.each([
    [undefined, 'database: give `{ provider: "sqlite", url }`, or an open database'],
    ['kavach.db', 'database: give `{ provider: "sqlite", url }`, or an open database'],
    [{}, 'database.provider: `undefined` is unknown; `sqlite`, `d1` and `memory` are known'],
    [{ provider: 'oracle', url: 'x' }, 'database.provider: `oracle` is unknown; `sqlite`, `d1` and `memory` are known'],
    [
      { provider: 'postgres', url: 'x' },
      'database.provider: `postgres` is not supported yet; `sqlite`, `d1` and `memory` are',
    ],
    [
      { provider: 'mysql', url: 'x' },
      'database.provider: `mysql` is not supported yet; `sqlite`, `d1` and `memory` are',
    ],
    [{ provider: 'd1' }, 'database.binding: give the binding of a D1 database, such as `env.KAVACH_DB`'],
    [{ provider: 'sqlite' }, 'database.url: give a path, a `file:` URL or `:memory:`'],
    [{ provider: 'sqlite', url: 'x', mode: 'ro' }, 'database.mode: is not known; `provider`, `url` and `driver` are'],
    [{ provider: 'sqlite', url: 'x', driver: 'sqlite3' }, 'database.driver: give `better-sqlite3` or `node:sqlite`'],
    [{ provider: 'memory', driver: 'node:sqlite' }, 'database.driver: the memory has no `driver`'],
    [{ provider: 'memory', url: 'x' }, 'database.url: the memory has no `url`'],
    [{ $client: {} }, 'database: of Drizzle instances only those over better-sqlite3, `node:sqlite` and D1 are known'],
  ])('refuses %j', async (database, message) => {
    const path = message.split(':')[0]
    await expect(open(database)).rejects.toMatchObject({ code: 'KVCH_E_CONFIG_INVALID', message, details: { path } })
  })

  /** The members by which a `Database` of `bun:sqlite` is known. */
  const ofBun = { prepare() {}, query() {}, transaction() {}, close() {} }

  test.each([
    ['a database', ofBun],
    ['Drizzle over one', { $client: ofBun }],
  ])('says what to give instead of %s of bun:sqlite', async (_, database) => {
    await expect(open(database)).rejects.toMatchObject({
      code: 'KVCH_E_CONFIG_INVALID',
      message:
        'database: a database of `bun:sqlite` cannot be used; give a `DatabaseSync` of `node:sqlite`, or `{ provider: "sqlite", url }`',
    })
  })

  test('opens with the driver that is named', async () => {
    const store = await open({ provider: 'sqlite', url: freshFile(), driver: 'better-sqlite3' })
    expect((store.db as { readonly $client: unknown }).$client).toBeInstanceOf(Database) // Drizzle has it there.
  })

  test('leaves no file behind when it refuses', async () => {
    await expect(open({ provider: 'sqlite', url: join(freshFile(), 'nowhere', 'a.db') })).rejects.toMatchObject({
      code: 'KVCH_E_STORE_UNAVAILABLE',
    })
  })
})

test('a user is seeded as the documents print it', async () => {
  const store = await open({ provider: 'sqlite', url: ':memory:' })
  const before = Date.now()
  const kavach = { db: store.db as ReturnType<typeof drizzle> } // Drizzle over better-sqlite3.
  kavach.db
    .insert(users)
    .values({
      id: 'user-1',
      email: 'test@example.com',
      name: 'Test',
      createdAt: new Date(),
      updatedAt: new Date(),
    })
    .run()
  const row = await store.read('default', (reader) => reader.get('users', { id: 'user-1' }))
  expect(row).toEqual({
    id: 'user-1',
    email: 'test@example.com',
    name: 'Test',
    createdAt: expect.any(Number),
    updatedAt: expect.any(Number),
  })
  expect(row?.createdAt).toBeGreaterThanOrEqual(before)
  const [read] = kavach.db.select().from(users).all()
  expect(read).toMatchObject({ project: 'default', id: 'user-1', createdAt: new Date(row?.createdAt ?? 0) })
})
