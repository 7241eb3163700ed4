/**
 * A guard inside a server on the MCP TypeScript SDK, of either generation: `guard(server)`.
 *
 * It stands between the server and each transport that the server is connected to, where all messages pass whoever handles them:
 * handlers that are set before and after, and those of the SDK itself. Only what both generations promise about transports is
 * used: `onmessage`, which is given what the transport knows of the caller, and `send`.
 */
import { type Awaitable, after, isPromise, KavachError } from '../../index.ts'
import type { Principal } from '../principal.ts'
import { callerOf } from './auth-info.ts'
import { refusal, refusalAnswer } from './denial.ts'
import type { AskServer, Caller, Judged, MessageGuard } from './message-guard.ts'
import {
  errorAnswer,
  INVALID_REQUEST,
  isObject,
  keyOfId,
  type RpcMessage,
  type RpcRequest,
  type RpcResponse,
  readMessage,
} from './rpc.ts'
import { ownerOf } from './session-owners.ts'

/** What is used of a server: `McpServer` and `Server` of the SDK have it. */
export interface GuardableServer {
  connect(transport: never): Promise<void>
  /** The server in an `McpServer`. */
  readonly server?: unknown
}

export interface ServerGuardPorts {
  /** For callers whom somebody else's middleware has authenticated: their token is looked at again. */
  readonly verify: (token: string) => Promise<Principal | undefined>
  readonly now: () => number
  readonly warn: (message: string) => void
}

/** The same server, which from now on answers nobody who was not authenticated. */
export function guardServer<S extends GuardableServer>(server: S, guard: MessageGuard, ports: ServerGuardPorts): S {
  const inner = server.server ?? server
  if (!isConnectable(inner)) {
    throw new KavachError('KVCH_E_CONFIG_INVALID', 'this is no server of the MCP SDK: it has no `connect`')
  }
  if (guarded.has(inner)) throw new KavachError('KVCH_E_CONFIG_INVALID', 'this server has a guard already')
  guarded.add(inner)
  const connect = inner.connect.bind(inner)
  inner.connect = (transport) => connect(guardTransport(transport, guard, ports))
  return server
}

const guarded = new WeakSet<object>()

interface Connectable {
  connect: (transport: Transport) => Promise<void>
}

function isConnectable(value: unknown): value is Connectable {
  return typeof value === 'object' && value !== null && 'connect' in value && typeof value.connect === 'function'
}

/** What is used of a transport of the SDK. */
interface Transport {
  onmessage?: ((message: unknown, extra?: Extra) => void) | undefined
  send(message: unknown, options?: object): Promise<void>
  readonly sessionId?: string | undefined
}

/** What a transport says of a message. */
interface Extra {
  readonly authInfo?: unknown
}

function guardTransport(transport: Transport, guard: MessageGuard, ports: ServerGuardPorts): Transport {
  const line = new GuardedLine(transport, guard, ports)
  return new Proxy(transport, {
    get(target, name) {
      if (name === 'send') return line.send
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' && name !== 'onmessage' ? value.bind(target) : value
    },
    set(target, name, value) {
      if (name !== 'onmessage') return Reflect.set(target, name, value, target)
      line.deliver = value
      target.onmessage = value === undefined ? undefined : line.receive
      return true
    },
  })
}

/** A request that was passed on and is not answered yet. */
interface Open {
  readonly caller: Caller
  readonly auditId: string | undefined
}

/** One transport. */
class GuardedLine {
  /** The server's own. */
  deliver: Transport['onmessage'] = undefined
  private readonly transport: Transport
  private readonly guard: MessageGuard
  private readonly ports: ServerGuardPorts
  private readonly open = new Map<string, Open>()
  private readonly asked = new Map<string, (response: RpcResponse) => void>()
  /** Whoever sent the first message of a session; nobody else goes on with it. */
  private owner: string | undefined
  private asks = 0

  constructor(transport: Transport, guard: MessageGuard, ports: ServerGuardPorts) {
    this.transport = transport
    this.guard = guard
    this.ports = ports
  }

  readonly receive = (message: unknown, extra?: Extra): void => {
    const done = after(this.callerOf(extra), (caller) => this.admit(message, extra, caller))
    if (isPromise(done)) done.catch((error: unknown) => this.fail(message, error))
  }

