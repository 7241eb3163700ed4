import { describe, expect, test } from 'vitest'
import { createKeys, type KeyScope, type NewKey } from '../../../runtime/keys/index.ts'
import { createMemoryStore } from '../../../storage/memory.ts'
import { hostAt, NOW, sha256, siteOf, type TestSite } from '../site.ts'

const keysOf = (site: TestSite, isAdmitted = true) => createKeys(site, { admitFailure: () => isAdmitted })
const DESK: NewKey = { name: 'desk', scopes: ['audit', 'approve'] }

describe('a key', () => {
  test('is shown once, and the store has its hash alone', async () => {
    const site = siteOf()
    const keys = keysOf(site)
    const { key, ...made } = await keys.create({ ...DESK, expiresAt: new Date(NOW + 1000) }, { actor: 'ann' })
    expect(key).toMatch(/^kvp_[0-9A-Za-z]{49}$/)
    expect(made).toEqual({
      id: expect.stringMatching(/^key_[0-9A-Z]{26}$/),
      name: 'desk',
      scopes: ['approve', 'audit'],
      createdAt: new Date(NOW),
      expiresAt: new Date(NOW + 1000),
    })
    expect(await keys.list()).toEqual([made])
    const rows = await site.read((reader) => reader.find('apiKeys', 'key'))
    expect(rows.map(({ hash }) => hash)).toEqual([Buffer.from(sha256(new TextEncoder().encode(key))).toString('hex')])
    const log = await site.log()
    expect(log).toMatchObject([
      {
        kind: 'key.create',
        actor: 'ann',
        key: made.id,
        name: 'desk',
        scopes: ['approve', 'audit'],
        expires_at: '2026-04-01T12:00:01.000Z',
      },
    ])
    expect(JSON.stringify([rows, log])).not.toContain(key)
  })

  test('opens its scopes and nothing else', async () => {
    const site = siteOf()
    const keys = keysOf(site)
    const { key, ...made } = await keys.create(DESK)
    expect(await keys.verify(key, 'approve')).toEqual(made)
    for (const scope of ['decide', 'agents', 'delegate', 'policy'] as const) {
      await expect(keys.verify(key, scope)).rejects.toMatchObject({
        code: 'KVCH_E_KEY_SCOPE',
        message: `the project key lacks the scope \`${scope}\``,
        details: { scope },
      })
    }
  })

  test('is dead once it is revoked, once more changes nothing, and the list still has it', async () => {
    const site = siteOf()
    const keys = keysOf(site)
    const { key, id } = await keys.create(DESK)
    site.host.setNow(NOW + 5)
    const revoked = await keys.revoke(id, { actor: 'ann' })
    site.host.setNow(NOW + 10)
    expect(await keys.revoke(id)).toEqual(revoked)
    expect(revoked.revokedAt).toEqual(new Date(NOW + 5))
    expect(await keys.list()).toEqual([revoked])
    await expect(keys.verify(key, 'audit')).rejects.toMatchObject({ code: 'KVCH_E_KEY_INVALID' })
    expect((await site.log()).map(({ kind, actor }) => [kind, actor])).toEqual([
      ['key.create', 'host'],
      ['key.revoke', 'ann'],
      ['key.refuse', 'host'],
    ])
  })

  test('is dead from the instant at which it expires', async () => {
    const site = siteOf()
    const keys = keysOf(site)
    const { key } = await keys.create({ ...DESK, expiresAt: new Date(NOW + 1000) })
    site.host.setNow(NOW + 999)
    expect((await keys.verify(key, 'audit')).name).toBe('desk')
    site.host.setNow(NOW + 1000)
    await expect(keys.verify(key, 'audit')).rejects.toMatchObject({ code: 'KVCH_E_KEY_INVALID' })
  })

  test('is unknown in another project', async () => {
    const store = createMemoryStore()
    const host = hostAt(NOW)
    const [mine, theirs] = ['mine', 'theirs'].map((project) => keysOf(siteOf({ store, host, options: { project } })))
    const { key = '', id = '' } = (await mine?.create(DESK)) ?? {}
    await expect(theirs?.verify(key, 'audit')).rejects.toMatchObject({ code: 'KVCH_E_KEY_INVALID' })
    await expect(theirs?.revoke(id)).rejects.toMatchObject({ code: 'KVCH_E_KEY_INVALID' })
    expect(await theirs?.list()).toEqual([])
  })
})

