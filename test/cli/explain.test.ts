import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { folderOf, kavach, temporaryFolder } from './command.ts'
import { repositoryOf } from './machine.ts'

const POLICY = `policy bots

set office = cidr [10.0.0.0/8]

autonomous agent reader {
  owner "team"
  allow read on mcp:docs:**
    when ip in office and args.mode in ["safe"]
  allow write on mcp:docs:drafts:*
    rate 2 per day
  may delegate depth 1
}

forbid * on mcp:docs:secret
boundary runtime {
  allow read on mcp:docs:**
}
`
const READ = { agent: 'reader', action: 'read', resource: 'mcp:docs:home', ip: '192.0.2.1', args: { mode: 'safe' } }

const folder = temporaryFolder()
beforeAll(async () => {
  writeFileSync(join(folder, 'bots.kavach'), POLICY)
  const { code, err } = await kavach(folder, ['compile', 'bots.kavach'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
})

const explain = (request: unknown, ...args: readonly string[]) =>
  kavach(folder, ['explain', 'bots.kavach', JSON.stringify(request), ...args])

test('a denial is explained with its lines, the fewest facts and a line of policy that open it', async () => {
  expect(await explain(READ)).toEqual({
    code: 0,
    err: '',
    out: `deny because ip-not-allowed

chain
  reader: autonomous, owner "team", active

authority
  no  held by reader
        bots.kavach:7  ip-not-allowed
            ip in cidr [10.0.0.0/8]: false

why
  Of \`reader\` itself, the nearest grant is bots.kavach:7: ip in cidr [10.0.0.0/8] is false (ip is "192.0.2.1").

lines
  bots.kavach:7
  7 |   allow read on mcp:docs:**
  8 |     when ip in office and args.mode in ["safe"]

for the caller
  This call is not allowed from where it comes.

with other facts
  another address
      ip in 10.0.0.0/8
      then allow: {"agent":"reader","action":"read","resource":"mcp:docs:home","ip":"10.0.0.1","args":{"mode":"safe"}}

with another policy
  bots.kavach:10
    + allow read on mcp:docs:home when ip in cidr [192.0.2.1]
    opens nothing else
`,
  })
})

test('the caller alone is told the reason and nothing of the policy', async () => {
  const told = await explain(READ, '--for', 'caller')
  expect(told).toEqual({
    code: 0,
    err: '',
    out: 'deny because ip-not-allowed\n\nThis call is not allowed from where it comes.\n',
  })
  const json = await explain(READ, '--for', 'caller', '--format', 'json')
  expect(JSON.parse(json.out)).toEqual({
    decision: 'deny',
    allowed: false,
    reason: 'ip-not-allowed',
    caller: 'This call is not allowed from where it comes.',
  })
})

test('the administrator alone is not given the text for the caller', async () => {
  const { out } = await explain(READ, '--for', 'administrator')
  expect(out).toContain('nearest grant')
  expect(out).not.toContain('for the caller')
})

test('json holds the decision, the conditions, the changes and the edits', async () => {
  const { code, out } = await explain(READ, '--format', 'json')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    decision: { decision: 'deny', reason: 'ip-not-allowed' },
    authority: [
      {
        kind: 'own',
        isSatisfied: false,
        nearest: 0,
        candidates: [
          {
            rule: 'bots.kavach:7',
            failed: ['ip-not-allowed'],
            conditions: [{ value: 'false' }, { value: 'true' }],
          },
        ],
      },
    ],
    change: { kind: 'found', isSmallest: true, changes: [{ changed: ['ip'], decision: 'allow' }] },
    edits: [{ kinds: ['add-grant'], decision: 'allow', places: [{ path: 'bots.kavach', line: 10 }] }],
  })
})

test('a forbid without exception is opened by nothing that the request can say', async () => {
  const { code, out } = await explain({ agent: 'reader', action: 'read', resource: 'mcp:docs:secret' })
  expect(code).toBe(0)
  expect(out).toContain('forbid bots.kavach:14  denies reader')
  expect(out).toContain('nothing that the request could say opens it for this chain')
})

