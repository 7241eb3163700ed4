/** Clients of the authorization server: where they are found, how they show who they are, and how they come and go. */
import { type Change, entryOf, hashToken, KavachError, type Row } from '../../index.ts'
import type { Client } from '../client.ts'
import type { Form } from '../form.ts'
import { OAuthError } from '../oauth-error.ts'
import type { McpPlace, RequestContext } from '../place.ts'
import { createAssertions } from './assertion.ts'
import { configuredClients } from './configured.ts'
import { basicChallenge, type Credentials, readCredentials } from './credentials.ts'
import { createDocuments, isDocumentUrl } from './documents.ts'
import { createFetches } from './fetches.ts'
import { clientOf } from './metadata.ts'
import { recordRefusal } from './refusals.ts'
import { createRegistration, unusedMs } from './register.ts'
import { liveGrants, removeClient, sweepClients } from './room.ts'

export interface Clients {
  /**
   * A client that is configured, has registered itself, or publishes its metadata at the URL that is its id.
   *
   * @throws {OAuthError} `invalid_client` with the code KVCH_E_MCP_METADATA_FETCH_FAILED when its document cannot be had or is
   * none, and `temporarily_unavailable` when too many documents are being fetched
   */
  readonly find: (clientId: string) => Promise<Client | undefined>
  /**
   * The client that sent a request, by the one method that it registered. A failure is a row of the log.
   *
   * @param context where it came from, which failures are counted by
   * @throws {OAuthError} `invalid_client` (401), with the code KVCH_E_MCP_CLIENT_UNREGISTERED when there is no such client, and
   * `invalid_request` when the request uses two methods at once
   */
  readonly authenticate: (request: Request, form: Form, context?: RequestContext) => Promise<Client>
  /** Registers a client (RFC 7591); refusals are responses too. */
  readonly register: (request: Request, context: RequestContext) => Promise<Response>
  /** Clients that are kept in the store, in the order of their ids. */
  readonly list: (range?: ClientRange) => Promise<readonly StoredClient[]>
  /** One of them, or one that is configured. */
  readonly get: (clientId: string) => Promise<StoredClient | undefined>
  /**
   * Forgets a client in a change, and gives the ids of its grants that live: the caller revokes them in the same change. A
   * client that publishes its metadata may come back; one that is configured stays, but its grants are given too.
   *
   * @throws {KavachError} KVCH_E_MCP_CLIENT_UNREGISTERED when there is none
   */
  readonly forget: (change: Change, clientId: string, actor: string) => Promise<readonly string[]>
  /** Removes registrations that nobody used and documents that are out of date, at most `limit`; gives how many. */
  readonly sweep: (change: Change, limit: number) => Promise<number>
}

export interface ClientRange {
  /** The last id of the page before. */
  readonly after?: string | undefined
  /** At most 1,000; default 100. */
  readonly limit?: number | undefined
}

/** A client as whoever manages the project sees it; no secret is in it. */
export interface StoredClient extends Omit<Client, 'secretHash'> {
  /** Absent for one that is configured. */
  readonly createdAt?: Date
  /** When it is forgotten or fetched anew; absent for one that is configured. */
  readonly expiresAt?: Date
}

