/** Options of the authorization server with every default in place. */
import { createPermissionReader, jsonPlace, StateFault } from '../../compiler/model/index.ts'
import {
  assertKnownOptions,
  assertOptionKind,
  countOption,
  failOption,
  type Members,
  type Permission,
} from '../index.ts'
import { readConfiguredClients } from './configured-clients.ts'
import type {
  ClientMetadataOptions,
  McpOptions,
  McpResource,
  McpScope,
  RegistrationOptions,
  TokenOptions,
} from './options.ts'

export interface McpSettings {
  readonly options: McpOptions
  /** Byte for byte as given. */
  readonly issuer: string
  /** True on loopback over http: then cookies have no `__Host-` prefix, because browsers refuse it. */
  readonly isLoopback: boolean
  readonly urls: EndpointUrls
  readonly resources: readonly McpServer[]
  /** Has no prototype. */
  readonly scopes: { readonly [scope: string]: McpScope }
  readonly defaultScopes: readonly string[]
  /** Scopes and all that they contain, by their names; those that there are no longer are left out. */
  readonly closureOf: (scopes: readonly string[]) => ReadonlySet<string>
  readonly accessMs: number
  readonly refreshIdleMs: number
  readonly grantMs: number
  readonly isJwt: boolean
  /** Infinity: no limit. */
  readonly ratePerMinute: number
}

/** A server that tokens are for. */
export type McpServer = { readonly [K in keyof McpResource]-?: Exclude<McpResource[K], undefined> }

/** Absolute URLs of the endpoints, all derived from the issuer. */
export interface EndpointUrls {
  readonly metadata: string
  readonly openidConfiguration: string
  readonly authorize: string
  readonly token: string
  readonly register: string
  readonly revoke: string
  readonly introspect: string
  readonly jwks: string
  readonly login: string
  readonly consent: string
}

/**
 * Looks at every option, and fills in what was left out.
 *
 * @throws {KavachError} KVCH_E_CONFIG_INVALID, naming the path of the option below `mcp`
 */
export function resolveMcp(options: McpOptions, { isProduction }: { readonly isProduction: boolean }): McpSettings {
  assertKnownOptions('mcp', options, OPTIONS)
  const isLoopback = readServerUrl(options.issuer, 'mcp.issuer').protocol === 'http:'
  const scopes = readScopes(options.scopes)
  const defaultScopes =
    readScopeList(options.defaultScopes, 'mcp.defaultScopes', scopes) ?? Object.keys(scopes).slice(0, 1)
  const tokens = options.tokens ?? {}
  const isJwt = readTokenFormat(tokens)
  readLogin(options, isProduction)
  readClientSources(options, isLoopbackUrl(options.issuer))
  const isDevelopment = options.development !== undefined
  readConfiguredClients(options.clients, { scopes: Object.keys(scopes), isDevelopment })
  readOrigins(options.allowedOrigins)
  return {
    options,
    issuer: options.issuer,
    isLoopback,
    urls: endpointsOf(options.issuer),
    resources: readResources(options.resources, scopes, defaultScopes),
    scopes,
    defaultScopes,
    closureOf: (names) => closureOf(names, scopes),
    accessMs: readAccessSeconds(tokens, isJwt) * 1000,
    refreshIdleMs: countOption(tokens.refreshIdleDays, 'mcp.tokens.refreshIdleDays', 30) * DAY_MS,
    grantMs: countOption(tokens.grantDays, 'mcp.tokens.grantDays', 365) * DAY_MS,
    isJwt,
    ratePerMinute: readRate(options),
  }
}

/** Where a document about `url` is: the name stands between its host and its path. @see RFC 8414 section 3.1, RFC 9728 section 3.1 */
export function wellKnownUrl(url: string, name: string): string {
  const { origin } = new URL(url)
  return `${origin}/.well-known/${name}${url.slice(origin.length)}`
}

const DAY_MS = 86_400_000
const MAX_ACCESS_SECONDS = 3600
/** A JWT cannot be called back by whoever verifies it alone. */
const MAX_JWT_SECONDS = 300
const DEFAULT_RATE = 60

const OPTIONS: Members<McpOptions> = {
  issuer: true,
  resources: true,
  scopes: true,
  defaultScopes: true,
  login: true,
  consent: true,
  agent: true,
  clients: true,
  registration: true,
  clientMetadata: true,
  tokens: true,
  development: true,
  allowedOrigins: true,
  ratePerMinute: true,
}
const RESOURCE: Members<McpResource> = { url: true, server: true, title: true, scopes: true, tools: true, map: true }
const SCOPE: Members<McpScope> = { description: true, permissions: true, includes: true }
const REGISTRATION: Members<RegistrationOptions> = { maxClients: true, unusedDays: true, privateSchemes: true }
const CLIENT_METADATA: Members<ClientMetadataOptions> = { allowLoopback: true }
const TOKENS: Members<TokenOptions> = { format: true, accessSeconds: true, refreshIdleDays: true, grantDays: true }

/** A scope of RFC 6749 section 3.3. */
const SCOPE_NAME = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/
/** What may stand between two colons of a resource in a policy. */
const SERVER_NAME = /^[A-Za-z0-9_.-]{1,64}$/
const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]']

