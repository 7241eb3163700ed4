/**
 * Which endpoint a request is for, by its path alone: neither `Host` nor `X-Forwarded-*` is looked at. Paths are compared as they
 * are; one that is spelt otherwise is another path.
 */
import { KavachError } from '../index.ts'
import type { AuthorizationEndpoints } from './authorize/index.ts'
import { openidMetadata, resourceMetadata, resourceMetadataUrl, serverMetadata } from './metadata.ts'
import { OAuthError } from './oauth-error.ts'
import type { McpPlace, RequestContext } from './place.ts'
import type { McpSettings } from './settings.ts'
import type { SourceRates } from './source-rates.ts'
import { toOAuthError } from './surprise.ts'

type Answer = (request: Request, context: RequestContext) => Promise<Response>

export interface RouterPorts {
  readonly people: AuthorizationEndpoints
  readonly register: Answer
  readonly token: Answer
  readonly revoke: Answer
  readonly introspect: Answer
  readonly jwks: () => Promise<object>
  readonly rates: SourceRates
}

/** Answers a request, whatever happens; nothing when it is for none of the endpoints. */
export type Route = (request: Request, context: RequestContext) => Promise<Response | undefined>

export function createRouter(place: McpPlace, ports: RouterPorts): Route {
  const { site, settings } = place
  const { people, rates } = ports
  const endpoints = new Map(endpointsOf(place, ports).map((endpoint) => [new URL(endpoint.url).pathname, endpoint]))
  const documents = resourceDocuments(settings)

  async function dispatch(endpoint: Endpoint, request: Request, context: RequestContext): Promise<Response> {
    const { methods, rate, answer } = endpoint
    const method = request.method === 'HEAD' ? 'GET' : request.method
    if (!methods.some((one) => one === method)) throw methodRefused(endpoint)
    if (rate !== undefined && method === 'POST') {
      const retryAfter = await rates.take(rate, context.ip)
      if (retryAfter !== undefined) throw new KavachError('KVCH_E_RATE_ENDPOINT_EXCEEDED', undefined, { retryAfter })
    }
    return answer(request, context)
  }

  return async (request, context) => {
    const url = new URL(request.url)
    const endpoint = endpoints.get(url.pathname) ?? documentEndpoint(documents.get(url.pathname), url.host)
    if (endpoint === undefined) return undefined
    if (!endpoint.isPage && request.method === 'OPTIONS') return preflight(endpoint)
    try {
      const response = withoutBody(request, await dispatch(endpoint, request, context))
      return endpoint.isPage ? response : withCors(response)
    } catch (error) {
      if (endpoint.isPage) return withoutBody(request, people.refuse(error))
      return withCors(withoutBody(request, toOAuthError(error, site.warn).toResponse()))
    }
  }
}

/** Which paths `createRouter` answers, for whoever has to know before there is a host. */
export function ownedPaths(settings: McpSettings): (pathname: string) => boolean {
  const { issuer, options, resources } = settings
  const { login, ...urls } = settings.urls
  const paths = new Set(
    [
      ...Object.values(urls),
      ...METADATA_NAMES.map((name) => `${issuer}/.well-known/${name}`),
      ...(options.development === undefined ? [] : [login]),
      ...resources.map(({ url }) => resourceMetadataUrl(url)),
    ].map((url) => new URL(url).pathname),
  )
  return (pathname) => paths.has(pathname)
}

const METADATA_NAMES = ['oauth-authorization-server', 'openid-configuration'] as const

interface Endpoint {
  readonly url: string
  readonly methods: readonly ('GET' | 'POST')[]
  /** For people: errors are pages, and no other site may read it. Everything else is for programs, those in browsers too. */
  readonly isPage: boolean
  /** POSTs of one source are counted under this name. */
  readonly rate?: string
  readonly answer: Answer
}

