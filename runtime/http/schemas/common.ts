/** What several schemas are made of, and the names by which the OpenAPI document knows them. */
import { z } from 'zod'

/** Schemas with names: each is written once in the document, and referred to. */
export const schemas = z.registry<{ readonly id: string }>()

/** Gives a schema its name in the document. */
export function named<S extends z.ZodType>(id: string, schema: S): S {
  schemas.add(schema, { id })
  return schema
}

/** Ids and names in paths; whoever has none of these is not found. */
export const idSchema = z.string().min(1).max(256)

/** An instant, RFC 3339. */
export const instantSchema = z.iso.datetime({ offset: true })

export const limitSchema = z.int().min(1).max(1000).optional().describe('how many at most; by default 100')

export const cursorSchema = z.string().max(256).optional().describe('that of the page before')

export const nextCursorSchema = z.string().exactOptional().describe('of the next page; absent on the last one')

export const reasonSchema = z.string().min(1).max(1024).optional().describe('for the log')

/** An object whose members are JSON. */
export const jsonObjectSchema = named('JsonObject', z.record(z.string(), named('Json', z.json())))

/** Any object. */
export const objectSchema = z.looseObject({})

const constraintMembers = {
  maxCallsPerMinute: z.number().exactOptional(),
  maxCallsPerHour: z.number().exactOptional(),
  maxCallsPerDay: z.number().exactOptional(),
  budgetUsdPerDay: z.number().exactOptional(),
  budgetUsdPerMonth: z.number().exactOptional(),
  throttlePerMinute: z.number().exactOptional(),
  allowedHoursUTC: z.string().exactOptional().describe('`09:00-18:00`'),
  timeWindow: z.strictObject({ start: z.string(), end: z.string() }).exactOptional(),
  ipAllowlist: z.array(z.string()).exactOptional().describe('addresses and networks'),
  requireApproval: z.boolean().exactOptional(),
  argPatterns: z.record(z.string(), z.string()).exactOptional().describe('regexes by the path of the argument'),
}

export const constraintsSchema = named('Constraints', z.strictObject(constraintMembers))

export const agentConstraintsSchema = named(
  'AgentConstraints',
  z.strictObject({
    ...constraintMembers,
    requireApprovalFor: z.array(z.string()).exactOptional().describe('`payments:write`: resource and action'),
  }),
)

export const permissionSchema = named(
  'Permission',
  z.strictObject({
    resource: z.string(),
    actions: z.array(z.string()),
    constraints: constraintsSchema.exactOptional(),
  }),
)

export const policyIdentitySchema = named(
  'PolicyIdentity',
  z.strictObject({ name: z.string(), generation: z.int(), digest: z.string().describe('SHA-256, hex') }),
)

const envelopeSchema = named(
  'ErrorEnvelope',
  z.strictObject({
    code: z.string().describe('`KVCH_E_...`: programs branch on it'),
    message: z.string(),
    docs_url: z.string(),
    request_id: z.string(),
    timestamp: instantSchema,
    retryAfter: z.number().exactOptional().describe('seconds'),
    details: objectSchema.exactOptional(),
  }),
)

export const errorSchema = named('Error', z.strictObject({ error: envelopeSchema }))

export { envelopeSchema }
