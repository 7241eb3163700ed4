import { describe, expect, test } from 'vitest'
import { OAuthError } from '../../../../runtime/mcp/oauth-error.ts'
import type { NewGrant } from '../../../../runtime/mcp/tokens/index.ts'
import { RESOURCE } from '../place.ts'
import { DAY, HOUR, openScene, SCOPES, type Scene } from './scene.ts'

function open({ place, tokens, agentId }: Scene, what: Partial<NewGrant> = {}) {
  return place.site.change((change) =>
    tokens.openGrant(change, {
      client: { id: 'app' },
      user: { id: 'ann' },
      agentId,
      scopes: SCOPES,
      resource: RESOURCE,
      expiresAt: change.now + 365 * DAY,
      ...what,
    }),
  )
}

function revoke({ place, tokens }: Scene, id: string) {
  return place.site.change((change) => tokens.revokeGrant(change, id, 'test', 'tester'))
}

describe('a grant', () => {
  test('is kept and recorded, with its user beside the log', async () => {
    const scene = await openScene()
    const row = await open(scene)
    expect(row).toEqual({
      id: expect.stringMatching(/^grt_[0-9A-Z]{26}$/),
      client: 'app',
      user: 'ann',
      agent: scene.agentId,
      scopes: '["mcp:tools","mcp:files"]',
      resource: RESOURCE,
      parent: null,
      delegation: null,
      actor: null,
      createdAt: scene.place.host.now(),
      expiresAt: scene.place.host.now() + 365 * DAY,
      revokedAt: null,
    })
    const [logged] = (await scene.place.log()).filter(({ kind }) => kind === 'oauth.grant')
    expect(logged).toMatchObject({
      agent: scene.agentId,
      actor: 'app',
      grant: row.id,
      scopes: SCOPES,
      resource: RESOURCE,
    })
    expect(JSON.stringify(logged)).not.toContain('ann')
    const rows = await scene.place.site.read((reader) => reader.find('audit', 'key'))
    expect(rows.find(({ kind }) => kind === 'oauth.grant')?.personal).toContain('"user":"ann"')
  })

  test('AS-X1: ends with its parent, whatever it was to have', async () => {
    const scene = await openScene()
    const now = scene.place.host.now()
    const parent = await open(scene, { expiresAt: now + HOUR })
    const endless = await open(scene, { expiresAt: null })
    expect((await open(scene, { parent: parent.id })).expiresAt).toBe(now + HOUR)
    expect((await open(scene, { parent: parent.id, expiresAt: null })).expiresAt).toBe(now + HOUR)
    expect((await open(scene, { parent: parent.id, expiresAt: now + 1 })).expiresAt).toBe(now + 1)
    expect((await open(scene, { parent: endless.id, expiresAt: null })).expiresAt).toBe(null)
    expect((await open(scene, { parent: endless.id, expiresAt: now + 1 })).expiresAt).toBe(now + 1)
  })

  test.each(['revoked', 'over', 'unknown'])('is not opened below one that is %s', async (state) => {
    const scene = await openScene()
    const parent = await open(scene, { expiresAt: scene.place.host.now() + HOUR })
    if (state === 'revoked') await revoke(scene, parent.id)
    if (state === 'over') scene.later(HOUR)
    const opening = open(scene, { parent: state === 'unknown' ? 'grt_x' : parent.id })
    await expect(opening).rejects.toEqual(
      new OAuthError('invalid_grant', 'what it was exchanged for is not good any more', {
        code: 'KVCH_E_OAUTH_TOKEN_REVOKED',
      }),
    )
  })
})

describe('revoking a grant', () => {
  test('ends everything below it, at every depth, and nothing beside it', async () => {
    const scene = await openScene()
    const root = await open(scene)
    const beside = await open(scene)
    const children = [await open(scene, { parent: root.id }), await open(scene, { parent: root.id })]
    const deep = await open(scene, { parent: children[1]?.id })
    await revoke(scene, root.id)
    const { grants } = await scene.tokens.grants.list({ isLive: false })
    expect(grants.map(({ id }) => id)).toEqual([root.id, ...children.map(({ id }) => id), deep.id])
    expect((await scene.tokens.grants.list({ isLive: true })).grants.map(({ id }) => id)).toEqual([beside.id])
    expect((await scene.kinds()).filter((kind) => kind === 'oauth.revoke')).toHaveLength(4)
  })

  test('reaches more children than one page of the store has', async () => {
    const scene = await openScene()
    const root = await open(scene)
    await scene.place.site.change(async (change) => {
      const rows = Array.from({ length: 1500 }, (_, at) => ({ ...root, id: `grt_child${at}`, parent: root.id }))
      await change.insert('oauthGrants', rows)
    })
    await revoke(scene, root.id)
    expect((await scene.tokens.grants.list({ isLive: true })).grants).toEqual([])
  })

  test('once more, or of none, changes nothing', async () => {
    const scene = await openScene()
    const root = await open(scene)
    await revoke(scene, root.id)
    const before = await scene.place.log()
    await revoke(scene, root.id)
    await revoke(scene, 'grt_nobody')
    expect(await scene.place.log()).toEqual(before)
  })

  test('is not kept from it by a delegation that is gone', async () => {
    const scene = await openScene()
    const lost = await open(scene, { delegation: 'dlg_gone' })
    await revoke(scene, lost.id)
    expect((await scene.tokens.grants.list({ isLive: true })).grants).toEqual([])
  })

  test('leaves the agent, which the next grant finds', async () => {
    const scene = await openScene()
    const root = await open(scene)
    await revoke(scene, root.id)
    expect((await scene.place.kavach.agents.get(scene.agentId)).status).toBe('active')
  })
})

