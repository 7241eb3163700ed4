/** Options of the authorization server and of what guards MCP servers. */
import type { Awaitable, Permission } from '../index.ts'

export interface McpOptions {
  /** URL by which clients know the authorization server: https (http on loopback), without query or fragment. It never changes. */
  readonly issuer: string
  /** The MCP servers that tokens are for, at least one. */
  readonly resources: readonly McpResource[]
  /** What a scope stands for, by its name. A call needs a scope whose permissions cover it, and the consent of the policy. */
  readonly scopes: { readonly [scope: string]: McpScope }
  /** What a client gets that asks for nothing. Default: the first scope. */
  readonly defaultScopes?: readonly string[] | undefined
  /** Who is signed in. `development: true` brings a login of its own instead. */
  readonly login?: LoginPort | undefined
  /** Shows what a client asks for, and lets the user agree or refuse. Default: a plain page. */
  readonly consent?: ConsentPort | undefined
  /**
   * The agent that acts for a user through a client: the id of one that exists, such as a declared one. Default: an agent is made
   * for each user and client, owned by the user, which holds what the scopes stand for that were agreed to.
   */
  readonly agent?: ((subject: GrantSubject) => Awaitable<string>) | undefined
  /** Clients that do not register themselves: resource servers that introspect, agents that speak for themselves. */
  readonly clients?: readonly ConfiguredClient[] | undefined
  /** RFC 7591; `false` closes it. Default: open to everybody, within bounds. */
  readonly registration?: false | RegistrationOptions | undefined
  /** Client ID Metadata Documents; `false`: no URL is fetched. */
  readonly clientMetadata?: false | ClientMetadataOptions | undefined
  readonly tokens?: TokenOptions | undefined
  /** Built-in login for trying things out: names and passwords. Refused in production. */
  readonly development?: { readonly users: { readonly [name: string]: string } } | undefined
  /** Origins of browser clients that may call MCP servers, beside those of the servers themselves (RS-13). */
  readonly allowedOrigins?: readonly string[] | undefined
  /** Requests a minute and source to login, registration and token endpoints; `false`: no limit, on loopback only. */
  readonly ratePerMinute?: number | false | undefined
}

export interface McpResource {
  /** As clients call it, without a trailing slash: `https://tools.example.com/mcp`. */
  readonly url: string
  /** Its name in policies: tool `t` is the resource `mcp:<server>:t`. */
  readonly server: string
  /** For people. */
  readonly title?: string | undefined
  /** Scopes without which nothing can be done there: the challenge names them. Default: the default scopes. */
  readonly scopes?: readonly string[] | undefined
  /** Actions and resources of tools that are not `execute` on `mcp:<server>:<tool>`, by the name of the tool (`x-kavach`). */
  readonly tools?: { readonly [tool: string]: ToolMapping } | undefined
  /** How tools without an entry are mapped: `execute`, or by the hints that the server gives. Default `execute`. */
  readonly map?: 'execute' | 'hints' | undefined
}

export interface ToolMapping {
  readonly action: string
  readonly resource: string
}

export interface McpScope {
  /** Shown at consent. */
  readonly description: string
  readonly permissions: readonly Permission[]
  /** Scopes that it contains. */
  readonly includes?: readonly string[] | undefined
}

/** A person who is signed in, as the session of the application says. */
export interface SignedIn {
  readonly id: string
  /** Shown at consent. */
  readonly name?: string | undefined
}

export interface LoginPort {
  /** Who sent this request, by a cookie of the application; nothing when nobody is signed in. */
  readonly user: (request: Request) => Awaitable<SignedIn | undefined>
  /** Where to sign in; the application leads back to `returnTo` afterwards. */
  readonly loginUrl: (returnTo: string) => string
}

/** What a consent page shows; all texts are the client's own claims and must be escaped. */
export interface ConsentQuestion {
  readonly user: SignedIn
  readonly client: {
    readonly id: string
    readonly name: string
    /** Host of the client's id where that is a URL, which is the only thing about it that was checked. */
    readonly host: string | undefined
    readonly redirectUri: string
    readonly redirectHost: string
    readonly isLoopbackOnly: boolean
  }
  readonly scopes: readonly { readonly name: string; readonly description: string }[]
  readonly resource: { readonly url: string; readonly title: string }
  /** Where the answer is posted. */
  readonly action: string
  /** Hidden fields that the form sends back; one further field is `decision`, `allow` or `deny`. */
  readonly fields: { readonly [name: string]: string }
}

export type ConsentPort = (question: ConsentQuestion) => Awaitable<Response>

export interface GrantSubject {
  readonly user: SignedIn
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly resource: string
}

export interface ConfiguredClient {
  readonly id: string
  readonly name?: string | undefined
  /** Shared secret, 32 characters or more (with `development`, any number of them); or `jwks` for `private_key_jwt`. Neither: a public client. */
  readonly secret?: string | undefined
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] } | undefined
  readonly redirectUris?: readonly string[] | undefined
  readonly grantTypes?: readonly GrantType[] | undefined
  readonly scopes?: readonly string[] | undefined
  /** It may ask whether tokens are good (RFC 7662). */
  readonly mayIntrospect?: boolean | undefined
  /** The agent that it speaks for: in `client_credentials`, and as the one to whom authority is delegated in an exchange. */
  readonly agent?: string | undefined
  readonly dpopBoundAccessTokens?: boolean | undefined
}

export const GRANT_TYPES = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:token-exchange',
] as const

export type GrantType = (typeof GRANT_TYPES)[number]

export interface RegistrationOptions {
  /** Registered clients at most; those that nobody used go first. Default 10,000. */
  readonly maxClients?: number | undefined
  /** Days until a client that was not used is forgotten. Default 90. */
  readonly unusedDays?: number | undefined
  /**
   * Schemes beside https and loopback http, such as `cursor:`; reverse-domain ones (with a period) are always accepted. Default:
   * those of editors that need them, see docs/mcp/clients.md.
   */
  readonly privateSchemes?: readonly string[] | undefined
}

export interface ClientMetadataOptions {
  /** Accepts documents from https://localhost; only where the issuer itself is on loopback. */
  readonly allowLoopback?: boolean | undefined
}

export interface TokenOptions {
  /** Default `opaque`: it can be revoked at once. A `jwt` lives five minutes at most. */
  readonly format?: 'opaque' | 'jwt' | undefined
  /** At most 3,600; default 3,600, of a `jwt` 300. */
  readonly accessSeconds?: number | undefined
  /** Days after which a refresh token that was not used is dead. Default 30. */
  readonly refreshIdleDays?: number | undefined
  /** Days after which the user must agree anew. Default 365. */
  readonly grantDays?: number | undefined
}
