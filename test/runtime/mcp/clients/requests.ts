/** Requests that clients send, and documents that they publish. */

import type { Clients } from '../../../../runtime/mcp/clients/index.ts'
import type { FetchedDocument, PinnedFetch, PinnedFetchOptions } from '../../../../runtime/mcp/index.ts'
import { ISSUER } from '../place.ts'

export const REDIRECT = 'https://app.example.com/cb'

/** A registration; `body` is JSON, or the text itself. */
export function registration(body: unknown, headers: Readonly<Record<string, string>> = {}): Request {
  return new Request(`${ISSUER}/.well-known/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

export interface Registered {
  readonly client_id: string
  readonly client_secret?: string
  readonly [member: string]: unknown
}

/** What a registration with one redirect URI gives. */
export async function registered(clients: Clients, metadata: object = {}, ip = '192.0.2.1'): Promise<Registered> {
  const response = await clients.register(registration({ redirect_uris: [REDIRECT], ...metadata }), { ip })
  // Tests compare what is in it.
  return (await response.json()) as Registered
}

/** The headers of a request to the token endpoint. */
export function tokenRequest(headers: Readonly<Record<string, string>> = {}): Request {
  return new Request(`${ISSUER}/oauth/token`, { method: 'POST', headers })
}

export function basic(id: string, secret: string): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
}

export interface Web {
  readonly fetchDocument: PinnedFetch
  /** What was fetched, in its order. */
  readonly asked: readonly { readonly url: string; readonly options: PinnedFetchOptions }[]
}

/** A web whose pages are what `answer` says; what it throws is a failure to reach it. */
export function webOf(answer: (url: string) => Partial<FetchedDocument> & { readonly json?: unknown }): Web {
  const asked: Web['asked'][number][] = []
  return {
    asked,
    async fetchDocument(url, options) {
      asked.push({ url, options })
      const { status = 200, headers = {}, bytes, json } = answer(url)
      return {
        status,
        headers: { 'content-type': 'application/json', ...headers },
        bytes: bytes ?? new TextEncoder().encode(JSON.stringify(json)),
      }
    },
  }
}
