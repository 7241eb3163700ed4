/** Sends messages to a URL. */
import { KavachError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { Handler } from './outbox.ts'
import { signWebhook } from './signature.ts'

export interface WebhookOptions {
  /** `https:`, or `http:` for one beside us. */
  readonly url: string
  /** Attempts in all, after which the message is given up. Default 12: about three hours. */
  readonly maxAttempts?: number | undefined
  /** Milliseconds for one attempt. Default 10,000. */
  readonly timeoutMs?: number | undefined
  /** The option that names the URL, for messages. */
  readonly path: string
}

const MAX_ATTEMPTS = 12
const TIMEOUT_MS = 10_000

/**
 * Each attempt is signed anew, under the same id. Redirects are not followed: they are the receiver's way to somewhere that
 * nobody configured.
 *
 * @throws {KavachError} KVCH_E_CONFIG_INVALID
 */
export function createWebhook(
  host: Host,
  keys: () => Promise<readonly Uint8Array<ArrayBuffer>[]>,
  { url, maxAttempts = MAX_ATTEMPTS, timeoutMs = TIMEOUT_MS, path }: WebhookOptions,
): Handler {
  const target = readUrl(url, `${path}.url`)
  if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1) {
    fail(`${path}.maxAttempts`, 'must be a whole number above 0')
  }
  const { fetch: send } = host
  return {
    maxAttempts,
    timeoutMs,
    async deliver({ id, payload }, signal) {
      const signed = await signWebhook(host.subtle, await keys(), { id, body: payload, now: host.now() })
      const response = await send(target, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...signed },
        body: payload,
        redirect: 'manual',
        signal,
      })
      await response.body?.cancel()
      if (!response.ok) throw new Error(`the receiver answered ${response.status}`)
    },
  }
}

function readUrl(url: string, path: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : fail(path, `\`${url}\` is no URL`)
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') fail(path, 'must begin with `https:` or `http:`')
  if (parsed.username !== '' || parsed.password !== '') fail(path, 'must not hold a password; messages are signed')
  return parsed.href
}

function fail(path: string, message: string): never {
  throw new KavachError('KVCH_E_CONFIG_INVALID', `${path}: ${message}`, { details: { path } })
}
