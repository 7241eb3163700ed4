/**
 * JSON that clients publish: their metadata, and their keys.
 *
 * Whoever names a URL here makes this server send a request there, so there are bounds besides those of one answer: how many
 * are sent in a minute, and to one host. URLs that were good before are counted apart, so that strangers who use up what there
 * is for new ones do not lock out the clients that are known.
 */
import type { McpPlace } from '../place.ts'
import { isObject, isShallow, type Members } from './metadata.ts'
import { recordRefusal } from './refusals.ts'
import { Shares, takeOne } from './window.ts'

export type Fetched =
  | { readonly kind: 'ok'; readonly value: Members; readonly headers: { readonly [name: string]: string } }
  /** It answered, and not with what was asked for. */
  | { readonly kind: 'bad'; readonly why: string }
  /** There was no answer, or nobody was asked. */
  | { readonly kind: 'silent'; readonly why: string; readonly cause: unknown }
  | { readonly kind: 'busy'; readonly retryAfter: number }

export interface Wanted {
  readonly maxBytes: number
  /** It was good before. */
  readonly isKnown: boolean
}

export type FetchJson = (url: string, wanted: Wanted) => Promise<Fetched>

/** Nothing where nothing can be fetched. */
export function createFetches(place: McpPlace): FetchJson | undefined {
  const { fetchDocument, settings, site } = place
  if (fetchDocument === undefined) return undefined
  const { clientMetadata } = settings.options
  // `resolveMcp` refuses it where the issuer is elsewhere.
  const allowLoopback = typeof clientMetadata === 'object' && clientMetadata.allowLoopback === true
  const isBounded = Number.isFinite(settings.ratePerMinute)
  const shares = { known: new Shares(MINUTE_MS), new: new Shares(MINUTE_MS) }

  async function takeTurn(url: string, isKnown: boolean): Promise<number | undefined> {
    const { host } = site
    const share = (isKnown ? shares.known : shares.new).take(new URL(url).host, host.now())
    if (share > MOST_PER_HOST) return Math.ceil((MINUTE_MS - (host.now() % MINUTE_MS)) / 1000)
    const name = isKnown ? 'known-documents' : 'new-documents'
    const most = isKnown ? MOST_KNOWN : MOST_NEW
    return site.change((change) => takeOne(change, { name, most, windowMs: MINUTE_MS }))
  }

  return async (url, { maxBytes, isKnown }) => {
    const retryAfter = isBounded ? await takeTurn(url, isKnown) : undefined
    if (retryAfter !== undefined) return { kind: 'busy', retryAfter }
    let answer: Awaited<ReturnType<typeof fetchDocument>>
    try {
      answer = await fetchDocument(url, { maxBytes, timeoutMs: TIMEOUT_MS, allowLoopback })
    } catch (cause) {
      // The log says why. A stranger is not told what this machine can reach and what it cannot.
      const why = cause instanceof Error ? cause.message : String(cause)
      await recordRefusal(place, { source: new URL(url).host, error: 'invalid_client', why })
      return { kind: 'silent', why: 'could not be fetched', cause }
    }
    const { status, headers, bytes } = answer
    if (status !== 200) return { kind: 'bad', why: `was answered with the status ${status} and not with 200` }
    if (!JSON_TYPE.test(headers['content-type'] ?? '')) return { kind: 'bad', why: 'has another type than JSON' }
    const value = parse(bytes)
    return value === undefined
      ? { kind: 'bad', why: `is no JSON object of ${MAX_DEPTH} levels at most` }
      : { kind: 'ok', value, headers }
  }
}

const MINUTE_MS = 60_000
const TIMEOUT_MS = 5000
const MOST_NEW = 60
const MOST_KNOWN = 600
const MOST_PER_HOST = 20
const MAX_DEPTH = 8
const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i

function parse(bytes: Uint8Array): Members | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return isObject(value) && isShallow(value, MAX_DEPTH) ? value : undefined
  } catch {
    // Neither UTF-8 nor JSON: that is all there is to say.
    return undefined
  }
}
