import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { finished, folderOf, kavach, MAIN, start, temporaryFolder } from './command.ts'

const POLICY = `policy bots generation 7

autonomous agent reader {
  owner "team"
  allow read on mcp:docs:**
    rate 2 per minute
  allow write on mcp:docs:drafts:*
    when time in hours mon-fri 09:00-18:00
  may delegate depth 1
}

boundary runtime {
  allow read on mcp:docs:**
  may delegate depth 1
}
`
const READ = { agent: 'reader', action: 'read', resource: 'mcp:docs:home' }
const WRITE = { agent: 'reader', action: 'write', resource: 'mcp:docs:drafts:a' }

const compiled = temporaryFolder()
let identity: { readonly name: string; readonly generation: number; readonly digest: string }
beforeAll(async () => {
  writeFileSync(join(compiled, 'bots.kavach'), POLICY)
  const { code, out, err } = await kavach(compiled, ['compile', 'bots.kavach'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const digest = out.match(/^bots generation 7, digest ([0-9a-f]{64})\n/)?.[1] ?? ''
  identity = { name: 'bots', generation: 7, digest }
})

interface Answer {
  readonly id?: unknown
  readonly decision: string
  readonly allowed: boolean
  readonly reason: string
  readonly detail?: string
  readonly policy: unknown
}

/** Answers of `kavach eval ARGS` to `input`, one for each line of output. */
async function decide(args: readonly string[], input: string | Uint8Array): Promise<readonly Answer[]> {
  const { code, out, err } = await kavach(compiled, ['eval', ...args], input)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out === '' || out.endsWith('\n')).toBe(true)
  return out
    .split('\n')
    .slice(0, -1)
    .map((line): Answer => JSON.parse(line))
}

function lines(...requests: readonly unknown[]): string {
  return requests.map((request) => `${typeof request === 'string' ? request : JSON.stringify(request)}\n`).join('')
}

const reasons = (answers: readonly Answer[]) => answers.map(({ reason }) => reason)

test('one line of JSON answers each request, in order, with decision, reason and policy', async () => {
  const requests = lines(READ, { ...READ, agent: 'mallory' }, WRITE, { ...WRITE, now: '2026-04-01T10:00:00Z' })
  const answers = await decide(['--module', 'bots.wasm', '--requests', '-'], requests)
  const short = answers.map(({ decision, allowed, reason, policy }) => ({ decision, allowed, reason, policy }))
  expect(short).toEqual([
    { decision: 'allow', allowed: true, reason: 'allowed', policy: identity },
    { decision: 'deny', allowed: false, reason: 'agent-unknown', policy: identity },
    { decision: 'deny', allowed: false, reason: 'outside-hours', policy: identity },
    { decision: 'allow', allowed: true, reason: 'allowed', policy: identity },
  ])
})

test('module, image, folder and file give the same answers, from a file and from standard input', async () => {
  const folder = folderOf()
  const requests = lines(READ, WRITE, { ...READ, readings: { used: { minute: 2 } } })
  writeFileSync(join(folder, 'requests.ndjson'), requests)
  const whole = await decide(['-m', 'bots.wasm'], requests)
  expect(reasons(whole)).toEqual(['allowed', 'outside-hours', 'rate-limited'])
  for (const module of ['bots.img', 'bots.kavach', '.']) {
    expect([module, await decide(['-m', module], requests)]).toEqual([module, whole])
  }
  expect(await decide(['-m', 'bots.wasm', '-r', join(folder, 'requests.ndjson')], '')).toEqual(whole)
})

test('id is echoed whatever it is, and members that nobody knows are ignored', async () => {
  const ids = [1, 'a', null, [1, { b: 2 }], false, 'ü']
  const answers = await decide(
    ['-m', 'bots.wasm'],
    lines(
      ...ids.map((id) => {
        const odd = '"unknown":{"deep":[1]},"toString":1,"__proto__":{"agent":"mallory"},'
        return JSON.stringify({ ...READ, id }).replace('{', `{${odd}`)
      }),
    ),
  )
  expect(answers.map(({ id }) => id)).toEqual(ids)
  expect(new Set(reasons(answers))).toEqual(new Set(['allowed']))
  const [silent] = await decide(['-m', 'bots.wasm'], lines(READ))
  expect(silent !== undefined && 'id' in silent).toBe(false)
})

test('a malformed line is answered invalid-request and the run goes on', async () => {
  const bad = [
    '{',
    'null',
    '[]',
    '"x"',
    '7',
    '{"agent":"reader"}',
    'agent: reader',
    '{"agent":1,"action":2,"resource":3}',
  ]
  const answers = await decide(['-m', 'bots.wasm'], lines(READ, ...bad, READ))
  expect(reasons(answers)).toEqual(['allowed', ...bad.map(() => 'invalid-request'), 'allowed'])
  expect(answers.map(({ decision, allowed }) => ({ decision, allowed }))[1]).toEqual({
    decision: 'deny',
    allowed: false,
  })
  expect(answers.map(({ detail }) => detail)).toEqual([
    undefined,
    'line 2: it is not JSON',
    'line 3: it is not an object',
    'line 4: it is not an object',
    'line 5: it is not an object',
    'line 6: it is not an object',
    undefined,
    'line 8: it is not JSON',
    undefined,
    undefined,
  ])
})

test('bytes that are not UTF-8 and an id that nests too deeply are answered like any malformed line', async () => {
  const deep = `{"agent":"reader","action":"read","resource":"mcp:docs:home","id":${'['.repeat(200_000)}${']'.repeat(200_000)}}\n`
  const input = Buffer.concat([Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from(deep), Buffer.from(lines(READ))])
  const answers = await decide(['-m', 'bots.wasm'], input)
  expect(answers.map(({ reason, detail }) => ({ reason, detail }))).toEqual([
    { reason: 'invalid-request', detail: 'line 1: it is not UTF-8' },
    { reason: 'invalid-request', detail: 'line 2: it nests too deeply' },
    { reason: 'allowed', detail: undefined },
  ])
})

test('blank lines, a byte order mark, Windows line ends and a last line without end are no fault', async () => {
  const request = JSON.stringify(READ)
  const answers = await decide(['-m', 'bots.wasm'], `\ufeff${request}\r\n\r\n   \n\n${request}\r\n${request}`)
  expect(reasons(answers)).toEqual(['allowed', 'allowed', 'allowed'])
  expect(await decide(['-m', 'bots.wasm'], '\n\n')).toEqual([])
})

test('a line of 50 MB is answered invalid-request in bounded memory, and the next one is decided', async () => {
  const long = Buffer.alloc(50_000_000, 'x')
  const answers = await decide(['-m', 'bots.wasm'], Buffer.concat([long, Buffer.from(`\n${lines(READ)}`)]))
  expect(answers.map(({ reason, detail }) => ({ reason, detail }))).toEqual([
    { reason: 'invalid-request', detail: 'line 1: it has 50000000 bytes, more than 33554432' },
    { reason: 'allowed', detail: undefined },
  ])
})

test('without --now no clock is read; --now fills in what is absent and nothing else', async () => {
  const given = { ...WRITE, now: '2026-04-04T10:00:00Z' } // A Saturday.
  const requests = lines(WRITE, { ...WRITE, now: null }, given, { ...WRITE, now: 'soon' })
  const args = ['-m', 'bots.wasm']
  const late = 'outside-hours'
  expect(reasons(await decide(args, requests))).toEqual([late, late, late, late])
  const open = ['allowed', 'allowed', late, late]
  expect(reasons(await decide([...args, '--now', '2026-04-01T10:00:00Z'], requests))).toEqual(open)
  expect(reasons(await decide([...args, '--now', String(Date.UTC(2026, 3, 1, 10))], requests))).toEqual(open)
  const system = await decide([...args, '--now', 'system'], lines(READ))
  expect(reasons(system)).toEqual(['allowed'])
})

test('--state adds agents and delegations inside the boundary, and takes away', async () => {
  const state = {
    agents: [{ name: 'helper', type: 'delegated', permissions: [{ resource: 'mcp:**', actions: ['*'] }] }],
    delegations: [{ from: 'reader', to: 'helper', permissions: [{ resource: 'mcp:docs:*', actions: ['read'] }] }],
  }
  const requests = lines(
    { ...READ, agent: 'helper' },
    { ...READ, agent: 'helper', resource: 'mcp:code:home' },
    { ...READ, agent: 'helper', via: ['reader'] },
    { ...READ, agent: 'helper', via: ['reader'], resource: 'mcp:docs:a:b' },
    READ,
  )
  const answersOf = async (json: unknown) => {
    writeFileSync(join(compiled, 'state.json'), JSON.stringify(json))
    return reasons(await decide(['-m', 'bots.wasm', '-s', 'state.json'], requests))
  }
  expect(await answersOf({})).toEqual(['agent-unknown', 'agent-unknown', 'agent-unknown', 'agent-unknown', 'allowed'])
  expect(await answersOf(state)).toEqual(['allowed', 'no-grant', 'allowed', 'no-grant', 'allowed'])
  expect(await answersOf({ ...state, suspended: ['helper'], revoked: ['reader'] })).toEqual([
    'agent-suspended',
    'agent-suspended',
    'agent-revoked',
    'agent-revoked',
    'agent-revoked',
  ])
})

test.each([
  ['a missing state', [], 66, 'there is no `state.json`', 'check the path; it is taken from the current folder'],
  [
    'a state that is none',
    ['{"agents":[{"name":"a"}]}'],
    1,
    '`state.json`: agents[0].type: is missing',
    'docs/commands.md shows what a state holds, under `kavach eval`',
  ],
  [
    'an agent whose name the policy has',
    ['{"agents":[{"name":"reader","type":"service","permissions":[]}]}'],
    1,
    '`state.json`: the policy declares `reader` already',
    'docs/commands.md shows what a state holds, under `kavach eval`',
  ],
])('%s is refused before anything is decided', async (_, [text], code, message, help) => {
  const folder = folderOf(text === undefined ? {} : { 'state.json': text })
  const args = ['eval', '-m', join(compiled, 'bots.wasm'), '-s', 'state.json']
  expect(await kavach(folder, args, lines(READ))).toEqual({
    code,
    out: '',
    err: `kavach: ${message}\n  = help: ${help}\n`,
  })
})

test('a state that is no JSON is refused with the place where it ends', async () => {
  const folder = folderOf({ 'state.json': '{"agents":' })
  const { code, out, err } = await kavach(folder, ['eval', '-m', join(compiled, 'bots.wasm'), '-s', 'state.json'])
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toMatch(/^kavach: `state\.json` is not JSON: Unexpected end of JSON input\n {2}= help: mend the file\n$/)
})

const AGAIN = 'copy the file again, or compile the policy again with `kavach compile`'

test.each([
  [
    'a missing module',
    () => undefined,
    66,
    'there is no `m.wasm`',
    'check the path; it is taken from the current folder',
  ],
  [
    'text',
    () =>
      Buffer.from(
        'policy bots generation 1 and more text that is as long as a header of an image would be\n'.repeat(9),
      ),
    1,
    '`m.wasm` is neither a module nor an image',
    'name the .wasm or .img that `kavach compile` wrote; policy text is compiled first',
  ],
  [
    'an empty file',
    () => Buffer.alloc(0),
    1,
    '`m.wasm` is neither a module nor an image',
    'name the .wasm or .img that `kavach compile` wrote; policy text is compiled first',
  ],
  [
    'a truncated module',
    () => read('bots.wasm').subarray(0, -100),
    1,
    '`m.wasm` is damaged: a section runs over its end',
    AGAIN,
  ],
  [
    'a module cut to its first bytes',
    () => read('bots.wasm').subarray(0, 6),
    1,
    '`m.wasm` is damaged: it ends within its header',
    AGAIN,
  ],
  [
    'the engine without a policy',
    () => readFileSync('build/engine.wasm'),
    1,
    '`m.wasm` is a WebAssembly module without a policy in it',
    'name a module that `kavach compile` wrote',
  ],
])('%s is refused with its remedy', async (_, bytes, code, message, help) => {
  const data = bytes()
  const folder = folderOf(data === undefined ? {} : { 'm.wasm': data })
  expect(await kavach(folder, ['eval', '-m', 'm.wasm'], lines(READ))).toEqual({
    code,
    out: '',
    err: `kavach: ${message}\n  = help: ${help}\n`,
  })
})

function read(name: string): Buffer {
  return readFileSync(join(compiled, name))
}

test('a truncated image and one with a changed byte are refused', async () => {
  const image = read('bots.img')
  const folder = folderOf({ 'short.img': image.subarray(0, -1) })
  expect(await kavach(folder, ['eval', '-m', 'short.img'])).toEqual({
    code: 1,
    out: '',
    err:
      `kavach: \`short.img\` is damaged: its header speaks of ${image.length} bytes, it has ${image.length - 1}\n` +
      `  = help: ${AGAIN}\n`,
  })
  const changed = Buffer.from(image)
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
  writeFileSync(join(folder, 'changed.img'), changed)
  expect(await kavach(folder, ['eval', '-m', 'changed.img'])).toEqual({
    code: 1,
    out: '',
    err:
      'kavach: `changed.img` cannot be loaded: the image is refused: bad-digest\n' +
      '  = help: compile the policy again with `kavach compile`; what was changed by hand is refused\n',
  })
})

test('requests that are missing, or a folder, are refused before anything is decided', async () => {
  expect(await kavach(compiled, ['eval', '-m', 'bots.wasm', '-r', 'none.ndjson'])).toEqual({
    code: 66,
    out: '',
    err: 'kavach: there is no `none.ndjson`\n  = help: check the path; it is taken from the current folder\n',
  })
  expect(await kavach(compiled, ['eval', '-m', 'bots.wasm', '-r', '.'])).toEqual({
    code: 66,
    out: '',
    err: 'kavach: `.` is a folder, a file is wanted\n  = help: name the file\n',
  })
})

test('Ctrl-C ends the run with 130, and every answer that was given is whole', async () => {
  const child = start(compiled, ['eval', '-m', 'bots.wasm'])
  const result = finished(child)
  child.stdin?.write(lines(...Array.from({ length: 500 }, (_, id) => ({ ...READ, id }))))
  let seen = ''
  await new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
      if (seen.split('\n').length > 500) resolve()
    })
  })
  child.kill('SIGINT')
  const { code, out, err } = await result
  expect({ code, err }).toEqual({ code: 130, err: '' })
  const ids = out
    .split('\n')
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line).id)
  expect(ids).toEqual(Array.from({ length: 500 }, (_, id) => id))
})

