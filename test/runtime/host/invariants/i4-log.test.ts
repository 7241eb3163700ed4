/**
 * I4: the log verifies after any crash, and tampering with it is found.
 *
 * `../crash.test.ts` kills processes in the middle of their work; `test/runtime/audit/tamper.test.ts` changes, deletes, inserts, swaps
 * and rewrites rows by the hundred. Here a machine stops: of what was written, the end is not on the disk.
 */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { Random } from '../../../properties/generate/random.ts'
import { errorOf, freshFile, makeAgent, metersOf, openFile, queryFile, READ } from '../hosts.ts'

const SEED = Number(process.env.KAVACH_TORN_SEED ?? 20_261_125)
const CUTS = 40

test(`a database whose log of writes ends at any byte opens, verifies and goes on; seed ${SEED}`, async () => {
  const random = new Random(SEED)
  const file = freshFile()
  const kavach = await openFile(file)
  const { id } = await makeAgent(kavach, {
    permissions: [
      { resource: 'doc:**', actions: ['read'], constraints: { maxCallsPerDay: 1e6, budgetUsdPerMonth: 1000 } },
    ],
  })
  /** How long the log of writes was when each of these had been acknowledged. */
  const acknowledged: { readonly auditId: string | undefined; readonly bytes: number }[] = []
  for (let call = 0; call < 60; call++) {
    const { allowed, auditId } = await kavach.authorize(id, { ...READ, resource: `doc:${call}`, cost: 0.001 })
    expect(allowed).toBe(true)
    acknowledged.push({ auditId, bytes: readFileSync(`${file}-wal`).length })
  }
  const whole = readFileSync(`${file}-wal`)
  for (let cut = 0; cut < CUTS; cut++) {
    const bytes = cut === 0 ? whole.length : random.below(whole.length)
    const torn = freshFile()
    copyFileSync(file, torn)
    copyFileSync(`${file}.checkpoint-key.pem`, `${torn}.checkpoint-key.pem`)
    const end = Buffer.from(whole.subarray(0, bytes))
    // A page that was being written may hold anything.
    for (let at = Math.max(0, bytes - random.below(600)); cut % 3 === 2 && at < bytes; at++) end[at] = random.below(256)
    writeFileSync(`${torn}-wal`, end)
    const again = await openFile(torn)
    expect(await again.audit.verify(), `cut at ${bytes}`).toMatchObject({ isIntact: true })
    const kept = new Set((await again.audit.query({ kind: 'decision' })).map(({ auditId }) => auditId))
    if (cut % 3 !== 2) {
      expect(acknowledged.filter((one) => one.bytes <= bytes && !kept.has(one.auditId ?? ''))).toEqual([])
    }
    expect(sumsOf(torn)).toEqual({ calls: kept.size, nanoUsd: kept.size * 1_000_000 })
    if (kept.size > 0) {
      expect(await again.authorize(id, { ...READ, cost: 0.001 })).toMatchObject({ allowed: true })
      expect(await again.audit.verify()).toMatchObject({ isIntact: true })
    }
    await again.close()
  }
})

test('a process that is gone leaves a log that the next one goes on with, row by row', async () => {
  const file = freshFile()
  const first = await openFile(file)
  const { id } = await makeAgent(first)
  await first.authorize(id, READ)
  const before = await first.audit.query({ order: 'asc' })
  await first.close()
  expect(existsSync(`${file}-wal`)).toBe(false)
  const second = await openFile(file)
  await second.authorize(id, READ)
  const after = await second.audit.query({ order: 'asc' })
  expect(after.slice(0, before.length)).toEqual(before)
  expect(after.map(({ seq }) => seq)).toEqual(after.map((_, at) => at))
  expect(await second.audit.verify()).toMatchObject({ isIntact: true })
})

test.each([
  ['a denial becomes an allow', "UPDATE kavach_audit SET body = replace(body, 'denied', 'allowed') WHERE seq = :seq"],
  ['the column beside it says another result', "UPDATE kavach_audit SET result = 'allowed' WHERE seq = :seq"],
  ['it is about another agent', "UPDATE kavach_audit SET agent = 'somebody' WHERE seq = :seq"],
  ['it is gone', 'DELETE FROM kavach_audit WHERE seq = :seq'],
  ['it has another hash', 'UPDATE kavach_audit SET leaf = zeroblob(32) WHERE seq = :seq'],
  ['the log is said to be shorter', 'UPDATE kavach_heads SET size = :seq'],
])('a row that was changed behind the host is found: %s', async (_, sql) => {
  const file = freshFile()
  const kavach = await openFile(file)
  const { id } = await makeAgent(kavach)
  const { auditId = '' } = await kavach.authorize(id, { ...READ, action: 'write' })
  await kavach.authorize(id, READ)
  expect(await kavach.audit.verify()).toMatchObject({ isIntact: true })
  const db = new Database(file)
  const seq = Number(auditId.slice('aud_'.length))
  expect(db.prepare(sql).run({ seq }).changes).toBe(1)
  db.close()
  expect(await errorOf(kavach.audit.verify())).toMatchObject({
    code: 'KVCH_E_AUDIT_TAMPERED',
    details: { isIntact: false },
  })
})

function sumsOf(file: string) {
  const rows = Object.entries(metersOf(file))
  const sum = (part: string) => rows.reduce((total, [key, used]) => (key.includes(part) ? total + used : total), 0)
  expect(queryFile(file, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
  return { calls: sum('/day/'), nanoUsd: sum('/month/') }
}

test('a checkpoint that is given under a misspelt name is an error: held against nothing, every log would be intact', async () => {
  const kavach = await openFile(freshFile())
  const asked = { checkpoint: ['note'] } as never // It is what must be refused.
  expect(await errorOf(kavach.audit.verify(asked))).toMatchObject({
    code: 'KVCH_E_REQUEST_INVALID',
    details: { path: 'checkpoint' },
  })
})
