/** An authorization server whose token endpoint exchanges, with clients that are configured and agents that act. */
import type { AuthorizeRequest, Kavach, NewAgent, Permission } from '../../../../runtime/index.ts'
import { createClients } from '../../../../runtime/mcp/clients/index.ts'
import { createDpop } from '../../../../runtime/mcp/dpop/index.ts'
import { createExchange } from '../../../../runtime/mcp/exchange/index.ts'
import { createScopeCover } from '../../../../runtime/mcp/guard/scope-cover.ts'
import { createSigningKeys } from '../../../../runtime/mcp/keys/index.ts'
import type { ConfiguredClient, McpOptions } from '../../../../runtime/mcp/options.ts'
import { resolveMcp } from '../../../../runtime/mcp/settings.ts'
import { createTokens, type NewGrant, type Tokens } from '../../../../runtime/mcp/tokens/index.ts'
import { policyImage } from '../../../fixtures/policy-image.ts'
import { ISSUER, OPTIONS, openPlace, RESOURCE, type TestPlace } from '../place.ts'

export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const ACCESS = 'urn:ietf:params:oauth:token-type:access_token'
export const AGENT = 'urn:kavachos:params:oauth:token-type:agent_token'
export const SECRET = 'a secret of thirty-two characters'
export const HOUR = 3_600_000

export interface Exchanging {
  readonly place: TestPlace
  readonly tokens: Tokens
  readonly kavach: Kavach
  /** Ids of agents, by name. */
  readonly agents: { readonly [name: string]: string }
  readonly tokensOfAgents: { readonly [name: string]: string }
  /** What the token endpoint says; parameters that are `undefined` are left out. */
  readonly ask: (client: string, form: Form, headers?: HeadersInit) => Promise<Answer>
  /** The same for an exchange of a token, which has to succeed. */
  readonly exchange: (client: string, token: string, form?: Form) => Promise<string>
  /** A token of a client, as a user agreed to it. */
  readonly issue: (grant?: Partial<NewGrant>, jkt?: string) => Promise<string>
  /** Whether the guard would let a call through with this token. */
  readonly allows: (
    token: string,
    action: string,
    resource: string,
    more?: Partial<AuthorizeRequest>,
  ) => Promise<boolean>
}

export type Form = { readonly [name: string]: string | undefined }

export interface Answer {
  readonly status: number
  readonly body: { readonly [member: string]: unknown }
}

export interface AgentPlan {
  readonly permissions: readonly Permission[]
  readonly more?: Partial<NewAgent>
}

/** Agents, and clients that are made when the ids of the agents are known. */
export interface Plan {
  readonly agents: { readonly [name: string]: AgentPlan }
  readonly clients: (agents: { readonly [name: string]: string }) => readonly ConfiguredClient[]
  readonly options?: Partial<McpOptions>
  /** Text. */
  readonly policy?: string
}

export const TOOLS: Permission = { resource: 'mcp:tools:*', actions: ['execute'] }
export const FILES: Permission = { resource: 'mcp:files:**', actions: ['read'] }

/** Alice's agent `user`, and agents of two gateways; `plain` is a client without an agent, `cli` one without a secret. */
export const PLAN: Plan = {
  agents: {
    user: { permissions: [TOOLS, FILES], more: { ownerId: 'alice' } },
    gateway: { permissions: [] },
    worker: { permissions: [] },
    batch: { permissions: [TOOLS] },
  },
  clients: (agents) => [
    { id: 'gateway', secret: SECRET, agent: agents.gateway },
    { id: 'worker', secret: SECRET, agent: agents.worker },
    { id: 'batch', secret: SECRET, agent: agents.batch, scopes: ['mcp:tools'] },
    { id: 'plain', secret: SECRET, grantTypes: [EXCHANGE, 'client_credentials'] },
    { id: 'web', secret: SECRET, redirectUris: ['https://app.example.com/cb'] },
  ],
}

export async function openExchange(plan: Plan = PLAN): Promise<Exchanging> {
  const hostOptions = {
    ...(plan.policy !== undefined && { policy: policyImage(plan.policy) }),
    anomaly: { consecutiveDenials: false },
  } as const
  const opened = await openPlace({ hostOptions })
  const { kavach, site } = opened
  const agents: { [name: string]: string } = {}
  const tokensOfAgents: { [name: string]: string } = {}
  for (const [name, { permissions, more }] of Object.entries(plan.agents)) {
    const made = await kavach.agents.create({ ownerId: 'ops', name, type: 'service', permissions, ...more })
    agents[name] = made.id
    tokensOfAgents[name] = made.token
  }
  const options = { ...OPTIONS, ...plan.options, clients: plan.clients(agents) }
  const place = { ...opened, settings: resolveMcp(options, { isProduction: false }) }
  const tokens = createTokens(place, {
    clients: createClients(place),
    keys: createSigningKeys(place),
    dpop: createDpop(place),
    grants: createExchange(place),
  })
  const cover = createScopeCover(place.settings)

  async function ask(client: string, form: Form, headers: HeadersInit = {}): Promise<Answer> {
    const body = new URLSearchParams({ client_id: client, client_secret: SECRET })
    for (const [name, value] of Object.entries(form)) if (value !== undefined) body.set(name, value)
    const request = new Request(`${ISSUER}/oauth/token`, { method: 'POST', body, headers })
    const response = await tokens.token(request, { ip: '192.0.2.1' })
    return { status: response.status, body: await response.json() }
  }

  return {
    place,
    tokens,
    kavach,
    agents,
    tokensOfAgents,
    ask,
    async exchange(client, token, form = {}) {
      const { status, body } = await ask(client, exchangeOf(token, form))
      if (status !== 200 || typeof body.access_token !== 'string') throw new Error(JSON.stringify(body))
      return body.access_token
    },
    issue: (grant = {}, jkt) =>
      site.change(async (change) => {
        const row = await tokens.openGrant(change, {
          client: { id: 'mcp_client' },
          user: { id: 'alice' },
          agentId: agents.user ?? '',
          scopes: ['mcp:tools'],
          resource: RESOURCE,
          expiresAt: change.now + 24 * HOUR,
          ...grant,
        })
        const { access_token } = await tokens.issue(change, row, {
          scopes: grant.scopes ?? ['mcp:tools'],
          resource: row.resource,
          jkt,
          hasRefresh: false,
        })
        return access_token
      }),
    async allows(token, action, resource, more = {}) {
      const principal = await tokens.verify(token)
      if (principal === undefined || !cover.covers(principal.scopes, { action, resource })) return false
      const { agentId, delegation } = principal
      return (await kavach.authorize(agentId, { action, resource, delegation, ...more })).allowed
    },
  }
}

export function exchangeOf(token: string, form: Form = {}): Form {
  return { grant_type: EXCHANGE, subject_token: token, subject_token_type: ACCESS, ...form }
}
