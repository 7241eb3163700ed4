import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Store, Transaction } from '../../../runtime/index.ts'
import { openSqliteStore } from '../../../storage/index.ts'
import {
  codeOf,
  connectionOf,
  connectTo,
  folder,
  freshFile,
  logRow,
  namesIn,
  openStoreAt,
  setting,
  startChild,
  write,
} from './files.ts'

/** A database of its own with one setting, as a file that can be put in the place of another. */
async function backupWith(name: string): Promise<string> {
  const path = freshFile()
  const store = await openSqliteStore({ url: path })
  await store.migrate()
  await write(store, name)
  await store.close()
  return path
}

function removeAll(path: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
}

describe('a database file that is removed', () => {
  test('is noticed by the first transaction and the first reader, and nothing is made in its place', async () => {
    const path = freshFile()
    const store = await openStoreAt(path)
    const reading = await openStoreAt(path)
    await write(store, 'a')
    removeAll(path)
    expect(await codeOf(write(store, 'b'))).toBe('KVCH_E_STORE_REPLACED')
    expect(await codeOf(write(store, 'c'))).toBe('KVCH_E_STORE_REPLACED')
    expect(await codeOf(namesIn(reading))).toBe('KVCH_E_STORE_REPLACED')
    expect(await codeOf(store.projects())).toBe('KVCH_E_STORE_REPLACED')
    expect(existsSync(path)).toBe(false)
  })

  test('is used again once a backup is in its place', async () => {
    const path = freshFile()
    const store = await openStoreAt(path)
    const backup = await backupWith('from the backup')
    await write(store, 'lost')
    removeAll(path)
    expect(await codeOf(write(store, 'b'))).toBe('KVCH_E_STORE_REPLACED')
    copyFileSync(backup, path)
    await write(store, 'new')
    expect(await namesIn(store)).toEqual(['from the backup', 'new'])
    expect(connectTo(path).prepare('SELECT count(*) AS n FROM kavach_settings').get()).toEqual({ n: 2 })
  })

  test('is used again when it comes back, with all that was in it', async () => {
    const path = freshFile()
    const store = await openStoreAt(path)
    await write(store, 'a')
    renameSync(path, `${path}.away`)
    expect(await codeOf(write(store, 'b'))).toBe('KVCH_E_STORE_REPLACED')
    expect(await codeOf(write(store, 'c'))).toBe('KVCH_E_STORE_REPLACED')
    renameSync(`${path}.away`, path)
    await write(store, 'd')
    expect(await namesIn(store)).toEqual(['a', 'd'])
  })

  test('while a transaction runs has that transaction refused, whose rows went with it', async () => {
    const path = freshFile()
    const store = await openStoreAt(path)
    const removing = store.transaction('default', async (tx) => {
      await tx.put('settings', [setting('a')])
      removeAll(path)
    })
    expect(await codeOf(removing)).toBe('KVCH_E_STORE_REPLACED')
  })

  test('takes a connection of the application with it until it comes back', async () => {
    const path = freshFile()
    const connection = connectTo(path)
    const store = await openSqliteStore({ connection, durability: 'process' })
    await store.migrate()
    renameSync(path, `${path}.away`)
    copyFileSync(await backupWith('other'), path)
    expect(await codeOf(write(store, 'a'))).toBe('KVCH_E_STORE_REPLACED')
    expect(await codeOf(write(store, 'b'))).toBe('KVCH_E_STORE_REPLACED')
    renameSync(`${path}.away`, path)
    expect(await codeOf(write(store, 'c'))).toBe('fine')
    await store.close()
    expect(connection.open).toBe(true)
  })
})

