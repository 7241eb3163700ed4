import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createKavach } from '../../index.ts'
import { folderOf, kavach } from './command.ts'

type Host = Awaited<ReturnType<typeof createKavach>>

const DB = ['--db', 'kavach.db']
const READ = { action: 'read', resource: 'mcp:docs:home' }
const AGENT = {
  ownerId: 'ann',
  name: 'mail desk',
  type: 'service',
  permissions: [{ actions: ['read'], resource: 'mcp:docs:**' }],
} as const

async function openHost(folder: string, project?: string): Promise<Host> {
  const database = { provider: 'sqlite', url: join(folder, 'kavach.db') } as const
  const host = await createKavach({ database, project, warn: () => undefined })
  onTestFinished(() => host.close())
  return host
}

/** A folder with the database of a host that goes on running. */
async function running(): Promise<{ readonly folder: string; readonly host: Host }> {
  const folder = folderOf()
  return { folder, host: await openHost(folder) }
}

describe('kavach agents create', () => {
  test('prints the token alone; it opens what was allowed, and the log says who made it', async () => {
    const { folder, host } = await running()
    const args = ['--name', 'mail desk', '--owner', 'ann', '--type', 'service', '--allow', 'read, list on mcp:docs:**']
    const { code, out, err } = await kavach(folder, ['agents', 'create', ...DB, ...args])
    expect({ code, out, err }).toEqual({
      code: 0,
      out: expect.stringMatching(/^kv_\w+\n$/),
      err: expect.stringMatching(
        /^agt_\w{26} mail desk: service of ann, active; made \S+Z\n {2}= note: the token is shown only now; the database has its SHA-256\n$/,
      ),
    })
    expect(await host.authorizeByToken(out.trim(), READ)).toMatchObject({ allowed: true })
    expect(await host.authorizeByToken(out.trim(), { ...READ, action: 'write' })).toMatchObject({ allowed: false })
    expect(await host.audit.query({ kind: 'agent.create' })).toMatchObject([{ actor: 'kavach agents', owner: 'ann' }])
  })

  test('reads an agent from a file, and options stand over it', async () => {
    const { folder } = await running()
    writeFileSync(join(folder, 'agent.json'), JSON.stringify({ ...AGENT, constraints: { maxCallsPerHour: 5 } }))
    const args = ['agents', 'create', ...DB, '--from', 'agent.json', '--owner', 'bob', '--format', 'json']
    const { code, out } = await kavach(folder, args)
    expect([code, JSON.parse(out)]).toEqual([
      0,
      expect.objectContaining({
        ownerId: 'bob',
        name: 'mail desk',
        permissions: AGENT.permissions,
        constraints: { maxCallsPerHour: 5 },
        token: expect.stringMatching(/^kv_/),
      }),
    ])
  })

  test('goes by the policy that the host enforces', async () => {
    const folder = folderOf({
      'a.kavach': 'policy acme generation 1\n\nservice agent robot {\n  allow read on mcp:docs:*\n}\n',
    })
    expect(await kavach(folder, ['compile', 'a.kavach'])).toMatchObject({ code: 0 })
    const database = { provider: 'sqlite', url: join(folder, 'kavach.db') } as const
    const host = await createKavach({ database, policy: join(folder, 'acme.img'), warn: () => undefined })
    await host.close()
    const args = ['--name', 'x', '--owner', 'ann', '--type', 'service', '--allow', 'read on **']
    expect(await kavach(folder, ['agents', 'create', ...DB, ...args])).toEqual({
      code: 64,
      out: '',
      err: 'kavach: the policy has no `boundary runtime`, so no agents are made beside its own\n',
    })
    const rotated = await kavach(folder, ['agents', 'rotate', 'robot', ...DB])
    expect(rotated).toEqual({
      code: 0,
      out: expect.stringMatching(/^kv_\w+\n$/),
      err: expect.stringMatching(
        /^robot has a new token, which does not expire\n {2}= note: the token is shown only now\n$/,
      ),
    })
    const listed = await kavach(folder, ['agents', 'list', ...DB])
    expect(listed.out).toMatch(/^robot: \w+, active; declared by the policy\n$/)
  })
})

test('agents are listed whole, or by owner and status', async () => {
  const { folder, host } = await running()
  const one = await host.agents.create(AGENT)
  const two = await host.agents.create({ ...AGENT, ownerId: 'bob', name: 'other' })
  await host.agents.suspend(two.id, { reason: 'odd' })
  const lines = [
    `${one.id} mail desk: service of ann, active; made ${one.createdAt.toISOString()}\n`,
    `${two.id} other: service of bob, suspended (odd); made ${two.createdAt.toISOString()}\n`,
  ]
  const list = (...args: readonly string[]) => kavach(folder, ['agents', 'list', ...DB, ...args])
  expect(await list()).toEqual({ code: 0, out: lines.join(''), err: '' })
  expect((await list('--owner', 'ann')).out).toBe(lines[0])
  expect((await list('--status', 'suspended')).out).toBe(lines[1])
  expect((await list('--project', 'shop')).out).toBe('')
  expect(JSON.parse((await list('--owner', 'bob', '--format', 'json')).out)).toMatchObject({
    id: two.id,
    status: 'suspended',
  })
})

