import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from '../../cli/program.ts'
import { finished, folderOf, kavach, MAIN } from './command.ts'
import { machineIn, repositoryOf } from './machine.ts'

const POLICY = `policy bots generation 7

autonomous agent reader {
  owner "team"
  allow read on mcp:docs:**
    rate 2 per minute
  allow write on mcp:docs:drafts:*
    when time in hours mon-fri 09:00-18:00
  allow execute on mcp:tool:run
    when args.n <= 5
  allow copy on mcp:docs:*
    needs approval by "boss"
}

boundary runtime {
  allow read on mcp:docs:**
}

forbid delete on **
`
/** Writing at night, no copying, deleting. */
const CHANGED = POLICY.replace('generation 7', 'generation 8')
  .replace('    when time in hours mon-fri 09:00-18:00\n', '')
  .replace('    needs approval by "boss"\n', '    needs approval by "chief"\n')
  .replace('allow copy on mcp:docs:*', 'allow copy on mcp:docs:a')
  .replace('forbid delete on **', 'forbid read on mcp:docs:secret')

const NOON = '2026-04-01T12:00:00Z'
const NIGHT = '2026-04-01T22:00:00Z'

/** A row of the agent `reader`. */
function row(action: string, resource: string, outcome: string, more: object = {}): string {
  const [verdict, reason] = outcome.split(' ')
  return `${JSON.stringify({ time: NOON, agent: 'reader', action, resource, ...more, verdict, reason })}\n`
}

const SAME = [
  row('read', 'mcp:docs:a', 'allow allowed'),
  row('write', 'mcp:docs:drafts:a', 'allow allowed'),
  row('write', 'mcp:docs:drafts:a', 'deny outside-hours', { time: NIGHT }),
  row('copy', 'mcp:docs:a', 'allow allowed', { approvedBy: 'boss' }),
  row('copy', 'mcp:docs:b', 'approval approval-required'),
  row('delete', 'mcp:docs:a', 'deny forbidden'),
  row('read', 'mcp:docs:a', 'limited rate-limited', { readings: { used: { minute: 2 } } }),
].join('')

test('rows that come out as they were recorded are unchanged', async () => {
  const cwd = folderOf({ 'bots.kavach': POLICY, 'log.ndjson': SAME })
  expect(await kavach(cwd, ['replay', 'log.ndjson', '--policy', 'bots.kavach'])).toEqual({
    code: 0,
    out: `log.ndjson: 7 rows, decided by \`bots.kavach\` (bots generation 7)

unchanged: 7 rows
  1 as long as meters permit: a log has no readings, they were read as 0
`,
    err: '',
  })
  const fromInput = await kavach(cwd, ['replay', '-', '-p', '.'], SAME)
  expect([fromInput.code, fromInput.out.split('\n')[0]]).toEqual([0, '-: 7 rows, decided by `.` (bots generation 7)'])
})

test('changes are grouped, new access first, with the first line and the rule; the exit code is 2', async () => {
  const log = [
    SAME,
    row('write', 'mcp:docs:drafts:b', 'deny outside-hours', { time: NIGHT }),
    row('read', 'mcp:docs:secret', 'allow allowed'),
  ].join('')
  const cwd = folderOf({ 'new/bots.kavach': CHANGED, 'log.ndjson': log })
  const { code, out, err } = await kavach(cwd, ['replay', 'log.ndjson', '--policy', 'new'])
  expect({ code, err }).toEqual({ code: 2, err: '' })
  expect(out).toBe(`log.ndjson: 9 rows, decided by \`new\` (bots generation 8)

new access: 2 rows, denied then, allowed now
       2  reader  write  mcp:docs:drafts:*
          deny (outside-hours) -> allow
          by new/bots.kavach:7: write on mcp:docs:drafts:*
          line 3: {"agent":"reader","action":"write","resource":"mcp:docs:drafts:a","now":1775080800000}

lost access: 2 rows, allowed then, not now
       1  reader  copy  mcp:docs:a
          allow -> approval (approval-required)
          by new/bots.kavach:10: copy on mcp:docs:a
          line 4: {"agent":"reader","action":"copy","resource":"mcp:docs:a","now":1775044800000,"approvedBy":"boss"}
       1  reader  read  mcp:docs:secret
          allow -> deny (forbidden)
          by new/bots.kavach:18: read on mcp:docs:secret
          line 9: {"agent":"reader","action":"read","resource":"mcp:docs:secret","now":1775044800000}

other verdicts: 1 row, no access gained or lost
       1  reader  copy  mcp:docs:b
          approval (approval-required) -> deny (no-grant)
          line 5: {"agent":"reader","action":"copy","resource":"mcp:docs:b","now":1775044800000}

unchanged: 4 rows
  1 as long as meters permit: a log has no readings, they were read as 0
  1 for another reason
`)
})