function endpointsOf(place: McpPlace, ports: RouterPorts): readonly Endpoint[] {
  const { settings, fetchDocument } = place
  const { people, register, token, revoke, introspect, jwks } = ports
  const { urls, issuer } = settings
  const parts = { hasFetcher: fetchDocument !== undefined }
  const metadata = serverMetadata(settings, parts)
  const openid = openidMetadata(settings, parts)
  const program = { isPage: false, methods: ['POST'] } as const
  const page = { isPage: true, methods: ['GET', 'POST'] } as const
  return [
    documentAt(urls.metadata, metadata),
    documentAt(urls.openidConfiguration, openid),
    // Behind the path too, where some clients look. Where the issuer has no path, both places are one.
    documentAt(`${issuer}/.well-known/${METADATA_NAMES[0]}`, metadata),
    documentAt(`${issuer}/.well-known/${METADATA_NAMES[1]}`, openid),
    { url: urls.jwks, methods: ['GET'], isPage: false, answer: async () => publicJson(await jwks()) },
    { ...program, url: urls.register, rate: 'register', answer: register },
    { ...program, url: urls.token, rate: 'token', answer: token },
    { ...program, url: urls.revoke, answer: revoke },
    { ...program, url: urls.introspect, answer: introspect },
    { ...page, url: urls.authorize, answer: people.authorize },
    { ...page, url: urls.consent, methods: ['POST'], answer: people.consent },
    ...(people.login === undefined ? [] : [{ ...page, url: urls.login, rate: 'login', answer: people.login }]),
  ]
}

function documentAt(url: string, document: object): Endpoint {
  return { url, methods: ['GET'], isPage: false, answer: async () => publicJson(document) }
}

/** It changes when the options do, which is when a process starts anew. */
function publicJson(body: object): Response {
  return Response.json(body, { headers: { 'cache-control': 'public, max-age=300' } })
}

interface ResourceDocument {
  readonly host: string
  readonly endpoint: Endpoint
}

/** Documents about guarded servers, by the path where they are. */
function resourceDocuments(settings: McpSettings): ReadonlyMap<string, readonly ResourceDocument[]> {
  const documents = new Map<string, ResourceDocument[]>()
  for (const { url } of settings.resources) {
    const place = new URL(resourceMetadataUrl(url))
    const endpoint = documentAt(place.href, resourceMetadata(settings, url) ?? {})
    documents.set(place.pathname, [...(documents.get(place.pathname) ?? []), { host: place.host, endpoint }])
  }
  return documents
}

/**
 * Servers with one path on several hosts share a place here. The host that was asked for chooses among the documents as they are
 * configured, and says nothing in any of them.
 */
function documentEndpoint(documents: readonly ResourceDocument[] = [], host: string): Endpoint | undefined {
  return (documents.find((document) => document.host === host) ?? documents[0])?.endpoint
}

const ALLOWED_HEADERS = 'authorization, content-type, mcp-protocol-version, dpop'
const EXPOSED_HEADERS = 'WWW-Authenticate, DPoP-Nonce, Retry-After'
/** The most that browsers keep it for. */
const PREFLIGHT_SECONDS = '7200'

function preflight(endpoint: Endpoint): Response {
  return withCors(
    new Response(null, {
      status: 204,
      headers: {
        'access-control-allow-methods': allowOf(endpoint),
        'access-control-allow-headers': ALLOWED_HEADERS,
        'access-control-max-age': PREFLIGHT_SECONDS,
      },
    }),
  )
}

/** For any origin, and without cookies: nothing here is given to whoever has cookies. */
function withCors(response: Response): Response {
  response.headers.set('access-control-allow-origin', '*')
  response.headers.set('access-control-expose-headers', EXPOSED_HEADERS)
  return response
}

function withoutBody({ method }: Request, response: Response): Response {
  return method === 'HEAD' ? new Response(null, response) : response
}

function methodRefused(endpoint: Endpoint): OAuthError {
  return new OAuthError('invalid_request', `the method must be ${endpoint.methods.join(' or ')}`, {
    status: 405,
    headers: { allow: allowOf(endpoint) },
  })
}

function allowOf({ methods, isPage }: Endpoint): string {
  return [
    ...methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])),
    ...(isPage ? [] : ['OPTIONS']),
  ].join(', ')
}