test('meters are read from the request, and waiting is said', async () => {
  const { out } = await explain({
    agent: 'reader',
    action: 'write',
    resource: 'mcp:docs:drafts:a',
    now: '2026-04-01T10:00:00Z',
    readings: { used: { day: 2 } },
  })
  expect(out).toMatch(/^limited because rate-limited\n/)
  expect(out).toMatch(/reads 2, limit 2 calls/)
  expect(out).toContain('Too many calls. Try again in 50400 seconds.')
  expect(out).toContain('meters that have begun anew')
})

test('a request comes from a file or from standard input, and --now fills in its time', async () => {
  const cwd = folderOf({ 'p.kavach': POLICY, 'r.json': JSON.stringify(READ) })
  const fromFile = await kavach(cwd, [
    'explain',
    'p.kavach',
    'r.json',
    '--now',
    '2026-04-01T10:00:00Z',
    '--format',
    'json',
  ])
  expect(JSON.parse(fromFile.out)).toMatchObject({ request: { now: '2026-04-01T10:00:00.000Z' } })
  const piped = await kavach(cwd, ['explain', 'p.kavach', '-', '--for', 'caller'], JSON.stringify(READ))
  expect(piped).toMatchObject({ code: 0, out: expect.stringMatching(/^deny because ip-not-allowed/) })
})

test('what was made at run time takes part with --state', async () => {
  const state = {
    agents: [{ name: 'made', type: 'service', permissions: [{ resource: 'mcp:**', actions: ['*'] }] }],
    suspended: ['reader'],
  }
  const cwd = folderOf({ 'p.kavach': POLICY, 's.json': JSON.stringify(state) })
  const ask = (agent: string) =>
    kavach(cwd, ['explain', 'p.kavach', JSON.stringify({ ...READ, agent }), '--state', 's.json'])
  expect((await ask('made')).out).toContain('boundary around made')
  expect((await ask('reader')).out).toMatch(/^deny because agent-suspended\n/)
})

test('a module is explained with the lines of its map, and a revision with its own', async () => {
  const module = await kavach(folder, ['explain', 'bots.wasm', JSON.stringify(READ)])
  expect(module.out).toContain('the nearest grant is bots.kavach:7')
  expect(module.out).toContain('+ allow read on mcp:docs:home'.replace('+ ', 'add-grant: '))
  const repository = repositoryOf({ 'policy/bots.kavach': POLICY })
  repository.commit({ 'policy/bots.kavach': POLICY.replace('10.0.0.0/8', '192.0.2.0/24') })
  const before = await kavach(repository.folder, ['explain', 'HEAD~1:policy', JSON.stringify(READ)])
  expect(before.out).toContain('HEAD~1:policy/bots.kavach:7')
  expect((await kavach(repository.folder, ['explain', 'policy', JSON.stringify(READ)])).out).toMatch(
    /^allow because allowed\n/,
  )
})

test('what is no request is explained too', async () => {
  const { code, out } = await explain({ agent: 'reader', action: 'read' })
  expect({ code, out }).toEqual({
    code: 0,
    out: 'deny because invalid-request\n\nwhy\n  This is no request: resource is missing.\n\nfor the caller\n  The request cannot be read. Send a well-formed request.\n',
  })
})

test.each([
  ['text that is no JSON', ['bots.kavach', '{agent'], 64, 'the request is not JSON'],
  ['a missing file', ['bots.kavach', 'nothing.json'], 66, 'there is no `nothing.json`'],
  ['a missing policy', ['nothing', '{}'], 66, 'there is no `nothing`'],
  ['a missing state', ['bots.kavach', '{}', '--state', 'nothing.json'], 66, 'there is no `nothing.json`'],
  ['a strange audience', ['bots.kavach', '{}', '--for', 'me'], 64, 'is invalid'],
])('%s is refused', async (_, args, code, message) => {
  const result = await kavach(folder, ['explain', ...args])
  expect({ code: result.code, out: result.out }).toEqual({ code, out: '' })
  expect(result.err).toContain(message)
})
