/**
 * Sequences of whatever clients, thieves and time may do, held against a model that knows nothing but the rules: after each
 * step exactly those access tokens verify that the model says are live, and each step was answered as it says.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMemoryStore } from '../../../../storage/memory.ts'
import { openMigrated } from '../../../storage/stores.ts'
import { slowly } from '../../slow-store.ts'
import { RESOURCE } from '../place.ts'
import { type Answer, basic, DAY, given, HOUR, MINUTE, openScene, SCOPES, type Scene, VERIFIER } from './scene.ts'

interface Grant {
  readonly client: string
  readonly expiresAt: number
  readonly parent: Grant | undefined
  isRevoked: boolean
}

interface Code {
  readonly text: string
  readonly grant: Grant
  readonly expiresAt: number
  isUsed: boolean
}

interface Access {
  readonly text: string
  readonly grant: Grant
  readonly expiresAt: number
  isKilled: boolean
}

interface Refresh {
  readonly text: string
  readonly grant: Grant
  readonly expiresAt: number
  used: { readonly at: number; readonly answer: unknown } | undefined
}

class Model {
  readonly grants: Grant[] = []
  readonly codes: Code[] = []
  readonly accesses: Access[] = []
  readonly refreshes: Refresh[] = []
  readonly scene: Scene

  constructor(scene: Scene) {
    this.scene = scene
  }

  get now(): number {
    return this.scene.place.host.now()
  }

  isLive(grant: Grant): boolean {
    const { isRevoked, expiresAt, parent } = grant
    return !isRevoked && expiresAt > this.now && (parent === undefined || this.isLive(parent))
  }

  isGood({ grant, expiresAt, isKilled }: Access): boolean {
    return !isKilled && expiresAt > this.now && this.isLive(grant)
  }

  childrenOf(grant: Grant): readonly Grant[] {
    return this.grants.filter(({ parent }) => parent === grant)
  }

  take(grant: Grant, answer: Answer): void {
    const { access_token, refresh_token = '' } = given(answer)
    const end = (ms: number) => Math.min(this.now + ms, grant.expiresAt)
    this.accesses.push({ text: access_token, grant, expiresAt: end(HOUR), isKilled: false })
    this.refreshes.push({ text: refresh_token, grant, expiresAt: end(30 * DAY), used: undefined })
  }

  async agree(client: string, lifeMs: number): Promise<void> {
    const grant = { client, expiresAt: this.now + lifeMs, parent: undefined, isRevoked: false }
    const text = await this.scene.agree({ clientId: client, expiresAt: grant.expiresAt })
    this.grants.push(grant)
    this.codes.push({ text, grant, expiresAt: this.now + MINUTE, isUsed: false })
  }

  async exchange(code: Code, client: string, isRight: boolean): Promise<void> {
    const { grant } = code
    const isFirst = !code.isUsed && code.expiresAt > this.now
    const isGood = isFirst && client === grant.client && isRight && this.isLive(grant)
    const verifier = isRight ? VERIFIER : 'w'.repeat(43)
    const answer = await this.scene.exchange(code.text, { client_id: client, code_verifier: verifier })
    expect(answer.status).toBe(isGood ? 200 : 400)
    if (code.isUsed) grant.isRevoked = true
    if (isFirst) code.isUsed = true
    if (isGood) this.take(grant, answer)
  }

  async refresh(token: Refresh, client: string): Promise<void> {
    const { grant, used } = token
    const answer = await this.scene.refresh(token.text, { client_id: client })
    const isOwn = client === grant.client
    if (!this.isLive(grant)) {
      expect(answer.status).toBe(400)
    } else if (used !== undefined && this.now < used.at + 30_000) {
      expect(isOwn ? answer.body : answer.status).toEqual(isOwn ? used.answer : 400)
    } else if (used !== undefined) {
      expect(answer.status).toBe(400)
      grant.isRevoked = true
    } else if (!isOwn || token.expiresAt <= this.now) {
      expect(answer.status).toBe(400)
    } else {
      token.used = { at: this.now, answer: answer.body }
      this.take(grant, answer)
    }
  }

  async child(access: Access): Promise<void> {
    const isGood = this.isGood(access)
    const { tokens, place, agentId } = this.scene
    const principal = await tokens.verify(access.text)
    expect(principal !== undefined).toBe(isGood)
    if (principal === undefined) return
    const expiresAt = Math.min(access.expiresAt, access.grant.expiresAt)
    const grant = { client: 'server', expiresAt, parent: access.grant, isRevoked: false }
    const answer = await place.site.change(async (change) => {
      const row = await tokens.openGrant(change, {
        client: { id: 'server' },
        user: { id: 'ann' },
        agentId,
        scopes: ['mcp:tools'],
        resource: RESOURCE,
        parent: principal.grantId,
        expiresAt,
      })
      return tokens.issue(change, row, { scopes: ['mcp:tools'], resource: RESOURCE, jkt: undefined, hasRefresh: false })
    })
    this.grants.push(grant)
    this.accesses.push({ text: answer.access_token, grant, expiresAt, isKilled: false })
  }

  async revoke(token: Access | Refresh, client: string): Promise<void> {
    const headers = client === 'server' ? basic('server') : {}
    await this.scene.revoke(token.text, { client_id: client === 'server' ? undefined : client }, headers)
    const { grant } = token
    if (client !== grant.client || !this.isLive(grant)) return
    if ('used' in token) grant.isRevoked = true
    else if (!this.isGood(token)) return
    else if (grant.parent !== undefined) grant.isRevoked = true
    else {
      token.isKilled = true
      for (const child of this.childrenOf(grant)) child.isRevoked = true
    }
  }

  async end(access: Access): Promise<void> {
    const row = await this.scene.grantOf(access.text)
    // Its row goes when it is over.
    if (row === undefined) return
    await this.scene.tokens.grants.revoke(row.id)
    access.grant.isRevoked = true
  }

  async sweep(limit: number): Promise<void> {
    await this.scene.place.site.change((change) => this.scene.tokens.sweep(change, limit))
  }

  async check(): Promise<void> {
    const said = this.accesses.map((access) => this.isGood(access))
    const found = await Promise.all(this.accesses.map(({ text }) => this.scene.isGood(text)))
    expect(found).toEqual(said)
    const scopes = await Promise.all(
      this.accesses.map(async ({ text }) => (await this.scene.tokens.verify(text))?.scopes),
    )
    for (const one of scopes) if (one !== undefined) expect(SCOPES).toEqual(expect.arrayContaining([...one]))
  }
}

type Step = { readonly name: string; readonly run: (model: Model) => Promise<void> }

const client = fc.constantFrom('app', 'app', 'app', 'other')
/** Mostly one of the newest, sometimes any. */
const pick = fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 5, 8)

