import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from '../../cli/program.ts'
import { folderOf, kavach } from './command.ts'
import { machineIn } from './machine.ts'

const POLICY = `policy p generation 3

// Reads documents.
autonomous agent a {
  allow read, write on docs:** // all of them
    when trust >= 5
  // Nobody remembers why.
  allow execute on tool:*
  may delegate depth 1
}

delegated agent b {
}

delegated agent c {
}

delegate a -> b {
  allow read on docs:**
    when trust >= 5
}

delegate a -> c {
  allow read on docs:public:*
    when trust >= 5
}

forbid delete on **
`
const row = (facts: object, verdict = 'allow') =>
  `${JSON.stringify({ time: '2026-04-01T10:00:00Z', trust: 9, ...facts, verdict })}\n`
const LOG = [
  row({ agent: 'a', action: 'read', resource: 'docs:team:plan' }),
  row({ agent: 'a', action: 'read', resource: 'docs:team:notes' }),
  row({ agent: 'b', via: ['a'], action: 'read', resource: 'docs:public:x', time: '2026-04-03T10:00:00Z' }),
  row({ agent: 'a', action: 'delete', resource: 'docs:x' }, 'deny'),
].join('')
const FILES = { 'p/p.kavach': POLICY, 'log.ndjson': LOG }

const NARROWED = `policy p generation 3

// Reads documents.
autonomous agent a {
  allow read on docs:{public,team}:{notes,plan,x} // all of them
    when trust >= 5
  may delegate depth 1
}

delegated agent b {
}

delegated agent c {
}

delegate a -> b {
  allow read on docs:public:x
    when trust >= 5
}

forbid delete on **
`

test('unused grants and delegations go, used ones keep what was used, and comments of what stays are kept', async () => {
  const folder = folderOf(FILES)
  expect(await kavach(folder, ['tighten', 'log.ndjson', '--policy', 'p', '-o', 'narrow'])).toEqual({
    code: 0,
    out: `log.ndjson: 4 rows, 3 allowed, 2026-04-01T10:00:00.000Z to 2026-04-03T10:00:00.000Z
2 grants used, 2 of them narrowed, 2 removed
  unused: p/p.kavach:8  allow execute on tool:*
  unused: p/p.kavach:24  allow read on docs:public:*
  unused: p/p.kavach:23  the whole delegation
proved: the narrowed policy allows nothing that the present one does not; every covered row has the same verdict
warning: what the log does not show is lost; rates and budgets of narrowed grants begin anew
written to narrow
`,
    err: '',
  })
  expect(readFileSync(join(folder, 'narrow/p.kavach'), 'utf8')).toBe(NARROWED)
  expect((await kavach(folder, ['replay', 'log.ndjson', '--policy', 'narrow'])).code).toBe(0)
  expect((await kavach(folder, ['prove', 'narrow'])).code).toBe(0)
})

test('the diff on standard output is one that patch takes', async () => {
  const folder = folderOf(FILES)
  const { code, out, err } = await kavach(folder, ['tighten', 'log.ndjson', '--policy', 'p'])
  expect([code, err.includes('warning: what the log does not show is lost')]).toEqual([0, true])
  const patched = spawnSync('git', ['apply', '-p0', '-'], { cwd: folder, input: out, encoding: 'utf8' })
  expect([patched.status, patched.stderr]).toEqual([0, ''])
  expect(readFileSync(join(folder, 'p/p.kavach'), 'utf8')).toBe(NARROWED)
})

test.each([
  ['none', 'docs:public:x, docs:team:notes, docs:team:plan'],
  ['segment', 'docs:*:*'],
  ['2', 'docs:{public,team}:*'],
])('--generalise %s leaves %s', async (how, resources) => {
  const folder = folderOf(FILES)
  const args = ['tighten', 'log.ndjson', '--policy', 'p', '--generalise', how, '--format', 'json']
  const { code, out } = await kavach(folder, args)
  const { files, proved } = JSON.parse(out)
  expect([code, proved, /allow read on (docs:.*?)( \/\/|$)/m.exec(files[0].text)?.[1]]).toEqual([0, true, resources])
})