test('a reader that goes away ends the run quietly', async () => {
  writeFileSync(join(compiled, 'many.ndjson'), lines(READ).repeat(20_000))
  const script = `"$0" "$1" eval -m bots.wasm -r many.ndjson | head -n 1`
  const child = spawn('sh', ['-c', script, process.execPath, MAIN], { cwd: compiled })
  const { code, out, err } = await finished(child)
  expect({ code, err, lines: out.split('\n').length - 1 }).toEqual({ code: 0, err: '', lines: 1 })
})

test('100,000 requests are answered in order, in memory that does not hold them', async () => {
  const count = 100_000
  const file = join(compiled, 'stream.ndjson')
  writeFileSync(file, lines(...Array.from({ length: count }, (_, id) => ({ ...READ, id }))))
  const watch = resolve('test/fixtures/peak-memory.mjs')
  const args = ['--import', watch, MAIN, 'eval', '-m', 'bots.wasm', '-r', file]
  const { code, out, err } = await finished(spawn(process.execPath, args, { cwd: compiled }))
  const answers = out.split('\n').slice(0, -1)
  const peakMegabytes = Number(err.match(/^peak memory (\d+) MB\n$/)?.[1])
  expect({ code, count: answers.length }).toEqual({ code: 0, count })
  expect(answers.findIndex((line, index) => !line.startsWith(`{"id":${index},`))).toBe(-1)
  expect(peakMegabytes).toBeLessThan(250)
})
