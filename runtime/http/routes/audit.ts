/** The log, and what is counted from it. */
import { KavachError } from '../../index.ts'
import { headersOf } from '../failure.ts'
import { jsonRoute, type Route, route } from '../route.ts'
import {
  auditPageSchema,
  auditProofSchema,
  auditQuerySchema,
  auditRowSchema,
  exportQuerySchema,
  usageQuerySchema,
  usageSchema,
  verifyReportSchema,
  verifySchema,
} from '../schemas/index.ts'
import { streamOf } from '../stream.ts'

const AUDIT = { tag: 'audit', access: { kind: 'key', scope: 'audit' } } as const
const ONE = '/v1/audit/{auditId}'
const PAGE = 100

const MEDIA_TYPES = {
  json: 'application/json',
  csv: 'text/csv; charset=utf-8',
  jsonl: 'application/x-ndjson',
  ocsf: 'application/x-ndjson',
  cef: 'text/plain; charset=utf-8',
} as const

export const auditRoutes: readonly Route[] = [
  route({
    ...AUDIT,
    method: 'GET',
    path: '/v1/audit',
    id: 'queryAudit',
    summary: 'look for rows of the log',
    query: auditQuerySchema,
    answer: auditPageSchema,
    async run({ kavach }, { query }) {
      const { limit = PAGE } = query
      const rows = await kavach.audit.query({ ...query, limit })
      const last = rows.at(-1)
      return { rows, ...(rows.length === limit && last !== undefined && { cursor: last.auditId }) }
    },
  }),
  route({
    ...AUDIT,
    method: 'GET',
    path: '/v1/audit/export',
    id: 'exportAudit',
    summary: 'stream the log, or what fits of it, the oldest row first',
    query: exportQuerySchema,
    answer: { mediaTypes: [...new Set(Object.values(MEDIA_TYPES))] },
    async run({ kavach }, { query, requestId }) {
      const body = await streamOf(kavach.audit.exportStream(query))
      return new Response(body, { headers: headersOf(requestId, MEDIA_TYPES[query.format]) })
    },
  }),
  jsonRoute({
    ...AUDIT,
    method: 'POST',
    path: '/v1/audit/verify',
    id: 'verifyAudit',
    summary: 'hold the whole log against its hashes and checkpoints; what does not fit is in the report',
    body: { schema: verifySchema, isOptional: true },
    answer: verifyReportSchema,
    async run({ kavach }, { body }) {
      try {
        return await kavach.audit.verify(body)
      } catch (error) {
        // Whether it verifies is what was asked.
        if (error instanceof KavachError && error.code === 'KVCH_E_AUDIT_TAMPERED') return error.details
        throw error
      }
    },
  }),
  route({
    ...AUDIT,
    method: 'GET',
    path: ONE,
    id: 'getAuditRow',
    summary: 'get a row of the log',
    answer: auditRowSchema,
    run: ({ kavach }, { params: { auditId = '' } }) => kavach.audit.get(auditId),
  }),
  route({
    ...AUDIT,
    method: 'GET',
    path: `${ONE}/proof`,
    id: 'proveAuditRow',
    summary: 'prove that a row is in the log that was signed last',
    answer: auditProofSchema,
    run: ({ kavach }, { params: { auditId = '' } }) => kavach.audit.prove(auditId),
  }),
  route({
    ...AUDIT,
    method: 'GET',
    path: '/v1/usage',
    id: 'countUsage',
    summary: 'count the calls of agents',
    query: usageQuerySchema,
    answer: usageSchema,
    run: ({ kavach }, { query }) => kavach.usage.count(query),
  }),
]
