import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import {
  createOutbox,
  type Handler,
  type Outbox,
  toWebhookSecret,
  verifyWebhook,
} from '../../../runtime/outbox/index.ts'
import type { Row } from '../../../runtime/tables.ts'
import { createMemoryStore } from '../../../storage/memory.ts'
import { hostAt, NOW, siteOf, type TestSite } from '../site.ts'

const KEY = new Uint8Array(32).fill(7)
const keys = async () => [KEY]

interface Received {
  readonly headers: IncomingMessage['headers']
  readonly method: string | undefined
  readonly body: string
}

interface Receiver {
  readonly url: string
  readonly received: readonly Received[]
}

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A server that answers with these codes, one after the other, and with the last one from then on; 0 never answers. */
async function receiver(...codes: readonly number[]): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const code = codes[Math.min(received.length, codes.length - 1)] ?? 200
    received.push({ headers: request.headers, method: request.method, body: Buffer.concat(chunks).toString() })
    if (code !== 0) response.writeHead(code, code === 302 ? { location: '/elsewhere' } : {}).end('thank you')
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // It listens to a port.
  return { url: `http://127.0.0.1:${port}/hook`, received }
}

function outboxTo(site: TestSite, url: string, maxAttempts?: number): Outbox {
  const outbox = createOutbox(site, keys)
  outbox.handleByWebhook('test', { url, path: 'webhook', ...(maxAttempts !== undefined && { maxAttempts }) })
  return outbox
}

const send = (site: TestSite, outbox: Outbox, payload = { n: 1 }) =>
  site.change((change) => outbox.enqueue(change, { kind: 'test', payload }))

async function rowOf(site: TestSite, id: string): Promise<Row<'outbox'> | undefined> {
  return site.read((reader) => reader.get('outbox', { id }))
}

