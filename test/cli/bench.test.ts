import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import { runProgram } from '../../cli/program.ts'
import { Terminal } from '../../cli/terminal.ts'
import { folderOf, kavach, temporaryFolder } from './command.ts'
import { machineIn } from './machine.ts'

const POLICY = `policy bots generation 7

autonomous agent reader {
  owner "team"
  allow read on mcp:docs:**
    rate 2 per minute
  allow write on mcp:docs:drafts:*
}

boundary runtime {
  allow read on mcp:docs:**
}
`
const READ = { agent: 'reader', action: 'read', resource: 'mcp:docs:home' }
const WRITE = { agent: 'reader', action: 'write', resource: 'mcp:docs:drafts:a' }
const OTHER = { agent: 'reader', action: 'delete', resource: 'mcp:docs:home' }

const compiled = temporaryFolder()
beforeAll(async () => {
  writeFileSync(join(compiled, 'bots.kavach'), POLICY)
  expect((await kavach(compiled, ['compile', 'bots.kavach'])).code).toBe(0)
})
afterEach(() => vi.unstubAllEnvs())

const lines = (...requests: readonly unknown[]) => `${requests.map((request) => JSON.stringify(request)).join('\n')}\n`

/** Short rounds: no test of this file looks at how long something took. */
const QUICK = ['--rounds', '2', '--seconds', '0.02']

/** `kavach bench` on the policy above, in process, in a folder with `files`. */
async function bench(files: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const folder = folderOf({ 'requests.ndjson': lines(READ, WRITE, OTHER), ...files })
  const machine = machineIn(folder)
  const module = ['-m', join(compiled, 'bots.wasm'), '-r', 'requests.ndjson']
  const code = await runProgram(['bench', ...module, ...QUICK, ...args], machine.terminal)
  return { folder, code, out: machine.out(), err: machine.err() }
}

const WIDE = 'decide.p99 <= 1000s\ndecide.p50 <= 100000000x map\nload <= 1000s\nmodule <= 1MB # all of it\n'

test('a policy within its budget ends with 0, and the table has every metric and floor', async () => {
  const { code, out, err } = await bench({ 'b.budget': WIDE }, '-b', 'b.budget')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const rows = out.split('\n\n')[1]?.split('\n').slice(1) ?? []
  expect(rows.map((row) => row.split(/ {2,}/)[0])).toEqual([
    ...['decide.p50', 'decide.p99', 'decide.p999', 'decide.mean', 'load', 'verify', 'module', 'image', 'memory'],
    ...['floor: map', 'floor: empty'],
  ])
  expect(out).toMatch(
    /^bots generation 7 \(.+bots\.wasm\), loadEngine\n3 requests of requests\.ndjson: 2 allow, 1 deny\n/,
  )
  expect(out).toContain('\nb.budget: all 4 limits are kept\n  within  decide.p99 <= 1000s  ')
})

test('a policy above its budget ends with 1, and says which limits are exceeded', async () => {
  const text = `${WIDE}memory <= 1B\ndecide.p99 where action = write <= 0ns\n`
  const { code, out } = await bench({ 'b.budget': text }, '-b', 'b.budget')
  expect(code).toBe(1)
  const [head, ...rows] = out.split('\n\n')[2]?.trimEnd().split('\n') ?? []
  expect(head).toBe('b.budget: 2 of 6 limits are exceeded')
  expect(rows.map((row) => row.trim().split(' ')[0])).toEqual([
    'within',
    'within',
    'within',
    'within',
    'above',
    'above',
  ])
  expect(out).toContain('\ndecide.p99 where action = write ')
})

test('without a budget it measures, and ends with 0', async () => {
  const { code, out, err } = await bench({})
  expect({ code, err, parts: out.split('\n\n').length }).toEqual({ code: 0, err: '', parts: 2 })
})

