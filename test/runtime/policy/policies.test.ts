import { describe, expect, test } from 'vitest'
import { loadPolicy } from '../../../runtime/policy/load.ts'
import { createPolicies, type Policies, type PolicyApi, type PolicyEvent } from '../../../runtime/policy/policies.ts'
import type { Store } from '../../../runtime/store.ts'
import { createMemoryStore } from '../../../storage/index.ts'
import { policyImage } from '../../fixtures/policy-image.ts'
import { refusalOf } from '../agents/site.ts'
import { NOW, siteOf, type TestSite } from '../site.ts'
import { slowly } from '../slow-store.ts'

interface Part {
  readonly policies: Policies
  readonly api: PolicyApi
  readonly site: TestSite
  readonly events: readonly PolicyEvent[]
  /** Names and generations of what was declared in force, change by change. */
  readonly declared: readonly (readonly number[])[]
  readonly refresh: () => Promise<void>
}

function partOf(store: Store = createMemoryStore(), { fails = false } = {}): Part {
  const site = siteOf({ store })
  const events: PolicyEvent[] = []
  const declared: (readonly number[])[] = []
  const policies = createPolicies({
    change: site.change,
    declare(_change, inForce) {
      if (fails) throw new TypeError('the rows could not be written')
      declared.push(inForce.map(({ generation }) => generation))
    },
    record: (_change, event) => void events.push(event),
    rest: async () => undefined,
    warn: site.warn,
  })
  return { policies, api: policies.api, site, events, declared, refresh: async () => site.read(policies.refresh) }
}

function image(generation: number, text = ''): Uint8Array {
  return policyImage(`autonomous agent planner { allow read on a } ${text}`, { generation })
}

function identityOf(bytes: Uint8Array) {
  const { name, generation, digest } = loadPolicy(bytes)
  return { name, generation, digest }
}

const OUTDATED = 'KVCH_E_POLICY_OUTDATED'
const BUILT_IN = expect.objectContaining({ name: 'runtime', generation: 0 })

describe('at the start', () => {
  test('without a policy the built-in one is enforced, and kept by its digest without being a generation', async () => {
    const { policies, api, site } = partOf()
    await policies.open(undefined)
    expect(await api.current()).toEqual(BUILT_IN)
    const [row] = await site.read((reader) => reader.find('policies', 'key'))
    expect(row).toMatchObject({ digest: policies.current().digest, generation: 0, activatedAt: null })
  })

  test('without a policy the one that the store enforces stands', async () => {
    const store = createMemoryStore()
    await partOf(store).policies.open(image(3))
    const next = partOf(store)
    await next.policies.open(undefined)
    expect(await next.api.current()).toEqual(identityOf(image(3)))
    expect([next.events, next.site.warnings]).toEqual([[], []])
  })

  test('an older one is overruled by the one that is enforced, with a warning', async () => {
    const store = createMemoryStore()
    await partOf(store).policies.open(image(3))
    const next = partOf(store)
    await next.policies.open(image(2))
    expect(await next.api.current()).toEqual(identityOf(image(3)))
    expect(next.site.warnings).toEqual([
      'generation 2 is older than generation 3, which is enforced; compile with a higher generation; the enforced one stands',
    ])
    expect(next.events).toEqual([])
  })

  test('the same generation with other bytes is refused: it was changed without being raised', async () => {
    const store = createMemoryStore()
    await partOf(store).policies.open(image(3))
    const next = partOf(store)
    expect(await refusalOf(next.policies.open(image(3, 'set x = cidr [10.0.0.0/8]\nforbid read on a')))).toEqual({
      code: OUTDATED,
      message: 'generation 3 has other bytes than generation 3, which is enforced; compile with a higher generation',
      details: { generation: 3, enforced: 3 },
    })
  })

  test('the same policy once more changes nothing: no row, no epoch', async () => {
    const store = createMemoryStore()
    const first = partOf(store)
    await first.policies.open(image(3))
    const before = await first.site.read((reader) => reader.get('heads', {}))
    const next = partOf(store)
    await next.policies.open(image(3))
    expect(await next.site.read((reader) => reader.get('heads', {}))).toEqual(before)
    expect([next.events, next.declared]).toEqual([[], []])
  })
})

