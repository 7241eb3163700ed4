/**
 * Signatures of webhooks, in the manner of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, Base64, behind `v1,`.
 *
 * There may be several signatures, one for each secret that is in use, so that receivers keep verifying while a secret is
 * replaced.
 *
 * @see https://www.standardwebhooks.com
 */
import { KavachError } from '../errors.ts'
import { createHost, wallClock } from '../host.ts'

export interface WebhookRequest {
  /** `Headers`, or names in lower case as Node gives them. */
  readonly headers: Headers | { readonly [name: string]: string | readonly string[] | undefined }
  /** The body as it was received, to the byte. */
  readonly body: string
}

export interface VerifyWebhookOptions {
  /** Milliseconds since 1970. Default: the clock. */
  readonly now?: number | undefined
  /** How far the time of the message may be from now. Default 300. */
  readonly toleranceSeconds?: number | undefined
}

export interface VerifiedWebhook {
  /** The same for all attempts: whoever has seen it has done what it asks for. */
  readonly id: string
  /** When it was sent, milliseconds since 1970. */
  readonly sentAt: number
  readonly payload: unknown
}

const PREFIX = 'whsec_'
const HMAC = { name: 'HMAC', hash: 'SHA-256' }
const TOLERANCE_SECONDS = 300
const UTF8 = new TextEncoder()

/**
 * What a webhook says, once it is sure who sent it and when.
 *
 * @param secrets `whsec_...`, one or several
 * @throws {KavachError} KVCH_E_REQUEST_INVALID when no signature is right, it is too old, or what is signed is no JSON
 */
export async function verifyWebhook(
  secrets: string | readonly string[],
  { headers, body }: WebhookRequest,
  { now = wallClock(), toleranceSeconds = TOLERANCE_SECONDS }: VerifyWebhookOptions = {},
): Promise<VerifiedWebhook> {
  const id = headerOf(headers, 'webhook-id')
  const timestamp = headerOf(headers, 'webhook-timestamp')
  const signatures = headerOf(headers, 'webhook-signature').split(' ')
  if (!/^(0|[1-9]\d{0,11})$/.test(timestamp)) fail('`webhook-timestamp` is no time')
  const sentAt = Number(timestamp) * 1000
  if (Math.abs(now - sentAt) > toleranceSeconds * 1000) fail('it was not sent just now')
  const signed = toSignedBytes(id, timestamp, body)
  const keys = (typeof secrets === 'string' ? [secrets] : secrets).map(keyOfSecret)
  if (!(await isSignedBy(keys, signed, signatures))) fail('no signature is right')
  return { id, sentAt, payload: parseBody(body) }
}

/** The headers of a message. `keys` are those of all secrets in use. */
export async function signWebhook(
  subtle: SubtleCrypto,
  keys: readonly Uint8Array<ArrayBuffer>[],
  { id, body, now }: { readonly id: string; readonly body: string; readonly now: number },
): Promise<{ readonly [name: string]: string }> {
  const timestamp = `${Math.floor(now / 1000)}`
  const signed = toSignedBytes(id, timestamp, body)
  const signatures = await Promise.all(
    keys.map(async (raw) => {
      const key = await subtle.importKey('raw', raw, HMAC, false, ['sign'])
      return `v1,${toBase64(new Uint8Array(await subtle.sign('HMAC', key, signed)))}`
    }),
  )
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}

/** A key as its receiver is given it. */
export function toWebhookSecret(key: Uint8Array): string {
  return PREFIX + toBase64(key)
}

async function isSignedBy(
  keys: readonly Uint8Array<ArrayBuffer>[],
  signed: Uint8Array<ArrayBuffer>,
  signatures: readonly string[],
): Promise<boolean> {
  const { subtle } = createHost()
  for (const raw of keys) {
    const key = await subtle.importKey('raw', raw, HMAC, false, ['verify'])
    for (const text of signatures) {
      const signature = text.startsWith('v1,') ? fromBase64(text.slice(3)) : undefined
      if (signature !== undefined && (await subtle.verify('HMAC', key, signature, signed))) return true
    }
  }
  return false
}

function keyOfSecret(secret: string): Uint8Array<ArrayBuffer> {
  const key = secret.startsWith(PREFIX) ? fromBase64(secret.slice(PREFIX.length)) : undefined
  return key === undefined || key.length === 0 ? fail(`a secret of webhooks begins with \`${PREFIX}\``) : key
}

function parseBody(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (cause) {
    throw new KavachError('KVCH_E_REQUEST_INVALID', 'webhook: its body is no JSON', { cause })
  }
}

function headerOf(headers: WebhookRequest['headers'], name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name]
  return typeof value === 'string' && value !== '' ? value : fail(`the header \`${name}\` is missing`)
}

function toSignedBytes(id: string, timestamp: string, body: string): Uint8Array<ArrayBuffer> {
  return UTF8.encode(`${id}.${timestamp}.${body}`)
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  } catch {
    // What is no Base64 is no signature either.
    return undefined
  }
}

function fail(message: string): never {
  throw new KavachError('KVCH_E_REQUEST_INVALID', `webhook: ${message}`)
}
