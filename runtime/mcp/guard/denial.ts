/** Denials as MCP says them: for a tool a result that a model can read, for anything else an error. */
import { type AuthorizeResult, KavachError, type KavachErrorCode, toError } from '../../index.ts'
import { ACCESS_DENIED, errorAnswer, isObject, type RpcRequest, type RpcResponse } from './rpc.ts'

/** Member of `_meta` in which a program finds what the text says. */
export const DENIAL_META = 'kavachos/denial'

/** The answer to a request that the policy does not allow. */
export function denialAnswer(
  request: RpcRequest,
  answer: AuthorizeResult,
  explain: (error: KavachError) => KavachError,
): RpcResponse {
  return refusalAnswer(request, explain(toError(answer)))
}

/** The answer to a request that does not come as far as the policy. */
export function refusalAnswer(request: RpcRequest, error: KavachError): RpcResponse {
  const { code, docs_url, request_id, retryAfter, details = {} } = error
  const { reason, auditId, approvalId } = details
  const data = withoutAbsent({ code, reason, auditId, approvalId, retryAfter, request_id, docs_url })
  const text = `${code}: ${textOf(error)}`
  if (request.method !== 'tools/call') {
    return errorAnswer(request.id, { code: ACCESS_DENIED, message: text, data })
  }
  return {
    jsonrpc: '2.0',
    id: request.id,
    result: {
      content: [{ type: 'text', text }],
      isError: true,
      _meta: { [DENIAL_META]: data },
      // Revisions that name the kind of each result demand it.
      ...(isEnveloped(request) && { resultType: 'complete' }),
    },
  }
}

/** An error of ours for a request that was not asked about. */
export function refusal(code: KavachErrorCode, message: string): KavachError {
  return new KavachError(code, message)
}

function textOf({ message, retryAfter, details = {} }: KavachError): string {
  const { approvalId } = details
  if (typeof approvalId === 'string') {
    return `somebody has to approve this call first; it waits as ${approvalId}. Once it is approved, make the same call with the same arguments again.`
  }
  return retryAfter === undefined ? message : `${message} Try again in ${retryAfter} seconds.`
}

/** Whether the request carries its protocol revision with it, as those of 2026-07-28 do. */
function isEnveloped({ params }: RpcRequest): boolean {
  const meta = params?._meta
  return isObject(meta) && Object.hasOwn(meta, 'io.modelcontextprotocol/protocolVersion')
}

function withoutAbsent(members: { readonly [name: string]: unknown }): { readonly [name: string]: unknown } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