describe('reload', () => {
  test('enforces, keeps the image by its digest, and records what was enforced before', async () => {
    const { policies, api, events, site } = partOf()
    await policies.open(image(1))
    expect(await api.reload(image(2), { actor: 'ann' })).toEqual(identityOf(image(2)))
    expect(events).toEqual([
      { kind: 'policy.load', actor: 'host', members: { policy: identityOf(image(1)) } },
      {
        kind: 'policy.load',
        actor: 'ann',
        members: { policy: identityOf(image(2)), previous: identityOf(image(1)).digest },
      },
    ])
    const rows = await site.read((reader) => reader.find('policies', 'byGeneration'))
    expect(rows.map(({ generation, activatedAt, ...row }) => [generation, activatedAt, row.image])).toEqual([
      [1, NOW, image(1)],
      [2, NOW, image(2)],
    ])
  })

  test('refuses an older generation, and the same one with other bytes; the same bytes change nothing', async () => {
    const { policies, api, events } = partOf()
    await policies.open(image(2))
    expect(await refusalOf(api.reload(image(1)))).toMatchObject({ code: OUTDATED })
    expect(await refusalOf(api.reload(image(2, 'forbid write on a')))).toMatchObject({ code: OUTDATED })
    expect(await api.reload(image(2))).toEqual(identityOf(image(2)))
    expect(events).toHaveLength(1)
    expect(policies.current().digest).toBe(identityOf(image(2)).digest)
  })

  test('that fails leaves everything as it was: what is no policy, and what could not be written', async () => {
    const store = createMemoryStore()
    await partOf(store).policies.open(image(1))
    const part = partOf(store, { fails: true })
    await part.policies.open(undefined)
    const before = await part.site.read((reader) => reader.find('settings', 'key'))
    for (const source of [new Uint8Array(8), 'acme.kavach', image(2)]) await refusedBy(part.api.reload(source))
    expect(part.policies.current().generation).toBe(1)
    expect(await part.api.current()).toEqual(identityOf(image(1)))
    expect(await part.site.read((reader) => reader.find('settings', 'key'))).toEqual(before)
    expect(await part.site.read((reader) => reader.find('policies', 'key'))).toHaveLength(1)
    // What was loaded for it is not taken for what the store has.
    expect(part.policies.all().map(({ generation }) => generation)).toEqual([1])
  })

  test('20 at once, in any order, end with the highest, and every other one has been enforced or refused', async () => {
    for (const open of [createMemoryStore, () => slowly(createMemoryStore())]) {
      const store = open()
      const parts = [partOf(store), partOf(store)]
      for (const { policies } of parts) await policies.open(undefined)
      const generations = [7, 3, 18, 1, 12, 20, 5, 9, 16, 2, 14, 11, 19, 4, 8, 17, 6, 13, 10, 15]
      const ends = await Promise.allSettled(
        generations.map((generation, i) => parts[i % 2]?.api.reload(image(generation))),
      )
      const codes = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason.code] : []))
      expect(new Set([...codes, OUTDATED])).toEqual(new Set([OUTDATED]))
      for (const { api, policies, refresh } of parts) {
        await refresh()
        expect(policies.current().generation).toBe(20)
        expect(await api.current()).toEqual(identityOf(image(20)))
      }
    }
  })

  test('the same one twice at once is one change', async () => {
    const { policies, api, events } = partOf(slowly(createMemoryStore()))
    await policies.open(undefined)
    const both = await Promise.all([api.reload(image(2)), api.reload(image(2))])
    expect(both).toEqual([identityOf(image(2)), identityOf(image(2))])
    expect(events).toHaveLength(1)
  })

  test('refuses an actor that is none, and options that are not known, before anything is loaded', async () => {
    const { api } = partOf()
    const wrong = { actor: '' }
    const unknown = { by: 'ann' } as object // A caller without types.
    for (const acting of [wrong, unknown]) {
      expect(await refusalOf(api.reload(image(1), acting))).toMatchObject({ code: 'KVCH_E_REQUEST_INVALID' })
      expect(await refusalOf(api.shadow(undefined, acting))).toMatchObject({ code: 'KVCH_E_REQUEST_INVALID' })
      expect(await refusalOf(api.stage(undefined, {}, acting))).toMatchObject({ code: 'KVCH_E_REQUEST_INVALID' })
    }
  })
})

