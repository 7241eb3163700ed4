// One contender of `npm run bench -- storage`: prints a line of JSON. node storage-child.mjs store|bare DRIVER FULL|NORMAL ROWS FILE
// Both write the same: rows of the log, a counter for each, and the head, 256 rows to a transaction and then one.
import { rmSync } from 'node:fs'
import { median, quantile } from './statistics.mjs'

const [contender, driver, synchronous, rowsText, file] = process.argv.slice(2)
const BATCH = 256
const SINGLES = synchronous === 'FULL' ? 1000 : 3000
const PROJECT = 'default'
const leaf = new Uint8Array(32).fill(7)
const frontier = new Uint8Array(512)
const body = JSON.stringify({ action: 'read', by: 'id', padding: 'a'.repeat(280), resource: 'mcp:github:repo-7' })
let seq = 0

clear()
const { write, close } = contender === 'store' ? await openStore() : await openBare()
for (let i = 0; i < 20; i++) await write(nextRows(BATCH))
const count = Number(rowsText)
const started = performance.now()
for (let done = 0; done < count; done += BATCH) await write(nextRows(BATCH))
const perSecond = (count / (performance.now() - started)) * 1000
const times = []
for (let i = 0; i < SINGLES; i++) {
  const rows = nextRows(1)
  const begun = performance.now()
  await write(rows)
  times.push((performance.now() - begun) * 1000)
}
await close()
clear()
console.log(
  JSON.stringify({
    perSecond,
    singleUs: median(times),
    singleP99Us: quantile(
      times.sort((a, b) => a - b),
      0.99,
    ),
    node: process.version,
  }),
)

function nextRows(count) {
  return Array.from({ length: count }, () => {
    const agent = `agt_${String(seq % 1000).padStart(26, '0')}`
    return {
      seq: seq++,
      time: 1_763_700_000_000 + seq,
      agent,
      kind: 'decision',
      result: 'allowed',
      body,
      leaf,
      personal: null,
    }
  })
}

function meterOf({ agent }) {
  return { key: `0123456789abcdef/day/agent=${agent}`, windowStart: 1_763_683_200_000, used: seq }
}

function headAfter(rows) {
  return { size: rows.at(-1).seq + 1, frontier, time: rows.at(-1).time, epoch: 0 }
}

async function openStore() {
  const { openStore: open } = await import('../dist/storage/index.js')
  const database = driver === 'memory' ? { provider: 'memory' } : { provider: 'sqlite', url: file, driver }
  const store = await open(database, { durability: synchronous === 'FULL' ? 'durable' : 'process' })
  await store.migrate()
  return {
    write: (rows) =>
      store.transaction(PROJECT, async (tx) => {
        await tx.put('meters', rows.map(meterOf))
        await tx.insert('audit', rows)
        await tx.put('heads', [headAfter(rows)])
      }),
    close: () => store.close(),
  }
}

/** The columns, keys, indexes and settings of the store. */
async function openBare() {
  const db = await connect()
  for (const text of [
    'journal_mode = WAL',
    `synchronous = ${synchronous}`,
    'cache_size = -32768',
    'wal_autocheckpoint = 16000',
  ])
    db.exec(`pragma ${text}`)
  db.exec(`
    create table audit(project text not null, seq integer not null, time integer not null, agent text, kind text not null,
      result text, body text, leaf blob not null, personal text, primary key (project, seq));
    create table meters(project text not null, key text not null, windowStart integer not null, used integer not null,
      primary key (project, key, windowStart)) without rowid;
    create index by_window on meters(project, windowStart, key);
    create table heads(project text primary key, size integer, frontier blob, time integer, epoch integer) without rowid`)
  const audit = db.prepare('insert into audit values(?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const meter = db.prepare('insert or replace into meters values(?, ?, ?, ?)')
  const head = db.prepare('insert or replace into heads values(?, ?, ?, ?, ?)')
  return {
    write(rows) {
      db.exec('begin immediate')
      for (const row of rows) {
        meter.run(PROJECT, ...Object.values(meterOf(row)))
        audit.run(PROJECT, ...Object.values(row))
      }
      head.run(PROJECT, ...Object.values(headAfter(rows)))
      db.exec('commit')
    },
    close: () => db.close(),
  }
}

async function connect() {
  if (driver === 'node:sqlite') {
    const { DatabaseSync } = await import('node:sqlite')
    return new DatabaseSync(file)
  }
  const { default: Database } = await import('better-sqlite3')
  return new Database(file)
}

function clear() {
  for (const tail of ['', '-wal', '-shm']) rmSync(file + tail, { force: true })
}
