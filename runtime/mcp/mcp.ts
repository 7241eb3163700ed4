/** The authorization server, and what guards MCP servers, put together. */
import { type Acting, actorOf, type Task } from '../index.ts'
import { authorizationEndpoints } from './authorize/index.ts'
import { type Clients, createClients } from './clients/index.ts'
import { createDpop } from './dpop/index.ts'
import { createExchange } from './exchange/index.ts'
import { createMcpGuard, type McpGuard } from './guard/index.ts'
import { createSigningKeys, type SigningKeys } from './keys/index.ts'
import type { McpPlace, RequestContext } from './place.ts'
import { createRouter } from './router.ts'
import { createSourceRates } from './source-rates.ts'
import { createTokens, type Grants, type Tokens } from './tokens/index.ts'

export interface Mcp extends McpGuard {
  /** Answers what is for the authorization server, whatever happens; nothing for a path that is none of its own. */
  readonly fetch: (request: Request, context?: RequestContext) => Promise<Response | undefined>
  /** Clients that are known, for whoever manages the project. */
  readonly clients: Pick<Clients, 'list' | 'get'> & {
    /**
     * Forgets a client and revokes its grants, with all tokens and all that was exchanged from them.
     *
     * @throws {KavachError} KVCH_E_MCP_CLIENT_UNREGISTERED when there is none
     */
    readonly revoke: (clientId: string, options?: Acting) => Promise<{ readonly revokedGrants: number }>
  }
  /** What users agreed to. */
  readonly grants: Grants
  readonly keys: Pick<SigningKeys, 'rotate' | 'jwks'>
  /** Whom an access token speaks for; nothing when it is not good. It says nothing about proofs of possession. */
  readonly verify: Tokens['verify']
  /** What has to be done from time to time, by whoever keeps the host in order. */
  readonly tasks: readonly Task[]
}

/** Rows a sweep removes at most of each kind, so that nobody waits long for it. */
const SWEPT_ROWS = 200

/** @throws {KavachError} KVCH_E_CONFIG_INVALID */
export function createMcp(place: McpPlace): Mcp {
  const { site } = place
  const clients = createClients(place)
  const keys = createSigningKeys(place)
  const dpop = createDpop(place)
  const tokens = createTokens(place, { clients, keys, dpop, grants: createExchange(place) })
  const route = createRouter(place, {
    people: authorizationEndpoints(place, clients, tokens),
    register: clients.register,
    token: tokens.token,
    revoke: tokens.revoke,
    introspect: tokens.introspect,
    jwks: keys.jwks,
    rates: createSourceRates(place),
  })

  async function revokeClient(clientId: string, options?: Acting) {
    const actor = actorOf(options, 'KVCH_E_REQUEST_INVALID')
    return site.change(async (change) => {
      const grants = await clients.forget(change, clientId, actor)
      for (const grant of grants) await tokens.revokeGrant(change, grant, 'the client was revoked', actor)
      return { revokedGrants: grants.length }
    })
  }

  return {
    ...createMcpGuard(place, { verify: tokens.verify, dpop }),
    fetch: (request, context = {}) => route(request, context),
    clients: { list: clients.list, get: clients.get, revoke: revokeClient },
    grants: tokens.grants,
    keys: { rotate: keys.rotate, jwks: keys.jwks },
    verify: tokens.verify,
    tasks: [
      {
        name: 'sweeping codes and tokens',
        everyMs: 60_000,
        run: () => site.change((change) => tokens.sweep(change, SWEPT_ROWS)),
      },
      {
        name: 'sweeping clients',
        everyMs: 600_000,
        run: () => site.change((change) => clients.sweep(change, SWEPT_ROWS)),
      },
    ],
  }
}
