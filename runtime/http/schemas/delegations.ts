/** Delegations, and what agents hold by them. */
import { z } from 'zod'
import {
  constraintsSchema,
  cursorSchema,
  instantSchema,
  jsonObjectSchema,
  limitSchema,
  named,
  nextCursorSchema,
  permissionSchema,
} from './common.ts'

export const newDelegationSchema = named(
  'NewDelegation',
  z.strictObject({
    fromAgent: z.string().optional().describe('with a project key; a token delegates what its agent has'),
    toAgent: z.string(),
    permissions: z.array(permissionSchema),
    expiresAt: z.union([z.string(), z.number()]).nullable().optional(),
    maxDepth: z.int().optional().describe('hops from the delegator, this one included; by default 1'),
    metadata: jsonObjectSchema.optional().describe('recorded in the log'),
  }),
)

export const delegationSchema = named(
  'Delegation',
  z.strictObject({
    id: z.string(),
    fromAgent: z.string(),
    toAgent: z.string(),
    origin: z.enum(['policy', 'runtime']),
    permissions: z.array(permissionSchema),
    maxDepth: z.int(),
    expiresAt: instantSchema.nullable(),
    createdAt: instantSchema,
    revokedAt: instantSchema.nullable(),
  }),
)

export const delegationPageSchema = named(
  'DelegationPage',
  z.strictObject({ delegations: z.array(delegationSchema), cursor: nextCursorSchema }),
)

export const delegationQuerySchema = z.strictObject({
  fromAgent: z.string().optional(),
  toAgent: z.string().optional(),
  isLive: z.boolean().optional().describe('only those that count now'),
  limit: limitSchema,
  cursor: cursorSchema,
})

export const chainsSchema = named(
  'Chains',
  z.strictObject({
    chains: z.array(
      z.strictObject({
        agents: z.array(z.string()).describe('root first, the agent last'),
        delegations: z.array(delegationSchema),
        expiresAt: instantSchema.nullable(),
        depthLeft: z.int(),
      }),
    ),
  }),
)

export const effectiveSchema = named(
  'EffectivePermissions',
  z.strictObject({
    permissions: z.array(
      z.strictObject({
        resource: z.string(),
        actions: z.array(z.string()),
        constraints: constraintsSchema.exactOptional(),
        exceptActions: z.array(z.string()).exactOptional(),
        conditions: z.array(z.string()).exactOptional(),
      }),
    ),
  }),
)