describe('a database file that is replaced', () => {
  test('is opened anew, and nothing of the old log gets into it', async () => {
    const path = freshFile()
    const store = await openStoreAt(path)
    for (let at = 0; at < 50; at++) await write(store, `old ${at}`, 'x'.repeat(2000))
    renameSync(await backupWith('from the backup'), path)
    expect(existsSync(`${path}-wal`)).toBe(true)
    await write(store, 'new')
    expect(await namesIn(store)).toEqual(['from the backup', 'new'])
    await store.close()
    const other = connectTo(path)
    expect(other.pragma('integrity_check', { simple: true })).toBe('ok')
    expect(other.prepare('SELECT count(*) AS n FROM kavach_settings').get()).toEqual({ n: 2 })
  })

  test('by an empty one is not filled before somebody migrates it', async () => {
    const path = freshFile()
    const store = await openStoreAt(path)
    await write(store, 'a')
    removeAll(path)
    writeFileSync(path, '')
    expect(await codeOf(write(store, 'b'))).toBe('KVCH_E_STORE_REPLACED')
    expect(await codeOf(write(store, 'b'))).toBe('KVCH_E_STORE_REPLACED')
    const migrating = await openSqliteStore({ url: path })
    await migrating.migrate()
    await migrating.close()
    await write(store, 'c')
    expect(await namesIn(store)).toEqual(['c'])
  })

  test('by something else is damaged until a backup is there', async () => {
    const path = freshFile()
    const store = await openStoreAt(path)
    await write(store, 'a')
    removeAll(path)
    writeFileSync(path, 'no database at all, but long enough to be looked at. '.repeat(200))
    expect(await codeOf(write(store, 'b'))).toBe('KVCH_E_STORE_CORRUPT')
    expect(await codeOf(namesIn(store))).toBe('KVCH_E_STORE_CORRUPT')
    renameSync(await backupWith('from the backup'), path)
    expect(await namesIn(store)).toEqual(['from the backup'])
  })

  test('is used on if it goes on where the other was, and only then', async () => {
    const path = freshFile()
    const copyTo = (target: string) => connectTo(path).prepare('VACUUM INTO ?').run(target)
    const store = await openStoreAt(path)
    const reading = await openStoreAt(path)
    await logRow(store, 0)
    copyTo(`${path}.older`)
    await logRow(store, 1)
    await reading.read('default', (reader) => reader.get('heads', {}))
    copyTo(`${path}.same`)
    copyTo(`${path}.longer`)
    const longer = await openStoreAt(`${path}.longer`)
    await logRow(longer, 2)
    await longer.close()
    const other = await openStoreAt(`${path}.older`)
    copyFileSync(`${path}.older`, `${path}.kept`)
    await logRow(other, 1, 99)
    await logRow(other, 2, 98)
    await other.close()
    renameSync(`${path}.older`, `${path}.other`)

    const codeWith = async (file: string) => {
      removeAll(path)
      copyFileSync(file, path)
      return [await codeOf(write(store, 'a')), await codeOf(namesIn(reading))]
    }
    const refused = 'KVCH_E_STORE_REPLACED'
    expect(await codeWith(`${path}.kept`)).toEqual([refused, refused])
    expect(await codeWith(`${path}.other`)).toEqual([refused, refused])
    expect(await codeWith(`${path}.same`)).toEqual(['fine', 'fine'])
    // Who only read cannot tell whether a longer log is the same one.
    expect(await codeWith(`${path}.longer`)).toEqual(['fine', refused])
    await expect(write(reading, 'b')).rejects.toMatchObject({
      message: `the database file \`${path}\` was replaced by one in another state; close the host and open it anew`,
    })
    const anew = await openStoreAt(path)
    expect(await namesIn(anew)).toEqual(['a'])
  })

  test('in its log is noticed, and what was acknowledged is still there', async () => {
    const path = freshFile()
    const store = await openStoreAt(path)
    await write(store, 'a')
    rmSync(`${path}-wal`)
    expect(await codeOf(write(store, 'b'))).toBe('KVCH_E_STORE_REPLACED')
    await write(store, 'c')
    expect((await namesIn(store)).filter((name) => name !== 'b')).toEqual(['a', 'c'])
    await store.close()
    expect(connectTo(path).pragma('integrity_check', { simple: true })).toBe('ok')
  })
})