function chosen<T>(list: readonly T[], back: number): T | undefined {
  return list.at(-1 - (list.length === 0 ? 0 : back % list.length))
}

async function exchange(model: Model, at: number, by: string, isRight: boolean): Promise<void> {
  const code = chosen(model.codes, at)
  if (code !== undefined) await model.exchange(code, by, isRight)
}

const steps: readonly { readonly weight: number; readonly arbitrary: fc.Arbitrary<Step> }[] = [
  {
    weight: 3,
    arbitrary: fc.constantFrom(365 * DAY, 365 * DAY, 2 * HOUR).map((life) => ({
      name: `sign in for ${life}`,
      async run(model) {
        await model.agree('app', life)
        await exchange(model, 0, 'app', true)
      },
    })),
  },
  { weight: 1, arbitrary: client.map((by) => ({ name: `agree ${by}`, run: (model) => model.agree(by, 365 * DAY) })) },
  {
    weight: 2,
    arbitrary: fc.tuple(pick, client, fc.constantFrom(true, true, true, false)).map(([at, by, isRight]) => ({
      name: `exchange ${at} ${by} ${isRight}`,
      run: (model) => exchange(model, at, by, isRight),
    })),
  },
  {
    weight: 9,
    arbitrary: fc.tuple(pick, client).map(([at, by]) => ({
      name: `refresh ${at} ${by}`,
      run: async (model) => {
        const token = chosen(model.refreshes, at)
        if (token !== undefined) await model.refresh(token, by)
      },
    })),
  },
  {
    weight: 3,
    arbitrary: pick.map((at) => ({
      name: `child ${at}`,
      run: async (model) => {
        const access = chosen(model.accesses, at)
        if (access !== undefined) await model.child(access)
      },
    })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(pick, fc.constantFrom('app', 'app', 'server', 'other'), fc.boolean())
      .map(([at, by, isAccess]) => ({
        name: `revoke ${at} ${by} ${isAccess}`,
        run: async (model) => {
          const token = chosen<Access | Refresh>(isAccess ? model.accesses : model.refreshes, at)
          if (token !== undefined) await model.revoke(token, by)
        },
      })),
  },
  {
    weight: 1,
    arbitrary: pick.map((at) => ({
      name: `end ${at}`,
      run: async (model) => {
        const access = chosen(model.accesses, at)
        if (access !== undefined) await model.end(access)
      },
    })),
  },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom(
        1,
        1,
        1000,
        1000,
        29_999,
        29_999,
        30_000,
        30_000,
        MINUTE,
        HOUR,
        DAY,
        30 * DAY - 1,
        30 * DAY,
        366 * DAY,
      )
      .map((ms) => ({ name: `later ${ms}`, run: async (model) => model.scene.later(ms) })),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(1, 3, 1000).map((limit) => ({
      name: `sweep ${limit}`,
      run: (model) => model.sweep(limit),
    })),
  },
]

const sequences = fc.array(fc.oneof(...steps), { minLength: 30, maxLength: 50 })

test.each([
  ['in memory', 60, async () => createMemoryStore()],
  ['in a store that has to be waited for', 15, async () => slowly(createMemoryStore())],
  ['in SQLite', 25, () => openMigrated({ url: ':memory:' })],
] as const)(
  'whatever is issued, renewed, replayed, exchanged and revoked, those tokens are good that the rules say: %s',
  async (_, numRuns, open) => {
    const seen = { live: 0, dead: 0, replays: 0, retries: 0 }
    await fc.assert(
      fc.asyncProperty(sequences, async (sequence) => {
        const model = new Model(await openScene({ store: await open() }))
        for (const { run } of sequence) {
          await run(model)
          await model.check()
          for (const access of model.accesses) seen[model.isGood(access) ? 'live' : 'dead']++
        }
        const log = await model.scene.place.log()
        seen.replays += log.filter(({ kind }) => kind === 'oauth.replay').length
        seen.retries += log.filter(({ is_retry }) => is_retry === true).length
        await model.scene.place.kavach.close()
      }),
      { numRuns, seed: 20_260_731 },
    )
    // The sequences are worth something.
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(numRuns / 5)
  },
  120_000,
)
