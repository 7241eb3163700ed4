/** Requests that wait for somebody to agree, and those who do. */
import { KavachError } from '../../index.ts'
import { type Call, jsonRoute, type Route, type RoutePlace, route } from '../route.ts'
import {
  approvalPageSchema,
  approvalQuerySchema,
  approvalSchema,
  MAX_WAIT_MS,
  voteSchema,
  waitQuerySchema,
} from '../schemas/index.ts'

const APPROVALS = { tag: 'approvals', access: { kind: 'key', scope: 'approve' } } as const
const ONE = '/v1/approvals/{approvalId}'

/** The credential of the person who decides, for the port `approvals.authenticate`. */
const APPROVER = 'x-kavach-approver'

const BY_APPROVER = {
  ...APPROVALS,
  method: 'POST',
  answer: approvalSchema,
  headers: [{ name: APPROVER, description: 'credential of the person who decides', isRequired: true }],
} as const

export const approvalRoutes: readonly Route[] = [
  route({
    ...APPROVALS,
    method: 'GET',
    path: '/v1/approvals',
    id: 'listApprovals',
    summary: 'list requests for approval, the newest first',
    query: approvalQuerySchema,
    answer: approvalPageSchema,
    run: ({ kavach }, { query }) => kavach.approvals.list(query),
  }),
  route({
    ...APPROVALS,
    method: 'GET',
    path: ONE,
    id: 'getApproval',
    summary: 'get a request for approval',
    answer: approvalSchema,
    run: ({ kavach }, { params: { approvalId = '' } }) => kavach.approvals.get(approvalId),
  }),
  route({
    ...APPROVALS,
    method: 'GET',
    path: `${ONE}/wait`,
    id: 'waitForApproval',
    summary: 'answer when it is decided or has expired, or 408 when neither happens in time',
    query: waitQuerySchema,
    answer: approvalSchema,
    run: ({ kavach }, { params: { approvalId = '' }, query: { timeoutMs = MAX_WAIT_MS }, request: { signal } }) =>
      kavach.approvals.wait(approvalId, { timeoutMs, signal }),
  }),
  jsonRoute({
    ...BY_APPROVER,
    path: `${ONE}/approve`,
    id: 'approve',
    summary: 'agree to a request, as the person whose credential is shown',
    body: { schema: voteSchema, isOptional: true },
    run: (place, call) => place.kavach.approvals.approve(call.params.approvalId ?? '', voteOf(place, call)),
  }),
  jsonRoute({
    ...BY_APPROVER,
    path: `${ONE}/deny`,
    id: 'deny',
    summary: 'refuse a request, as the person whose credential is shown',
    body: { schema: voteSchema, isOptional: true },
    run: (place, call) => place.kavach.approvals.deny(call.params.approvalId ?? '', voteOf(place, call)),
  }),
]

/** A key says that an application may pass votes on, never whose vote it is. */
function voteOf({ site }: RoutePlace, { request, body }: Call<unknown, { readonly note?: string | undefined }>) {
  if (site.settings.approvals.authenticate === undefined) {
    throw new KavachError(
      'KVCH_E_APPROVAL_FORBIDDEN',
      'nobody can be authenticated as an approver here: the option `approvals.authenticate` is not set',
    )
  }
  const credential = request.headers.get(APPROVER)
  if (credential === null || credential === '') {
    throw new KavachError('KVCH_E_APPROVAL_FORBIDDEN', 'the credential of the approver is missing: `X-Kavach-Approver`')
  }
  return { credential, note: body.note }
}
