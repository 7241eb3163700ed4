/** Requests that wait for somebody to agree. */
import { z } from 'zod'
import { cursorSchema, instantSchema, limitSchema, named, nextCursorSchema } from './common.ts'

const statusSchema = z.enum(['pending', 'approved', 'denied', 'expired', 'used'])

export const approvalSchema = named(
  'Approval',
  z.strictObject({
    id: z.string(),
    status: statusSchema,
    agent: z.string(),
    chain: z.array(z.string()),
    action: z.string(),
    resource: z.string(),
    args: z.unknown().optional(),
    generation: z.int(),
    needs: z.array(z.looseObject({})).describe('who has to agree'),
    votes: z.array(z.strictObject({ approver: z.string(), roles: z.array(z.string()), at: instantSchema })),
    requestedAt: instantSchema,
    expiresAt: instantSchema,
    decidedAt: instantSchema.exactOptional(),
    note: z.string().exactOptional(),
  }),
)

export const approvalPageSchema = named(
  'ApprovalPage',
  z.strictObject({ approvals: z.array(approvalSchema), cursor: nextCursorSchema }),
)

export const approvalQuerySchema = z.strictObject({
  status: statusSchema.optional(),
  agentId: z.string().optional(),
  limit: limitSchema,
  cursor: cursorSchema,
})

/** Longer than what stands between would wait. */
export const MAX_WAIT_MS = 30_000

export const waitQuerySchema = z.strictObject({
  timeoutMs: z.int().min(0).max(MAX_WAIT_MS).optional().describe(`by default ${MAX_WAIT_MS}`),
})

export const voteSchema = named('Vote', z.strictObject({ note: z.string().max(1000).optional() }))
