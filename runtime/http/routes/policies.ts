/** Policies: the one in force, one in the shadow, and one that is staged. */
import { policyRoute, type Route, route } from '../route.ts'
import { policyIdentitySchema, rolloutSchema, stageQuerySchema } from '../schemas/index.ts'

const POLICIES = { tag: 'policies', access: { kind: 'key', scope: 'policy' } } as const

export const policyRoutes: readonly Route[] = [
  route({
    ...POLICIES,
    method: 'GET',
    path: '/v1/policies/current',
    id: 'getPolicy',
    summary: 'name the policy that is enforced',
    answer: policyIdentitySchema,
    run: ({ kavach }) => kavach.policy.current(),
  }),
  policyRoute({
    ...POLICIES,
    method: 'POST',
    path: '/v1/policies/reload',
    id: 'reloadPolicy',
    summary: 'enforce another policy',
    answer: policyIdentitySchema,
    run: ({ kavach }, { body, caller: { actor } }) => kavach.policy.reload(body, { actor }),
  }),
  policyRoute({
    ...POLICIES,
    method: 'POST',
    path: '/v1/policies/shadow',
    id: 'shadowPolicy',
    summary: 'decide with a policy beside the one that is enforced, and record where they differ',
    answer: rolloutSchema,
    run: async ({ kavach }, { body, caller: { actor } }) => rolloutOf(await kavach.policy.shadow(body, { actor })),
  }),
  route({
    ...POLICIES,
    method: 'DELETE',
    path: '/v1/policies/shadow',
    id: 'endShadow',
    summary: 'have no policy in the shadow any more',
    answer: rolloutSchema,
    run: async ({ kavach }, { caller: { actor } }) => rolloutOf(await kavach.policy.shadow(undefined, { actor })),
  }),
  policyRoute({
    ...POLICIES,
    method: 'POST',
    path: '/v1/policies/stage',
    id: 'stagePolicy',
    summary: 'enforce a policy for some agents',
    query: stageQuerySchema,
    answer: rolloutSchema,
    run: async ({ kavach }, { body, query, caller: { actor } }) =>
      rolloutOf(await kavach.policy.stage(body, query, { actor })),
  }),
  route({
    ...POLICIES,
    method: 'DELETE',
    path: '/v1/policies/stage',
    id: 'endStage',
    summary: 'have no policy staged any more',
    answer: rolloutSchema,
    run: async ({ kavach }, { caller: { actor } }) => rolloutOf(await kavach.policy.stage(undefined, {}, { actor })),
  }),
]

function rolloutOf<P>(policy: P | undefined): { readonly policy: P | null } {
  return { policy: policy ?? null }
}
