/** Policies in force, in the shadow and staged. */
import { z } from 'zod'
import { named, policyIdentitySchema } from './common.ts'

export const stageQuerySchema = z.strictObject({
  percent: z.number().min(0).max(100).optional().describe('of all agents'),
  agents: z.array(z.string()).optional().describe('ids of agents, with commas between them'),
})

/** What shadows or is staged now; null when it was ended. */
export const rolloutSchema = named('PolicyRollout', z.strictObject({ policy: policyIdentitySchema.nullable() }))

export const statusSchema = named('Status', z.strictObject({ status: z.enum(['alive', 'ready']) }))

/** The OpenAPI document. */
export const documentSchema = named('OpenApi', z.looseObject({ openapi: z.string() }))
