/**
 * Whoever can write the database, and changes the log in it, is found. Each change is made with SQL in a copy of a real file,
 * at places that a seeded sequence picks; the log is then verified with the public key and the checkpoints that a sink has kept.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leafOfText } from '../../../runtime/audit/append.ts'
import { Frontier } from '../../../runtime/audit/frontier.ts'
import { createCheckpointer, fillPostings, verifyStore } from '../../../runtime/audit/index.ts'
import { createLogSite } from '../../../runtime/log-site.ts'
import { openSqliteStore } from '../../../storage/index.ts'
import { hostAt, NOW, sha256 } from '../site.ts'
import { KEY, keepingSink, logOf } from './log.ts'

const PUBLIC = createPublicKey(createPrivateKey(KEY)).export({ type: 'spki', format: 'pem' }).toString()
/** Rows of the log, those that were signed last, and those in yesterday's file. */
const ROWS = 260
const SIGNED = 240
const YESTERDAY = 120

const folder = mkdtempSync(join(tmpdir(), 'kavach-tamper-'))
const pristine = join(folder, 'pristine.db')
const yesterday = join(folder, 'yesterday.db')
const copy = join(folder, 'copy.db')
const sink = keepingSink()

beforeAll(async () => {
  const store = await openSqliteStore({ url: pristine, durability: 'process' })
  await store.migrate()
  const { fill, checkpointer } = logOf({ store, sinks: [sink] })
  await fill(YESTERDAY, 20)
  await checkpointer.flush()
  await store.close()
  copyFileSync(pristine, yesterday)
  const again = await openSqliteStore({ url: pristine, durability: 'process' })
  const log = logOf({ store: again, sinks: [sink], host: hostAt(NOW + 86_400_000), from: YESTERDAY })
  await log.fill(SIGNED - YESTERDAY, 20)
  await log.checkpointer.flush()
  await log.fill(ROWS - SIGNED, 20)
  await again.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Raw {
  seq: number
  time: number
  agent: string | null
  kind: string
  result: string | null
  body: string
  leaf: Uint8Array
  personal: string | null
}

/** Changes a copy of the file, and gives what is found in it. */
async function found(
  change: (db: Database.Database) => void,
  {
    from = pristine,
    checkpoints = sink.notes,
  }: { readonly from?: string; readonly checkpoints?: readonly string[] } = {},
) {
  copyFileSync(from, copy)
  const db = new Database(copy)
  change(db)
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
  const store = await openSqliteStore({ url: copy, durability: 'process' })
  try {
    const site = createLogSite({ store, host: hostAt(NOW), sha256 })
    return await verifyStore(site, { keys: [PUBLIC], checkpoints })
  } finally {
    await store.close()
    rmSync(`${copy}-wal`, { force: true })
    rmSync(`${copy}-shm`, { force: true })
  }
}

/** A generator of numbers below `limit`. */
function seeded(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

/** How many of the changes are found. */
async function countFound(
  times: number,
  seed: number,
  change: (db: Database.Database, pick: ReturnType<typeof seeded>, i: number) => void,
) {
  const pick = seeded(seed)
  const missed: number[] = []
  for (let i = 0; i < times; i++) {
    const report = await found((db) => change(db, pick, i))
    if (report.isIntact) missed.push(i)
  }
  return { found: times - missed.length, missed }
}

const rowsOf = (db: Database.Database) =>
  db
    .prepare<[], Raw>('SELECT seq, time, agent, kind, result, body, leaf, personal FROM kavach_audit ORDER BY seq')
    .all()

/** Puts these rows in place of all: hashes, sequence and head are made anew, as by somebody who knows how. */
function rewrite(db: Database.Database, rows: readonly Raw[]): Frontier {
  const frontier = new Frontier(sha256, 0, new Uint8Array(0))
  db.exec('DELETE FROM kavach_audit')
  const insert = db.prepare('INSERT INTO kavach_audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
  for (const [seq, row] of rows.entries()) {
    const body = row.body.replace(/"seq":\d+/, `"seq":${seq}`)
    const leaf = leafOfText(body, sha256)
    frontier.append(leaf)
    insert.run('default', seq, row.time, row.agent, row.kind, row.result, body, Buffer.from(leaf), row.personal)
  }
  db.prepare('UPDATE kavach_heads SET size = ?, frontier = ?').run(rows.length, Buffer.from(frontier.toBytes()))
  return frontier
}

/** Another history that is right in itself. */
function another(rows: readonly Raw[]): readonly Raw[] {
  return rows.map((row) => ({ ...row, body: row.body.replace('"reason":"no-grant"', '"reason":"forbidden"') }))
}

test('the log is intact before anything is done to it', async () => {
  expect(await found(() => undefined)).toMatchObject({ isIntact: true, size: ROWS, checkpoints: 2, signedRows: SIGNED })
})

describe('what is changed is found', () => {
  test('200 of 200 edits of one byte', { timeout: 120_000 }, async () => {
    const columns = ['body', 'leaf', 'personal', 'agent', 'kind', 'result', 'seq', 'time', 'frontier', 'size'] as const
    const result = await countFound(200, 1, (db, pick, i) => {
      const column = columns[i % columns.length] ?? 'body'
      const isHead = column === 'frontier' || column === 'size'
      const table = isHead ? 'kavach_heads' : 'kavach_audit'
      const where = isHead ? '' : ` WHERE ${column} IS NOT NULL`
      const rows = db
        .prepare<[], { readonly rowid: number; readonly value: unknown }>(
          isHead
            ? `SELECT 0 AS rowid, ${column} AS value FROM ${table}`
            : `SELECT rowid, ${column} AS value FROM ${table}${where}`,
        )
        .all()
      const row = rows[pick(rows.length)]
      if (row === undefined) throw new Error('there are rows')
      const next = edited(row.value, pick)
      if (isHead) db.prepare(`UPDATE ${table} SET ${column} = ?`).run(next)
      else db.prepare(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`).run(next, row.rowid)
    })
    expect(result).toEqual({ found: 200, missed: [] })
  })

  test('100 of 100 deletions, whether or not everything is made anew', { timeout: 120_000 }, async () => {
    const result = await countFound(100, 2, (db, pick, i) => {
      const rows = rowsOf(db)
      const at = pick(i % 2 === 0 ? rows.length : SIGNED)
      if (i % 2 === 0) db.prepare('DELETE FROM kavach_audit WHERE seq = ?').run(at)
      else rewrite(db, [...rows.slice(0, at), ...rows.slice(at + 1)])
    })
    expect(result).toEqual({ found: 100, missed: [] })
  })

  test('100 of 100 insertions, whether or not everything is made anew', { timeout: 120_000 }, async () => {
    const result = await countFound(100, 3, (db, pick, i) => {
      const rows = rowsOf(db)
      const forged = rows[pick(rows.length)]
      if (forged === undefined) throw new Error('there are rows')
      const at = pick(SIGNED)
      if (i % 2 === 0) {
        rewrite(db, [...rows.slice(0, at), forged, ...rows.slice(at)])
      } else {
        const insert = 'INSERT INTO kavach_audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'
        const { time, agent, kind, result: outcome, body, leaf, personal } = forged
        db.exec(`UPDATE kavach_audit SET seq = -seq - 2 WHERE seq >= ${at}`)
        db.exec('UPDATE kavach_audit SET seq = -seq - 1 WHERE seq < -1')
        db.prepare(insert).run('default', at, time, agent, kind, outcome, body, leaf, personal)
      }
    })
    expect(result).toEqual({ found: 100, missed: [] })
  })

  test('100 of 100 swaps of two rows, whether or not everything is made anew', { timeout: 120_000 }, async () => {
    const result = await countFound(100, 4, (db, pick, i) => {
      const rows = rowsOf(db)
      const a = pick(SIGNED)
      const b = (a + 1 + pick(SIGNED - 1)) % SIGNED
      const swapped = rows.map((row, at) => (at === a ? (rows[b] ?? row) : at === b ? (rows[a] ?? row) : row))
      if (i % 2 === 1) {
        rewrite(
          db,
          swapped.map((row, at) => ({ ...row, time: rows[at]?.time ?? 0 })),
        )
      } else {
        db.prepare('UPDATE kavach_audit SET seq = -1 WHERE seq = ?').run(a)
        db.prepare('UPDATE kavach_audit SET seq = ? WHERE seq = ?').run(a, b)
        db.prepare('UPDATE kavach_audit SET seq = ? WHERE seq = -1').run(b)
      }
    })
    expect(result).toEqual({ found: 100, missed: [] })
  })

  test('a tail that was cut below the last checkpoint', async () => {
    for (const to of [SIGNED - 1, YESTERDAY, 17, 0]) {
      const { isIntact, findings } = await found((db) => {
        rewrite(db, rowsOf(db).slice(0, to))
        db.exec(`DELETE FROM kavach_checkpoints WHERE size > ${to}`)
      })
      expect([isIntact, findings.map(({ code }) => code)]).toEqual([false, to < YESTERDAY ? ['cut', 'cut'] : ['cut']])
    }
  })

  test('a log that was written anew by somebody without the key', async () => {
    const other = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    copyFileSync(pristine, copy)
    const { isIntact, findings } = await rewritten(other, [])
    // The key of somebody else, and nothing kept elsewhere.
    expect([isIntact, findings.map(({ code }) => code)]).toEqual([false, ['signature']])
  })

  test('a log that was written anew with the stolen key, by a checkpoint that was kept elsewhere', async () => {
    expect((await rewritten(KEY, [])).isIntact).toBe(true)
    const { isIntact, findings } = await rewritten(KEY, sink.notes)
    expect([isIntact, findings.map(({ code }) => code)]).toEqual([false, ['checkpoint', 'checkpoint']])
  })

  test("yesterday's file in place of today's", async () => {
    const { isIntact, findings } = await found(() => undefined, { from: yesterday })
    expect([isIntact, findings.map(({ code, seq }) => [code, seq])]).toEqual([false, [['cut', YESTERDAY]]])
  })

  test('bodies that nobody dropped in the open', async () => {
    const { isIntact, findings } = await found((db) => db.exec('UPDATE kavach_audit SET body = NULL WHERE seq = 9'))
    expect([isIntact, findings.map(({ code, seq }) => [code, seq])]).toEqual([false, [['pruned', 9]]])
  })

  test('rows behind the head', async () => {
    const { isIntact, findings } = await found((db) =>
      db.exec(
        `INSERT INTO kavach_audit SELECT project, ${ROWS}, time, agent, kind, result, body, leaf, personal FROM kavach_audit WHERE seq = 9`,
      ),
    )
    expect([isIntact, findings.map(({ code, seq }) => [code, seq])]).toEqual([false, [['head', ROWS]]])
  })

  test('what a column is not declared to hold', async () => {
    for (const set of ["leaf = 'text'", "body = x'00'", "time = 'now'", 'agent = 7']) {
      const { isIntact } = await found((db) => db.exec(`UPDATE kavach_audit SET ${set} WHERE seq = 9`))
      expect([set, isIntact]).toEqual([set, false])
    }
  })
})

test('postings that hide rows of an agent are found', async () => {
  const { fill, site, audit } = logOf()
  await fill(1100, 550)
  await fillPostings(site)
  expect((await audit.verify()).isIntact).toBe(true)
  await site.change((change) => change.put('postings', [{ block: 0, entries: new Uint8Array(0) }]))
  await expect(audit.verify()).rejects.toMatchObject({
    code: 'KVCH_E_AUDIT_TAMPERED',
    details: { isIntact: false, findings: [{ code: 'postings', seq: 0 }] },
  })
})

/** Another history in the file, with checkpoints that this key has signed. */
async function rewritten(key: string, checkpoints: readonly string[]) {
  copyFileSync(pristine, copy)
  const db = new Database(copy)
  rewrite(db, another(rowsOf(db)))
  db.exec('DELETE FROM kavach_checkpoints; DELETE FROM kavach_settings')
  db.close()
  const store = await openSqliteStore({ url: copy, durability: 'process' })
  const options = { audit: { checkpoints: { origin: 'example.com/log', key } } }
  const site = createLogSite({ store, host: hostAt(NOW + 2 * 86_400_000), sha256, options })
  await createCheckpointer(site).flush()
  const report = await verifyStore(site, { keys: [PUBLIC], checkpoints })
  await store.close()
  return report
}

/** The same value with one byte, or one bit of a number, changed. */
function edited(value: unknown, pick: (limit: number) => number): unknown {
  if (typeof value === 'number') return value + 2 ** (9 + pick(10))
  const bytes = Buffer.from(value as string | Uint8Array) // SQLite gives nothing else.
  const at = pick(bytes.length)
  // Text stays ASCII, so that what is read is what was written.
  bytes[at] = typeof value === 'string' ? ((bytes[at] ?? 0) ^ (1 + pick(3))) & 0x7f : (bytes[at] ?? 0) ^ (1 + pick(255))
  return typeof value === 'string' ? bytes.toString('latin1') : bytes
}
