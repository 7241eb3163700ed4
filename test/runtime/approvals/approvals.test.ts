import { describe, expect, test } from 'vitest'
import { createMemoryStore } from '../../../storage/memory.ts'
import { hostAt, NOW } from '../site.ts'
import { codeOf, deskOf } from './site.ts'

const HOUR = 3_600_000

describe('the list', () => {
  async function filled() {
    const desk = deskOf()
    const { approvals, ask, site } = desk
    const ids: string[] = []
    for (let n = 0; n < 6; n++) ids.push(await ask({ digest: `d${n}`, agentId: n % 2 === 0 ? 'agt_a' : 'agt_b' }))
    const [used = '', denied = '', approved = ''] = ids
    await approvals.api.approve(used, { approver: 'ann' })
    await site.change((change) => approvals.use(change, used))
    await approvals.api.deny(denied, { approver: 'ann' })
    await approvals.api.approve(approved, { approver: 'ann' })
    const numbersOf = (found: readonly { readonly id: string }[]) => found.map(({ id }) => ids.indexOf(id))
    return { ...desk, numbersOf }
  }

  test('has the newest first, by status, by agent and by both', async () => {
    const { approvals, site, numbersOf } = await filled()
    const numbers = async (filter: Parameters<typeof approvals.api.list>[0]) =>
      numbersOf((await approvals.api.list(filter)).approvals)
    expect(await numbers({})).toEqual([5, 4, 3, 2, 1, 0])
    expect(await numbers({ status: 'pending' })).toEqual([5, 4, 3])
    expect(await numbers({ status: 'used' })).toEqual([0])
    expect(await numbers({ agentId: 'agt_a' })).toEqual([4, 2, 0])
    expect(await numbers({ agentId: 'agt_a', status: 'pending' })).toEqual([4])
    site.host.setNow(NOW + HOUR)
    expect(await numbers({ status: 'pending' })).toEqual([])
    expect(await numbers({ status: 'expired' })).toEqual([5, 4, 3, 2])
  })

  test('comes in pages', async () => {
    const { approvals, numbersOf } = await filled()
    const pages: number[][] = []
    let cursor: string | undefined
    do {
      const page = await approvals.api.list({ limit: 2, cursor })
      pages.push(numbersOf(page.approvals))
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(pages).toEqual([
      [5, 4],
      [3, 2],
      [1, 0],
    ])
  })

  test.each([
    [{ limit: 0 }, 'limit: must be 1 to 1000'],
    [{ limit: 1001 }, 'limit: must be 1 to 1000'],
    [{ status: 'open' }, 'status: `open` is no status of an approval'],
    [{ cursor: 7 }, 'cursor: must be that of the page before'],
    [{ agentId: null }, 'agentId: must be the id of an agent'],
    [{ agent: 'agt_a' }, 'agent: there is no such filter'],
  ])('knows no %j', async (filter, message) => {
    // Callers without types write this too.
    await expect(deskOf().approvals.api.list(filter as never)).rejects.toMatchObject({
      code: 'KVCH_E_REQUEST_INVALID',
      message,
    })
  })
})

describe('who waits', () => {
  test('is told when somebody decides in the same process, without waiting for the next look', async () => {
    const { approvals, ask, site } = deskOf()
    const id = await ask()
    const waiting = Promise.all([approvals.api.wait(id, { timeoutMs: 60_000 }), approvals.api.wait(id)])
    await site.host.advance(10)
    await approvals.api.approve(id, { approver: 'ann' })
    expect((await waiting).map(({ status }) => status)).toEqual(['approved', 'approved'])
    expect(site.host.sleepers()).toBe(0)
  })

  test('is told when somebody decides in another process, within two seconds', async () => {
    const store = createMemoryStore()
    const host = hostAt(NOW)
    const here = deskOf({}, { store, host })
    const there = deskOf({}, { store, host })
    const id = await here.ask()
    let status: string | undefined
    const waiting = here.approvals.api.wait(id).then((approval) => {
      status = approval.status
    })
    await host.advance(60_000)
    await there.approvals.api.deny(id, { approver: 'ann' })
    expect(status).toBeUndefined()
    await host.advance(2000)
    await waiting
    expect(status).toBe('denied')
  })

  test('gives up when the time is over, and the request waits on', async () => {
    const { approvals, ask, site } = deskOf()
    const id = await ask()
    const waiting = codeOf(approvals.api.wait(id, { timeoutMs: 5000 }))
    await site.host.advance(5000)
    expect([await waiting, (await approvals.api.get(id)).status]).toEqual(['KVCH_E_APPROVAL_TIMEOUT', 'pending'])
    expect(await codeOf(approvals.api.wait(id, { timeoutMs: 0 }))).toBe('KVCH_E_APPROVAL_TIMEOUT')
  })

  test('gives up on time, between two looks', async () => {
    const { approvals, ask, site } = deskOf()
    const waiting = codeOf(approvals.api.wait(await ask(), { timeoutMs: 30 }))
    await site.host.advance(30)
    expect([await waiting, site.host.now()]).toEqual(['KVCH_E_APPROVAL_TIMEOUT', NOW + 30])
  })

  test('gives up with the reason of its signal', async () => {
    const { approvals, ask, site } = deskOf()
    const id = await ask()
    const stop = new AbortController()
    const waiting = approvals.api.wait(id, { signal: stop.signal })
    await site.host.advance(100)
    stop.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await expect(approvals.api.wait(id, { signal: stop.signal })).rejects.toThrow('enough')
    expect(site.host.sleepers()).toBe(0)
  })

  test('is told when nobody decided while there was time', async () => {
    const { approvals, ask, site } = deskOf({ ttlSeconds: 60 })
    const waiting = approvals.api.wait(await ask())
    await site.host.advance(62_000)
    expect((await waiting).status).toBe('expired')
  })

  test('waits for what exists', async () => {
    expect(await codeOf(deskOf().approvals.api.wait('apr_1'))).toBe('KVCH_E_APPROVAL_NOT_FOUND')
  })
})

test('what has expired is closed with a row each', async () => {
  const { approvals, ask, site } = deskOf()
  const approved = await ask()
  await approvals.api.approve(approved, { approver: 'ann' })
  site.host.setNow(NOW + 1)
  await ask({ digest: 'd2' })
  site.host.setNow(NOW + HOUR)
  expect(await approvals.api.expireDue()).toBe(1)
  site.host.setNow(NOW + HOUR + 1)
  expect([await approvals.api.expireDue(), await approvals.api.expireDue()]).toEqual([1, 0])
  expect((await site.log()).filter(({ kind }) => kind === 'approval.expire')).toHaveLength(2)
})

describe('others are told of a request', () => {
  test('once by `onRequest`, whichever process is first, and what it throws is a warning', async () => {
    const store = createMemoryStore()
    const host = hostAt(NOW)
    const told: unknown[] = []
    const onRequest = (approval: unknown) => {
      told.push(approval)
      throw new Error('no')
    }
    const here = deskOf({ onRequest }, { store, host })
    const there = deskOf({ onRequest }, { store, host })
    const id = await here.ask()
    await there.ask()
    for (let round = 0; round < 3; round++) {
      await Promise.all([here.outbox.deliverDue(), there.outbox.deliverDue()])
      host.setNow(host.now() + HOUR / 4)
    }
    await host.advance(0)
    expect(told).toMatchObject([{ id, status: 'pending', action: 'execute', args: { amount: 12 } }])
    expect([...here.site.warnings, ...there.site.warnings]).toEqual(['approvals.onRequest failed: no'])
  })

  test('not when the change was not made', async () => {
    const told: unknown[] = []
    const { site, approvals, outbox } = deskOf({ onRequest: (approval) => told.push(approval) })
    const failing = site.change(async (change) => {
      await approvals.request(change, {
        digest: 'd1',
        agentId: 'agt_a',
        owner: null,
        request: { agent: 'agt_a', chain: ['agt_a'], action: 'a', resource: 'r', generation: 1 },
        needs: [],
        requestId: 'req_1',
      })
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect([await outbox.deliverDue(), told]).toEqual([0, []])
  })

  test('by webhook, with what an approver has to see', async () => {
    const { site, ask } = deskOf({ webhook: { url: 'https://example.com/hook' }, onRequest: () => undefined })
    const id = await ask()
    const queued = await site.read((reader) => reader.find('outbox', 'key'))
    expect(queued.map(({ kind }) => kind)).toEqual(['approval.webhook', 'approval.callback'])
    expect(JSON.parse(queued[0]?.payload ?? '')).toMatchObject({
      type: 'approval.requested',
      timestamp: '2026-04-01T12:00:00.000Z',
      data: { id, status: 'pending', agent: 'agt_payer', resource: 'mcp:payments:refund', args: { amount: 12 } },
    })
  })

  test('only at a URL of the web', () => {
    expect(() => deskOf({ webhook: { url: 'file:///etc/passwd' } })).toThrowError(
      expect.objectContaining({
        code: 'KVCH_E_CONFIG_INVALID',
        message: 'approvals.webhook.url: must begin with `https:` or `http:`',
      }),
    )
  })
})
