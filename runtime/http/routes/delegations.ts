/** Delegations, and what agents hold by them. */
import { KavachError } from '../../index.ts'
import { jsonRoute, type Route, route } from '../route.ts'
import {
  chainsSchema,
  delegationPageSchema,
  delegationQuerySchema,
  delegationSchema,
  effectiveSchema,
  newDelegationSchema,
} from '../schemas/index.ts'

const DELEGATIONS = { tag: 'delegations', access: { kind: 'key', scope: 'delegate' } } as const
const ONE = '/v1/delegations/{delegationId}'

export const delegationRoutes: readonly Route[] = [
  jsonRoute({
    method: 'POST',
    path: '/v1/delegations',
    id: 'createDelegation',
    summary: 'lend authority of one agent to another; an agent lends its own',
    tag: 'delegations',
    access: { kind: 'key-or-agent', scope: 'delegate' },
    status: 201,
    body: { schema: newDelegationSchema },
    invalid: 'KVCH_E_AGENT_DELEGATION_INVALID',
    answer: delegationSchema,
    async run({ kavach }, { body, caller: { actor, agentId } }) {
      const fromAgent = body.fromAgent ?? agentId
      if (fromAgent === undefined) {
        throw new KavachError('KVCH_E_AGENT_DELEGATION_INVALID', 'fromAgent: is missing', {
          details: { path: 'fromAgent' },
        })
      }
      if (agentId !== undefined && fromAgent !== agentId) {
        throw new KavachError('KVCH_E_AGENT_PERMISSION_DENIED', 'an agent delegates its own authority only')
      }
      return kavach.delegation.delegate({ ...body, fromAgent }, { actor })
    },
  }),
  route({
    ...DELEGATIONS,
    method: 'GET',
    path: '/v1/delegations',
    id: 'listDelegations',
    summary: 'list delegations in the order in which they were made',
    query: delegationQuerySchema,
    answer: delegationPageSchema,
    run: ({ kavach }, { query }) => kavach.delegation.list(query),
  }),
  route({
    ...DELEGATIONS,
    method: 'GET',
    path: ONE,
    id: 'getDelegation',
    summary: 'get a delegation',
    answer: delegationSchema,
    run: ({ kavach }, { params: { delegationId = '' } }) => kavach.delegation.get(delegationId),
  }),
  route({
    ...DELEGATIONS,
    method: 'POST',
    path: `${ONE}/revoke`,
    id: 'revokeDelegation',
    summary: 'take authority back, and all that was passed on of it',
    answer: delegationSchema,
    run: ({ kavach }, { params: { delegationId = '' }, caller: { actor } }) =>
      kavach.delegation.revoke(delegationId, { actor }),
  }),
  route({
    ...DELEGATIONS,
    method: 'GET',
    path: '/v1/agents/{agentId}/chains',
    id: 'listChains',
    summary: 'list the chains that end in an agent',
    answer: chainsSchema,
    run: async ({ kavach }, { params: { agentId = '' } }) => ({ chains: await kavach.delegation.listChains(agentId) }),
  }),
  route({
    ...DELEGATIONS,
    method: 'GET',
    path: '/v1/agents/{agentId}/effective-permissions',
    id: 'getEffectivePermissions',
    summary: 'say what an agent can do by itself and through all chains that end in it',
    answer: effectiveSchema,
    run: async ({ kavach }, { params: { agentId = '' } }) => ({
      permissions: await kavach.delegation.getEffectivePermissions(agentId),
    }),
  }),
]
