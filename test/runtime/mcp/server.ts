/** An authorization server in memory, and a browser in front of it. */
import { createMcp, type Mcp } from '../../../runtime/mcp/mcp.ts'
import type { RequestContext } from '../../../runtime/mcp/place.ts'
import { openPlace, type PlaceParts, RESOURCE, type TestPlace } from './place.ts'

export const REDIRECT = 'https://client.example.com/callback'
/** SHA-256 of `VERIFIER`, base64url: the pair of RFC 7636, appendix B. */
export const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
export const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'

export type Fields = { readonly [name: string]: string }

export interface TestServer extends TestPlace {
  readonly mcp: Mcp
  /** An absolute URL, or a path below the issuer. */
  readonly send: (url: string, init?: RequestInit, context?: RequestContext) => Promise<Response>
  /** Registers a client, and gives its id. */
  readonly register: (metadata?: object) => Promise<string>
  /** The URL of a good authorization request of a client; a field that is undefined is left out. */
  readonly authorizeUrl: (clientId: string, fields?: { readonly [name: string]: string | undefined }) => string
  readonly newBrowser: (user?: string) => TestBrowser
}

/** Keeps cookies, and is signed in at the application as `user`. */
export interface TestBrowser {
  readonly cookies: Map<string, string>
  /** Who is signed in, for the login port of `OPTIONS`. */
  user: string | undefined
  readonly get: (url: string, headers?: Fields) => Promise<Response>
  readonly post: (url: string, fields: Fields, headers?: Fields) => Promise<Response>
  /** Posts the form of a page with its hidden fields and what the user adds. */
  readonly submit: (page: string, fields: Fields) => Promise<Response>
}

export async function openServer(parts: PlaceParts = {}): Promise<TestServer> {
  const place = await openPlace(parts)
  const { settings } = place
  const mcp = createMcp(place)

  async function send(url: string, init?: RequestInit, context: RequestContext = {}): Promise<Response> {
    const response = await mcp.fetch(new Request(new URL(url, settings.issuer), init), context)
    if (response === undefined) throw new Error(`nobody answers ${url}`)
    return response
  }

  return {
    ...place,
    mcp,
    send,
    async register(metadata) {
      const body = {
        redirect_uris: [REDIRECT],
        client_name: 'A client',
        token_endpoint_auth_method: 'none',
        ...metadata,
      }
      const headers = { 'content-type': 'application/json' }
      const response = await send(settings.urls.register, { method: 'POST', headers, body: JSON.stringify(body) })
      const { client_id: id, ...rest } = await response.json()
      if (typeof id !== 'string') throw new Error(JSON.stringify(rest))
      return id
    },
    authorizeUrl(clientId, fields = {}) {
      const url = new URL(settings.urls.authorize)
      for (const [name, value] of Object.entries({ ...goodRequest(clientId), ...fields })) {
        if (value !== undefined) url.searchParams.set(name, value)
      }
      return url.href
    },
    newBrowser: (user) => browserOf(send, user),
  }
}

export function goodRequest(clientId: string): Fields {
  return {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: REDIRECT,
    state: 'xyz',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    scope: 'mcp:tools',
    resource: RESOURCE,
  }
}

function browserOf(send: TestServer['send'], user: string | undefined): TestBrowser {
  const cookies = new Map<string, string>()

  async function go(url: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers)
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    if (cookie !== '') headers.set('cookie', cookie)
    if (browser.user !== undefined) headers.set('x-user', browser.user)
    const response = await send(url, { ...init, headers })
    for (const text of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? []
      if (/Max-Age=0/.test(text)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }

  const post: TestBrowser['post'] = (url, fields, headers = {}) =>
    go(url, { method: 'POST', headers, body: new URLSearchParams(fields) })

  const browser: TestBrowser = {
    cookies,
    user,
    get: (url, headers = {}) => go(url, { headers }),
    post,
    submit: (page, fields) => {
      const { action, hidden } = formOf(page)
      return post(action, { ...hidden, ...fields })
    },
  }
  return browser
}

/** The one form of a page. */
export function formOf(page: string): { readonly action: string; readonly hidden: Fields } {
  const action = /<form method="post" action="([^"]*)">/.exec(page)?.[1]
  if (action === undefined) throw new Error(`there is no form in ${page}`)
  const hidden = [...page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)]
  return {
    action: unescapeHtml(action),
    hidden: Object.fromEntries(hidden.map(([, name = '', value = '']) => [unescapeHtml(name), unescapeHtml(value)])),
  }
}

export function unescapeHtml(text: string): string {
  return text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
}

/** Where an answer leads, and what it says there. */
export function redirectOf(response: Response): {
  readonly status: number
  readonly to: string
  readonly fields: Fields
} {
  const location = response.headers.get('location') ?? 'nowhere:'
  const [to = '', query = ''] = location.split(/\?(.*)/s)
  return { status: response.status, to, fields: Object.fromEntries(new URLSearchParams(query)) }
}
