/**
 * Clients that publish their metadata at the URL that is their id.
 *
 * @see draft-ietf-oauth-client-id-metadata-document
 */
import { entryOf, type Row } from '../../index.ts'
import type { Client } from '../client.ts'
import { OAuthError } from '../oauth-error.ts'
import type { McpPlace } from '../place.ts'
import type { Fetched, FetchJson } from './fetches.ts'
import { isHttpsUrl } from './https-url.ts'
import { clientOf, type Members, type Metadata, readMetadata } from './metadata.ts'
import { addClient, STALE_MS } from './room.ts'

export interface Documents {
  /**
   * The client of a URL: from the store while its document is fresh, fetched otherwise.
   *
   * @param mayBeStale a document of yesterday does where nobody answers: for clients that have tokens already
   * @throws {OAuthError} `invalid_client` when there is no document or a bad one, `temporarily_unavailable` when too many are
   * being fetched
   */
  readonly load: (url: string, options?: { readonly mayBeStale?: boolean }) => Promise<Client>
}

/** Whether an id is that of a client with a document. */
export function isDocumentUrl(clientId: string): boolean {
  return clientId.startsWith('https:') && isHttpsUrl(clientId)
}

export function createDocuments({ site, settings }: McpPlace, fetchJson: FetchJson): Documents {
  /** Who asks for a document that is on its way waits for it. */
  const underWay = new Map<string, Promise<Loaded>>()

  async function fetchNew(url: string, old: Row<'oauthClients'> | undefined): Promise<Loaded> {
    const fetched = await fetchJson(url, { maxBytes: MAX_BYTES, isKnown: old !== undefined })
    if (fetched.kind !== 'ok') return fetched
    const metadata = readDocument(url, fetched.value, settings)
    if (typeof metadata === 'string') return { kind: 'bad', why: metadata }
    return { kind: 'ok', row: await keep(url, JSON.stringify(metadata), lifeOf(fetched.headers, site.host.now())) }
  }

  function keep(url: string, metadata: string, lifeMs: number): Promise<Row<'oauthClients'>> {
    return site.change(async (change) => {
      const { now } = change
      const old = await change.get('oauthClients', { id: url })
      const row: Row<'oauthClients'> = {
        id: url,
        origin: 'document',
        secretHash: null,
        metadata,
        createdAt: old?.createdAt ?? now,
        expiresAt: now + lifeMs,
      }
      if (old !== undefined) await change.put('oauthClients', [row])
      // Where all that there is room for are in use, it is fetched each time.
      else if (!(await addClient(change, row, { most: MAX_DOCUMENTS, keptMs: lifeMs }))) return row
      if (old?.metadata !== metadata) {
        const members = { client: url, changed: old !== undefined }
        change.record(entryOf({ kind: 'oauth.client.document', actor: 'host', members }))
      }
      return row
    })
  }

  return {
    async load(url, { mayBeStale = false } = {}) {
      const old = await site.read((reader) => reader.get('oauthClients', { id: url }))
      const over = site.host.now() - (old?.expiresAt ?? 0)
      if (old !== undefined && over < 0) return clientOf(old)
      let loading = underWay.get(url)
      if (loading === undefined) {
        loading = fetchNew(url, old).finally(() => underWay.delete(url))
        underWay.set(url, loading)
      }
      const loaded = await loading
      if (loaded.kind === 'ok') return clientOf(loaded.row)
      const isAnswered = loaded.kind === 'bad'
      if (old !== undefined && mayBeStale && !isAnswered && over < STALE_MS) return clientOf(old)
      throw toError(loaded)
    },
  }
}

type Loaded = Exclude<Fetched, { readonly kind: 'ok' }> | { readonly kind: 'ok'; readonly row: Row<'oauthClients'> }

const MAX_BYTES = 5 * 1024
const MAX_DOCUMENTS = 1000
const MINUTE_MS = 60_000
const SHORTEST_LIFE_MS = 5 * MINUTE_MS
const STANDARD_LIFE_MS = 60 * MINUTE_MS
const LONGEST_LIFE_MS = 24 * 60 * MINUTE_MS

/** What the document says, or what is wrong with it. */
function readDocument(url: string, given: Members, settings: McpPlace['settings']): Metadata | string {
  if (given.client_id !== url) return 'has another client_id than its own URL'
  for (const member of ['client_secret', 'client_secret_expires_at']) {
    if (Object.hasOwn(given, member)) return `has ${member}, which is no secret when it is published`
  }
  try {
    const metadata = readMetadata(given, settings, 'none')
    if (metadata.client_name === undefined) return 'has no client_name'
    const method = metadata.token_endpoint_auth_method
    return method === 'none' || method === 'private_key_jwt'
      ? metadata
      : `has the method ${method}, which needs a secret`
  } catch (error) {
    if (error instanceof OAuthError) return `is not valid: ${error.message}`
    throw error
  }
}

/** How long an answer is fresh, by its own word, but neither shorter nor longer than is good. @see RFC 9111 section 4.2 */
function lifeOf(headers: { readonly [name: string]: string }, now: number): number {
  const control = headers['cache-control'] ?? ''
  const seconds = /(?:^|[\s,])max-age="?(\d{1,10})/i.exec(control)?.[1]
  const sent = Date.parse(headers.date ?? '') || now
  let life = STANDARD_LIFE_MS
  if (/(?:^|[\s,])no-(?:store|cache)\b/i.test(control)) life = 0
  else if (seconds !== undefined) life = 1000 * (Number(seconds) - (Number(headers.age) || 0))
  // A text that is no date, such as `0`, is one that is over.
  else if (headers.expires !== undefined) life = (Date.parse(headers.expires) || 0) - sent
  return Math.min(Math.max(life, SHORTEST_LIFE_MS), LONGEST_LIFE_MS)
}

function toError(loaded: Exclude<Loaded, { readonly kind: 'ok' }>): OAuthError {
  if (loaded.kind === 'busy') {
    return new OAuthError('temporarily_unavailable', 'too many client metadata documents are being fetched', {
      status: 429,
      code: 'KVCH_E_RATE_ENDPOINT_EXCEEDED',
      headers: { 'retry-after': String(loaded.retryAfter) },
    })
  }
  return new OAuthError('invalid_client', `the client metadata document ${loaded.why}`, {
    code: 'KVCH_E_MCP_METADATA_FETCH_FAILED',
    cause: loaded.kind === 'silent' ? loaded.cause : undefined,
  })
}