describe('a disk that is full', () => {
  const big = 'x'.repeat(8000)
  async function fill(store: Store, prefix = 'row'): Promise<string> {
    for (let at = 0; at < 5000; at++) {
      const code = await codeOf(write(store, `${prefix} ${at}`, big))
      if (code !== 'fine') return code
    }
    return 'never full'
  }

  test('is said, and left behind once there is room', async () => {
    const store = await openStoreAt(freshFile())
    await write(store, 'a')
    const connection = connectionOf(store)
    connection.pragma(`max_page_count = ${Number(connection.pragma('page_count', { simple: true })) + 20}`)
    expect(await fill(store)).toBe('KVCH_E_STORE_FULL')
    const before = await namesIn(store)
    expect(await codeOf(write(store, 'more', big))).toBe('KVCH_E_STORE_FULL')
    expect(await namesIn(store)).toEqual(before)
    connection.pragma('max_page_count = 1000000')
    await write(store, 'more', big)
    expect(await namesIn(store)).toEqual([...before, 'more'].sort())
  })

  test('in a transaction takes all of the transaction', async () => {
    const store = await openStoreAt(freshFile())
    const connection = connectionOf(store)
    connection.pragma(`max_page_count = ${Number(connection.pragma('page_count', { simple: true })) + 10}`)
    const work = async (tx: Transaction) => {
      await tx.put('settings', [setting('a')])
      try {
        for (let at = 0; at < 50; at++) await tx.put('settings', [setting(`row ${at}`, big)])
      } catch {
        // SQLite may have ended the transaction: what follows must not be written by itself.
      }
      await tx.put('settings', [setting('b')])
    }
    expect(await codeOf(store.transaction('default', work))).toBe('KVCH_E_STORE_FULL')
    expect(await namesIn(store)).toEqual([])
  })

  test.runIf(canMount())('of two megabytes is no other', async () => {
    const mount = join(folder(), 'disk')
    mkdirSync(mount)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', mount])
    onTestFinished(() => void execFileSync('umount', ['-l', mount]))
    const ballast = join(mount, 'ballast')
    writeFileSync(ballast, new Uint8Array(500_000))
    const path = join(mount, 'kavach.db')
    const store = await openSqliteStore({ url: path })
    await store.migrate()
    expect(await fill(store)).toBe('KVCH_E_STORE_FULL')
    expect(await codeOf(openStoreAt(join(mount, 'other.db')))).toBe('KVCH_E_STORE_FULL')
    expect(await fill(store, 'more')).toBe('KVCH_E_STORE_FULL')
    const before = await namesIn(store)
    expect(before.length).toBeGreaterThan(10)
    rmSync(ballast)
    rmSync(join(mount, 'other.db'), { force: true })
    await write(store, 'with room', big)
    expect(await namesIn(store)).toEqual([...before, 'with room'].sort())
    await store.close()
    expect(connectTo(path).pragma('integrity_check', { simple: true })).toBe('ok')
  })
})

function canMount(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0
}

describe('a database that another process holds', () => {
  test('is waited for until half of the deadline, without holding up anything else', async () => {
    const path = freshFile()
    const store = await openStoreAt(path, { deadlineMs: 400 })
    await write(store, 'a')
    const holder = await startChild('hold-child.mjs', [path])
    let ticks = 0
    const ticking = setInterval(() => ticks++, 10)
    const begun = performance.now()
    const codes = await Promise.all([codeOf(write(store, 'b')), codeOf(write(store, 'c'))])
    const waited = performance.now() - begun
    clearInterval(ticking)
    expect(codes).toEqual(['KVCH_E_STORE_LOCKED', 'KVCH_E_STORE_LOCKED'])
    expect(waited).toBeGreaterThanOrEqual(200)
    expect(waited).toBeLessThan(400)
    expect(ticks).toBeGreaterThan(5)
    expect(await namesIn(store)).toEqual(['a'])
    const waiting = write(store, 'd')
    holder.send('go')
    await waiting
    expect(await namesIn(store)).toEqual(['a', 'd'])
  })

  test('is not opened for the first time before it lets go', async () => {
    const path = freshFile()
    const made = connectTo(path)
    made.exec('CREATE TABLE of_the_application (id INTEGER)')
    const holder = await startChild('hold-child.mjs', [path])
    expect(await codeOf(openStoreAt(path, { deadlineMs: 200 }))).toBe('KVCH_E_STORE_LOCKED')
    const opening = openStoreAt(path)
    holder.send('go')
    await once(holder, 'exit')
    expect(await namesIn(await opening)).toEqual([])
  })

  test('is not waited for any longer on a connection of the application', async () => {
    const path = freshFile()
    const connection = connectTo(path)
    expect(connection.pragma('busy_timeout', { simple: true })).toBe(5000)
    const store = await openSqliteStore({ connection, durability: 'process', deadlineMs: 400 })
    await store.migrate()
    await startChild('hold-child.mjs', [path])
    const begun = performance.now()
    expect(await codeOf(write(store, 'a'))).toBe('KVCH_E_STORE_LOCKED')
    expect(performance.now() - begun).toBeLessThan(400)
  })

  test('may be this one: a transaction of the application on the connection that it gave', async () => {
    const connection = connectTo(freshFile())
    const store = await openSqliteStore({ connection, durability: 'process', deadlineMs: 100 })
    await store.migrate()
    connection.exec('BEGIN')
    expect(await codeOf(write(store, 'a'))).toBe('KVCH_E_STORE_LOCKED')
    const waiting = write(store, 'b')
    connection.exec('COMMIT')
    await waiting
    expect(await namesIn(store)).toEqual(['b'])
  })
})

