// What may happen to a database file, and what callers are told. Each of FAULTS is given a place: a folder, the path of a database
// in it, and ways to open stores there. It throws when something is not as it should be.
import { deepStrictEqual as equal, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  closeSync,
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

export const FAULTS = [
  ['a file that is removed is noticed, and nothing is made in its place', removed],
  ['a file that comes back is used again, with all that was in it', comesBack],
  ['a file that is removed while a transaction runs takes the transaction with it', removedMeanwhile],
  ['a backup in the place of a file is used, and nothing of the old log gets into it', replaced],
  ['a file with strange characters in its name is opened anew', strangeName],
  ['an empty file in the place of another is not filled', emptied],
  ['something else in the place of a file is damaged, until a backup is there', replacedByText],
  ['yesterday’s file in the place of another is refused', olderFile],
  ['a log that is removed is noticed, and what was acknowledged is still there', logRemoved],
  ['a database that may not grow is full, and takes nothing of what did not fit', full],
  ['a transaction that does not fit leaves nothing, whatever it catches', fullInside],
  ...(canMount() ? [['a disk of two megabytes is full, and is left behind once there is room', fullDisk]] : []),
  ['a file that another process holds is waited for until half of the deadline, and nobody else is held up', held],
  ['a file that another process holds is not opened before it lets go', heldAtFirst],
  ['pages that are damaged are said to be so', damagedPages],
  ['a file that was cut short is said to be damaged', cutShort],
  ['a text is no database', text],
  ['a folder that is not there, and a folder in the place of a file, cannot be opened', noFile],
  ['a connection that may only read cannot be written', readOnly],
  ['a database without tables says so', noTables],
  ['a connection of the application that it has closed is closed', givenClosed],
  ['a transaction of the application on the connection that it gave is waited for', givenBusy],
  ['a database of the application is opened, and left open', given],
]

const setting = (name, value = '') => ({ name, value })
const write = (store, name, value) => store.transaction('default', (tx) => tx.put('settings', [setting(name, value)]))
const namesIn = (store) =>
  store.read('default', async (reader) => (await reader.find('settings', 'key')).map(({ name }) => name))

async function codeOf(work) {
  try {
    await work
  } catch (error) {
    if (error.name === 'KavachError') return error.code
    throw error
  }
  return 'fine'
}

/** A row of the log and the head that counts it, as a host writes them. */
function logRow(store, seq) {
  const bytes = Uint8Array.of(seq)
  return store.transaction('default', async (tx) => {
    await tx.get('heads', {})
    const row = { seq, time: 1, agent: null, kind: 'test', result: null, body: '{}', leaf: bytes, personal: null }
    await tx.insert('audit', [row])
    await tx.put('heads', [{ size: seq + 1, frontier: bytes, time: 1, epoch: seq }])
  })
}

function removeAll(path) {
  for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
}

/** A database with one setting, as a file that can be put in the place of another. */
async function backupWith({ folder, open }, name) {
  const path = join(folder, `backup-${name}.db`)
  const store = await open(path)
  await write(store, name)
  await store.close()
  return path
}

function checkOf({ connect }, path) {
  const connection = connect(path)
  try {
    return connection.pragma('integrity_check', { simple: true })
  } finally {
    connection.close()
  }
}

async function removed({ path, open }) {
  const store = await open(path)
  const reading = await open(path)
  await write(store, 'a')
  removeAll(path)
  equal(await codeOf(write(store, 'b')), 'KVCH_E_STORE_REPLACED')
  equal(await codeOf(write(store, 'c')), 'KVCH_E_STORE_REPLACED')
  equal(await codeOf(namesIn(reading)), 'KVCH_E_STORE_REPLACED')
  equal(existsSync(path), false)
}

async function comesBack({ path, open }) {
  const store = await open(path)
  await write(store, 'a')
  renameSync(path, `${path}.away`)
  equal(await codeOf(write(store, 'b')), 'KVCH_E_STORE_REPLACED')
  renameSync(`${path}.away`, path)
  await write(store, 'c')
  equal(await namesIn(store), ['a', 'c'])
}

async function removedMeanwhile({ path, open }) {
  const store = await open(path)
  const removing = store.transaction('default', async (tx) => {
    await tx.put('settings', [setting('a')])
    removeAll(path)
  })
  equal(await codeOf(removing), 'KVCH_E_STORE_REPLACED')
}

async function replaced(place) {
  const { path, open } = place
  const store = await open(path)
  for (let at = 0; at < 50; at++) await write(store, `old ${at}`, 'x'.repeat(2000))
  renameSync(await backupWith(place, 'kept'), path)
  equal(existsSync(`${path}-wal`), true)
  await write(store, 'new')
  equal(await namesIn(store), ['kept', 'new'])
  await store.close()
  equal(checkOf(place, path), 'ok')
}

async function strangeName(place) {
  const path = join(place.folder, 'a %41?mode=ro&b=c#d é.db')
  const store = await place.open(path)
  await write(store, 'a')
  renameSync(await backupWith(place, 'kept'), path)
  await write(store, 'b')
  equal(await namesIn(store), ['kept', 'b'].sort())
}

async function emptied({ path, open, connect }) {
  const store = await open(path)
  await write(store, 'a')
  removeAll(path)
  writeFileSync(path, '')
  equal(await codeOf(write(store, 'b')), 'KVCH_E_STORE_REPLACED')
  const connection = connect(path)
  equal(connection.prepare('SELECT count(*) AS tables FROM sqlite_schema').get(), { tables: 0 })
  connection.close()
  const migrating = await open(path)
  await migrating.close()
  await write(store, 'c')
  equal(await namesIn(store), ['c'])
}

async function replacedByText(place) {
  const { path, open } = place
  const store = await open(path)
  await write(store, 'a')
  removeAll(path)
  writeFileSync(path, 'no database at all, but long enough to be looked at. '.repeat(200))
  equal(await codeOf(write(store, 'b')), 'KVCH_E_STORE_CORRUPT')
  equal(await codeOf(namesIn(store)), 'KVCH_E_STORE_CORRUPT')
  renameSync(await backupWith(place, 'kept'), path)
  equal(await namesIn(store), ['kept'])
}

async function olderFile({ path, open, connect }) {
  const store = await open(path)
  await logRow(store, 0)
  const connection = connect(path)
  connection.prepare('VACUUM INTO ?').run(`${path}.older`)
  await logRow(store, 1)
  connection.prepare('VACUUM INTO ?').run(`${path}.same`)
  connection.close()
  removeAll(path)
  copyFileSync(`${path}.older`, path)
  equal(await codeOf(write(store, 'a')), 'KVCH_E_STORE_REPLACED')
  removeAll(path)
  copyFileSync(`${path}.same`, path)
  equal(await codeOf(write(store, 'a')), 'fine')
}

async function logRemoved(place) {
  const { path, open } = place
  const store = await open(path)
  await write(store, 'a')
  rmSync(`${path}-wal`)
  equal(await codeOf(write(store, 'b')), 'KVCH_E_STORE_REPLACED')
  await write(store, 'c')
  equal(
    (await namesIn(store)).filter((name) => name !== 'b'),
    ['a', 'c'],
  )
  await store.close()
  equal(checkOf(place, path), 'ok')
}

const BIG = 'x'.repeat(8000)

async function fill(store, prefix = 'row') {
  for (let at = 0; at < 5000; at++) {
    const code = await codeOf(write(store, `${prefix} ${at}`, BIG))
    if (code !== 'fine') return code
  }
  return 'never full'
}

/** As many further pages as this, and no more. */
function limitPages(store, more) {
  const { $client: client } = store.db
  const { page_count: pages } = client.prepare('PRAGMA page_count').get()
  client.exec(`PRAGMA max_page_count = ${pages + more}`)
}

async function full({ path, open }) {
  const store = await open(path)
  await write(store, 'a')
  limitPages(store, 20)
  equal(await fill(store), 'KVCH_E_STORE_FULL')
  const before = await namesIn(store)
  equal(await codeOf(write(store, 'more', BIG)), 'KVCH_E_STORE_FULL')
  equal(await namesIn(store), before)
  limitPages(store, 100_000)
  await write(store, 'more', BIG)
  equal(await namesIn(store), [...before, 'more'].sort())
}

async function fullInside({ path, open }) {
  const store = await open(path)
  limitPages(store, 10)
  const work = async (tx) => {
    await tx.put('settings', [setting('a')])
    try {
      for (let at = 0; at < 50; at++) await tx.put('settings', [setting(`row ${at}`, BIG)])
    } catch {
      // SQLite may have ended the transaction: what follows must not be written by itself.
    }
    await tx.put('settings', [setting('b')])
  }
  equal(await codeOf(store.transaction('default', work)), 'KVCH_E_STORE_FULL')
  equal(await namesIn(store), [])
}

function canMount() {
  return process.platform === 'linux' && process.getuid?.() === 0
}

async function fullDisk(place) {
  const mount = join(place.folder, 'disk')
  mkdirSync(mount)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', mount])
  place.defer(() => execFileSync('umount', ['-l', mount]))
  const ballast = join(mount, 'ballast')
  writeFileSync(ballast, new Uint8Array(500_000))
  const path = join(mount, 'kavach.db')
  const store = await place.open(path, { durability: 'durable' })
  equal(await fill(store), 'KVCH_E_STORE_FULL')
  equal(await codeOf(place.open(join(mount, 'other.db'))), 'KVCH_E_STORE_FULL')
  equal(await fill(store, 'more'), 'KVCH_E_STORE_FULL')
  const before = await namesIn(store)
  ok(before.length > 10)
  rmSync(ballast)
  rmSync(join(mount, 'other.db'), { force: true })
  await write(store, 'with room', BIG)
  equal(await namesIn(store), [...before, 'with room'].sort())
  await store.close()
  equal(checkOf(place, path), 'ok')
}

async function held({ path, open, hold }) {
  const store = await open(path, { deadlineMs: 400 })
  await write(store, 'a')
  const holder = await hold(path)
  let ticks = 0
  const ticking = setInterval(() => ticks++, 10)
  const begun = performance.now()
  const codes = await Promise.all([codeOf(write(store, 'b')), codeOf(write(store, 'c'))])
  const waited = performance.now() - begun
  clearInterval(ticking)
  equal(codes, ['KVCH_E_STORE_LOCKED', 'KVCH_E_STORE_LOCKED'])
  ok(waited >= 200, `refused after ${waited} ms`)
  ok(ticks > 5, `${ticks} turns of others meanwhile`)
  equal(await namesIn(store), ['a'])
  await holder.letGo()
  await write(store, 'd')
  equal(await namesIn(store), ['a', 'd'])
}

async function heldAtFirst({ path, open, connect, hold }) {
  const connection = connect(path)
  connection.exec('CREATE TABLE of_the_application (id INTEGER)')
  connection.close()
  const holder = await hold(path)
  equal(await codeOf(open(path, { deadlineMs: 200 })), 'KVCH_E_STORE_LOCKED')
  const opening = open(path, { deadlineMs: 20_000 })
  await holder.letGo()
  equal(await namesIn(await opening), [])
}

async function damagedPages({ path, open }) {
  const filled = await open(path)
  for (let at = 0; at < 200; at++) await write(filled, `row ${at}`, 'x'.repeat(500))
  await filled.close()
  const { length } = readFileSync(path)
  const file = openSync(path, 'r+')
  // All but the first page, where the schema begins.
  for (let at = 4096; at < length; at += 4096) writeSync(file, new Uint8Array(4096).fill(0xa5), 0, 4096, at)
  closeSync(file)
  equal(await codeOf(open(path).then(namesIn)), 'KVCH_E_STORE_CORRUPT')
}

async function cutShort(place) {
  const path = await backupWith(place, 'a')
  writeFileSync(path, readFileSync(path).subarray(0, 9000))
  equal(await codeOf(place.open(path).then(namesIn)), 'KVCH_E_STORE_CORRUPT')
}

async function text({ path, open }) {
  writeFileSync(path, 'this is a diary, and no database. '.repeat(300))
  equal(await codeOf(open(path)), 'KVCH_E_STORE_CORRUPT')
}

async function noFile({ folder, open }) {
  equal(await codeOf(open(join(folder, 'nowhere', 'kavach.db'))), 'KVCH_E_STORE_UNAVAILABLE')
  equal(await codeOf(open(folder)), 'KVCH_E_STORE_UNAVAILABLE')
}

async function readOnly({ path, open }) {
  const store = await open(path)
  store.db.$client.exec('PRAGMA query_only = ON')
  equal(await codeOf(write(store, 'a')), 'KVCH_E_STORE_UNAVAILABLE')
  store.db.$client.exec('PRAGMA query_only = OFF')
  equal(await codeOf(write(store, 'b')), 'fine')
}

async function noTables({ path, open }) {
  const store = await open(path)
  store.db.$client.exec('DROP TABLE kavach_settings')
  equal(await codeOf(write(store, 'a')), 'KVCH_E_STORE_SCHEMA')
}

async function givenClosed(place) {
  const database = databaseAt(place)
  const store = await place.open(database)
  database.close()
  equal(await codeOf(write(store, 'a')), 'KVCH_E_STORE_CLOSED')
  equal(await codeOf(place.open(database)), 'KVCH_E_STORE_CLOSED')
}

async function givenBusy(place) {
  const database = databaseAt(place)
  const store = await place.open(database, { deadlineMs: 100 })
  database.exec('BEGIN')
  equal(await codeOf(write(store, 'a')), 'KVCH_E_STORE_LOCKED')
  const waiting = write(store, 'b')
  database.exec('COMMIT')
  await waiting
  equal(await namesIn(store), ['b'])
  await store.close()
  database.close()
}

async function given(place) {
  const database = databaseAt(place)
  const store = await place.open(database, { deadlineMs: 1000 })
  await write(store, 'a')
  const { timeout } = database.prepare('PRAGMA busy_timeout').get()
  ok(timeout <= 250, `stops the process for ${timeout} ms`)
  await store.close()
  equal({ ...database.prepare('SELECT name FROM kavach_settings').get() }, { name: 'a' })
  const again = await place.open(store.db)
  equal(await namesIn(again), ['a'])
  equal(again.db, store.db)
  await again.close()
  database.close()
}

/** A database as an application opens it. */
function databaseAt({ path, driver, connect }) {
  if (driver === 'better-sqlite3') return connect(path)
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  return new DatabaseSync(path)
}
