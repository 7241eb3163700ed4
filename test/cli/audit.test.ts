/** `kavach audit` over a database that a host has written. */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createFileSink, openSqliteStore } from '../../storage/index.ts'
import { KEY, logOf } from '../runtime/audit/log.ts'
import { folderOf, kavach } from './command.ts'

const PUBLIC = createPublicKey(createPrivateKey(KEY)).export({ type: 'spki', format: 'pem' }).toString()

/** A folder with a database of 30 rows, of which 20 were signed, the keys and the checkpoints. */
async function logFolder(): Promise<string> {
  const folder = folderOf({ 'log.key': KEY, 'log.key.pub': PUBLIC })
  const store = await openSqliteStore({ url: join(folder, 'kavach.db') })
  await store.migrate()
  const { fill, checkpointer } = logOf({ store, sinks: [createFileSink(join(folder, 'checkpoints.txt'))] })
  await fill(20)
  await checkpointer.flush()
  await fill(10)
  await store.close()
  return folder
}

async function succeed(folder: string, ...args: readonly string[]): Promise<string> {
  const { code, out, err } = await kavach(folder, ['audit', ...args])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return out
}

test('a log verifies where it lies, and as an export on a machine that has only that', async () => {
  const folder = await logFolder()
  const report = (name: string, root: string) =>
    `${name}: intact\n  30 rows, root ${root}\n  1 checkpoint holds, the last of 20 rows\n`
  const live = await succeed(folder, 'verify', '--db', 'kavach.db', '--key', 'log.key.pub')
  const [, root = ''] = /root (\w{64})/.exec(live) ?? []
  expect(live).toBe(report('kavach.db', root))
  await succeed(folder, 'export', '--db', 'kavach.db', '--proofs', '-o', 'audit.jsonl')
  const elsewhere = folderOf({ 'audit.jsonl': readFileSync(join(folder, 'audit.jsonl')), 'log.pub': PUBLIC })
  expect(await succeed(elsewhere, 'verify', 'audit.jsonl', '--key', 'log.pub')).toBe(report('audit.jsonl', root))
  const json = await succeed(
    folder,
    'verify',
    'audit.jsonl',
    '-k',
    'log.key.pub',
    '-c',
    'checkpoints.txt',
    '--format',
    'json',
  )
  expect(JSON.parse(json)).toEqual({
    log: 'audit.jsonl',
    isIntact: true,
    size: 30,
    root,
    pruned: 0,
    erased: 0,
    checkpoints: 1,
    signedRows: 20,
    areSignaturesChecked: true,
    findings: [],
    findingCount: 0,
  })
})

test('what was changed in an export is said, and where', async () => {
  const folder = await logFolder()
  const text = await succeed(folder, 'export', '--db', 'kavach.db', '--proofs')
  const lines = text.split('\n')
  const changed = [...lines.slice(0, 5), (lines[5] ?? '').replace('mcp:docs:4', 'mcp:docs:5'), ...lines.slice(6)]
  writeFileSync(join(folder, 'changed.jsonl'), changed.join('\n'))
  writeFileSync(join(folder, 'cut.jsonl'), [...lines.slice(0, 12), ...lines.slice(13)].join('\n'))
  writeFileSync(join(folder, 'torn.jsonl'), lines.slice(0, 15).join('\n'))
  const key = ['--key', 'log.key.pub', '--checkpoint', 'checkpoints.txt']
  const changedBody = await kavach(folder, ['audit', 'verify', 'changed.jsonl', ...key])
  expect([changedBody.code, changedBody.out.split('\n')]).toEqual([
    1,
    [
      'changed.jsonl: changed, 1 finding',
      expect.stringMatching(/^ {2}30 rows, root \w{64}$/),
      '  1 checkpoint holds, the last of 20 rows',
      '  leaf: row 4 is not what was hashed',
      '',
    ],
  ])
  const cut = await kavach(folder, ['audit', 'verify', 'cut.jsonl', ...key])
  expect([cut.code, cut.out]).toEqual([1, expect.stringContaining('  missing: row 11 is missing\n')])
  const torn = await kavach(folder, ['audit', 'verify', 'torn.jsonl', ...key])
  expect([torn.code, torn.out.split('\n').slice(3)]).toEqual([
    1,
    ['  cut: a checkpoint has 20 rows, and the log 14: the last ones are gone', '  head: there is no head', ''],
  ])
})

test('a proof convinces whoever has the key', async () => {
  const folder = await logFolder()
  await succeed(folder, 'export', '--db', 'kavach.db', '--proofs', '-o', 'audit.jsonl')
  const fromStore = await succeed(folder, 'prove', '--db', 'kavach.db', '--id', 'aud_7')
  expect(await succeed(folder, 'prove', 'audit.jsonl', '--id', 'aud_7')).toBe(fromStore)
  writeFileSync(join(folder, 'proof.json'), fromStore)
  expect(await succeed(folder, 'verify', 'proof.json', '--key', 'log.key.pub')).toBe(
    'proof.json: aud_7 is in the signed log of 20 rows\n',
  )
  writeFileSync(join(folder, 'forged.json'), fromStore.replace('mcp:docs:7', 'mcp:docs:8'))
  expect(await kavach(folder, ['audit', 'verify', 'forged.json', '--key', 'log.key.pub'])).toEqual({
    code: 1,
    out: 'forged.json: no proof: the row is not what was hashed\n',
    err: '',
  })
})