/** @throws {KavachError} KVCH_E_CONFIG_INVALID when a client of the options cannot be one */
export function createClients(place: McpPlace): Clients {
  const { site, settings } = place
  const configured = configuredClients(place)
  const fetchJson = createFetches(place)
  const documents =
    fetchJson === undefined || settings.options.clientMetadata === false ? undefined : createDocuments(place, fetchJson)
  const checkAssertion = createAssertions(place, fetchJson)

  async function find(clientId: string, mayBeStale: boolean): Promise<Client | undefined> {
    const known = configured.get(clientId)
    if (known !== undefined) return known
    if (documents !== undefined && isDocumentUrl(clientId)) return documents.load(clientId, { mayBeStale })
    if (!REGISTERED_ID.test(clientId)) return undefined
    const row = await site.read((reader) => reader.get('oauthClients', { id: clientId }))
    return row && clientOf(row)
  }

  async function prove(client: Client, credentials: Credentials): Promise<void> {
    if (!mayUse(client, credentials.method)) {
      throw new OAuthError('invalid_client', `the client authenticates by ${client.authMethod}`)
    }
    if (credentials.method === 'private_key_jwt') return checkAssertion(client, credentials.assertion)
    if (credentials.method === 'none') return
    if (!isSameHash(hashToken(credentials.secret, site.sha256), client.secretHash ?? '')) {
      throw new OAuthError('invalid_client', 'the secret of the client is wrong')
    }
  }

  return {
    find: (clientId) => find(clientId, false),

    async authenticate(request, form, { ip } = {}) {
      let client: Client | undefined
      try {
        const credentials = readCredentials(request, form)
        client = await find(credentials.clientId, true)
        if (client === undefined) {
          throw new OAuthError('invalid_client', 'the client is not registered here', {
            code: 'KVCH_E_MCP_CLIENT_UNREGISTERED',
          })
        }
        await prove(client, credentials)
        return client
      } catch (error) {
        if (!(error instanceof OAuthError) || error.error !== 'invalid_client') throw error
        const why = error.message
        await recordRefusal(place, { source: ip ?? 'unknown', client: client?.id, error: error.error, why })
        if (!request.headers.has('authorization')) throw error
        throw new OAuthError('invalid_client', why, {
          code: error.code,
          headers: basicChallenge(settings.issuer),
          cause: error.cause,
        })
      }
    },

    register: createRegistration(place),

    async list({ after, limit = STANDARD_PAGE } = {}) {
      if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_PAGE) {
        const details = { path: 'limit' }
        throw new KavachError('KVCH_E_REQUEST_INVALID', `limit: must be a whole number from 1 to ${MAX_PAGE}`, {
          details,
        })
      }
      const range = { limit, ...(after !== undefined && { after }) }
      return site.read(async (reader) => (await reader.find('oauthClients', 'key', range)).map(viewOf))
    },

    async get(clientId) {
      const known = configured.get(clientId)
      if (known !== undefined) return withoutSecret(known)
      const row = await site.read((reader) => reader.get('oauthClients', { id: clientId }))
      return row && viewOf(row)
    },

    async forget(change, clientId, actor) {
      const row = configured.has(clientId) ? undefined : await change.get('oauthClients', { id: clientId })
      const grants: string[] = []
      for await (const id of liveGrants(change, clientId)) grants.push(id)
      if (row === undefined && grants.length === 0 && !configured.has(clientId)) {
        throw new KavachError('KVCH_E_MCP_CLIENT_UNREGISTERED', `there is no client \`${clientId}\``)
      }
      if (row !== undefined) await removeClient(change, row)
      change.record(
        entryOf({ kind: 'oauth.client.revoke', actor, members: { client: clientId, grants: grants.length } }),
      )
      return grants
    },

    sweep: (change, limit) => sweepClients(change, limit, unusedMs(settings)),
  }
}

/** `mcp_` and a ULID. */
const REGISTERED_ID = /^mcp_[0-9A-HJKMNP-TV-Z]{26}$/
const STANDARD_PAGE = 100
const MAX_PAGE = 1000

/** One method is registered. Whoever was given a secret by the options registered nothing, and may send it either way. */
function mayUse({ origin, authMethod }: Client, method: Credentials['method']): boolean {
  if (method === authMethod) return true
  return origin === 'configured' && authMethod === 'client_secret_basic' && method === 'client_secret_post'
}

/** Takes the same time wherever they differ. */
function isSameHash(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  for (let at = 0; at < a.length; at++) difference |= a.charCodeAt(at) ^ b.charCodeAt(at)
  return difference === 0
}

function viewOf(row: Row<'oauthClients'>): StoredClient {
  return {
    ...withoutSecret(clientOf(row)),
    createdAt: new Date(row.createdAt),
    ...(row.expiresAt !== null && { expiresAt: new Date(row.expiresAt) }),
  }
}

function withoutSecret({ secretHash: _, ...client }: Client): StoredClient {
  return client
}