function endpointsOf(issuer: string): EndpointUrls {
  return {
    metadata: wellKnownUrl(issuer, 'oauth-authorization-server'),
    openidConfiguration: wellKnownUrl(issuer, 'openid-configuration'),
    authorize: `${issuer}/oauth/authorize`,
    token: `${issuer}/oauth/token`,
    register: wellKnownUrl(issuer, 'oauth/register'),
    revoke: `${issuer}/oauth/revoke`,
    introspect: `${issuer}/oauth/introspect`,
    jwks: `${issuer}/oauth/jwks`,
    login: `${issuer}/oauth/login`,
    consent: `${issuer}/oauth/consent`,
  }
}

/** Clients compare these URLs byte by byte, so there is one way to write each. */
function readServerUrl(url: string, path: string): URL {
  if (typeof url !== 'string' || !URL.canParse(url)) failOption(path, `\`${url}\` is no URL`)
  const parsed = new URL(url)
  if (parsed.protocol !== 'https:' && !isLoopbackUrl(url)) {
    failOption(path, `\`${url}\` is no https URL; http is for \`localhost\`, \`127.0.0.1\` and \`[::1]\` alone`)
  }
  if (parsed.username !== '' || parsed.password !== '') failOption(path, 'must not name a user')
  if (/[?#]/.test(url)) failOption(path, `\`${url}\` must have neither query nor fragment`)
  if (url.endsWith('/')) failOption(path, `\`${url}\` must not end in a slash`)
  if (parsed.href !== url && parsed.href !== `${url}/`) {
    failOption(path, `write \`${url}\` as \`${parsed.href.replace(/\/$/, '')}\``)
  }
  return parsed
}

function isLoopbackUrl(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return (protocol === 'http:' || protocol === 'https:') && LOOPBACK_HOSTS.includes(hostname)
}

function readScopes(given: McpOptions['scopes']): McpSettings['scopes'] {
  if (typeof given !== 'object' || given === null) failOption('mcp.scopes', 'must be an object')
  const scopes: { [scope: string]: McpScope } = Object.create(null)
  for (const [name, scope] of Object.entries(given)) {
    const path = `mcp.scopes.${name}`
    if (!SCOPE_NAME.test(name)) failOption(path, `\`${name}\` is no name of a scope: no spaces, quotes or backslashes`)
    assertKnownOptions(path, scope, SCOPE)
    if (typeof scope.description !== 'string' || scope.description === '') {
      failOption(`${path}.description`, 'must be a text, because the user is asked with it')
    }
    readPermissions(scope.permissions, `${path}.permissions`)
    scopes[name] = scope
  }
  if (Object.keys(scopes).length === 0) failOption('mcp.scopes', 'must have a scope')
  for (const [name, { includes }] of Object.entries(scopes)) {
    readScopeList(includes, `mcp.scopes.${name}.includes`, scopes)
  }
  return Object.freeze(scopes)
}

function readPermissions(permissions: readonly Permission[], path: string): void {
  if (!Array.isArray(permissions)) failOption(path, 'must be a list')
  try {
    createPermissionReader().read(jsonPlace(permissions, path), { kind: 'runtime agent', name: 'scope' })
  } catch (error) {
    if (!(error instanceof StateFault)) throw error
    failOption(path, error.message.startsWith(`${path}: `) ? error.message.slice(path.length + 2) : error.message)
  }
}

function readScopeList(
  names: readonly string[] | undefined,
  path: string,
  scopes: McpSettings['scopes'],
): readonly string[] | undefined {
  assertOptionKind(path, names, 'list')
  const unknown = names?.find((name) => scopes[name] === undefined)
  if (unknown !== undefined) {
    failOption(path, `\`${unknown}\` is no scope; known are ${Object.keys(scopes).join(', ')}`)
  }
  return names && [...new Set(names)]
}

function closureOf(names: readonly string[], scopes: McpSettings['scopes']): ReadonlySet<string> {
  const closure = new Set<string>()
  const pending = [...names]
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const scope = scopes[name]
    if (scope === undefined || closure.has(name)) continue
    closure.add(name)
    pending.push(...(scope.includes ?? []))
  }
  return closure
}

function readResources(
  given: McpOptions['resources'],
  scopes: McpSettings['scopes'],
  defaultScopes: readonly string[],
): McpSettings['resources'] {
  if (!Array.isArray(given) || given.length === 0) failOption('mcp.resources', 'must be a list with an MCP server')
  // An array of what the type says: `isArray` makes it `any[]`.
  const list: readonly McpResource[] = given
  const urls = new Set<string>()
  const servers = new Set<string>()
  return list.map((resource, at) => {
    const path = `mcp.resources[${at}]`
    assertKnownOptions(path, resource, RESOURCE)
    const { url, server, title = server, tools = {}, map = 'execute' } = resource
    readServerUrl(url, `${path}.url`)
    if (urls.has(url)) failOption(`${path}.url`, `\`${url}\` stands there twice`)
    if (typeof server !== 'string' || !SERVER_NAME.test(server)) {
      failOption(`${path}.server`, `\`${server}\` is no name: use 1 to 64 of A-Z a-z 0-9 _ . -`)
    }
    if (servers.has(server)) failOption(`${path}.server`, `\`${server}\` stands there twice`)
    assertOptionKind(`${path}.title`, title, 'string')
    if (map !== 'execute' && map !== 'hints')
      failOption(`${path}.map`, `\`${map}\` is neither \`execute\` nor \`hints\``)
    for (const [tool, mapping] of Object.entries(tools)) {
      assertKnownOptions(`${path}.tools.${tool}`, mapping, { action: true, resource: true })
      for (const member of ['action', 'resource'] as const) {
        if (typeof mapping[member] !== 'string' || mapping[member] === '') {
          failOption(`${path}.tools.${tool}.${member}`, 'must be a text')
        }
      }
    }
    urls.add(url)
    servers.add(server)
    const baseline = readScopeList(resource.scopes, `${path}.scopes`, scopes) ?? defaultScopes
    return { url, server, title, scopes: baseline, tools, map }
  })
}

function readLogin({ login, development, consent, agent }: McpOptions, isProduction: boolean): void {
  assertOptionKind('mcp.consent', consent, 'function')
  assertOptionKind('mcp.agent', agent, 'function')
  if (login !== undefined && development !== undefined)
    failOption('mcp.login', 'give `login` or `development`, not both')
  if (development !== undefined) {
    if (isProduction) {
      failOption(
        'mcp.development',
        'is for trying things out, not for production: give `login`, which asks your session',
      )
    }
    assertKnownOptions('mcp.development', development, { users: true })
    if (typeof development.users !== 'object' || development.users === null) {
      failOption('mcp.development.users', 'must be passwords by the names of users')
    }
    const users = Object.entries(development.users)
    const isUser = ([name, password]: [string, unknown]) =>
      name !== '' && typeof password === 'string' && password !== ''
    if (users.length === 0 || !users.every(isUser)) {
      failOption('mcp.development.users', 'must have a user, and a password for each')
    }
    return
  }
  if (login === undefined) failOption('mcp.login', 'is missing: who is signed in is for the application to say')
  assertKnownOptions('mcp.login', login, { user: true, loginUrl: true })
  if (typeof login.user !== 'function') failOption('mcp.login.user', 'must be a function')
  if (typeof login.loginUrl !== 'function') failOption('mcp.login.loginUrl', 'must be a function')
}

function readClientSources({ registration, clientMetadata }: McpOptions, isOnLoopback: boolean): void {
  if (registration !== undefined && registration !== false) {
    assertKnownOptions('mcp.registration', registration, REGISTRATION)
    countOption(registration.maxClients, 'mcp.registration.maxClients', 1)
    countOption(registration.unusedDays, 'mcp.registration.unusedDays', 1)
    assertOptionKind('mcp.registration.privateSchemes', registration.privateSchemes, 'list')
    for (const scheme of registration.privateSchemes ?? []) {
      if (!/^[a-z][a-z0-9+.-]*:$/.test(scheme)) {
        failOption('mcp.registration.privateSchemes', `\`${scheme}\` is no scheme such as \`cursor:\``)
      }
    }
  }
  if (clientMetadata !== undefined && clientMetadata !== false) {
    assertKnownOptions('mcp.clientMetadata', clientMetadata, CLIENT_METADATA)
    assertOptionKind('mcp.clientMetadata.allowLoopback', clientMetadata.allowLoopback, 'boolean')
    if (clientMetadata.allowLoopback === true && !isOnLoopback) {
      failOption('mcp.clientMetadata.allowLoopback', 'is for servers that are on loopback themselves')
    }
  }
}

function readTokenFormat(tokens: TokenOptions): boolean {
  assertKnownOptions('mcp.tokens', tokens, TOKENS)
  const { format = 'opaque' } = tokens
  if (format === 'opaque' || format === 'jwt') return format === 'jwt'
  return failOption('mcp.tokens.format', `\`${format}\` is neither \`opaque\` nor \`jwt\``)
}

function readAccessSeconds({ accessSeconds }: TokenOptions, isJwt: boolean): number {
  const most = isJwt ? MAX_JWT_SECONDS : MAX_ACCESS_SECONDS
  const seconds = countOption(accessSeconds, 'mcp.tokens.accessSeconds', most)
  if (seconds > most) failOption('mcp.tokens.accessSeconds', `must not be more than ${most}`)
  return seconds
}

function readOrigins(origins: readonly string[] | undefined): void {
  assertOptionKind('mcp.allowedOrigins', origins, 'list')
  for (const origin of origins ?? []) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      failOption('mcp.allowedOrigins', `\`${origin}\` is no origin such as \`https://app.example.com\``)
    }
  }
}

function readRate({ ratePerMinute, issuer }: McpOptions): number {
  if (ratePerMinute !== false) return countOption(ratePerMinute, 'mcp.ratePerMinute', DEFAULT_RATE)
  if (!isLoopbackUrl(issuer)) failOption('mcp.ratePerMinute', 'has to be a number where the server is not on loopback')
  return Number.POSITIVE_INFINITY
}
