import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createKavach } from '../../index.ts'
import { folderOf, kavach } from './command.ts'

const READ = { action: 'read', resource: 'mcp:docs:home' }
const text = (generation: number, resource: string) =>
  `policy acme generation ${generation}\n\nservice agent robot {\n  allow read on ${resource}\n  allow write on mcp:docs:* when args.size <= 10\n}\n`

async function hostIn(folder: string) {
  const database = { provider: 'sqlite', url: join(folder, 'kavach.db') } as const
  const host = await createKavach({ database, warn: () => undefined })
  onTestFinished(() => host.close())
  return host
}

const explain = (folder: string, id: string | undefined, ...args: readonly string[]) =>
  kavach(folder, ['explain', '--audit', String(id), '--db', 'kavach.db', ...args])

test('a row is decided by the image that decided it, whatever is enforced now', async () => {
  const folder = folderOf()
  const host = await hostIn(folder)
  const rows: (string | undefined)[] = []
  for (const [generation, resource] of [
    [1, 'mcp:docs:*'],
    [2, 'mcp:wiki:*'],
  ] as const) {
    writeFileSync(join(folder, 'a.kavach'), text(generation, resource))
    await kavach(folder, ['compile', 'a.kavach', '-o', `g${generation}`])
    await host.policy.reload(join(folder, `g${generation}/acme.img`))
    rows.push((await host.authorize('robot', READ)).auditId)
  }
  const [first, second] = await Promise.all(rows.map((id) => explain(folder, id)))
  expect(first?.out).toMatch(/^recorded: allow because allowed; the same comes out now\n/)
  expect(second?.out).toMatch(/^recorded: deny because no-grant; the same comes out now\n/)
  expect(second?.out).toContain('\ndeny because no-grant\n')
})

test('what the log does not have is said: arguments of which it has a digest, meters, trust', async () => {
  const folder = folderOf()
  const host = await hostIn(folder)
  writeFileSync(join(folder, 'a.kavach'), text(1, 'mcp:docs:*'))
  await kavach(folder, ['compile', 'a.kavach'])
  await host.policy.reload(join(folder, 'acme.img'))
  const { auditId } = await host.authorize('robot', { action: 'write', resource: 'mcp:docs:home', args: { size: 5 } })
  const { code, out } = await explain(folder, auditId, '--format', 'json')
  expect([code, JSON.parse(out)]).toEqual([
    0,
    expect.objectContaining({
      recorded: {
        verdict: 'allow',
        reason: 'allowed',
        policy: { name: 'acme', generation: 1, digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
      },
      unknown: [
        'arguments: the log has their digest; conditions on them are judged as if there were none',
        'meters: the log has no readings; they read 0',
        'trust: the log does not have it; conditions on it are not met',
      ],
    }),
  ])
  expect((await explain(folder, auditId)).out).toContain('something else comes out now, for what is not known')
})

test('what was made at run time takes part as it is kept, and a delegation that was revoked later did then', async () => {
  const folder = folderOf()
  const host = await hostIn(folder)
  const permissions = [{ actions: ['read'], resource: 'mcp:docs:**' }]
  const parent = await host.agents.create({ ownerId: 'ann', name: 'desk', type: 'service', permissions })
  const child = await host.agents.create({ ownerId: 'ann', name: 'helper', type: 'delegated' })
  const delegation = await host.delegate({ fromAgent: parent.id, toAgent: child.id, permissions })
  const lent = await host.authorize(child.id, READ)
  await host.delegation.revoke(delegation.id)
  await host.agents.suspend(parent.id)
  const refused = await host.authorize(parent.id, READ)
  const [before, after] = [await explain(folder, lent.auditId), await explain(folder, refused.auditId)]
  expect(before.out).toMatch(/^recorded: allow because allowed; the same comes out now\n/)
  expect(before.out).toContain('not known: agents and delegations that were made at run time are as they are now\n')
  expect(after.out).toMatch(/^recorded: deny because agent-suspended; the same comes out now\n/)
  expect((await explain(folder, lent.auditId, '--for', 'caller')).out).toMatch(/^allow because allowed\n/)
})

test('rows that are no decisions, and options without each other, are refused', async () => {
  const folder = folderOf()
  const host = await hostIn(folder)
  const { auditId } = await host.authorizeByToken('kv_none', READ)
  const [created] = await host.audit.query({ kind: 'secret.create' })
  expect(await explain(folder, created?.auditId)).toMatchObject({
    code: 64,
    err: `kavach: \`${created?.auditId}\` is no decision, but \`secret.create\`\n`,
  })
  expect(await explain(folder, auditId)).toMatchObject({ code: 1, err: expect.stringContaining('agent: is missing') })
  expect(await explain(folder, 'aud_999')).toMatchObject({ code: 66 })
  expect(await kavach(folder, ['explain', '--audit', 'aud_1'])).toEqual({
    code: 64,
    out: '',
    err: 'kavach: --audit and --db go together, without a policy and a request\n',
  })
  expect(await kavach(folder, ['explain', 'policy'])).toEqual({
    code: 64,
    out: '',
    err: 'kavach: give a policy and a request\n  = help: see `kavach explain --help`\n',
  })
})
