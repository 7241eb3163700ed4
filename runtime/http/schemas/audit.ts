/** The log. */
import { z } from 'zod'
import { instantSchema, limitSchema, named, nextCursorSchema } from './common.ts'

const filter = {
  agentId: z.string().optional(),
  userId: z.string().optional(),
  result: z.enum(['allowed', 'denied']).optional(),
  kind: z.array(z.string()).optional().describe('kinds, with commas between them'),
  action: z.string().optional(),
  resource: z.string().optional(),
  requestId: z.string().optional(),
  since: instantSchema.optional().describe('the first instant'),
  until: instantSchema.optional().describe('the first instant that is too late'),
}

export const auditQuerySchema = z.strictObject({
  ...filter,
  limit: limitSchema,
  cursor: z.string().max(64).optional().describe('that of the page before: the `auditId` of its last row'),
  order: z.enum(['asc', 'desc']).optional().describe('by default the newest first'),
})

export const exportQuerySchema = z.strictObject({
  format: z.enum(['json', 'csv', 'jsonl', 'ocsf', 'cef']),
  proofs: z.boolean().optional().describe('with `jsonl` and no filter: what `kavach audit verify` reads'),
  ...filter,
})

export const auditRowSchema = named(
  'AuditRow',
  z.looseObject({
    auditId: z.string(),
    seq: z.int(),
    time: instantSchema,
    kind: z.string(),
    agent: z.string().exactOptional(),
    result: z.enum(['allowed', 'denied']).exactOptional(),
    isPruned: z.literal(true).exactOptional(),
  }),
)

export const auditPageSchema = named(
  'AuditPage',
  z.strictObject({ rows: z.array(auditRowSchema), cursor: nextCursorSchema }),
)

export const auditProofSchema = named(
  'AuditProof',
  z.strictObject({
    auditId: z.string(),
    index: z.int(),
    size: z.int(),
    leaf: z.string(),
    root: z.string(),
    proof: z.array(z.string()),
    checkpoint: z.string().exactOptional(),
    body: z.string().exactOptional(),
    personal: z.string().exactOptional(),
  }),
)

export const verifySchema = named(
  'VerifyRequest',
  z.strictObject({
    checkpoints: z.array(z.string()).optional().describe('kept elsewhere, beside those of the store'),
    keys: z.array(z.string()).optional().describe('public keys that checkpoints may be signed with'),
  }),
)

export const verifyReportSchema = named(
  'VerifyReport',
  z.strictObject({
    isIntact: z.boolean(),
    size: z.int(),
    root: z.string(),
    pruned: z.int(),
    erased: z.int(),
    checkpoints: z.int(),
    signedRows: z.int(),
    areSignaturesChecked: z.boolean(),
    findings: z.array(z.strictObject({ code: z.string(), seq: z.int().exactOptional(), message: z.string() })),
    findingCount: z.int(),
  }),
)

export const usageQuerySchema = z.strictObject({
  agentId: z.string().optional(),
  since: instantSchema.optional(),
  until: instantSchema.optional(),
})

export const usageSchema = named(
  'UsageCount',
  z.strictObject({ calls: z.int(), allowed: z.int(), denied: z.int(), throttled: z.int() }),
)