test('--format json and --json say the same, with every round', async () => {
  const { code, out, folder } = await bench(
    { 'b.budget': WIDE },
    ...['-b', 'b.budget', '--format', 'json', '--json', 'bench.json'],
  )
  expect(code).toBe(0)
  expect(readFileSync(join(folder, 'bench.json'), 'utf8')).toBe(out)
  const report = JSON.parse(out)
  expect(report).toMatchObject({
    version: 1,
    module: { policy: { name: 'bots', generation: 7 } },
    loader: 'loadEngine',
    requests: { file: 'requests.ndjson', count: 3, verdicts: { allow: 2, deny: 1 }, leftOut: [] },
    machine: { runtime: `Node ${process.versions.node}` },
    rounds: 2,
    interrupted: false,
    budget: { file: 'b.budget', verdict: 'within' },
  })
  const p99 = report.metrics.find(({ metric }: { readonly metric: string }) => metric === 'decide.p99')
  expect(p99.rounds).toHaveLength(2)
  expect(p99.best).toBe(Math.min(...p99.rounds))
  expect(report.metrics.find(({ metric }: { readonly metric: string }) => metric === 'module')).toEqual({
    metric: 'module',
    ...{ unit: 'bytes', median: readFileSync(join(compiled, 'bots.wasm')).length },
    ...{ best: expect.any(Number), worst: expect.any(Number), rounds: [expect.any(Number)] },
  })
  expect(
    report.budget.lines.map(({ line, text, unit }: Readonly<Record<string, unknown>>) => [line, text, unit]),
  ).toEqual([
    [1, 'decide.p99 <= 1000s', 'ns'],
    [2, 'decide.p50 <= 100000000x map', 'map'],
    [3, 'load <= 1000s', 'ns'],
    [4, 'module <= 1MB', 'bytes'],
  ])
})