test('a message is a POST of JSON, which its receiver can verify', async () => {
  const site = siteOf()
  const { url, received } = await receiver(200)
  const outbox = outboxTo(site, url)
  const id = await send(site, outbox)
  expect(await outbox.deliverDue()).toBe(1)
  expect(received).toMatchObject([{ method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"n":1}' }])
  const [{ headers, body } = { headers: {}, body: '' }] = received
  expect(await verifyWebhook(toWebhookSecret(KEY), { headers, body }, { now: NOW })).toEqual({
    id,
    sentAt: NOW,
    payload: { n: 1 },
  })
  expect(await rowOf(site, id)).toEqual({
    id,
    kind: 'test',
    payload: '{"n":1}',
    attempts: 1,
    nextAt: null,
    lastError: null,
  })
  expect(await outbox.deliverDue()).toBe(0)
})

test('what is refused is tried again under the same id, later and later, until it is taken', async () => {
  const site = siteOf()
  const { url, received } = await receiver(500, 503, 404, 204)
  const outbox = outboxTo(site, url)
  const id = await send(site, outbox)
  const waits: number[] = []
  for (let attempt = 1; attempt <= 4; attempt++) {
    await outbox.deliverDue()
    const row = await rowOf(site, id)
    if (row?.nextAt === undefined || row.nextAt === null) break
    waits.push(row.nextAt - site.host.now())
    site.host.setNow(row.nextAt - 1)
    expect(await outbox.deliverDue()).toBe(0)
    site.host.setNow(row.nextAt)
  }
  expect(received).toHaveLength(4)
  expect(new Set(received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([id]))
  expect(waits.map((ms, i) => ms >= 2500 * 2 ** i && ms <= 5000 * 2 ** i)).toEqual([true, true, true])
  expect(await rowOf(site, id)).toMatchObject({ attempts: 4, nextAt: null, lastError: null })
})

test('what is never taken is given up, with a row and a warning', async () => {
  const site = siteOf()
  const { url, received } = await receiver(500)
  const outbox = outboxTo(site, url, 3)
  const id = await send(site, outbox)
  for (let day = 0; day < 5; day++) {
    await outbox.deliverDue()
    site.host.setNow(site.host.now() + 86_400_000)
  }
  expect(received).toHaveLength(3)
  expect(await rowOf(site, id)).toMatchObject({ attempts: 3, nextAt: null, lastError: 'the receiver answered 500' })
  const error = 'the receiver answered 500'
  expect(await site.log()).toMatchObject([
    { kind: 'outbox.give-up', message: id, message_kind: 'test', attempts: 3, error },
  ])
  expect(site.warnings).toEqual([`the message ${id} (test) was given up after 3 attempts: ${error}`])
})

test('redirects are not followed', async () => {
  const site = siteOf()
  const { url, received } = await receiver(302)
  const outbox = outboxTo(site, url)
  const id = await send(site, outbox)
  await outbox.deliverDue()
  expect(received).toHaveLength(1)
  expect((await rowOf(site, id))?.lastError).toBe('the receiver answered 302')
})

test('a receiver that does not answer is not waited for longer than the time for an attempt', async () => {
  const site = siteOf()
  const { url, received } = await receiver(0)
  const outbox = createOutbox(site, keys)
  outbox.handleByWebhook('test', { url, path: 'webhook', timeoutMs: 5000 })
  const id = await send(site, outbox)
  const delivering = outbox.deliverDue()
  while (received.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await site.host.advance(5000)
  await delivering
  expect((await rowOf(site, id))?.lastError).toBe('no answer within 5000 ms')
})

test('a receiver that is not there is one that did not answer', async () => {
  const site = siteOf()
  const outbox = outboxTo(site, 'http://127.0.0.1:1/hook')
  const id = await send(site, outbox)
  await outbox.deliverDue()
  expect(await rowOf(site, id)).toMatchObject({ attempts: 1, lastError: expect.stringContaining('fetch failed') })
})

test('a message of a change that was not made is not sent', async () => {
  const site = siteOf()
  const { url, received } = await receiver(200)
  const outbox = outboxTo(site, url)
  const failing = site.change(async (change) => {
    await outbox.enqueue(change, { kind: 'test', payload: {} })
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect([await outbox.deliverDue(), received]).toEqual([0, []])
})

describe('several processes', () => {
  test('send each message once', async () => {
    const store = createMemoryStore()
    const host = hostAt(NOW)
    const { url, received } = await receiver(200)
    const sites = Array.from({ length: 4 }, () => siteOf({ store, host }))
    const outboxes = sites.map((site) => outboxTo(site, url))
    const [site, outbox] = [sites[0] as TestSite, outboxes[0] as Outbox] // There are four.
    for (let n = 0; n < 40; n++) await send(site, outbox, { n })
    for (let round = 0; round < 4; round++) await Promise.all(outboxes.map((one) => one.deliverDue()))
    expect(received.map(({ body }) => JSON.parse(body).n).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 40 }, (_, n) => n),
    )
  })

  test('send what one of them had claimed when it died', async () => {
    const store = createMemoryStore()
    const host = hostAt(NOW)
    const { url, received } = await receiver(200)
    const site = siteOf({ store, host })
    const dead = createOutbox(site, keys)
    let isTried = false
    dead.handle('test', {
      maxAttempts: 5,
      timeoutMs: 10_000,
      deliver: () => {
        isTried = true
        return new Promise(() => undefined)
      },
    })
    await send(site, dead)
    void dead.deliverDue()
    while (!isTried) await new Promise((resolve) => setImmediate(resolve))
    const other = outboxTo(siteOf({ store, host }), url)
    expect(await other.deliverDue()).toBe(0)
    host.setNow(NOW + 30_000)
    expect(await other.deliverDue()).toBe(1)
    expect(received).toHaveLength(1)
  })
})

describe('a worker that is so slow that another one takes over', () => {
  /** Two workers of one store; the first one's attempt ends when it is told how. */
  async function twoWorkers(second: Handler['deliver']) {
    const store = createMemoryStore()
    const host = hostAt(NOW)
    const site = siteOf({ store, host })
    const [slow, fast] = [createOutbox(site, keys), createOutbox(siteOf({ store, host }), keys)]
    let fail: (error: Error) => void = () => undefined
    const handler = { maxAttempts: 3, timeoutMs: 1_000_000_000 }
    const never = new Promise((_, reject) => {
      fail = reject
    })
    slow.handle('test', { ...handler, deliver: () => never })
    fast.handle('test', { ...handler, deliver: second })
    const id = await send(site, slow)
    const slowly = slow.deliverDue()
    await host.advance(0)
    host.setNow(NOW + 1_000_020_000)
    return { site, slow, fast, id, slowly, fail }
  }

  test('does not undo what that one has sent', async () => {
    const { site, fast, id, slowly, fail } = await twoWorkers(async () => undefined)
    expect(await fast.deliverDue()).toBe(1)
    fail(new Error('no'))
    await slowly
    expect(await rowOf(site, id)).toMatchObject({ attempts: 2, nextAt: null, lastError: null })
  })

  test('leaves the claim of that one', async () => {
    const { site, fast, id, slowly, fail } = await twoWorkers(() => new Promise(() => undefined))
    void fast.deliverDue()
    await site.host.advance(0)
    const claimed = await rowOf(site, id)
    fail(new Error('no'))
    await slowly
    expect(await rowOf(site, id)).toEqual(claimed)
    expect(claimed).toMatchObject({ attempts: 2, nextAt: NOW + 2_000_040_000 })
  })

  test('and a message whose last attempt never ended is given up', async () => {
    const { site, slow, fast, id } = await twoWorkers(() => new Promise(() => undefined))
    for (let attempt = 0; attempt < 2; attempt++) {
      void fast.deliverDue()
      await site.host.advance(0)
      site.host.setNow(site.host.now() + 1_000_020_000)
    }
    expect(await slow.deliverDue()).toBe(0)
    expect(await rowOf(site, id)).toMatchObject({
      attempts: 3,
      nextAt: null,
      lastError: 'the last attempt did not end',
    })
    expect((await site.log()).map(({ kind }) => kind)).toEqual(['outbox.give-up'])
  })
})

test('messages that fail together are not tried again together', async () => {
  const site = siteOf()
  const outbox = createOutbox(site, keys)
  outbox.handle('test', { maxAttempts: 5, timeoutMs: 1000, deliver: () => Promise.reject(new Error('no')) })
  for (let n = 0; n < 16; n++) await send(site, outbox)
  await outbox.deliverDue()
  const rows = await site.read((reader) => reader.find('outbox', 'key'))
  const waits = rows.map(({ nextAt }) => (nextAt ?? 0) - NOW)
  expect(waits.every((ms) => ms >= 2500 && ms <= 5000)).toBe(true)
  expect(new Set(waits).size).toBeGreaterThan(8)
})

test("a kind that nobody here takes over waits, and stands in nobody's way", async () => {
  const site = siteOf()
  const { url, received } = await receiver(200)
  const outbox = outboxTo(site, url)
  const foreign = await site.change((change) => outbox.enqueue(change, { kind: 'foreign', payload: {} }))
  await send(site, outbox)
  expect(await outbox.deliverDue()).toBe(1)
  expect((await rowOf(site, foreign))?.nextAt).toBe(NOW)
  site.host.setNow(NOW + 60_000)
  expect(await outbox.deliverDue()).toBe(0)
  expect(await rowOf(site, foreign)).toMatchObject({ attempts: 0, nextAt: NOW + 60_000 + 3_600_000 })
  expect(received).toHaveLength(1)
})

test('the loop sends what is queued while it runs, and nothing after it was stopped', async () => {
  const site = siteOf()
  const sent: string[] = []
  const outbox = createOutbox(site, keys)
  outbox.handle('test', { maxAttempts: 1, timeoutMs: 1000, deliver: async ({ id }) => sent.push(id) })
  outbox.start()
  outbox.start()
  await site.host.advance(10_000)
  const first = await send(site, outbox)
  await site.host.advance(100)
  expect(sent).toEqual([first])
  await outbox.stop()
  await outbox.stop()
  await send(site, outbox)
  await site.host.advance(10_000)
  expect([sent, site.host.sleepers()]).toEqual([[first], 0])
})

test('what was sent is swept when it is old; what waits stays', async () => {
  const site = siteOf()
  const { url } = await receiver(200, 200, 500)
  const outbox = outboxTo(site, url)
  await send(site, outbox)
  await outbox.deliverDue()
  site.host.setNow(NOW + 1000)
  const young = await send(site, outbox)
  await outbox.deliverDue()
  site.host.setNow(NOW + 2000)
  const waiting = await send(site, outbox)
  await outbox.deliverDue()
  const sweep = (before: number) => site.change((change) => outbox.sweep(change, { before, limit: 10 }))
  expect(await sweep(NOW)).toBe(0)
  expect(await sweep(NOW + 1000)).toBe(1)
  const left = async () => (await site.read((reader) => reader.find('outbox', 'key'))).map(({ id }) => id)
  expect(await left()).toEqual([young, waiting])
  expect(await sweep(NOW + 9000)).toBe(1)
  expect(await left()).toEqual([waiting])
})

test.each([
  ['ftp://example.com/', undefined, 'w.url: must begin with `https:` or `http:`'],
  ['file:///etc/passwd', undefined, 'w.url: must begin with `https:` or `http:`'],
  ['hook', undefined, 'w.url: `hook` is no URL'],
  ['https://user:pass@example.com/', undefined, 'w.url: must not hold a password; messages are signed'],
  ['https://example.com/', 0, 'w.maxAttempts: must be a whole number above 0'],
])('%s with %s attempts is no webhook', (url, maxAttempts, message) => {
  const outbox = createOutbox(siteOf(), keys)
  expect(() => outbox.handleByWebhook('test', { url, maxAttempts, path: 'w' })).toThrowError(
    expect.objectContaining({ code: 'KVCH_E_CONFIG_INVALID', message }),
  )
})
