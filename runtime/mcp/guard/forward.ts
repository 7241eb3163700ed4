/** Calls that are decided in front of a handler: judged, passed on, and their answers shortened on the way back, streams too. */
import { changeEvents } from './event-stream.ts'
import type { Admitted } from './http-guard.ts'
import { rpcResponse } from './http-guard.ts'
import type { AskServer, Caller, MessageGuard } from './message-guard.ts'
import { errorAnswer, isObject, keyOfId, type RpcId, type RpcResponse, readMessage } from './rpc.ts'

const INTERNAL_ERROR = -32_603

/**
 * The answer of the handler, as far as the caller may see it. What the handler throws is rethrown, after the call was recorded as
 * a failure.
 */
export async function forwardGuarded(
  guard: MessageGuard,
  { caller, message }: Admitted,
  request: Request,
  ask: AskServer,
  handle: (request: Request) => Promise<Response>,
): Promise<Response> {
  if (message === undefined || message.kind !== 'request') return shown(guard, caller, undefined, await handle(request))
  const judged = await guard.judge(caller, message.message, ask)
  if (judged.kind === 'answer') return rpcResponse(200, judged.response)
  const call: Call | undefined =
    judged.auditId === undefined ? undefined : { auditId: judged.auditId, id: message.message.id, isOpen: true }
  let response: Response
  try {
    response = await handle(request)
  } catch (error) {
    await conclude(guard, call, FAILED)
    throw error
  }
  return shown(guard, caller, call, response)
}

/** The result in an answer to a request that the guard made itself; nothing when it is none. */
export async function answerOf(response: Response, id: RpcId): Promise<unknown> {
  const text = await response.text()
  const parts = isEventStream(response)
    ? text.split(/\r?\n\r?\n/).map((block) => [...block.matchAll(/^data: ?(.*)$/gm)].map(([, line]) => line).join('\n'))
    : [text]
  for (const part of parts) {
    const value = parse(part)
    if (isObject(value) && value.id === id) return value.result
  }
  return undefined
}

/** A call whose end is still to be recorded. */
interface Call {
  readonly auditId: string
  readonly id: RpcId
  isOpen: boolean
}

const FAILED: RpcResponse = errorAnswer(null, { code: INTERNAL_ERROR, message: 'no answer' })

async function conclude(guard: MessageGuard, call: Call | undefined, response: RpcResponse): Promise<void> {
  if (call?.isOpen !== true) return
  call.isOpen = false
  await guard.conclude(call.auditId, response)
}

async function shown(
  guard: MessageGuard,
  caller: Caller,
  call: Call | undefined,
  response: Response,
): Promise<Response> {
  const { status, headers, body } = response
  if (body === null || status >= 400) {
    if (status >= 400) await conclude(guard, call, FAILED)
    return response
  }
  if (isEventStream(response)) {
    const changed = changeEvents(body, async (data) => {
      const value = parse(data)
      return value === undefined ? data : JSON.stringify(await changedMessage(guard, caller, call, value))
    })
    return new Response(changed, { status, headers: withoutLength(headers) })
  }
  const text = await response.text()
  // Notifications and answers are only accepted.
  if (text === '') {
    await conclude(guard, call, FAILED)
    return new Response(null, { status, headers: withoutLength(headers) })
  }
  const value = parse(text)
  if (value === undefined) {
    await conclude(guard, call, FAILED)
    return rpcResponse(502, errorAnswer(call?.id ?? null, { code: INTERNAL_ERROR, message: 'the server gave no JSON' }))
  }
  const changed = await changedMessage(guard, caller, call, value)
  return new Response(JSON.stringify(changed), { status, headers: withoutLength(headers) })
}

/** What the server sent, without what the caller may not see. An answer ends the call that it belongs to. */
async function changedMessage(
  guard: MessageGuard,
  caller: Caller,
  call: Call | undefined,
  value: unknown,
): Promise<unknown> {
  if (Array.isArray(value)) {
    return Promise.all(value.map((one: unknown) => changedMessage(guard, caller, call, one)))
  }
  const read = readMessage(value)
  if (read.kind === 'notification') guard.notice(read.message)
  if (read.kind === 'fault') return read.answer
  if (read.kind !== 'response') return value
  if (call !== undefined && keyOfId(call.id) === keyOfId(read.message.id)) await conclude(guard, call, read.message)
  return guard.filter(caller, read.message)
}

function isEventStream({ headers }: Response): boolean {
  return (headers.get('content-type') ?? '').toLowerCase().startsWith('text/event-stream')
}

function withoutLength(given: Headers): Headers {
  const headers = new Headers(given)
  headers.delete('content-length')
  headers.delete('content-encoding')
  return headers
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // What is no JSON has no message in it.
    return undefined
  }
}
