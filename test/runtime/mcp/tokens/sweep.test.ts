import { describe, expect, test } from 'vitest'
import { createMemoryStore } from '../../../../storage/memory.ts'
import { openMigrated } from '../../../storage/stores.ts'
import { DAY, given, HOUR, MINUTE, openScene, type Scene } from './scene.ts'

async function sweep({ place, tokens }: Scene, limit = 1000): Promise<number> {
  return place.site.change((change) => tokens.sweep(change, limit))
}

/** How many rows there are. */
async function rows({ place }: Scene) {
  return place.site.read(async (reader) => {
    const count = async (table: 'oauthCodes' | 'oauthTokens' | 'oauthGrants' | 'oauthReplays') =>
      (await reader.find(table, 'key')).length
    return {
      codes: await count('oauthCodes'),
      tokens: await count('oauthTokens'),
      grants: await count('oauthGrants'),
      replays: await count('oauthReplays'),
    }
  })
}

describe.each([
  ['memory', async () => createMemoryStore()],
  ['SQLite', () => openMigrated({ url: ':memory:' })],
])('sweeping in %s', (_, open) => {
  test('takes nothing that is good', async () => {
    const scene = await openScene({ store: await open() })
    await scene.signIn()
    await scene.agree()
    const before = await rows(scene)
    expect([await sweep(scene), await rows(scene)]).toEqual([0, before])
  })

  test('takes codes that were not used, ten minutes after they expired', async () => {
    const scene = await openScene({ store: await open() })
    await scene.agree()
    scene.later(11 * MINUTE)
    expect([await sweep(scene), (await rows(scene)).codes]).toEqual([0, 1])
    scene.later(1)
    expect([await sweep(scene), (await rows(scene)).codes]).toEqual([1, 0])
  })

  test('takes access tokens when they expire, and keeps refresh tokens that were used as long as their grant', async () => {
    const scene = await openScene({ store: await open() })
    const first = await scene.signIn()
    await scene.refresh(first.refresh_token)
    scene.later(HOUR)
    expect(await sweep(scene)).toBe(3)
    expect(await rows(scene)).toEqual({ codes: 1, tokens: 2, grants: 1, replays: 0 })
    scene.later(364 * DAY)
    await sweep(scene)
    // The one that could be used is dead for long; the one that must not come again is there.
    expect(await rows(scene)).toEqual({ codes: 1, tokens: 1, grants: 1, replays: 0 })
    scene.later(DAY)
    await sweep(scene)
    await sweep(scene)
    scene.later(11 * MINUTE)
    await sweep(scene)
    expect(await rows(scene)).toEqual({ codes: 0, tokens: 0, grants: 0, replays: 0 })
  })

  test('takes a grant that was revoked, with its tokens, after 30 days', async () => {
    const scene = await openScene({ store: await open() })
    const { access_token, refresh_token } = await scene.signIn()
    await scene.refresh(refresh_token)
    await scene.tokens.grants.revoke((await scene.grantOf(access_token))?.id ?? '')
    scene.later(30 * DAY - 1)
    await sweep(scene)
    expect((await rows(scene)).grants).toBe(1)
    scene.later(1)
    await sweep(scene)
    expect(await rows(scene)).toMatchObject({ tokens: 0, grants: 0 })
  })

  test('keeps a grant that does not end by itself', async () => {
    const scene = await openScene({ store: await open() })
    await scene.signIn({ expiresAt: null })
    scene.later(3650 * DAY)
    await sweep(scene)
    expect((await rows(scene)).grants).toBe(1)
  })

  test('takes what was to be used once when its time is over', async () => {
    const scene = await openScene({ store: await open() })
    const { site, host } = scene.place
    await site.change((change) =>
      change.insert('oauthReplays', [
        { id: 'a', expiresAt: host.now() },
        { id: 'b', expiresAt: host.now() + 1 },
      ]),
    )
    expect([await sweep(scene), (await rows(scene)).replays]).toEqual([1, 1])
  })

  test('goes a few rows at a time, and comes to an end', async () => {
    const scene = await openScene({ store: await open() })
    let { refresh_token } = await scene.signIn({ expiresAt: scene.place.host.now() + DAY })
    for (let time = 0; time < 9; time++) refresh_token = given(await scene.refresh(refresh_token)).refresh_token ?? ''
    expect((await rows(scene)).tokens).toBe(20)
    scene.later(DAY + 11 * MINUTE)
    const taken: number[] = []
    for (let count = await sweep(scene, 3); count > 0; count = await sweep(scene, 3)) taken.push(count)
    expect(await rows(scene)).toEqual({ codes: 0, tokens: 0, grants: 0, replays: 0 })
    expect(Math.max(...taken)).toBeLessThanOrEqual(3 * 4)
  })
})
