import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createKavach } from '../../index.ts'
import { folderOf, kavach } from './command.ts'

/** A folder with the database of a host. */
async function folderWithDatabase(): Promise<string> {
  const folder = folderOf()
  await withHost(folder, async () => undefined)
  return folder
}

async function withHost<R>(
  folder: string,
  work: (host: Awaited<ReturnType<typeof createKavach>>) => Promise<R>,
  project?: string,
): Promise<R> {
  const database = { provider: 'sqlite', url: join(folder, 'kavach.db') } as const
  const host = await createKavach({ database, project, warn: () => undefined })
  try {
    return await work(host)
  } finally {
    await host.close()
  }
}

const KEY = /^(kvp_[0-9A-Za-z]{49})\n$/
const CREATE = ['keys', 'create', '--db', 'kavach.db', '--name', 'desk', '--scope', 'approve', '--scope', 'audit']

describe('a key that was made on the command line', () => {
  test('is printed alone, and opens its scopes', async () => {
    const folder = await folderWithDatabase()
    const { code, out, err } = await kavach(folder, CREATE)
    const [, key = ''] = KEY.exec(out) ?? []
    expect({ code, err }).toEqual({
      code: 0,
      err: expect.stringMatching(
        /^key_\w{26} desk: approve, audit; made \S+Z\n {2}= note: the key is shown only now; the database has its SHA-256\n$/,
      ),
    })
    await withHost(folder, async ({ keys, audit }) => {
      expect(await keys.verify(key, 'audit')).toMatchObject({ name: 'desk', scopes: ['approve', 'audit'] })
      await expect(keys.verify(key, 'decide')).rejects.toMatchObject({ code: 'KVCH_E_KEY_SCOPE' })
      expect(JSON.stringify(await audit.query({}))).toContain('"kavach keys"')
    })
  })

  test('is listed and revoked by its id', async () => {
    const folder = await folderWithDatabase()
    const made = JSON.parse(
      (await kavach(folder, [...CREATE, '--expires', '2099-01-01T00:00:00Z', '--format', 'json'])).out,
    )
    const listed = await kavach(folder, ['keys', 'list', '--db', 'kavach.db'])
    expect(listed).toEqual({
      code: 0,
      out: `${made.id} desk: approve, audit; made ${made.createdAt}; expires 2099-01-01T00:00:00.000Z\n`,
      err: '',
    })
    const revoked = await kavach(folder, ['keys', 'revoke', made.id, '--db', 'kavach.db', '--format', 'json'])
    const { key: _, ...view } = made
    expect([revoked.code, JSON.parse(revoked.out)]).toEqual([0, { ...view, revokedAt: expect.stringMatching(/Z$/) }])
    await withHost(folder, async ({ keys }) => {
      await expect(keys.verify(made.key, 'audit')).rejects.toMatchObject({ code: 'KVCH_E_KEY_INVALID' })
    })
    const again = await kavach(folder, ['keys', 'list', '--db', 'kavach.db', '--format', 'json'])
    expect(again.out).toBe(revoked.out)
  })

  test('is one of its project', async () => {
    const folder = await folderWithDatabase()
    const { out } = await kavach(folder, [...CREATE, '--project', 'shop'])
    const key = out.trim()
    await withHost(folder, async ({ keys }) => {
      await expect(keys.verify(key, 'audit')).rejects.toMatchObject({ code: 'KVCH_E_KEY_INVALID' })
    })
    await withHost(folder, ({ keys }) => keys.verify(key, 'audit'), 'shop')
    expect((await kavach(folder, ['keys', 'list', '--db', 'kavach.db'])).out).toBe('')
  })
})

test.each<[string, readonly string[], number, string]>([
  [
    'a database that is not there',
    CREATE.map((word) => (word === 'kavach.db' ? 'kavahc.db' : word)),
    66,
    'kavach: there is no database `kavahc.db`\n  = help: check the path; a host makes the file when it starts\n',
  ],
  [
    'a scope that is none',
    [...CREATE, '--scope', 'all'],
    64,
    'kavach: option `-s, --scope <scope>` argument `all` is invalid. There is no such scope: use decide, agents, delegate, approve, audit, policy\n' +
      '  = help: see `kavach keys create --help`\n',
  ],
  [
    'a key without a scope',
    CREATE.slice(0, 6),
    64,
    'kavach: required option `-s, --scope <scope>` not specified\n  = help: see `kavach keys create --help`\n',
  ],
  [
    'a time that is over',
    [...CREATE, '--expires', '2020-01-01T00:00:00Z'],
    64,
    'kavach: expiresAt: must be a date to come\n',
  ],
  [
    'a key that is not there',
    ['keys', 'revoke', 'key_1', '--db', 'kavach.db'],
    66,
    'kavach: there is no project key `key_1`\n  = help: `kavach keys list` prints those that there are\n',
  ],
])('%s is refused', async (_, args, code, err) => {
  expect(await kavach(await folderWithDatabase(), args)).toEqual({ code, out: '', err })
})
