/** What every part of the authorization server is given. */
import type { Kavach, SecretKeys, Site } from '../index.ts'
import type { McpSettings } from './settings.ts'

export interface McpPlace {
  readonly site: Site
  readonly kavach: Pick<
    Kavach,
    'agents' | 'delegation' | 'authorize' | 'authorizeByToken' | 'complete' | 'possible' | 'rates'
  >
  readonly settings: McpSettings
  readonly secretKeys: () => Promise<SecretKeys>
  /** Whether a failed authentication of this source, at this time, gets a row of its own; others are counted. */
  readonly admitFailure: (source: string, now: number) => boolean
  readonly isProduction: boolean
  /** Fetches a document of the world outside: see `PinnedFetch`. */
  readonly fetchDocument: PinnedFetch | undefined
}

/**
 * Gets a URL and nothing else: no redirects, no cookies, never from an address that is not public (RFC 6890), which is checked on
 * the address that is connected to, so that a name cannot be resolved to another one in between.
 *
 * @throws {KavachError} KVCH_E_MCP_METADATA_FETCH_FAILED
 */
export type PinnedFetch = (url: string, options: PinnedFetchOptions) => Promise<FetchedDocument>

export interface PinnedFetchOptions {
  readonly maxBytes: number
  readonly timeoutMs: number
  /** Loopback addresses are accepted too, and certificates that nobody signed. */
  readonly allowLoopback?: boolean
  readonly signal?: AbortSignal
}

export interface FetchedDocument {
  readonly status: number
  /** Lower-case names. */
  readonly headers: { readonly [name: string]: string }
  readonly bytes: Uint8Array
}

export type { RequestContext } from '../http/index.ts'