test('rows that the policy denies now are named, and are a finding', async () => {
  const folder = folderOf({
    ...FILES,
    'log.ndjson': `${LOG}${row({ agent: 'a', action: 'read', resource: 'mail:x' })}no row\n`,
  })
  const { code, err } = await kavach(folder, ['tighten', 'log.ndjson', '--policy', 'p'])
  expect(code).toBe(1)
  expect(err).toContain('not covered: 1 row that the policy itself denies, the first is line 5 (no-grant)\n')
  expect(err).toContain('unreadable: 1 line, the first is line 6: it is not JSON\n')
})

test('a row without its arguments keeps every grant that may have allowed it', async () => {
  const policy = `policy p
autonomous agent a {
  allow run on tool:x
    when args.n = 1
  allow run on tool:{x,y}
    when args.n = 2
  allow run on tool:z
}
`
  const digest = '0'.repeat(64)
  const log = row({ agent: 'a', action: 'run', resource: 'tool:x', argsDigest: digest })
  const folder = folderOf({ 'p.kavach': policy, 'log.ndjson': log })
  const { code, out } = await kavach(folder, ['tighten', 'log.ndjson', '-p', 'p.kavach', '--format', 'json'])
  const fates = JSON.parse(out).grants.map(({ fate, rows }: { fate: string; rows: number }) => [fate, rows])
  expect([code, fates]).toEqual([
    0,
    [
      ['kept', 1],
      ['narrowed', 1],
      ['removed', 0],
    ],
  ])
})

test('--conditions narrows conditions to the facts that were used, and leaves them otherwise', async () => {
  const folder = folderOf(FILES)
  const conditions: unknown[] = []
  for (const more of [[], ['--conditions']]) {
    const { code, out } = await kavach(folder, ['tighten', 'log.ndjson', '-p', 'p', '--format', 'json', ...more])
    const { files, proved } = JSON.parse(out)
    conditions.push([code, proved, [...files[0].text.matchAll(/when (.*)/g)].map(([, atom]) => atom)])
  }
  expect(conditions).toEqual([
    [0, true, ['trust >= 5', 'trust >= 5']],
    [0, true, ['trust >= 9', 'trust >= 9']],
  ])
})

test('a log that uses nothing of the policy leaves nothing, and is refused', async () => {
  const log = row({ agent: 'a', action: 'delete', resource: 'docs:x' }, 'deny')
  const folder = folderOf({ ...FILES, 'log.ndjson': log })
  expect(await kavach(folder, ['tighten', 'log.ndjson', '--policy', 'p'])).toEqual({
    code: 3,
    out: '',
    err: `kavach: \`log.ndjson\` shows no use of the policy: nothing of it would be left
  = help: name a log with allowed rows of this policy
`,
  })
})

test('standard input, images and wrong numbers are wrong usage', async () => {
  const folder = folderOf(FILES)
  await kavach(folder, ['compile', 'p', '-o', 'build'])
  const complaints: unknown[] = []
  for (const args of [
    ['-', '-p', 'p'],
    ['log.ndjson', '-p', 'build/p.img'],
    ['log.ndjson', '-p', 'p', '--generalise', '65'],
  ]) {
    const { code, err } = await kavach(folder, ['tighten', ...args])
    complaints.push([code, err.split('\n')[0]])
  }
  expect(complaints).toEqual([
    [64, 'kavach: the log is read twice, and standard input is not'],
    [64, 'kavach: `build/p.img` is no policy text'],
    [
      64,
      'kavach: option `--generalise <how>` argument `65` is invalid. `none`, `segment` or a number from 1 to 64 is wanted',
    ],
  ])
})

test('Ctrl-C ends it without a report of a part', async () => {
  const machine = machineIn(folderOf(FILES), { interruptAtOnce: true })
  expect(await runProgram(['tighten', 'log.ndjson', '-p', 'p'], machine.terminal)).toBe(130)
  expect([machine.out(), machine.err()]).toEqual(['', 'stopped; nothing is reported of a part\n'])
})