test('rows are shown, exported for others, and decided again', async () => {
  const folder = await logFolder()
  expect(JSON.parse(await succeed(folder, 'show', 'aud_3', '--db', 'kavach.db'))).toMatchObject({
    auditId: 'aud_3',
    owner: 'bob',
    resource: 'mcp:docs:3',
  })
  const csv = await succeed(folder, 'export', '--db', 'kavach.db', '--format', 'csv', '--agent', 'agt_1')
  expect(csv.split('\r\n').length).toBe(12)
  const since = ['--since', '2026-04-01T12:00:01Z', '--until', '2026-04-01T12:00:02Z']
  const lines = await succeed(
    folder,
    'export',
    '--db',
    'kavach.db',
    '--kind',
    'decision',
    '--result',
    'denied',
    ...since,
  )
  expect(
    lines
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).auditId),
  ).toEqual(['aud_21', 'aud_25', 'aud_29'])
})

test('personal values are erased, and the log is still the one that was signed', async () => {
  const folder = await logFolder()
  expect(await succeed(folder, 'erase', '--db', 'kavach.db', '--user', 'bob', '--actor', 'dpo')).toBe(
    'erased the personal values of 15 rows; aud_30 says so\n',
  )
  expect(await succeed(folder, 'export', '--db', 'kavach.db', '--user', 'bob')).toBe('')
  const out = await succeed(folder, 'verify', '--db', 'kavach.db', '-k', 'log.key.pub', '-c', 'checkpoints.txt')
  expect(out).toContain('  0 pruned, personal values of 15 erased\n')
})

test('a checkpoint is printed, and a new one signed', async () => {
  const folder = await logFolder()
  const last = await succeed(folder, 'checkpoint', '--db', 'kavach.db')
  expect(`${last}\n`).toBe(readFileSync(join(folder, 'checkpoints.txt'), 'utf8'))
  const args = ['--key', 'log.key', '--origin', 'example.com/log', '-o', 'checkpoints.txt']
  const next = await succeed(folder, 'checkpoint', '--db', 'kavach.db', ...args)
  expect(next.split('\n').slice(0, 2)).toEqual(['example.com/log/default', '30'])
  expect(readFileSync(join(folder, 'checkpoints.txt'), 'utf8')).toBe(`${last}\n${next}\n`)
  const out = await succeed(folder, 'verify', '--db', 'kavach.db', '-k', 'log.key.pub', '-c', 'checkpoints.txt')
  expect(out).toContain('  2 checkpoints hold, the last of 30 rows\n')
})

describe('what cannot be done is said', () => {
  test.each([
    [['verify'], 64, 'kavach: give an export, or a database with --db\n'],
    [['verify', 'missing.jsonl'], 66, 'kavach: there is no `missing.jsonl`\n'],
    [['verify', '--db', 'missing.db'], 66, 'kavach: there is no database `missing.db`\n'],
    [['verify', 'empty.jsonl', '--checkpoint', 'empty.jsonl'], 66, 'kavach: `empty.jsonl` holds no checkpoint\n'],
    [['verify', 'empty.jsonl', '--key', 'empty.jsonl'], 64, 'kavach: keys: a key must be'],
    [['verify', '--db', 'text.db'], 66, 'kavach: `text.db`: '],
    [['show', 'aud_3', '--db', 'missing.db'], 66, 'kavach: there is no database `missing.db`\n'],
    [['prove', 'empty.jsonl', '--id', 'aud_1'], 66, 'kavach: `empty.jsonl`: the export has no row `aud_1`\n'],
    [['erase', '--db', 'text.db'], 64, 'kavach: give --user or --agent\n'],
  ])('%j', async (args, code, message) => {
    const folder = folderOf({ 'empty.jsonl': '\n', 'text.db': 'no database\n'.repeat(100) })
    const result = await kavach(folder, ['audit', ...args])
    expect([result.code, result.out, result.err]).toEqual([code, '', expect.stringContaining(message)])
  })

  test('without a key, and without a checkpoint', async () => {
    const folder = await logFolder()
    const { code, err } = await kavach(folder, ['audit', 'verify', '--db', 'kavach.db'])
    expect([code, err]).toEqual([0, 'kavach: without --key nobody knows who signed the checkpoints\n'])
    const other = folderOf()
    const store = await openSqliteStore({ url: join(other, 'kavach.db') })
    await store.migrate()
    await logOf({ store }).fill(3)
    await store.close()
    const unsigned = await kavach(other, ['audit', 'verify', '--db', 'kavach.db'])
    expect([unsigned.code, unsigned.err]).toEqual([
      0,
      'kavach: there is no checkpoint, so a log that was written anew as a whole would look the same\n',
    ])
  })
})
