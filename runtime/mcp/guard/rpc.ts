/**
 * JSON-RPC messages as the guard reads them. What it has judged is what is passed on: whoever reads the message behind it may read
 * JSON in another way, so a message is built anew of the members that were understood, and one with members that somebody else
 * might take for those (`Method`, `paramſ`) is refused.
 */
export type RpcId = string | number

export interface RpcRequest {
  readonly jsonrpc: '2.0'
  readonly id: RpcId
  readonly method: string
  readonly params?: Params
}

export interface RpcNotification {
  readonly jsonrpc: '2.0'
  readonly method: string
  readonly params?: Params
}

export interface RpcResponse {
  readonly jsonrpc: '2.0'
  readonly id: RpcId | null
  readonly result?: Params
  readonly error?: RpcError
}

export interface RpcError {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

/** An object of JSON. */
export type Params = Readonly<Record<string, unknown>>

export type RpcMessage =
  | { readonly kind: 'request'; readonly message: RpcRequest }
  | { readonly kind: 'notification'; readonly message: RpcNotification }
  | { readonly kind: 'response'; readonly message: RpcResponse }

/** What is no message: the answer that says so. */
export interface RpcFault {
  readonly kind: 'fault'
  readonly answer: RpcResponse
}

export const PARSE_ERROR = -32_700
export const INVALID_REQUEST = -32_600
export const INVALID_PARAMS = -32_602
/** The guard's own: the caller may not do this. */
export const ACCESS_DENIED = -32_003

/** The message in a value of JSON. Batches, which only the revision of March 2025 had, are refused. */
export function readMessage(value: unknown): RpcMessage | RpcFault {
  if (Array.isArray(value)) return fault(INVALID_REQUEST, 'batches are not accepted; send the messages one by one')
  if (!isObject(value) || value.jsonrpc !== '2.0') return fault(INVALID_REQUEST, 'this is no JSON-RPC 2.0 message')
  if (hasLookAlike(value, MEMBERS)) return fault(INVALID_REQUEST, 'a member is spelt like one of JSON-RPC')
  const { id, method, params } = value
  const hasId = Object.hasOwn(value, 'id')
  if (hasId && !isId(id)) return fault(INVALID_REQUEST, 'an id is a text or a number')
  if (method === undefined) return readResponse(value)
  if (typeof method !== 'string') return fault(INVALID_REQUEST, 'a method is a text', id)
  if (params !== undefined && !isObject(params)) return fault(INVALID_PARAMS, 'params must be an object', id)
  if (params !== undefined && hasLookAlike(params, PARAMS)) {
    return fault(INVALID_PARAMS, 'a parameter is spelt like another one', id)
  }
  const head = { jsonrpc: '2.0', method, ...(params !== undefined && { params }) } as const
  // An id that is there was looked at.
  return hasId ? { kind: 'request', message: { ...head, id: id as RpcId } } : { kind: 'notification', message: head }
}

/** An answer with an error. */
export function errorAnswer(id: RpcId | null, error: RpcError): RpcResponse {
  return { jsonrpc: '2.0', id, error }
}

export function isObject(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** One text for each id; 1 and "1" are two. */
export function keyOfId(id: unknown): string {
  return `${typeof id}:${String(id)}`
}

function readResponse(value: Params): RpcMessage | RpcFault {
  const { id, result, error } = value
  const isGood = isObject(result) && error === undefined
  const isBad = isObject(error) && result === undefined
  if (!isId(id) || isGood === isBad) return fault(INVALID_REQUEST, 'this is neither a request nor an answer')
  if (isGood) return { kind: 'response', message: { jsonrpc: '2.0', id, result } }
  // Whoever reads an error reads its members by itself: nothing here depends on them.
  return { kind: 'response', message: { jsonrpc: '2.0', id, error: error as unknown as RpcError } }
}

const MEMBERS = ['jsonrpc', 'id', 'method', 'params', 'result', 'error']
/** Parameters that decisions depend on. */
const PARAMS = ['name', 'arguments', 'uri', 'ref', 'type', 'task', 'notifications', 'resourceSubscriptions', '_meta']

/** Whether a member is one of `names` to somebody who ignores case, as Go's JSON does. */
export function hasLookAlike(value: Params, names: readonly string[] = PARAMS): boolean {
  const folded = new Set(names.map(fold))
  return Object.keys(value).some((name) => !names.includes(name) && folded.has(fold(name)))
}

function fold(name: string): string {
  return name.normalize('NFKC').toLowerCase()
}

function isId(id: unknown): id is RpcId {
  return typeof id === 'string' || (typeof id === 'number' && Number.isFinite(id))
}

function fault(code: number, message: string, id?: unknown): RpcFault {
  return { kind: 'fault', answer: errorAnswer(isId(id) ? id : null, { code, message }) }
}
