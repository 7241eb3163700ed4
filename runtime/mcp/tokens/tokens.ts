/** Grants, and the codes and tokens that are issued under them. */
import type { JWTPayload } from 'jose'
import type { Change, Row } from '../../index.ts'
import type { Client } from '../client.ts'
import type { Clients } from '../clients/index.ts'
import type { Dpop } from '../dpop/index.ts'
import type { Form } from '../form.ts'
import type { SigningKeys } from '../keys/index.ts'
import type { SignedIn } from '../options.ts'
import type { McpPlace, RequestContext } from '../place.ts'
import type { Actor, Principal } from '../principal.ts'
import { createCode, createCodeHandler } from './codes.ts'
import { createTokenEndpoint } from './endpoint.ts'
import { createGrants, type Grants, openGrant, revokeGrant } from './grants.ts'
import { createIntrospection } from './introspection.ts'
import { keep, mint } from './issue.ts'
import { createRefreshHandler } from './refresh.ts'
import { createRevocation } from './revocation.ts'
import { sweepTokens } from './sweep.ts'
import { createVerify } from './verify.ts'

export interface Tokens {
  /**
   * Keeps what was agreed to, or exchanged for. It ends with its parent at the latest.
   *
   * @throws {OAuthError} `invalid_grant` when the parent is dead
   */
  readonly openGrant: (change: Change, grant: NewGrant) => Promise<Row<'oauthGrants'>>
  /** A code that is good for 60 seconds and one presentation. */
  readonly createCode: (change: Change, code: NewCode) => Promise<string>
  /**
   * An access token, and a refresh token where `hasRefresh` says so; neither outlives the grant.
   *
   * Under `format: 'jwt'` the access token is signed when the answer leaves the token endpoint, because nobody signs while a
   * change is open: hand the answer on as it is. Outside of a request to that endpoint it is opaque.
   */
  readonly issue: (change: Change, grant: Row<'oauthGrants'>, what: NewTokens) => Promise<TokenAnswer>
  /**
   * Ends a grant and all that was exchanged from it, with the delegations: whatever was issued under them is dead when the
   * change is made. Once more changes nothing, and neither does an id that nobody has.
   */
  readonly revokeGrant: (change: Change, grantId: string, reason: string, actor: string) => Promise<void>
  /** The token endpoint. Refusals of the protocol are responses; it throws what the store throws. @see OAuth 2.1 section 3.2 */
  readonly token: (request: Request, context: RequestContext) => Promise<Response>
  /** @see RFC 7009 */
  readonly revoke: (request: Request, context: RequestContext) => Promise<Response>
  /** @see RFC 7662 */
  readonly introspect: (request: Request, context: RequestContext) => Promise<Response>
  /**
   * Whom an access token speaks for, opaque or JWT, if it is good now; nothing for every other text, refresh tokens and tokens
   * of agents included. It says nothing about the agent, which may be suspended.
   */
  readonly verify: (token: string) => Promise<Principal | undefined>
  /** For whoever manages the project. */
  readonly grants: Grants
  /** Removes at most `limit` rows of each kind that nobody will ask for again; gives how many. */
  readonly sweep: (change: Change, limit: number) => Promise<number>
}

export interface NewGrant {
  readonly client: Pick<Client, 'id'>
  /** Nobody, for a client that speaks for itself. */
  readonly user: Pick<SignedIn, 'id'> | undefined
  /** Who is asked about when a token of it is used. */
  readonly agentId: string
  readonly scopes: readonly string[]
  /** URL of the one server that it is for. */
  readonly resource: string
  /** The grant that it was exchanged for. */
  readonly parent?: string | undefined
  /** The delegation through which alone it acts; ends with it. */
  readonly delegation?: string | undefined
  readonly actor?: Actor | undefined
  /** Milliseconds since 1970; null: it does not end by itself. */
  readonly expiresAt: number | null
}

export interface NewCode {
  readonly grantId: string
  readonly client: Pick<Client, 'id'>
  /** Byte for byte as the request gave it. */
  readonly redirectUri: string
  /** S256. */
  readonly challenge: string
  readonly scopes: readonly string[]
  readonly resource: string
  /** Thumbprint of the key that it is bound to (RFC 9449 section 10). */
  readonly jkt?: string | undefined
}

export interface NewTokens {
  readonly scopes: readonly string[]
  readonly resource: string
  /** Thumbprint of the key that the access token is bound to. */
  readonly jkt: string | undefined
  /** The same for the refresh token; given for clients that have no other way to show who they are. */
  readonly refreshJkt?: string | undefined
  readonly hasRefresh: boolean
  /** Milliseconds since 1970, for an access token that must end before others do. */
  readonly expiresAt?: number | undefined
}

/** @see RFC 6749 section 5.1; RFC 8693 section 2.2.1 for `issued_token_type` */
export interface TokenAnswer {
  readonly access_token: string
  readonly token_type: 'Bearer' | 'DPoP'
  /** Seconds. */
  readonly expires_in: number
  /** Always given, separated by blanks. */
  readonly scope: string
  readonly refresh_token?: string | undefined
  readonly issued_token_type?: string | undefined
}

/**
 * What is done for a grant type, for a client that was authenticated and has registered the type.
 *
 * @throws {OAuthError} what the client is told
 */
export type GrantHandler = (asked: TokenRequest) => Promise<TokenAnswer>

export interface TokenRequest {
  readonly client: Client
  readonly form: Form
  /** Thumbprint of the key of a good DPoP proof. */
  readonly jkt: string | undefined
  readonly context: RequestContext
  /** Of this request: what it issues is completed when the answer leaves. */
  readonly tokens: Tokens
}

export interface TokenPorts {
  readonly clients: Pick<Clients, 'authenticate'>
  readonly keys: Pick<SigningKeys, 'sign' | 'verify'>
  readonly dpop: Dpop
  /** Grant types beside `authorization_code` and `refresh_token`. */
  readonly grants: { readonly [grantType: string]: GrantHandler }
}

export function createTokens(place: McpPlace, ports: TokenPorts): Tokens {
  const { settings } = place
  const verify = createVerify(place, ports.keys)

  async function issue(
    change: Change,
    grant: Row<'oauthGrants'>,
    what: NewTokens,
    unsigned?: Map<string, JWTPayload>,
  ): Promise<TokenAnswer> {
    const isJwt = settings.isJwt && unsigned !== undefined
    const minted = mint(place, grant, { ...what, isJwt }, change.now)
    await keep(change, 'oauth.token', grant, minted)
    if (minted.claims !== undefined) unsigned?.set(minted.answer.access_token, minted.claims)
    return minted.answer
  }

  const token = createTokenEndpoint(place, {
    ...ports,
    grants: {
      ...ports.grants,
      authorization_code: createCodeHandler(place),
      refresh_token: createRefreshHandler(place, ports.keys),
    },
    tokensFor: (unsigned) => ({ ...tokens, issue: (change, grant, what) => issue(change, grant, what, unsigned) }),
  })

  const tokens: Tokens = {
    openGrant: (change, grant) => openGrant(place, change, grant),
    createCode: (change, code) => createCode(place, change, code),
    issue: (change, grant, what) => issue(change, grant, what),
    revokeGrant: (change, grantId, reason, actor) => revokeGrant(change, grantId, { reason, actor }),
    token,
    revoke: createRevocation(place, ports),
    introspect: createIntrospection(place, { ...ports, verify }),
    verify,
    grants: createGrants(place),
    sweep: (change, limit) => sweepTokens(place, change, limit),
  }
  return tokens
}