test('lost access alone is exit code 1, and JSON has everything', async () => {
  const log = [row('read', 'mcp:docs:secret', 'allow allowed'), row('read', 'mcp:docs:a', 'allow allowed')].join('')
  const cwd = folderOf({ 'bots.kavach': CHANGED, 'log.ndjson': log })
  const { code, out } = await kavach(cwd, ['replay', 'log.ndjson', '-p', 'bots.kavach', '--format', 'json'])
  expect(code).toBe(1)
  expect(JSON.parse(out)).toEqual({
    log: 'log.ndjson',
    policy: { source: 'bots.kavach', name: 'bots', generation: 8, digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
    rows: 2,
    same: 1,
    metered: 1,
    reasonsChanged: 0,
    unreadable: 0,
    ungrouped: 0,
    newAccess: 0,
    lostAccess: 1,
    otherVerdicts: 0,
    notJudged: { meters: 0, arguments: 0, runTime: 0 },
    faults: [],
    changes: [
      {
        change: 'lost-access',
        agent: 'reader',
        action: 'read',
        resource: 'mcp:docs:secret',
        before: { verdict: 'allow', reason: 'allowed' },
        now: { verdict: 'deny', reason: 'forbidden' },
        count: 1,
        line: 1,
        example: { agent: 'reader', action: 'read', resource: 'mcp:docs:secret', now: 1775044800000 },
        rule: { id: 5, place: 'bots.kavach:18' },
      },
    ],
  })
})

test('markdown is a table that no name of a log breaks out of', async () => {
  const log = row('read', 'mcp:docs:a|b`c', 'deny no-grant')
  const cwd = folderOf({ 'bots.kavach': POLICY, 'log.ndjson': log })
  const { code, out } = await kavach(cwd, ['replay', 'log.ndjson', '-p', 'bots.kavach', '--format', 'markdown'])
  expect({ code, out }).toEqual({
    code: 2,
    out: `### Replay of \`log.ndjson\`

1 row, decided by \`bots.kavach\` (\`bots\` generation 7).

**new access**: 1 row, denied then, allowed now

| rows | agent | action | resource | then | now | by | first line |
|--:|---|---|---|---|---|---|--:|
| 1 | \`reader\` | \`read\` | \`\` mcp:docs:a\\|b\`c \`\` | \`deny (no-grant)\` | \`allow\` | \`bots.kavach:5\` | 1 |

- unchanged: 0 rows
`,
  })
})

test('what meters decided is not judged without readings, unless no meter is left', async () => {
  const log = [
    row('read', 'mcp:docs:a', 'limited rate-limited'),
    row('read', 'mcp:docs:a', 'deny budget-exhausted'),
    row('read', 'mcp:docs:a', 'throttle throttled'),
    row('read', 'mcp:docs:secret', 'limited rate-limited'),
  ].join('')
  const cwd = folderOf({
    'bots.kavach': POLICY,
    'free/bots.kavach': POLICY.replace('    rate 2 per minute\n', ''),
    'less/bots.kavach': CHANGED,
    'log.ndjson': log,
  })
  const replay = async (policy: string) => {
    const { code, out } = await kavach(cwd, ['replay', 'log.ndjson', '-p', policy, '--format', 'json'])
    const { same, newAccess, lostAccess, otherVerdicts, notJudged } = JSON.parse(out)
    return { code, same, newAccess, lostAccess, otherVerdicts, meters: notJudged.meters }
  }
  const nothing = { same: 0, newAccess: 0, lostAccess: 0, otherVerdicts: 0 }
  expect(await replay('bots.kavach')).toEqual({ ...nothing, code: 3, meters: 4 })
  expect(await replay('free')).toEqual({ ...nothing, code: 2, newAccess: 3, otherVerdicts: 1, meters: 0 })
  expect(await replay('less')).toEqual({ ...nothing, code: 1, otherVerdicts: 1, meters: 3 })
})

test('arguments of which only a digest is kept matter only where the policy asks for them', async () => {
  const args = { n: 3 }
  const argsDigest = createHash('sha256').update(JSON.stringify(args)).digest('hex')
  const log = [
    row('read', 'mcp:docs:a', 'allow allowed', { argsDigest }),
    row('execute', 'mcp:tool:run', 'allow allowed', { argsDigest }),
    row('execute', 'mcp:tool:run', 'allow allowed', { argsDigest, args }),
    row('execute', 'mcp:tool:other', 'allow allowed', { argsDigest }),
  ].join('')
  const cwd = folderOf({ 'bots.kavach': POLICY, 'log.ndjson': log })
  const { code, out } = await kavach(cwd, ['replay', 'log.ndjson', '-p', 'bots.kavach', '--format', 'json'])
  const { same, lostAccess, notJudged } = JSON.parse(out)
  expect({ code, same, lostAccess, notJudged }).toEqual({
    code: 1,
    same: 2,
    lostAccess: 1,
    notJudged: { meters: 0, arguments: 1, runTime: 0 },
  })
})

test('what was made at run time is judged with a state, and counted apart without', async () => {
  const log = [
    row('read', 'mcp:docs:a', 'allow allowed', { agent: 'helper' }),
    row('read', 'mcp:docs:a', 'deny agent-revoked'),
    row('read', 'mcp:docs:a', 'deny agent-unknown', { agent: 'nobody' }),
  ].join('')
  const permissions = [{ resource: 'mcp:docs:**', actions: ['read'] }]
  const state = { agents: [{ name: 'helper', type: 'delegated', permissions }], revoked: ['reader'] }
  const cwd = folderOf({ 'bots.kavach': POLICY, 'log.ndjson': log, 'state.json': JSON.stringify(state) })
  expect(await kavach(cwd, ['replay', 'log.ndjson', '-p', 'bots.kavach'])).toEqual({
    code: 0,
    out: `log.ndjson: 3 rows, decided by \`bots.kavach\` (bots generation 7)

unchanged: 1 row
not judged: 2 rows about what was made at run time; give it with --state
`,
    err: '',
  })
  const withState = await kavach(cwd, ['replay', 'log.ndjson', '-p', 'bots.kavach', '--state', 'state.json'])
  expect(withState).toEqual({
    code: 0,
    out: 'log.ndjson: 3 rows, decided by `bots.kavach` (bots generation 7)\n\nunchanged: 3 rows\n',
    err: '',
  })
})

test('lines that are no rows are counted, the first one is named, and the run goes on', async () => {
  const log = Buffer.concat([
    Buffer.from(`${SAME}\n{"agent":"reader"}\nnot json\n`),
    Buffer.of(0xff, 0x0a),
    Buffer.from(row('write', 'mcp:docs:drafts:a', 'allow allowed')),
  ])
  const cwd = folderOf({ 'bots.kavach': POLICY, 'log.ndjson': log })
  const { code, out } = await kavach(cwd, ['replay', 'log.ndjson', '-p', 'bots.kavach'])
  expect(code).toBe(1)
  expect(out).toContain('log.ndjson: 8 rows,')
  expect(out).toContain('unreadable: 3 lines, the first is line 9: verdict: is missing')
})

test('modules, images and revisions decide too', async () => {
  const { folder, commit } = repositoryOf({ 'policy/bots.kavach': POLICY })
  commit({ 'policy/bots.kavach': CHANGED, 'log.ndjson': SAME })
  await kavach(folder, ['compile', 'policy', '-o', 'build'])
  const codes = []
  for (const policy of ['HEAD~1:policy', 'HEAD:policy', 'build/bots.wasm', 'build/bots.img']) {
    const { code, out } = await kavach(folder, ['replay', 'log.ndjson', '-p', policy])
    codes.push([policy, code, /by (\S+): write/.exec(out)?.[1]])
  }
  expect(codes).toEqual([
    ['HEAD~1:policy', 0, undefined],
    ['HEAD:policy', 2, 'HEAD:policy/bots.kavach:7'],
    ['build/bots.wasm', 2, 'bots.kavach:7'],
    ['build/bots.img', 2, 'bots.kavach:7'],
  ])
})

test('what is missing is refused before anything is decided', async () => {
  const cwd = folderOf({ 'bots.kavach': POLICY, 'log.ndjson': SAME, 'bad.json': '{' })
  const said = async (...args: readonly string[]) => {
    const { code, out, err } = await kavach(cwd, ['replay', ...args])
    return [code, out, err.split('\n')[0]]
  }
  expect(await said('none.ndjson', '-p', 'bots.kavach')).toEqual([66, '', 'kavach: there is no `none.ndjson`'])
  expect(await said('.', '-p', 'bots.kavach')).toEqual([66, '', 'kavach: `.` is a folder, a file is wanted'])
  expect(await said('log.ndjson', '-p', 'none')).toEqual([66, '', 'kavach: there is no `none`'])
  expect(await said('log.ndjson', '-p', 'log.ndjson')).toEqual([
    1,
    '',
    'kavach: `log.ndjson` is neither a module nor an image',
  ])
  expect((await said('log.ndjson', '-p', 'bots.kavach', '-s', 'bad.json'))[0]).toBe(1)
  expect(await said('log.ndjson')).toEqual([64, '', 'kavach: required option `-p, --policy <policy>` not specified'])
  expect((await said('log.ndjson', '-p', 'bots.kavach', '--format', 'sarif'))[0]).toBe(64)
})

test('a log without rows says nothing: exit code 3', async () => {
  const cwd = folderOf({ 'bots.kavach': POLICY })
  const { code, out } = await kavach(cwd, ['replay', '-', '-p', 'bots.kavach'], '\n\n')
  expect([code, out]).toEqual([3, '-: 0 rows, decided by `bots.kavach` (bots generation 7)\n\nunchanged: 0 rows\n'])
})

test('what a log holds steers no terminal', async () => {
  const log = row('read', 'mcp:docs:a', 'allow allowed\u001b[2J\u202e')
  const cwd = folderOf({ 'bots.kavach': CHANGED.replace('read on mcp:docs:secret', 'read on **'), 'log.ndjson': log })
  const { out } = await kavach(cwd, ['replay', 'log.ndjson', '-p', 'bots.kavach'])
  expect(out).toContain('allow (allowed\\u{1b}[2J\\u{202e}) -> deny (forbidden)')
})

test('Ctrl-C ends a replay without a report', async () => {
  const cwd = folderOf({ 'bots.kavach': POLICY, 'log.ndjson': SAME })
  const { terminal, out, err } = machineIn(cwd, { interruptAtOnce: true })
  expect(await runProgram(['replay', 'log.ndjson', '-p', 'bots.kavach'], terminal)).toBe(130)
  expect([out(), err()]).toEqual(['', 'stopped after 0 rows; nothing is reported of a part\n'])
})

test('memory does not grow with the log', async () => {
  const cwd = folderOf({ 'bots.kavach': POLICY })
  const path = join(cwd, 'log.ndjson')
  const file = createWriteStream(path)
  const chunk = Array.from({ length: 1000 }, (_, index) => {
    return row(index % 2 === 0 ? 'write' : 'move', `mcp:docs:drafts:r${index}`, 'allow allowed')
  }).join('')
  for (let turn = 0; turn < 100; turn++) if (!file.write(chunk)) await once(file, 'drain')
  file.end()
  await once(file, 'close')
  // 100,000 rows would not fit into this heap beside the program.
  const args = ['--max-old-space-size=48', MAIN, 'replay', 'log.ndjson', '-p', 'bots.kavach', '--format', 'json']
  const child = spawn(process.execPath, args, { cwd })
  child.stdin.end()
  const { code, out } = await finished(child)
  const { rows, same, lostAccess, changes } = JSON.parse(out)
  expect({ code, rows, same, lostAccess, kinds: changes.length }).toEqual({
    code: 1,
    rows: 100_000,
    same: 50_000,
    lostAccess: 50_000,
    kinds: 1,
  })
})
