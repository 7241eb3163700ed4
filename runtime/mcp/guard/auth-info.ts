/** What servers on the MCP SDK are told about the caller, and how the guard in the server knows it again. */
import { resourceMetadataUrl } from '../metadata.ts'
import type { RequestContext } from '../place.ts'
import type { Authenticated } from './authenticate.ts'
import type { Caller } from './message-guard.ts'

/** The shape of the SDK's `AuthInfo`, of either generation. */
export interface AuthInfo {
  token: string
  clientId: string
  /** With all that they contain. */
  scopes: string[]
  /** Seconds since 1970. */
  expiresAt: number
  resource: URL
  resourceMetadataUrl: string
  extra: Record<string, unknown>
}

/** INVARIANT: only `authInfoOf` adds to it, so whatever is in it was authenticated by this process. */
const authenticated = new WeakMap<object, Caller>()

/** @param closureOf scopes with all that they contain */
export function authInfoOf(
  { principal, token }: Authenticated,
  context: RequestContext,
  closureOf: (scopes: readonly string[]) => ReadonlySet<string>,
): AuthInfo {
  const { agentId, userId, clientId, expiresAt, resource } = principal
  const extra = { agentId, ...(userId !== undefined && { userId }) }
  authenticated.set(extra, { principal, context })
  return {
    token,
    clientId,
    scopes: [...closureOf(principal.scopes)],
    expiresAt: Math.floor(expiresAt / 1000),
    resource: new URL(resource),
    resourceMetadataUrl: resourceMetadataUrl(resource),
    extra,
  }
}

/** Whom this process has authenticated; nothing for what somebody else has written. The object may have been copied. */
export function callerOf(authInfo: unknown): Caller | undefined {
  if (typeof authInfo !== 'object' || authInfo === null || !('extra' in authInfo)) return undefined
  const { extra } = authInfo
  return typeof extra === 'object' && extra !== null ? authenticated.get(extra) : undefined
}
