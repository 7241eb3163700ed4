import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { createKavach } from '../../index.ts'
import { folderOf, kavach } from './command.ts'

const AGENT = {
  ownerId: 'ann',
  name: 'desk',
  type: 'service',
  permissions: [{ actions: ['read'], resource: '**' }],
} as const

/** A folder with the database of a host that has decided something and ended. */
async function folderWithDatabase(project?: string): Promise<string> {
  const folder = folderOf()
  const database = { provider: 'sqlite', url: join(folder, 'kavach.db') } as const
  const host = await createKavach({ database, project, warn: () => undefined })
  const { id } = await host.agents.create(AGENT)
  for (let i = 0; i < 5; i++) await host.authorize(id, { action: 'read', resource: 'mcp:docs:home' })
  await host.close()
  return folder
}

/** Changes the file behind the back of every host. */
function tamper(folder: string, sql: string): void {
  const connection = new Database(join(folder, 'kavach.db'))
  connection.exec(sql)
  connection.close()
}

const doctor = (folder: string, ...args: readonly string[]) => kavach(folder, ['doctor', '--db', 'kavach.db', ...args])
const findingsOf = (out: string) => out.split('\n').filter((line) => line.startsWith('finding'))

test('what a host leaves behind is fine', async () => {
  const folder = await folderWithDatabase()
  const { code, out, err } = await doctor(folder)
  expect({ code, err, findings: findingsOf(out) }).toEqual({ code: 0, err: 'kavach.db: fine\n', findings: [] })
  const patterns = [
    /^fine {4}file: \d+\.\d MiB, and \d+\.\d MiB that are not in it yet$/,
    /^fine {4}journal: journal_mode is wal$/,
    /^fine {4}schema: version (\d+) of \1$/,
    /^fine {4}disk: \d+\.\d MiB are free$/,
    /^fine {4}default log: \d+ rows$/,
    /^fine {4}default clock: not behind the log$/,
    /^fine {4}default checkpoint: the last is \d+ s old, and covers the whole log$/,
    /^fine {4}default keys: no keys$/,
    /^fine {4}default secret: in the database; give `secret` in production$/,
  ]
  const lines = out.trim().split('\n')
  expect(lines).toEqual(patterns.map((pattern) => expect.stringMatching(pattern)))
})

test('a host may run meanwhile, and every project is looked at', async () => {
  const folder = await folderWithDatabase()
  const database = { provider: 'sqlite', url: join(folder, 'kavach.db') } as const
  const host = await createKavach({ database, project: 'shop', warn: () => undefined })
  onTestFinished(() => host.close())
  const { code, out } = await doctor(folder, '--format', 'json')
  const found = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect([code, new Set(found.map(({ project }) => project))]).toEqual([0, new Set([undefined, 'default', 'shop'])])
  const one = await doctor(folder, '--project', 'shop')
  expect(one.out).not.toContain('default')
})

test.each([
  [
    'a row that is gone from the end',
    'DELETE FROM kavach_audit WHERE seq = (SELECT max(seq) FROM kavach_audit)',
    'log',
  ],
  ['a head that was set back', 'UPDATE kavach_heads SET size = size - 1', 'log'],
  [
    'a head that does not follow from what was signed',
    'UPDATE kavach_heads SET frontier = zeroblob(length(frontier))',
    'log',
  ],
  [
    'a row that comes from the future',
    `UPDATE kavach_audit SET time = ${Date.now() + 3_600_000} WHERE seq = (SELECT max(seq) FROM kavach_audit)`,
    'clock',
  ],
  [
    'a log that nobody signs',
    'DELETE FROM kavach_checkpoints; UPDATE kavach_audit SET time = time - 3600000',
    'checkpoint',
  ],
  [
    'a key that is old and does not expire',
    "INSERT INTO kavach_api_keys VALUES ('default', 'key_1', 'desk', 'ab', '[\"audit\"]', 0, NULL, NULL)",
    'keys',
  ],
])('%s is a finding', async (_, sql, check) => {
  const folder = await folderWithDatabase()
  tamper(folder, sql)
  const { code, out, err } = await doctor(folder)
  expect({ code, err, findings: findingsOf(out) }).toEqual({
    code: 1,
    err: 'kavach.db: 1 finding\n',
    findings: [expect.stringMatching(new RegExp(`^finding default ${check}: .+; .+$`))],
  })
})

test('a file without tables, and one of a later version, are findings and are not looked into', async () => {
  const folder = folderOf()
  tamper(folder, 'CREATE TABLE other (a)')
  const empty = await doctor(folder)
  expect([empty.code, findingsOf(empty.out)]).toEqual([
    1,
    [
      'finding journal: journal_mode is delete; a host sets it to wal when it starts',
      'finding schema: there are no tables; run `kavach migrate`',
    ],
  ])
  const later = await folderWithDatabase()
  tamper(later, "INSERT INTO kavach_migrations VALUES (99, 'later', 99, 0)")
  const { code, out } = await doctor(later)
  expect([code, findingsOf(out)]).toEqual([
    1,
    [expect.stringMatching(/^finding schema: version 99 needs a newer kavach than this one, which has \d+$/)],
  ])
})

test('what is no database is not diagnosed', async () => {
  const folder = folderOf()
  expect(await doctor(folder)).toMatchObject({
    code: 66,
    err: expect.stringContaining('there is no database `kavach.db`'),
  })
  writeFileSync(
    join(folder, 'kavach.db'),
    'this is no database, and it is longer than a header of one hundred bytes '.repeat(9),
  )
  expect((await doctor(folder)).code).toBe(66)
})

test('kavach policy status says what is enforced, in the shadow and staged', async () => {
  const folder = await folderWithDatabase()
  const status = (...args: readonly string[]) => kavach(folder, ['policy', 'status', '--db', 'kavach.db', ...args])
  expect(await status()).toEqual({ code: 0, out: 'enforced: the built-in policy\n', err: '' })
  const text = (generation: number) =>
    `policy acme generation ${generation}\n\nservice agent robot {\n  allow read on mcp:docs:*\n}\n`
  for (const generation of [3, 4]) {
    writeFileSync(join(folder, 'a.kavach'), text(generation))
    await kavach(folder, ['compile', 'a.kavach', '-o', `g${generation}`])
  }
  const database = { provider: 'sqlite', url: join(folder, 'kavach.db') } as const
  const host = await createKavach({ database, policy: join(folder, 'g3/acme.img'), warn: () => undefined })
  onTestFinished(() => host.close())
  await host.policy.shadow(join(folder, 'g4/acme.img'))
  await host.policy.stage(join(folder, 'g4/acme.img'), { percent: 10, agents: ['robot'] })
  const digest = '[0-9a-f]{64}'
  expect((await status()).out).toMatch(
    new RegExp(
      `^enforced: acme generation 3, digest ${digest}, since \\S+Z\n` +
        `shadow: {3}acme generation 4, digest ${digest}\n` +
        `staged: {3}acme generation 4, digest ${digest}, for 10 % of all agents, robot\n$`,
    ),
  )
  expect(JSON.parse((await status('--format', 'json')).out)).toMatchObject({
    enforced: { name: 'acme', generation: 3 },
    shadow: { generation: 4 },
    staged: { generation: 4, percent: 10, agents: ['robot'] },
  })
})