test('--format github annotates the line that is exceeded, and writes the summary of the job', async () => {
  const files = { 'b.budget': `${WIDE}\nmemory <= 1B\n`, 'summary.md': 'before\n' }
  const folder = folderOf()
  const summary = join(folder, 'summary.md')
  vi.stubEnv('GITHUB_STEP_SUMMARY', summary)
  const { code, out } = await bench(files, '-b', 'b.budget', '--format', 'github')
  expect(code).toBe(1)
  const annotations = out.split('\n').filter((line) => line.startsWith('::'))
  expect(annotations).toEqual([
    expect.stringMatching(/^::error file=b\.budget,line=6,title=kavach bench::above: memory <= 1B: \d+\.\d\d MB$/),
  ])
  const written = readFileSync(summary, 'utf8')
  expect(written).toMatch(/^### 🔴 Decisions of bots: 1 of 5 limits is exceeded\n\n\| {2}\| budget \| measured \|\n/)
  expect(written).toContain('| above | memory &#60;= 1B | ')
})

test('text and JSON leave the summary of a job alone', async () => {
  const summary = join(folderOf(), 'summary.md')
  vi.stubEnv('GITHUB_STEP_SUMMARY', summary)
  expect((await bench({})).code).toBe(0)
  expect(existsSync(summary)).toBe(false)
})

test('every wrong line of a budget is named before anything is measured, and ends with 64', async () => {
  expect(await bench({ 'b.budget': 'decide.p9 <= 5us\n\nload <= 5kB\n' }, '-b', 'b.budget')).toMatchObject({
    code: 64,
    out: '',
    err:
      'kavach: b.budget:1:1: there is no metric `decide.p9`\n' +
      '  = help: did you mean `decide.p99`? there are decide.p50, decide.p99, decide.p999, decide.mean, load, verify, module, image, memory\n' +
      'kavach: b.budget:3:10: `kB` is no unit of `load`\n' +
      '  = help: it is a time: ns, us, ms, s\n',
  })
})

test('a selection without a request is refused, because it would be within any limit', async () => {
  const text = 'load <= 1s\ndecide.p99 where action = read and agent = raeder <= 5us\n'
  expect(await bench({ 'b.budget': text }, '-b', 'b.budget')).toMatchObject({
    code: 64,
    out: '',
    err:
      'kavach: b.budget:2:44: no request of `requests.ndjson` is one where action = read and agent = raeder\n' +
      '  = help: did you mean `reader`?\n',
  })
})

test('lines that are no requests are named and left out', async () => {
  const { code, out, err } = await bench({ 'requests.ndjson': `{"agent":\n${lines(READ)}{"agent":7}\n` })
  expect({ code, err }).toEqual({
    code: 0,
    err:
      'kavach: requests.ndjson:1: it is not JSON; the line is left out\n' +
      'kavach: requests.ndjson:3: the engine answers invalid-request; the line is left out\n',
  })
  expect(out).toContain('\n1 request of requests.ndjson: 1 allow; 2 lines left out\n')
})

const FAULTY = `{"agent":\n${lines(READ)}{"agent":7}\n`

test('a budget does not pass when a line was not measured, and --format github annotates the line', async () => {
  const summary = join(folderOf(), 'summary.md')
  vi.stubEnv('GITHUB_STEP_SUMMARY', summary)
  const files = { 'b.budget': WIDE, 'requests.ndjson': FAULTY }
  const { code, out, err } = await bench(files, '-b', 'b.budget', '--format', 'github')
  expect(code).toBe(1)
  expect(err).toContain(
    'kavach: requests.ndjson: 2 requests were not measured\n' +
      '  = help: mend these lines or remove them, or pass `--allow-faults`\n',
  )
  expect(out.split('\n').filter((line) => line.startsWith('::'))).toEqual([
    '::error file=requests.ndjson,line=1,title=kavach bench::not measured: it is not JSON',
    '::error file=requests.ndjson,line=3,title=kavach bench::not measured: the engine answers invalid-request',
  ])
  expect(out).toContain('\nb.budget: 2 requests were not measured; all 4 limits are kept\n')
  expect(readFileSync(summary, 'utf8')).toMatch(
    /^### 🔴 Decisions of bots: 2 requests were not measured; all 4 limits are kept\n/,
  )
})

test.each([
  [[], { code: 1, verdict: 'above', unmeasured: 2 }],
  [['--allow-faults'], { code: 0, verdict: 'within', unmeasured: 0 }],
])('with %j the JSON has the verdict of the exit code', async (args, expected) => {
  const files = { 'b.budget': WIDE, 'requests.ndjson': FAULTY }
  const { code, out } = await bench(files, '-b', 'b.budget', '--format', 'json', ...args)
  const { budget, requests } = JSON.parse(out)
  expect({ code, verdict: budget.verdict, unmeasured: budget.unmeasured }).toEqual(expected)
  expect(requests.leftOut).toEqual([
    { line: 1, kind: 'no-request', fault: 'it is not JSON' },
    { line: 3, kind: 'no-request', fault: 'the engine answers invalid-request' },
  ])
})

test.each([
  ['holds nothing', '\n', 'there is no request in `requests.ndjson`'],
  ['holds nothing that is valid', '{"agent":7}\n', 'no line of `requests.ndjson` is a request'],
])('a file that %s is refused with 1', async (_, text, message) => {
  const { code, out, err } = await bench({ 'requests.ndjson': text })
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toContain(`kavach: ${message}\n  = help: a line is {"agent":"planner"`)
})

test('an image and a policy folder are measured as the module that they become', async () => {
  const files = { 'policy/bots.kavach': POLICY }
  const sizes = []
  for (const module of [join(compiled, 'bots.wasm'), join(compiled, 'bots.img'), 'policy']) {
    const { code, out } = await bench(files, '-m', module, '--format', 'json')
    expect(code).toBe(0)
    const report = JSON.parse(out)
    sizes.push(report.metrics.filter(({ unit }: { readonly unit: string }) => unit === 'bytes'))
  }
  expect(sizes[1]).toEqual(sizes[0])
  expect(sizes[2]).toEqual(sizes[0])
})

test('--state measures the engine of a host, with what was made at run time', async () => {
  const state = {
    agents: [{ name: 'helper', type: 'delegated', permissions: [{ resource: 'mcp:**', actions: ['read'] }] }],
  }
  const requests = lines({ ...READ, agent: 'helper' })
  const files = { 'state.json': JSON.stringify(state), 'requests.ndjson': requests }
  const { code, out } = await bench(files, '-s', 'state.json')
  expect(code).toBe(0)
  expect(out).toMatch(/, loadLiveEngine\n1 request of requests\.ndjson: 1 allow\n/)
  expect((await bench(files)).out).toMatch(/, loadEngine\n1 request of requests\.ndjson: 1 deny\n/)
})

test.each([
  [['--rounds', '0'], 'argument `0` is invalid. It wants a number from 1 to 999'],
  [['--seconds', 'x'], 'argument `x` is invalid. It wants seconds, such as 0.5, at most 3600'],
  [['--format', 'sarif'], 'argument `sarif` is invalid. Allowed choices are text, json, github'],
])('%j is wrong usage', async (args, message) => {
  const { code, out, err } = await bench({}, ...args)
  expect({ code, out }).toEqual({ code: 64, out: '' })
  expect(err).toContain(message)
})

test.each([
  ['a missing budget', ['-b', 'none.budget'], 66, 'there is no `none.budget`'],
  ['missing requests', ['-r', 'none.ndjson'], 66, 'there is no `none.ndjson`'],
  ['a missing module', ['-m', 'none.wasm'], 66, 'there is no `none.wasm`'],
  ['a summary that cannot be written', ['--json', 'requests.ndjson/a'], 64, 'cannot write `requests.ndjson/a`'],
])('%s ends with its exit code', async (_, args, code, message) => {
  const result = await bench({}, ...args)
  expect(result.code).toBe(code)
  expect(result.err).toContain(message)
})

/** A terminal that somebody watches, and who presses Ctrl-C when `text` is shown. */
function interruptedAt(cwd: string, text: string) {
  const interrupt = new AbortController()
  const stdout = new PassThrough()
  let now = 0
  let err = ''
  const terminal = new Terminal({
    stdin: new PassThrough(),
    stdout,
    stderr: new Writable({
      write(chunk, _, done) {
        err += String(chunk)
        if (String(chunk).includes(text)) interrupt.abort()
        done()
      },
    }),
    cwd,
    color: false,
    errorColor: false,
    isTyped: false,
    isScreen: false,
    isWatched: true,
    debug: false,
    now: () => (now += 1000),
    interrupt: interrupt.signal,
    takeInterrupts: () => undefined,
  })
  return { terminal, out: () => String(stdout.read() ?? ''), err: () => err }
}

test('Ctrl-C prints the rounds that were measured, judges nothing, and ends with 130', async () => {
  const folder = folderOf({ 'r.ndjson': lines(READ), 'b.budget': 'memory <= 1B\n' })
  const { terminal, out, err } = interruptedAt(folder, 'round 3 of 900')
  const args = ['-m', join(compiled, 'bots.wasm'), '-r', 'r.ndjson', '-b', 'b.budget', '--seconds', '0.01']
  expect(await runProgram(['bench', ...args, '--rounds', '900'], terminal)).toBe(130)
  const printed = out()
  expect(printed).toContain('\n2 rounds of 0.01 s, interrupted, ')
  expect(printed).not.toContain('b.budget')
  expect(err()).toContain('round 1 of 900')
})

test('Ctrl-C before the first round was over says so', async () => {
  const folder = folderOf({ 'r.ndjson': lines(READ) })
  const { terminal, out, err } = interruptedAt(folder, 'round 1 of')
  expect(await runProgram(['bench', '-m', join(compiled, 'bots.wasm'), '-r', 'r.ndjson'], terminal)).toBe(130)
  expect(out()).toBe('')
  expect(err()).toContain('kavach: interrupted before the first round was over\n')
})
