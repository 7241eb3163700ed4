import { expect, test } from 'vitest'
import { openSqliteStore, sqliteSchemaText } from '../../../storage/index.ts'
import { MIGRATIONS } from '../../../storage/sqlite/migrations.ts'
import { codeOf, connectTo, freshFile, namesIn, openStoreAt, write } from './files.ts'

test('many stores that boot at once on a new file migrate it once', async () => {
  const path = freshFile()
  const stores = await Promise.all(Array.from({ length: 12 }, () => openStoreAt(path)))
  await Promise.all(stores.map((store, at) => write(store, `${at}`.padStart(2, '0'))))
  for (const store of stores) expect((await namesIn(store)).length).toBe(12)
  const rows = connectTo(path).prepare('SELECT version, tag, oldest FROM kavach_migrations').all()
  expect(rows).toEqual(MIGRATIONS.map(({ tag, oldest }, at) => ({ version: at + 1, tag, oldest })))
})

test('the printed schema makes the database that migrate makes', async () => {
  const [printed, migrated] = [freshFile(), freshFile()]
  connectTo(printed).exec(sqliteSchemaText())
  await openStoreAt(migrated)
  const schemaOf = (path: string) =>
    connectTo(path)
      .prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
      .all()
  expect(schemaOf(printed)).toEqual(schemaOf(migrated))
  const store = await openStoreAt(printed)
  await write(store, 'a')
  expect(await namesIn(store)).toEqual(['a'])
  expect(connectTo(printed).prepare('SELECT count(*) AS n FROM kavach_migrations').get()).toEqual({
    n: MIGRATIONS.length,
  })
})

const addVersion = (path: string, version: number, oldest: number) =>
  connectTo(path)
    .prepare('INSERT INTO kavach_migrations (version, tag, oldest, appliedAt) VALUES (?, ?, ?, 0)')
    .run(version, 'later', oldest)

test('a database that a newer version made its own is refused', async () => {
  const path = freshFile()
  await openStoreAt(path)
  const version = MIGRATIONS.length + 3
  addVersion(path, version, version)
  const store = await openSqliteStore({ url: path })
  await expect(store.migrate()).rejects.toMatchObject({
    code: 'KVCH_E_STORE_SCHEMA',
    message: `the database has version ${version}, which needs version ${version} of the schema; this program has ${MIGRATIONS.length}`,
    details: { version, oldest: version, known: MIGRATIONS.length },
  })
  await store.close()
})

test('a database that a newer version only added to is used on', async () => {
  const path = freshFile()
  await openStoreAt(path)
  addVersion(path, MIGRATIONS.length + 1, MIGRATIONS.length)
  const store = await openStoreAt(path)
  await write(store, 'a')
  expect(await namesIn(store)).toEqual(['a'])
})

test('a migration that fails leaves nothing behind', async () => {
  const path = freshFile()
  const connection = connectTo(path)
  // In the way of the last tables.
  connection.exec('CREATE TABLE kavach_users (id INTEGER)')
  const store = await openSqliteStore({ url: path })
  expect(await codeOf(store.migrate())).toBe('KVCH_E_STORE_SCHEMA')
  expect(connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()).toEqual([
    { name: 'kavach_users' },
  ])
  connection.exec('DROP TABLE kavach_users')
  await store.migrate()
  expect(await namesIn(store)).toEqual([])
  await store.close()
})

test('tables of an application stand beside ours', async () => {
  const path = freshFile()
  const connection = connectTo(path)
  connection.exec('CREATE TABLE users (id INTEGER); INSERT INTO users VALUES (1)')
  const store = await openStoreAt(path)
  await write(store, 'a')
  expect(connection.prepare('SELECT id FROM users').all()).toEqual([{ id: 1 }])
})
