/** Clients of the authorization server: where they are found, how they show who they are, and how they come and go. */
import type { Change } from '../../index.ts'
import type { Client } from '../client.ts'
import type { Form } from '../form.ts'
import type { RequestContext } from '../place.ts'

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
