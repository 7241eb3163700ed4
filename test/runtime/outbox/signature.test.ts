import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { signWebhook, toWebhookSecret, verifyWebhook } from '../../../runtime/outbox/index.ts'

const NOW = Date.UTC(2026, 3, 1, 12)
const BODY = '{"type":"approval.requested"}'
const OLD = new Uint8Array(32).fill(1)
const NEW = new Uint8Array(32).fill(2)
const SECRET = toWebhookSecret(NEW)
const MESSAGE = { id: 'msg_1', body: BODY, now: NOW }

const headersOf = (...keys: readonly Uint8Array<ArrayBuffer>[]) => signWebhook(crypto.subtle, keys, MESSAGE)

test('a signature is HMAC-SHA256 over id, time and body', async () => {
  const mac = createHmac('sha256', NEW)
    .update(`msg_1.${NOW / 1000}.${BODY}`)
    .digest('base64')
  expect(await headersOf(NEW)).toEqual({
    'webhook-id': 'msg_1',
    'webhook-timestamp': '1775044800',
    'webhook-signature': `v1,${mac}`,
  })
})

describe('a webhook is believed', () => {
  const said = { id: 'msg_1', sentAt: NOW, payload: { type: 'approval.requested' } }

  test('when the key signed it, as headers of either kind', async () => {
    const headers = await headersOf(NEW)
    expect(await verifyWebhook(SECRET, { headers, body: BODY }, { now: NOW })).toEqual(said)
    expect(await verifyWebhook(SECRET, { headers: new Headers(headers), body: BODY }, { now: NOW })).toEqual(said)
  })

  test('while a secret is replaced, by receivers that know either of the two', async () => {
    const headers = await headersOf(NEW, OLD)
    for (const secrets of [SECRET, toWebhookSecret(OLD), [toWebhookSecret(OLD), SECRET]]) {
      expect(await verifyWebhook(secrets, { headers, body: BODY }, { now: NOW })).toEqual(said)
    }
  })

  test('up to the tolerance, before and after', async () => {
    const headers = await headersOf(NEW)
    for (const now of [NOW - 300_000, NOW + 300_000]) {
      expect(await verifyWebhook(SECRET, { headers, body: BODY }, { now })).toEqual(said)
    }
    const options = { now: NOW + 600_000, toleranceSeconds: 600 }
    expect(await verifyWebhook(SECRET, { headers, body: BODY }, options)).toEqual(said)
  })
})

describe('a webhook is not believed', async () => {
  const good = await headersOf(NEW)

  test.each<[string, { readonly [name: string]: string | undefined }, string, string]>([
    ['under another key', await headersOf(OLD), BODY, 'no signature is right'],
    ['with another body', good, `${BODY} `, 'no signature is right'],
    ['with another id', { ...good, 'webhook-id': 'msg_2' }, BODY, 'no signature is right'],
    ['at another time', { ...good, 'webhook-timestamp': '1775044801' }, BODY, 'no signature is right'],
    [
      'with another kind of signature',
      { ...good, 'webhook-signature': `v2,${good['webhook-signature']?.slice(3)}` },
      BODY,
      'no signature is right',
    ],
    ['with what is no Base64', { ...good, 'webhook-signature': 'v1,%%%' }, BODY, 'no signature is right'],
    ['with an empty signature', { ...good, 'webhook-signature': 'v1,' }, BODY, 'no signature is right'],
    [
      'without a signature',
      { ...good, 'webhook-signature': undefined },
      BODY,
      'the header `webhook-signature` is missing',
    ],
    ['without an id', { ...good, 'webhook-id': '' }, BODY, 'the header `webhook-id` is missing'],
    ['without a time', { ...good, 'webhook-timestamp': undefined }, BODY, 'the header `webhook-timestamp` is missing'],
    ['with a time that is none', { ...good, 'webhook-timestamp': '1e9' }, BODY, '`webhook-timestamp` is no time'],
  ])('%s', async (_, headers, body, why) => {
    await expect(verifyWebhook(SECRET, { headers, body }, { now: NOW })).rejects.toMatchObject({
      code: 'KVCH_E_REQUEST_INVALID',
      message: `webhook: ${why}`,
    })
  })

  test.each([NOW - 301_000, NOW + 301_000])('at %d, too far from when it was sent', async (now) => {
    await expect(verifyWebhook(SECRET, { headers: good, body: BODY }, { now })).rejects.toMatchObject({
      message: 'webhook: it was not sent just now',
    })
  })

  test('when its body is no JSON, though it is signed', async () => {
    const headers = await signWebhook(crypto.subtle, [NEW], { ...MESSAGE, body: 'hello' })
    await expect(verifyWebhook(SECRET, { headers, body: 'hello' }, { now: NOW })).rejects.toMatchObject({
      message: 'webhook: its body is no JSON',
    })
  })

  test.each(['', 'whsec_', 'secret'])('by somebody whose secret is `%s`', async (secret) => {
    await expect(verifyWebhook(secret, { headers: good, body: BODY }, { now: NOW })).rejects.toMatchObject({
      message: 'webhook: a secret of webhooks begins with `whsec_`',
    })
  })
})