describe('grants for whoever manages the project', () => {
  async function some() {
    const scene = await openScene()
    const ids: Record<string, string> = {}
    for (const [user, client] of [
      ['ann', 'app'],
      ['bob', 'app'],
      ['ann', 'other'],
      ['ann', 'app'],
      ['bob', 'web'],
    ] as const) {
      const { id } = await open(scene, { user: { id: user }, client: { id: client } })
      ids[id] = `${user}/${client}`
    }
    await open(scene, { user: undefined, client: { id: 'worker' } })
    return { ...scene, nameOf: (id: string) => ids[id] ?? 'worker' }
  }

  test.each([
    [{}, ['ann/app', 'bob/app', 'ann/other', 'ann/app', 'bob/web', 'worker']],
    [{ user: 'ann' }, ['ann/app', 'ann/app', 'ann/other']],
    [{ user: 'bob' }, ['bob/app', 'bob/web']],
    [{ client: 'app' }, ['ann/app', 'bob/app', 'ann/app']],
    [{ user: 'ann', client: 'app' }, ['ann/app', 'ann/app']],
    [{ user: 'ann', client: 'web' }, []],
    [{ client: 'worker' }, ['worker']],
    [{ user: 'nobody' }, []],
    [{ isLive: false }, []],
  ])('are listed by %j, in one page or in many', async (filter, names) => {
    const { tokens, nameOf } = await some()
    const { grants, cursor } = await tokens.grants.list(filter)
    expect([grants.map(({ id }) => nameOf(id)), cursor]).toEqual([names, undefined])
    const paged: string[] = []
    let at: string | undefined
    do {
      const page = await tokens.grants.list({ ...filter, limit: 1, cursor: at })
      paged.push(...page.grants.map(({ id }) => id))
      at = page.cursor
    } while (at !== undefined)
    expect(paged).toEqual(grants.map(({ id }) => id))
  })

  test('are shown whole, and without secrets', async () => {
    const scene = await openScene()
    const parent = await open(scene)
    const row = await open(scene, {
      parent: parent.id,
      delegation: 'dlg_x',
      actor: { sub: 'helper' },
      client: { id: 'server' },
    })
    const { grants } = await scene.tokens.grants.list({ client: 'server' })
    expect(grants).toEqual([
      {
        id: row.id,
        clientId: 'server',
        userId: 'ann',
        agentId: scene.agentId,
        scopes: SCOPES,
        resource: RESOURCE,
        parent: parent.id,
        delegation: 'dlg_x',
        actor: { sub: 'helper' },
        createdAt: new Date(row.createdAt),
        expiresAt: new Date(row.expiresAt ?? 0),
      },
    ])
  })

  test('are revoked with a reason, and by whom', async () => {
    const scene = await openScene()
    const { access_token } = await scene.signIn()
    const id = (await scene.grantOf(access_token))?.id ?? ''
    const revoked = await scene.tokens.grants.revoke(id, { reason: 'she asked for it', actor: 'support' })
    expect(revoked).toMatchObject({ id, revokedAt: new Date(scene.place.host.now()) })
    expect(revoked).not.toHaveProperty('expiresAt')
    expect(await scene.isGood(access_token)).toBe(false)
    const [row] = (await scene.place.log()).filter(({ kind }) => kind === 'oauth.revoke')
    expect(row).toMatchObject({ actor: 'support', reason: 'she asked for it', grant: id, agent: scene.agentId })
    expect(await scene.tokens.grants.revoke('grt_nobody')).toBeUndefined()
    expect(await scene.tokens.grants.revoke('')).toBeUndefined()
  })

  test.each([
    ['limit', { limit: 0 }],
    ['limit', { limit: 1001 }],
    ['user', { user: 1 }],
    ['client', { client: {} }],
    ['cursor', { cursor: 'grt_nobody' }],
    ['state', { state: 'live' }],
  ])('an odd filter is refused, naming %s', async (path, filter) => {
    const { tokens } = await openScene()
    // Somebody who writes JavaScript gives it.
    await expect(tokens.grants.list(filter as object)).rejects.toMatchObject({
      code: 'KVCH_E_REQUEST_INVALID',
      details: { path },
    })
  })

  test.each([
    ['reason', { reason: '' }],
    ['reason', { reason: 'x'.repeat(1025) }],
    ['reason', { reason: '\ud800' }],
    ['actor', { actor: '' }],
    ['why', { why: 'x' }],
  ])('an odd option of a revocation is refused, naming %s', async (path, options) => {
    const { tokens } = await openScene()
    await expect(tokens.grants.revoke('grt_x', options as object)).rejects.toMatchObject({
      code: 'KVCH_E_REQUEST_INVALID',
      details: { path },
    })
  })
})