describe('a database that is damaged', () => {
  test('is said to be so, in its pages', async () => {
    const path = freshFile()
    const filled = await openSqliteStore({ url: path })
    await filled.migrate()
    for (let at = 0; at < 200; at++) await write(filled, `row ${at}`, 'x'.repeat(500))
    await filled.close()
    const bytes = readFileSync(path)
    const file = openSync(path, 'r+')
    // All but the first page, where the schema begins.
    for (let at = 4096; at < bytes.length; at += 4096) writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, at)
    expect(await codeOf(openStoreAt(path).then(namesIn))).toBe('KVCH_E_STORE_CORRUPT')
  })

  test('is said to be so, cut short', async () => {
    const path = await backupWith('a')
    writeFileSync(path, readFileSync(path).subarray(0, 9000))
    expect(await codeOf(openStoreAt(path).then(namesIn))).toBe('KVCH_E_STORE_CORRUPT')
  })

  test('is said to be so, when it never was one', async () => {
    const path = freshFile()
    writeFileSync(path, 'this is a diary, and no database. '.repeat(300))
    expect(await codeOf(openStoreAt(path))).toBe('KVCH_E_STORE_CORRUPT')
  })
})

describe('a database that cannot be opened or written', () => {
  test.each([
    ['has no folder', () => join(folder(), 'nowhere', 'kavach.db')],
    ['is a folder', () => folder()],
  ])('%s', async (_, pathOf) => {
    expect(await codeOf(openStoreAt(pathOf()))).toBe('KVCH_E_STORE_UNAVAILABLE')
  })

  test('can only be read', async () => {
    const connection = connectTo(freshFile())
    const store = await openSqliteStore({ connection, durability: 'process' })
    await store.migrate()
    connection.pragma('query_only = ON')
    expect(await codeOf(write(store, 'a'))).toBe('KVCH_E_STORE_UNAVAILABLE')
    connection.pragma('query_only = OFF')
    expect(await codeOf(write(store, 'b'))).toBe('fine')
  })

  test('has no tables', async () => {
    const store = await openSqliteStore({ url: freshFile() })
    onTestFinished(() => store.close())
    expect(await codeOf(write(store, 'a'))).toBe('KVCH_E_STORE_SCHEMA')
    await store.migrate()
    expect(await codeOf(write(store, 'a'))).toBe('fine')
  })

  test('was closed by the application that gave it', async () => {
    const connection = connectTo(freshFile())
    const store = await openSqliteStore({ connection, durability: 'process' })
    await store.migrate()
    connection.close()
    expect(await codeOf(write(store, 'a'))).toBe('KVCH_E_STORE_CLOSED')
  })
})

describe('work that does not end', () => {
  test('is ended at the deadline, undone, and can do nothing more', async () => {
    const store = await openStoreAt(freshFile(), { deadlineMs: 100 })
    let kept: Transaction | undefined
    const stuck = codeOf(
      store.transaction('default', async (tx) => {
        kept = tx
        await tx.put('settings', [setting('a')])
        await new Promise(() => undefined)
      }),
    )
    const behind = codeOf(write(store, 'b'))
    expect(await stuck).toBe('KVCH_E_STORE_TIMEOUT')
    expect(['fine', 'KVCH_E_STORE_TIMEOUT']).toContain(await behind)
    expect(() => kept?.put('settings', [setting('late')])).toThrow(TypeError)
    await write(store, 'c')
    expect((await namesIn(store)).filter((name) => name !== 'b')).toEqual(['c'])
  })
})
