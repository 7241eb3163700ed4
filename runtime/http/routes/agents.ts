/** Agents and their tokens. */
import { jsonRoute, type Route, route } from '../route.ts'
import {
  agentChangesSchema,
  agentPageSchema,
  agentQuerySchema,
  agentSchema,
  agentWithTokenSchema,
  issuedTokenSchema,
  newAgentSchema,
  reasonBodySchema,
  revokedAgentSchema,
  rotateSchema,
  suspendAllSchema,
  suspendedSchema,
  trustSchema,
} from '../schemas/index.ts'

const AGENTS = { tag: 'agents', access: { kind: 'key', scope: 'agents' } } as const
const ONE = '/v1/agents/{agentId}'

export const agentRoutes: readonly Route[] = [
  jsonRoute({
    ...AGENTS,
    method: 'POST',
    path: '/v1/agents',
    id: 'createAgent',
    summary: 'make an agent and its first token',
    status: 201,
    body: { schema: newAgentSchema },
    invalid: 'KVCH_E_AGENT_INVALID',
    answer: agentWithTokenSchema,
    async run({ kavach }, { body, caller: { actor } }) {
      const { agent, token, tokenExpiresAt } = await kavach.agents.create(body, { actor })
      return { agent, token, tokenExpiresAt }
    },
  }),
  route({
    ...AGENTS,
    method: 'GET',
    path: '/v1/agents',
    id: 'listAgents',
    summary: 'list agents in the order in which they were made',
    query: agentQuerySchema,
    answer: agentPageSchema,
    run: ({ kavach }, { query }) => kavach.agents.list(query),
  }),
  jsonRoute({
    ...AGENTS,
    method: 'POST',
    path: '/v1/agents/suspend-all',
    id: 'suspendAllAgents',
    summary: 'suspend every active agent of the project, or of an owner',
    body: { schema: suspendAllSchema, isOptional: true },
    answer: suspendedSchema,
    run: ({ kavach }, { body, caller: { actor } }) => kavach.agents.suspendAll({ ...body, actor }),
  }),
  route({
    ...AGENTS,
    method: 'GET',
    path: ONE,
    id: 'getAgent',
    summary: 'get an agent',
    answer: agentSchema,
    run: ({ kavach }, { params }) => kavach.agents.get(idOf(params)),
  }),
  jsonRoute({
    ...AGENTS,
    method: 'PATCH',
    path: ONE,
    id: 'updateAgent',
    summary: 'change what is stated; null takes away',
    body: { schema: agentChangesSchema },
    invalid: 'KVCH_E_AGENT_INVALID',
    answer: agentSchema,
    run: ({ kavach }, { params, body, caller: { actor } }) => kavach.agents.update(idOf(params), body, { actor }),
  }),
  jsonRoute({
    ...AGENTS,
    method: 'POST',
    path: `${ONE}/rotate`,
    id: 'rotateToken',
    summary: 'swap the token of an agent for a new one',
    body: { schema: rotateSchema, isOptional: true },
    answer: issuedTokenSchema,
    run: ({ kavach }, { params, body, caller: { actor } }) => kavach.agents.rotate(idOf(params), { ...body, actor }),
  }),
  route({
    ...AGENTS,
    method: 'POST',
    path: `${ONE}/refresh-token`,
    id: 'refreshToken',
    summary: 'give an agent a new token with a new life',
    answer: issuedTokenSchema,
    run: ({ kavach }, { params, caller: { actor } }) => kavach.agents.refreshToken(idOf(params), { actor }),
  }),
  route({
    ...AGENTS,
    method: 'POST',
    path: `${ONE}/issue-token`,
    id: 'issueToken',
    summary: 'give an agent of the policy a token',
    answer: issuedTokenSchema,
    run: ({ kavach }, { params, caller: { actor } }) => kavach.agents.issueToken(idOf(params), { actor }),
  }),
  jsonRoute({
    ...AGENTS,
    method: 'POST',
    path: `${ONE}/revoke`,
    id: 'revokeAgent',
    summary: 'end an agent for good, and what was delegated from it',
    body: { schema: reasonBodySchema, isOptional: true },
    answer: revokedAgentSchema,
    run: ({ kavach }, { params, body, caller: { actor } }) => kavach.agents.revoke(idOf(params), { ...body, actor }),
  }),
  jsonRoute({
    ...AGENTS,
    method: 'POST',
    path: `${ONE}/suspend`,
    id: 'suspendAgent',
    summary: 'allow nothing to an agent until it is unsuspended',
    body: { schema: reasonBodySchema, isOptional: true },
    answer: agentSchema,
    run: ({ kavach }, { params, body, caller: { actor } }) => kavach.agents.suspend(idOf(params), { ...body, actor }),
  }),
  route({
    ...AGENTS,
    method: 'POST',
    path: `${ONE}/unsuspend`,
    id: 'unsuspendAgent',
    summary: 'end the suspension of an agent',
    answer: agentSchema,
    run: ({ kavach }, { params, caller: { actor } }) => kavach.agents.unsuspend(idOf(params), { actor }),
  }),
  route({
    method: 'GET',
    path: `${ONE}/trust`,
    id: 'getTrust',
    summary: 'get the trust in an agent, with the factors that it is made of',
    tag: 'agents',
    access: { kind: 'key', scope: 'audit' },
    answer: trustSchema,
    run: ({ kavach }, { params }) => kavach.trust.score(idOf(params)),
  }),
]

function idOf({ agentId = '' }: Readonly<Record<string, string>>): string {
  return agentId
}
