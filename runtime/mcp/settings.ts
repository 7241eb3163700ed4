/** Options of the authorization server with every default in place. */
import type { McpOptions, McpResource, McpScope } from './options.ts'

export interface McpSettings {
  readonly options: McpOptions
  /** Byte for byte as given. */
  readonly issuer: string
  /** True on loopback over http: then cookies have no `__Host-` prefix, because browsers refuse it. */
  readonly isLoopback: boolean
  readonly urls: EndpointUrls
  readonly resources: readonly Required<Pick<McpResource, 'url' | 'server' | 'title' | 'scopes' | 'map' | 'tools'>>[]
  readonly scopes: { readonly [scope: string]: McpScope }
  readonly defaultScopes: readonly string[]
  /** A scope and all that it contains, by its name. */
  readonly closureOf: (scopes: readonly string[]) => ReadonlySet<string>
  readonly accessMs: number
  readonly refreshIdleMs: number
  readonly grantMs: number
  readonly isJwt: boolean
  readonly ratePerMinute: number
}

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