  readonly send = async (message: unknown, options?: object): Promise<void> => {
    const read = readMessage(message)
    if (read.kind === 'notification') this.guard.notice(read.message)
    if (read.kind !== 'response') return this.transport.send(message, options)
    const key = keyOfId(read.message.id)
    const answered = this.asked.get(key)
    if (answered !== undefined) return answered(read.message)
    const open = this.open.get(key)
    this.open.delete(key)
    // The answer to what nobody asked is nobody's.
    if (open === undefined) return undefined
    if (open.auditId !== undefined) await this.guard.conclude(open.auditId, read.message)
    return this.transport.send(await this.guard.filter(open.caller, read.message), options)
  }

  private callerOf(extra: Extra | undefined): Awaitable<Caller | undefined> {
    const known = callerOf(extra?.authInfo)
    if (known !== undefined) return this.checked(known)
    const token = isObject(extra?.authInfo) ? extra.authInfo.token : undefined
    if (typeof token !== 'string' || token === '') return undefined
    return this.ports.verify(token).then((principal) => {
      // Nobody has seen a proof of the key of a token that is bound to one.
      return principal === undefined || principal.jkt !== undefined
        ? undefined
        : this.checked({ principal, context: {} })
    })
  }

  private checked(caller: Caller): Caller | undefined {
    const { resource, expiresAt } = caller.principal
    return resource === this.guard.resource.url && expiresAt > this.ports.now() ? caller : undefined
  }

  private admit(message: unknown, extra: Extra | undefined, caller: Caller | undefined): unknown {
    const read = readMessage(message)
    if (read.kind === 'fault') return this.reply(read.answer)
    if (caller === undefined) return this.refuse(read, 'there is no good access token with this message')
    if (this.isOthers(caller.principal)) return this.refuse(read, 'this session belongs to somebody else')
    if (read.kind === 'notification' && read.message.method === 'notifications/cancelled') {
      // The SDK answers no request that was cancelled.
      this.open.delete(keyOfId(read.message.params?.requestId))
    }
    if (read.kind !== 'request') return this.deliver?.(message, extra)
    const { id } = read.message
    const key = keyOfId(id)
    if (this.open.has(key)) {
      return this.reply(errorAnswer(id, { code: INVALID_REQUEST, message: 'this id is in use by another request' }))
    }
    this.open.set(key, { caller, auditId: undefined })
    return after(this.guard.judge(caller, read.message, this.asker(extra, read.message)), (judged) =>
      this.goOn(message, extra, key, caller, judged),
    )
  }

  private refuse(read: RpcMessage, why: string): unknown {
    if (read.kind !== 'request') return undefined
    return this.reply(refusalAnswer(read.message, refusal('KVCH_E_MCP_TOOL_AUTH_REQUIRED', why)))
  }

  private goOn(message: unknown, extra: Extra | undefined, key: string, caller: Caller, judged: Judged): unknown {
    if (judged.kind === 'answer') {
      this.open.delete(key)
      return this.reply(judged.response)
    }
    this.open.set(key, { caller, auditId: judged.auditId })
    return this.deliver?.(message, extra)
  }

  /** Only where there are sessions; without them each message may be of somebody else. */
  private isOthers(principal: Principal): boolean {
    if (this.transport.sessionId === undefined) return false
    const owner = ownerOf(principal)
    this.owner ??= owner
    return this.owner !== owner
  }

  /** Asks the server as if the caller had, with what the request says of its revision; the answer stays here. */
  private asker(extra: Extra | undefined, { params }: RpcRequest): AskServer {
    const meta = params?._meta
    return (method, asked) =>
      new Promise((resolve) => {
        const id = `kavach-hints-${this.asks++}`
        const key = keyOfId(id)
        this.asked.set(key, ({ result }) => {
          this.asked.delete(key)
          resolve(result)
        })
        const message = { jsonrpc: '2.0', id, method, params: { ...asked, ...(isObject(meta) && { _meta: meta }) } }
        this.deliver?.(message, extra)
      })
  }

  private reply(response: RpcResponse): Promise<void> {
    return this.transport.send(response, response.id === null ? undefined : { relatedRequestId: response.id })
  }

  /** What breaks here has decided nothing: the caller is told, and nothing happens. */
  private fail(message: unknown, error: unknown): void {
    this.ports.warn(`a message could not be guarded: ${error instanceof Error ? error.message : String(error)}`)
    const read = readMessage(message)
    if (read.kind !== 'request') return
    this.open.delete(keyOfId(read.message.id))
    const broken =
      error instanceof KavachError ? error : refusal('KVCH_E_POLICY_ENGINE', 'the call could not be judged')
    this.reply(refusalAnswer(read.message, broken)).catch((failure: unknown) =>
      this.ports.warn(`an answer could not be sent: ${String(failure)}`),
    )
  }
}
