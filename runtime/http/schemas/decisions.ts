/** Decisions: what is asked, and what is answered. */
import { z } from 'zod'
import { envelopeSchema, named, objectSchema, policyIdentitySchema } from './common.ts'

export const authorizeSchema = named(
  'AuthorizeRequest',
  z.strictObject({
    agentId: z
      .string()
      .optional()
      .describe('the agent that is asked about; with a project key only, for a token of an agent names it already'),
    action: z.string(),
    resource: z.string(),
    args: objectSchema.optional(),
    ip: z.string().optional().describe('address of the caller of the agent; with a project key only'),
    cost: z.number().optional().describe('USD that the call is expected to cost'),
    via: z.array(z.string()).optional().describe('delegators, root first, when exactly this chain is wanted'),
    delegation: z.string().optional().describe('`dlg_...`: only what came through it'),
    idempotencyKey: z.string().optional().describe('also as the header `Idempotency-Key`'),
    endpoint: z.string().optional().describe('for the limit per endpoint'),
  }),
)

const members = {
  allowed: z.boolean(),
  reason: z.string(),
  verdict: z.enum(['allow', 'throttle', 'approval', 'limited', 'deny']),
  code: z.string().exactOptional().describe('with every denial'),
  message: z.string().exactOptional().describe('for the caller'),
  auditId: z.string().describe('the row of the log'),
  requestId: z.string(),
  retryAfter: z.number().exactOptional().describe('seconds'),
  throttled: z.literal(true).exactOptional(),
  approvalId: z.string().exactOptional(),
  agentId: z.string().exactOptional(),
  via: z.array(z.string()).exactOptional(),
  policy: policyIdentitySchema,
}

export const decisionSchema = named('Decision', z.strictObject(members))

/** A denial that time lifts. */
export const limitedSchema = named('LimitedDecision', z.strictObject({ ...members, error: envelopeSchema }))

export const completionSchema = named(
  'Completion',
  z.strictObject({
    outcome: z.enum(['success', 'failure']),
    costUsd: z.number().min(0).optional().describe('by default what was reserved, or nothing after a failure'),
    note: z.string().max(1000).optional(),
  }),
)

export const completedSchema = named(
  'Completed',
  z.strictObject({
    auditId: z.string().describe('the row that records it'),
    reservedUsd: z.number(),
    costUsd: z.number(),
    overrunUsd: z.number(),
    isLate: z.boolean().describe('the reservation had counted as spent already'),
  }),
)