test('an agent is suspended, active again, has a new token, and is revoked; a running host goes by it', async () => {
  const { folder, host } = await running()
  const { id, token } = await host.agents.create(AGENT)
  const allowed = async (shown: string) => (await host.authorizeByToken(shown, READ)).reason
  expect(await allowed(token)).toBe('allowed')

  const suspended = await kavach(folder, ['agents', 'suspend', id, ...DB, '--reason', 'odd'])
  expect(suspended).toMatchObject({ code: 0, out: expect.stringMatching(/, suspended \(odd\); /) })
  expect(await allowed(token)).toBe('agent-suspended')

  const again = await kavach(folder, ['agents', 'unsuspend', id, ...DB])
  expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/, active; /) })
  expect(await allowed(token)).toBe('allowed')

  const rotated = await kavach(folder, ['agents', 'rotate', id, ...DB, '--format', 'json'])
  const next: string = JSON.parse(rotated.out).token
  expect([await allowed(token), await allowed(next)]).toEqual(['token-invalid', 'allowed'])

  const child = await host.agents.create({ ownerId: 'ann', name: 'helper', type: 'delegated' })
  await host.delegate({ fromAgent: id, toAgent: child.id, permissions: AGENT.permissions })
  const revoked = await kavach(folder, ['agents', 'revoke', id, ...DB, '--reason', 'over'])
  expect(revoked).toEqual({
    code: 0,
    out: expect.stringMatching(new RegExp(`, revoked \\(over\\); made \\S+; revoked with it: ${child.id}\n$`)),
    err: '',
  })
  expect((await host.authorize(id, READ)).reason).toBe('agent-revoked')
})

describe('the kill switch', () => {
  test('suspends an owner, a project, or everything, and says how many and how fast', async () => {
    const { folder, host } = await running()
    const shop = await openHost(folder, 'shop')
    for (const ownerId of ['ann', 'ann', 'bob']) await host.agents.create({ ...AGENT, ownerId })
    await shop.agents.create(AGENT)
    const suspend = (...args: readonly string[]) => kavach(folder, ['agents', 'suspend', ...DB, ...args])
    const done = (project: string, what: string) =>
      expect.stringMatching(
        new RegExp(`^${project}: ${what} suspended in \\d+ ms; hosts deny from their next decision on\n$`),
      )
    expect(await suspend('--owner', 'ann')).toEqual({ code: 0, out: done('default', '2 agents of ann'), err: '' })
    expect(await suspend('--project', 'default')).toEqual({ code: 0, out: done('default', '1 agent'), err: '' })
    const all = await suspend('--all', '--format', 'json')
    expect(
      all.out
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { project: 'default', suspended: 0, tookMs: expect.any(Number) },
      { project: 'shop', suspended: 1, tookMs: expect.any(Number) },
    ])
    expect(await suspend()).toEqual({
      code: 64,
      out: '',
      err: 'kavach: give ids, or --all, --owner or --project\n  = help: nothing was suspended\n',
    })
  })

  test('stops a host that decides in another process: nothing is allowed once the command has ended', async () => {
    const folder = folderOf()
    const child = spawn(process.execPath, [resolve('test/cli/deciding-child.mjs'), join(folder, 'kavach.db')])
    onTestFinished(() => void child.kill('SIGKILL'))
    const lines: { readonly at: number; readonly reason: string }[] = []
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)))
    while (!lines.some(({ reason }) => reason === 'allowed')) await once(child.stdout, 'data')
    const { code, out } = await kavach(folder, ['agents', 'suspend', '--all', ...DB])
    const ended = Date.now()
    expect([code, out]).toEqual([0, expect.stringMatching(/^default: 1 agent suspended in \d+ ms; /)])
    while ((lines.at(-1)?.at ?? 0) <= ended) await once(child.stdout, 'data')
    const after = lines.filter(({ at }) => at > ended)
    expect(new Set(after.map(({ reason }) => reason))).toEqual(new Set(['agent-suspended']))
  })
})

test.each<[string, readonly string[], number, string]>([
  [
    'an agent that is not there',
    ['suspend', 'agt_1', ...DB],
    66,
    'kavach: there is no agent `agt_1`\n  = help: `kavach agents list` prints those that there are\n',
  ],
  [
    'a database that is not there',
    ['list', '--db', 'kavahc.db'],
    66,
    'kavach: there is no database `kavahc.db`\n  = help: check the path; a host makes the file when it starts\n',
  ],
  [
    'a permission without a resource',
    ['create', ...DB, '--allow', 'read'],
    64,
    'kavach: option `-a, --allow <permission>` argument `read` is invalid. It wants actions and a resource, such as "read, write on mcp:docs:**"\n' +
      '  = help: see `kavach agents create --help`\n',
  ],
  [
    'an agent without a name',
    ['create', ...DB, '--owner', 'ann', '--type', 'service'],
    64,
    'kavach: name: is missing\n',
  ],
  ['ids and everything', ['suspend', 'agt_1', '--all', ...DB], 64, 'kavach: give ids, or one of --all and --owner\n'],
])('%s is refused', async (_, args, code, err) => {
  const { folder } = await running()
  expect(await kavach(folder, ['agents', ...args])).toEqual({ code, out: '', err })
})