describe('another process', () => {
  test('takes over what was enforced, shadowed and staged when it refreshes, and not before', async () => {
    const store = createMemoryStore()
    const [one, two] = [partOf(store), partOf(store)]
    await one.policies.open(image(1))
    await two.policies.open(undefined)
    await one.api.reload(image(2))
    await one.api.shadow(image(9))
    await one.api.stage(image(3), { agents: ['planner'] })
    expect(two.policies.all().map(({ generation }) => generation)).toEqual([1])
    await two.refresh()
    expect(two.policies.all().map(({ generation }) => generation)).toEqual([2, 9, 3])
    expect(two.policies.forAgent('planner').generation).toBe(3)
    expect(two.policies.forAgent('other').generation).toBe(2)
    await one.api.shadow(undefined)
    await one.api.stage(undefined)
    await two.refresh()
    expect(two.policies.all().map(({ generation }) => generation)).toEqual([2])
  })

  test('keeps the engine of a policy that goes on: what it was told stays with it', async () => {
    const store = createMemoryStore()
    const [one, two] = [partOf(store), partOf(store)]
    await one.policies.open(image(1))
    await one.api.stage(image(2), { percent: 10 })
    await two.policies.open(undefined)
    const { engine } = two.policies.all()[1] ?? {}
    await one.api.reload(image(2))
    await two.refresh()
    expect(two.policies.current().engine).toBe(engine)
  })

  test('is not set back by a change of its own that it learns of late', async () => {
    const store = createMemoryStore()
    const [one, two] = [partOf(store), partOf(store)]
    await one.policies.open(image(1))
    await two.policies.open(undefined)
    // Between the commit of a change and its end somebody else commits one, and a decision notices it.
    const late = createPolicies({
      change: async (work) => {
        const result = await two.site.change(work)
        if (isRacing) {
          isRacing = false
          await one.api.reload(image(3))
          await two.site.read(late.refresh)
        }
        return result
      },
      declare: () => undefined,
      record: () => undefined,
      rest: async () => undefined,
      warn: two.site.warn,
    })
    let isRacing = false
    await late.open(undefined)
    isRacing = true
    await late.api.reload(image(2))
    expect(late.current().generation).toBe(3)
  })

  test('that cannot load a shadow goes without it, and one that cannot load what is enforced fails', async () => {
    const store = createMemoryStore()
    const [one, two] = [partOf(store), partOf(store)]
    await one.policies.open(image(1))
    await two.policies.open(undefined)
    const broken = async (bytes: Uint8Array) => {
      const { digest } = identityOf(bytes)
      await one.site.change(async (change) => {
        const row = await change.get('policies', { digest })
        if (row !== undefined) await change.put('policies', [{ ...row, image: new Uint8Array(200) }])
      })
    }
    await one.api.shadow(image(5))
    await broken(image(5))
    await two.refresh()
    expect([two.policies.shadow(), two.policies.current().generation]).toEqual([undefined, 1])
    expect(two.site.warnings).toEqual([expect.stringContaining('the shadow is left out: the policy is refused')])
    await one.api.reload(image(6))
    await broken(image(6))
    expect(await refusalOf(two.refresh())).toMatchObject({ code: 'KVCH_E_POLICY_INVALID' })
    expect(await refusalOf(two.refresh())).toMatchObject({ code: 'KVCH_E_POLICY_INVALID' })
  })
})

