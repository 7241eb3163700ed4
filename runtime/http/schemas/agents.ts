/** Agents and their tokens. */
import { z } from 'zod'
import {
  agentConstraintsSchema,
  cursorSchema,
  idSchema,
  instantSchema,
  jsonObjectSchema,
  limitSchema,
  named,
  nextCursorSchema,
  objectSchema,
  permissionSchema,
  reasonSchema,
} from './common.ts'

const typeSchema = z.enum(['autonomous', 'delegated', 'service'])
const statusSchema = z.enum(['active', 'suspended', 'revoked'])
const expirySchema = z.union([z.string(), z.number()]).nullable().describe('RFC 3339, or milliseconds since 1970')
const tokenExpirySchema = z.union([z.string(), z.number()]).describe('`30m`, `24h`, `never`, or seconds')

export const newAgentSchema = named(
  'NewAgent',
  z.strictObject({
    ownerId: z.string().optional().describe('any text: the id of a user of yours; `userId` is the same'),
    userId: z.string().optional(),
    name: z.string(),
    type: typeSchema,
    permissions: z.array(permissionSchema).optional(),
    constraints: agentConstraintsSchema.optional(),
    expiresAt: expirySchema.optional(),
    metadata: jsonObjectSchema.optional(),
    tokenExpiry: tokenExpirySchema.optional(),
  }),
)

export const agentChangesSchema = named(
  'AgentChanges',
  z.strictObject({
    name: z.string().optional(),
    permissions: z.array(permissionSchema).optional(),
    constraints: agentConstraintsSchema.nullable().optional(),
    expiresAt: expirySchema.optional(),
    metadata: jsonObjectSchema.nullable().optional(),
    tokenExpiry: tokenExpirySchema.optional(),
  }),
)

const members = {
  id: z.string(),
  name: z.string(),
  ownerId: z.string().nullable(),
  userId: z.string().nullable(),
  type: typeSchema,
  origin: z.enum(['policy', 'runtime']),
  status: statusSchema,
  statusReason: z.string().exactOptional(),
  permissions: z.array(permissionSchema),
  constraints: agentConstraintsSchema.exactOptional(),
  expiresAt: instantSchema.nullable(),
  tokenExpirySeconds: z.number().nullable(),
  metadata: objectSchema.exactOptional(),
  createdAt: instantSchema,
  updatedAt: instantSchema,
}

export const agentSchema = named('Agent', z.strictObject(members))

export const agentWithTokenSchema = named(
  'AgentWithToken',
  z.strictObject({
    agent: agentSchema,
    token: z.string().describe('shown this once'),
    tokenExpiresAt: instantSchema.nullable(),
  }),
)

export const agentPageSchema = named(
  'AgentPage',
  z.strictObject({ agents: z.array(agentSchema), cursor: nextCursorSchema }),
)

export const agentQuerySchema = z.strictObject({
  ownerId: z.string().optional(),
  name: z.string().optional(),
  status: statusSchema.optional(),
  type: typeSchema.optional(),
  limit: limitSchema,
  cursor: cursorSchema,
})

export const issuedTokenSchema = named(
  'IssuedToken',
  z.strictObject({
    agentId: z.string(),
    token: z.string().describe('shown this once'),
    expiresAt: instantSchema.nullable(),
  }),
)

export const rotateSchema = named(
  'Rotation',
  z.strictObject({
    graceSeconds: z.int().min(0).max(86_400).optional().describe('how long the old token is good beside the new one'),
  }),
)

export const reasonBodySchema = named('Reason', z.strictObject({ reason: reasonSchema }))

export const revokedAgentSchema = named(
  'RevokedAgent',
  z.strictObject({
    ...members,
    cascade: z.strictObject({ revoked: z.array(z.string()), affected: z.array(z.string()) }),
  }),
)

export const suspendAllSchema = named(
  'SuspendAll',
  z.strictObject({ owner: idSchema.optional().describe('only agents of this owner'), reason: reasonSchema }),
)

export const suspendedSchema = named('Suspended', z.strictObject({ suspended: z.int() }))

export const trustSchema = named(
  'TrustScore',
  z.strictObject({
    score: z.number(),
    trust: z.number(),
    factors: z.array(
      z.strictObject({ name: z.string(), weight: z.number(), value: z.number(), contribution: z.number() }),
    ),
  }),
)