describe('a key that does not open', () => {
  test.each([
    '',
    'kvp_',
    'kv_4fhS0q5lLkBzAJ2wm6kMDmOAwqSb07ujVPBzNJqC2CR1sVYJb',
    `kvp_${'0'.repeat(49)}`,
    { toString: () => 'kvp_' },
    null,
  ])('such as %j, is invalid without a reason', async (key) => {
    // Callers without types write this too.
    await expect(keysOf(siteOf()).verify(key as never, 'audit')).rejects.toMatchObject({
      code: 'KVCH_E_KEY_INVALID',
      message: 'the project key is malformed, unknown, expired or revoked',
      details: undefined,
    })
  })

  test('is a row, with its source beside the log, as far as rows are admitted', async () => {
    const site = siteOf()
    const { key, id } = await keysOf(site).create(DESK)
    await keysOf(site)
      .verify('kvp_x', 'audit', '10.0.0.1')
      .catch(() => undefined)
    await keysOf(site)
      .verify(key, 'policy', '10.0.0.1')
      .catch(() => undefined)
    await keysOf(site, false)
      .verify('kvp_x', 'audit', '10.0.0.1')
      .catch(() => undefined)
    const log = (await site.log()).slice(1)
    expect(log).toMatchObject([
      { kind: 'key.refuse', result: 'denied', code: 'KVCH_E_KEY_INVALID' },
      {
        kind: 'key.refuse',
        result: 'denied',

        code: 'KVCH_E_KEY_SCOPE',
        key: id,
        scope: 'policy',
      },
    ])
    expect(JSON.stringify(log)).not.toContain('10.0.0.1')
  })
})

test.each<[unknown, string]>([
  [undefined, 'key: must be an object with `name` and `scopes`'],
  [{ scopes: ['audit'] }, 'name: must be a text of 1 to 128 characters'],
  [{ name: 'x'.repeat(129), scopes: ['audit'] }, 'name: must be a text of 1 to 128 characters'],
  [{ name: 'a\nb', scopes: ['audit'] }, 'name: must be a text of 1 to 128 characters'],
  [{ name: 'x', scopes: [] }, 'scopes: give at least one of decide, agents, delegate, approve, audit, policy'],
  [{ name: 'x', scopes: 'audit' }, 'scopes: give at least one of decide, agents, delegate, approve, audit, policy'],
  [
    { name: 'x', scopes: ['audit', 'all'] },
    'scopes[1]: `all` is no scope: use decide, agents, delegate, approve, audit, policy',
  ],
  [{ name: 'x', scopes: ['audit'], expiresAt: new Date(NOW) }, 'expiresAt: must be a date to come'],
  [{ name: 'x', scopes: ['audit'], expiresAt: NOW + 1 }, 'expiresAt: must be a date to come'],
  [{ name: 'x', scopes: ['audit'], scope: 'audit' }, 'scope: there is no such member'],
])('%j is no key', async (key, message) => {
  const site = siteOf()
  // Callers without types write this too.
  await expect(keysOf(site).create(key as never)).rejects.toMatchObject({ code: 'KVCH_E_REQUEST_INVALID', message })
  expect(await site.log()).toEqual([])
})

test('a scope that is named twice is one', async () => {
  const scopes: readonly KeyScope[] = ['policy', 'audit', 'policy']
  expect((await keysOf(siteOf()).create({ name: 'x', scopes })).scopes).toEqual(['audit', 'policy'])
})
