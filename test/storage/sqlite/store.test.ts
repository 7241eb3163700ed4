import { expect, onTestFinished, test } from 'vitest'
import { createHost } from '../../../runtime/index.ts'
import { openSqliteStore } from '../../../storage/index.ts'
import { codeOf, connectionOf, connectTo, freshFile, namesIn, openStoreAt, setting, write } from './files.ts'

test('work that answers at once is called and committed before the call returns', async () => {
  const path = freshFile()
  const store = await openStoreAt(path)
  const other = connectTo(path)
  const count = () => other.prepare('SELECT count(*) AS n FROM kavach_settings').get()
  let isCalled = false
  const done = store.transaction('default', (tx) => {
    isCalled = true
    return tx.put('settings', [setting('a')])
  })
  expect({ isCalled, ...(count() as object) }).toEqual({ isCalled: true, n: 1 })
  await done
})

test('nothing waits for a timer when nobody holds the file', async () => {
  const host = { ...createHost(), sleep: () => Promise.reject(new Error('nobody sleeps here')) }
  const store = await openStoreAt(freshFile(), { host })
  await Promise.all(Array.from({ length: 20 }, (_, at) => write(store, `${at}`)))
  expect((await namesIn(store)).length).toBe(20)
})

test('rows are written alike however many there are', async () => {
  const store = await openStoreAt(':memory:')
  for (const size of [0, 1, 15, 16, 17, 32, 50]) {
    const project = `p${size}`
    const rows = Array.from({ length: size }, (_, at) => ({ key: 'k', windowStart: at, used: at }))
    await store.transaction(project, (tx) => tx.insert('meters', rows))
    expect(await store.read(project, (reader) => reader.find('meters', 'key'))).toEqual(rows)
    const twice = [...rows, ...rows.map((row) => ({ ...row, used: row.used + 1 }))]
    await store.transaction(project, (tx) => tx.put('meters', twice))
    const again = rows.map((row) => ({ ...row, used: row.used + 1 }))
    expect(await store.read(project, (reader) => reader.find('meters', 'key'))).toEqual(again)
    if (size > 0) {
      expect(await codeOf(store.transaction(project, (tx) => tx.insert('meters', rows)))).toBe('KVCH_E_STORE_CONFLICT')
    }
  }
})

test('a reader of one process does not wait for the writer of another', async () => {
  const path = freshFile()
  const store = await openStoreAt(path)
  await write(store, 'a')
  const other = connectTo(path)
  other.exec('BEGIN IMMEDIATE')
  other.prepare("INSERT INTO kavach_settings VALUES ('default', 'b', '')").run()
  expect(await namesIn(store)).toEqual(['a'])
  other.exec('COMMIT')
  expect(await namesIn(store)).toEqual(['a', 'b'])
})

test.each([
  ['durable', 2, true],
  ['process', 1, false],
] as const)('%s: the database is asked whether it does as it was told', async (durability, synchronous, isDurable) => {
  const store = await openStoreAt(freshFile(), { durability })
  const connection = connectionOf(store)
  const ask = (name: string) => connection.pragma(name, { simple: true })
  expect({ isDurable: store.isDurable, mode: ask('journal_mode'), synchronous: ask('synchronous') }).toEqual({
    isDurable,
    mode: 'wal',
    synchronous,
  })
})

test('what is in memory is not durable', async () => {
  expect((await openStoreAt(':memory:', { durability: 'durable' })).isDurable).toBe(false)
})

test('a connection that keeps no write-ahead log is refused', async () => {
  const path = freshFile()
  const connection = connectTo(path)
  const pragma = connection.pragma.bind(connection)
  // As on file systems without shared memory, where SQLite answers with the mode that it kept.
  connection.pragma = (text, options) => (text.startsWith('journal_mode =') ? [] : pragma(text, options))
  await expect(openSqliteStore({ connection })).rejects.toMatchObject({
    code: 'KVCH_E_STORE_UNAVAILABLE',
    message: 'the database keeps journal_mode = delete where WAL is needed; is the file on a network drive?',
  })
})

test('a connection of the application keeps its own settings, and is left open', async () => {
  const connection = connectTo(freshFile())
  connection.pragma('cache_size = -777')
  const store = await openSqliteStore({ connection })
  await store.migrate()
  await write(store, 'a')
  expect(connection.pragma('cache_size', { simple: true })).toBe(-777)
  await store.close()
  expect(await codeOf(write(store, 'b'))).toBe('KVCH_E_STORE_CLOSED')
  expect(connection.prepare('SELECT count(*) AS n FROM kavach_settings').get()).toEqual({ n: 1 })
})

test('a connection whose integers are bigints gives numbers to the host all the same', async () => {
  const connection = connectTo(freshFile()) as ReturnType<typeof connectTo> & { defaultSafeIntegers(on: boolean): void }
  connection.defaultSafeIntegers(true)
  const store = await openSqliteStore({ connection })
  await store.migrate()
  const row = { key: 'k', windowStart: 1, used: Number.MAX_SAFE_INTEGER }
  await store.transaction('default', (tx) => tx.put('meters', [row]))
  expect(await store.read('default', (reader) => reader.get('meters', { key: 'k', windowStart: 1 }))).toEqual(row)
})

test('whoever stands in line for longer than the deadline is sent away, and those behind go on', async () => {
  const store = await openStoreAt(':memory:', { deadlineMs: 60 })
  onTestFinished(() => store.close())
  const stuck = codeOf(store.transaction('default', () => new Promise(() => undefined)))
  const waiting = Promise.all(Array.from({ length: 5 }, (_, at) => codeOf(write(store, `${at}`))))
  expect(await stuck).toBe('KVCH_E_STORE_TIMEOUT')
  expect((await waiting).every((code) => code === 'fine' || code === 'KVCH_E_STORE_TIMEOUT')).toBe(true)
  expect(await codeOf(write(store, 'last'))).toBe('fine')
})