describe('shadow', () => {
  test('may be of any generation, declares nothing, and ends when it is enforced or taken away', async () => {
    const { policies, api, events, declared } = partOf()
    await policies.open(image(3))
    expect(await api.shadow(image(2))).toEqual(identityOf(image(2)))
    expect(policies.shadow()?.generation).toBe(2)
    await api.shadow(image(4))
    await api.reload(image(4))
    expect(policies.shadow()).toBeUndefined()
    await api.shadow(image(5))
    expect(await api.shadow(undefined)).toBeUndefined()
    expect(policies.shadow()).toBeUndefined()
    expect(await api.shadow(undefined)).toBeUndefined()
    expect(declared).toEqual([[3], [4]])
    expect(events.map(({ kind, members }) => [kind, members.ended])).toEqual([
      ['policy.load', undefined],
      ['policy.shadow', undefined],
      ['policy.shadow', undefined],
      ['policy.load', undefined],
      ['policy.shadow', undefined],
      ['policy.shadow', identityOf(image(5)).digest],
    ])
  })
})

describe('stage', () => {
  test('decides for those it is for, declares its agents beside those of the enforced policy, and ends with both', async () => {
    const { policies, api, events, declared } = partOf()
    await policies.open(image(1))
    expect(await api.stage(image(2), { percent: 0, agents: ['planner'] })).toEqual(identityOf(image(2)))
    expect([policies.forAgent('planner').generation, policies.forAgent('other').generation]).toEqual([2, 1])
    expect(await api.stage(undefined)).toBeUndefined()
    expect(policies.forAgent('planner').generation).toBe(1)
    expect(declared).toEqual([[1], [1, 2], [1]])
    expect(events.slice(1)).toEqual([
      {
        kind: 'policy.stage',
        actor: 'host',
        members: { policy: identityOf(image(2)), percent: 0, agents: ['planner'] },
      },
      { kind: 'policy.stage', actor: 'host', members: { ended: identityOf(image(2)).digest } },
    ])
  })

  test('ends when it is enforced, or something as new as it; it stays beside a policy that is older', async () => {
    const { policies, api, events, declared } = partOf()
    await policies.open(image(1))
    await api.stage(image(5), { percent: 100 })
    await api.reload(image(3))
    expect(policies.forAgent('planner').generation).toBe(5)
    await api.reload(image(5))
    expect(policies.all().map(({ generation }) => generation)).toEqual([5])
    await api.stage(image(6), { percent: 100 })
    await api.reload(image(7))
    expect(policies.forAgent('planner').generation).toBe(7)
    expect(declared).toEqual([[1], [1, 5], [3, 5], [5], [5, 6], [7]])
    expect(events.flatMap(({ members }) => members.ended_stage ?? [])).toEqual([
      identityOf(image(5)).digest,
      identityOf(image(6)).digest,
    ])
  })

  test('refuses an older generation, and options that say nobody or nonsense', async () => {
    const { policies, api } = partOf()
    await policies.open(image(2))
    expect(await refusalOf(api.stage(image(1), { percent: 1 }))).toMatchObject({ code: OUTDATED })
    const wrong: readonly (readonly [object, string])[] = [
      [{}, 'percent: say which agents the stage is for'],
      [{ percent: 101 }, 'percent: must be a number from 0 to 100'],
      [{ percent: Number.NaN }, 'percent: must be a number from 0 to 100'],
      [{ percent: '10' }, 'percent: must be a number from 0 to 100'],
      [{ agents: 'planner' }, 'agents: must be a list of ids of agents'],
      [{ agents: [''] }, 'agents: must be a list of ids of agents'],
      [{ percents: 10 }, 'percents: is unknown here; known are percent, agents'],
    ]
    for (const [options, message] of wrong) {
      expect(await refusalOf(api.stage(image(3), options))).toMatchObject({ code: 'KVCH_E_REQUEST_INVALID', message })
    }
    expect(policies.all()).toHaveLength(1)
  })
})

async function refusedBy(promise: Promise<unknown>): Promise<void> {
  await expect(promise).rejects.toThrow()
}
