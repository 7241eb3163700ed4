/** The HTTP API: a handler of requests over the host. */
import { Hono } from 'hono'
import { countOption, KavachError, type OpenedHost, ulid } from '../index.ts'
import { authorizeDoc, createAuthorize } from './authorize.ts'
import { createClientAddress } from './client-address.ts'
import { createCors } from './cors.ts'
import { createCredentials } from './credential.ts'
import { createFailures, headersOf } from './failure.ts'
import { createGate } from './gate.ts'
import { createOpenApi } from './openapi.ts'
import { type HttpOptions, MAX_WAITING, type RequestContext } from './options.ts'
import { type Begun, type Performer, perform } from './perform.ts'
import { type Route, type RouteDoc, route } from './route.ts'
import {
  agentRoutes,
  approvalRoutes,
  auditRoutes,
  decisionRoutes,
  delegationRoutes,
  healthRoutes,
  policyRoutes,
} from './routes/index.ts'
import { documentSchema } from './schemas/index.ts'

export interface HttpApi {
  /** The answer, or nothing for a path that is not its own. Never rejects. */
  readonly fetch: (request: Request, context?: RequestContext) => Promise<Response | undefined>
  /** True for the paths that it answers. */
  readonly owns: (pathname: string) => boolean
}

/** Requests that may be under way at the same time, beside decisions. */
const MAX_MANAGING = 256

type Env = { Bindings: Omit<Begun, 'params'> }

/** @throws {KavachError} KVCH_E_CONFIG_INVALID */
export function createHttpApi(
  { kavach, site, admitFailure }: Pick<OpenedHost, 'kavach' | 'site' | 'admitFailure'>,
  options: HttpOptions = {},
): HttpApi {
  const maxWaiting = countOption(options.maxWaiting, 'maxWaiting', MAX_WAITING)
  const { host, settings, warn } = site
  const failures = createFailures({ docsBaseUrl: settings.docsBaseUrl, warn })
  const addressOf = createClientAddress(options.trustProxy)
  const cors = createCors(options.cors)
  const place = { kavach, site }
  const authorize = createAuthorize(place, createGate(maxWaiting), failures)
  const performer: Performer = {
    place,
    credentials: createCredentials({ site, admitFailure, keys: kavach.keys }),
    gate: createGate(MAX_MANAGING),
    failures,
  }

  const app = new Hono<Env>()
  app.post(authorizeDoc.path, ({ req, env }) => authorize(req.raw, env.requestId, env.source))
  for (const one of ROUTES) {
    app.on(one.method, one.path.replaceAll(/\{(\w+)\}/g, ':$1'), ({ req, env }) =>
      perform(performer, one, req.raw, { ...env, params: req.param() }),
    )
  }
  app.all('*', ({ req, env: { requestId } }) => {
    const methods = methodsOf(req.path)
    if (methods.length === 0) return failures.answer(new KavachError('KVCH_E_HTTP_NOT_FOUND'), requestId)
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
    if (req.method !== 'OPTIONS') {
      const error = new KavachError('KVCH_E_HTTP_METHOD', `the route has ${allow}`)
      return failures.answer(error, requestId, { allow })
    }
    const { 'content-type': _, ...headers } = headersOf(requestId)
    return new Response(null, { status: 204, headers: { ...headers, allow, ...cors?.preflight(req.raw, allow) } })
  })
  app.onError((error, { env: { requestId } }) => failures.answer(error, requestId))
  const { fetch: dispatch } = app

  function answer(request: Request, path: string, context: RequestContext): Response | Promise<Response> {
    const requestId = `req_${ulid(host, host.now())}`
    const source = addressOf(request, context)
    if (path === authorizeDoc.path && request.method === 'POST' && !request.url.includes('?')) {
      return authorize(request, requestId, source)
    }
    return dispatch(request, { requestId, source })
  }

  return {
    owns: ownsApiPath,
    fetch: async (request, context = {}) => {
      const path = pathOf(request.url)
      if (!ownsApiPath(path)) return undefined
      const response = await answer(request, path, context)
      return cors === undefined ? response : cors.expose(request, response)
    },
  }
}

const DOCUMENT = '/openapi.json'

const ROUTES: readonly Route[] = [
  ...decisionRoutes,
  ...agentRoutes,
  ...delegationRoutes,
  ...approvalRoutes,
  ...auditRoutes,
  ...policyRoutes,
  ...healthRoutes,
  route({
    method: 'GET',
    path: DOCUMENT,
    id: 'getOpenApi',
    summary: 'get this document',
    tag: 'health',
    access: { kind: 'anyone' },
    answer: documentSchema,
    run: async () => openApiDocument(),
  }),
]

let document: ReturnType<typeof createOpenApi> | undefined

/** The OpenAPI 3.1 document of the API; the same for every host. */
export function openApiDocument(): ReturnType<typeof createOpenApi> {
  document ??= createOpenApi(API_ROUTES)
  return document
}

/** All routes, as the document lists them. */
export const API_ROUTES: readonly RouteDoc[] = [authorizeDoc, ...ROUTES]

const PATTERNS = API_ROUTES.map(({ method, path }) => {
  return { method, pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`) }
})

function methodsOf(path: string): readonly string[] {
  return [...new Set(PATTERNS.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))]
}

/** True for the paths of the API. */
export function ownsApiPath(path: string): boolean {
  return path.startsWith('/v1/') || path === '/v1' || path === '/health' || path === '/ready' || path === DOCUMENT
}

/** The path of an absolute URL, as it is encoded. */
function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  if (start < 0) return '/'
  const query = url.indexOf('?', start)
  if (query >= 0) return url.slice(start, query)
  const fragment = url.indexOf('#', start)
  return fragment < 0 ? url.slice(start) : url.slice(start, fragment)
}
