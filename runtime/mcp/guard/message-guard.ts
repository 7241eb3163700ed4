/**
 * One resource behind its guard, message by message: what a request needs, whether the policy allows it, what came of it, and what
 * of a list the caller may see. It knows nothing of transports.
 */
import { type AuthorizeResult, type Awaitable, after, type KavachError, leadTo } from '../../index.ts'
import { recordRefusal } from '../clients/index.ts'
import type { McpPlace, RequestContext } from '../place.ts'
import type { Principal } from '../principal.ts'
import { denialAnswer, refusal, refusalAnswer } from './denial.ts'
import { createHints } from './hints.ts'
import {
  type GuardedResource,
  type Listed,
  type Operation,
  operationOf,
  type Target,
  targetOfListed,
} from './operation.ts'
import {
  errorAnswer,
  INVALID_PARAMS,
  isObject,
  type Params,
  type RpcNotification,
  type RpcRequest,
  type RpcResponse,
} from './rpc.ts'
import type { ScopeCover } from './scope-cover.ts'

/** Who calls. */
export interface Caller {
  readonly principal: Principal
  readonly context: RequestContext
}

/** Asks the server itself, on behalf of nobody; gives the result. */
export type AskServer = (method: string, params: Params) => Promise<unknown>

export type Judged =
  /** It goes on to the server. `auditId`: what comes of it is to be recorded with `conclude`. */
  | { readonly kind: 'pass'; readonly auditId?: string }
  /** It does not, and this is the answer. */
  | { readonly kind: 'answer'; readonly response: RpcResponse }

export interface MessageGuard {
  readonly resource: GuardedResource
  /** Scopes that the request needs and the token lacks; nothing when it lacks none, and when no scope would help. */
  readonly lacking: (
    principal: Principal,
    request: RpcRequest,
    ask: AskServer,
  ) => Awaitable<readonly string[] | undefined>
  /** Answers at once where nothing has to be decided. */
  readonly judge: (caller: Caller, request: RpcRequest, ask: AskServer) => Awaitable<Judged>
  /** Only what no handler of a server gets to see: it is decided before. */
  readonly judgeUnseen: (caller: Caller, request: RpcRequest, ask: AskServer) => Awaitable<Judged>
  /** Records what came of a call; what cannot be recorded is a warning. */
  readonly conclude: (auditId: string, response: RpcResponse | undefined) => Promise<void>
  /** What the caller may see of an answer. */
  readonly filter: (caller: Caller, response: RpcResponse) => Awaitable<RpcResponse>
  /** A notification of the server passes. */
  readonly notice: (notification: RpcNotification) => void
}

/** Member of `_meta` in which a tool says what its call did cost, in USD. */
export const COST_META = 'kavachos/costUsd'

const PASS: Judged = { kind: 'pass' }
const LISTS: readonly Listed[] = ['tools', 'resources', 'prompts']
const MAX_PAGES = 100
const UNSEEN: ReadonlySet<string> = new Set(['subscriptions/listen'])

export function createMessageGuard(
  place: Pick<McpPlace, 'site' | 'kavach' | 'admitFailure'>,
  resource: GuardedResource,
  scopes: ScopeCover,
): MessageGuard {
  const { site, kavach } = place
  const hints = createHints()
  const explain = (error: KavachError): KavachError => {
    leadTo(error, site.settings.docsBaseUrl)
    return error
  }

  function understand(request: RpcRequest, ask: AskServer): Awaitable<Operation> {
    const operation = operationOf(request, resource, hints.of)
    return operation.kind === 'unlearnt' ? learn(request, ask) : operation
  }

  /** What a tool does is asked before the first call of it. */
  async function learn(request: RpcRequest, ask: AskServer): Promise<Operation> {
    let cursor: unknown
    for (let page = 0; page < MAX_PAGES; page++) {
      const result = await ask('tools/list', cursor === undefined ? {} : { cursor })
      if (!isObject(result) || !Array.isArray(result.tools)) break
      hints.learn(result.tools)
      cursor = result.nextCursor
      if (cursor === undefined) break
    }
    const operation = operationOf(request, resource, hints.of)
    return operation.kind === 'unlearnt' ? { kind: 'unmapped', why: 'the server does not list this tool' } : operation
  }

  function judge(caller: Caller, request: RpcRequest, ask: AskServer): Awaitable<Judged> {
    return after(understand(request, ask), (operation) => judgeOperation(caller, request, operation))
  }

  function judgeOperation(caller: Caller, request: RpcRequest, operation: Operation): Awaitable<Judged> {
    const refuse = (error: KavachError): Judged => ({
      kind: 'answer',
      response: refusalAnswer(request, explain(error)),
    })
    switch (operation.kind) {
      case 'protocol':
        return PASS
      case 'malformed': {
        const error = { code: INVALID_PARAMS, message: operation.why }
        return { kind: 'answer', response: errorAnswer(request.id, error) }
      }
      case 'unmapped':
      case 'unlearnt':
        return refuse(refusal('KVCH_E_AGENT_PERMISSION_DENIED', 'why' in operation ? operation.why : operation.tool))
    }
    const missing = scopes.lacking(caller.principal.scopes, targetsOf(operation))
    if (missing === 'uncovered') return refuseUncovered(caller, request)
    if (missing !== undefined) {
      const message = `the token needs the scope ${missing.map((scope) => `\`${scope}\``).join(' and ')}`
      return refuse(refusal('KVCH_E_OAUTH_SCOPE_INSUFFICIENT', message))
    }
    return decide(caller, request, operation)
  }

  /** The policy is not asked: it may let the agent do what nobody can agree to for a client. */
  async function refuseUncovered({ principal, context }: Caller, request: RpcRequest): Promise<Judged> {
    const why = 'no scope speaks of this'
    const source = context.ip ?? 'unknown'
    await recordRefusal(place, {
      source,
      client: principal.clientId,
      error: 'insufficient_scope',
      why: `${resource.server}: ${request.method}: ${why}`,
    })
    return { kind: 'answer', response: refusalAnswer(request, explain(refusal('KVCH_E_AGENT_PERMISSION_DENIED', why))) }
  }

  async function decide(
    caller: Caller,
    request: RpcRequest,
    operation: Extract<Operation, { readonly kind: 'call' | 'watch' | 'suggest' }>,
  ): Promise<Judged> {
    if (operation.kind === 'suggest') {
      const [isPossible] = await possible(caller, [operation.target])
      if (isPossible === true) return PASS
      const error = refusal(
        'KVCH_E_AGENT_PERMISSION_DENIED',
        'nothing is suggested for what this agent may not ask for',
      )
      return { kind: 'answer', response: refusalAnswer(request, explain(error)) }
    }
    if (operation.kind === 'call') {
      const answer = await authorize(caller, operation.target, operation.args)
      return answer.allowed && answer.auditId !== undefined
        ? { kind: 'pass', auditId: answer.auditId }
        : denied(request, answer)
    }
    for (const target of operation.targets) {
      const answer = await authorize(caller, target, undefined)
      if (!answer.allowed) return denied(request, answer)
    }
    return PASS
  }

  function denied(request: RpcRequest, answer: AuthorizeResult): Judged {
    const response = denialAnswer(request, answer, explain)
    return { kind: 'answer', response }
  }

  function authorize(
    { principal: { agentId, delegation }, context: { ip } }: Caller,
    { action, resource }: Target,
    args: Params | undefined,
  ): Promise<AuthorizeResult> {
    return kavach.authorize(agentId, {
      action,
      resource,
      ...(args !== undefined && { args }),
      ...(ip !== undefined && { ip }),
      ...(delegation !== undefined && { delegation }),
    })
  }

  function possible(
    { principal: { agentId, delegation }, context: { ip } }: Caller,
    targets: readonly Target[],
  ): Promise<readonly boolean[]> {
    return kavach.possible(agentId, targets, { delegation, ip })
  }

  async function filterResult(caller: Caller, result: Params): Promise<Params> {
    const lists = LISTS.flatMap((list) => {
      const entries = Object.hasOwn(result, list) ? result[list] : undefined
      return Array.isArray(entries) ? entries.map((entry: unknown) => ({ list, entry })) : []
    })
    const asked = lists.flatMap(({ list, entry }) => {
      const target = targetOfListed(list, entry, resource, hints.of)
      const isCovered = target !== undefined && scopes.covers(caller.principal.scopes, target)
      return isCovered ? [{ list, entry, target }] : []
    })
    const targets = asked.map(({ target }) => target)
    const answers = targets.length === 0 ? [] : await possible(caller, targets)
    const shown = new Map<Listed, unknown[]>(LISTS.map((list) => [list, []]))
    asked.forEach(({ list, entry }, i) => {
      if (answers[i] === true) shown.get(list)?.push(entry)
    })
    const shortened = LISTS.filter((list) => Object.hasOwn(result, list) && Array.isArray(result[list]))
    return {
      ...result,
      ...Object.fromEntries(shortened.map((list) => [list, shown.get(list) ?? []])),
      // What one caller may see is nothing for a cache of all.
      ...(result.cacheScope === 'public' && { cacheScope: 'private' }),
    }
  }

  return {
    resource,
    lacking: (principal, request, ask) =>
      after(understand(request, ask), (operation) => {
        const lack = scopes.lacking(principal.scopes, targetsOf(operation))
        return lack === 'uncovered' ? undefined : lack
      }),
    judge,
    judgeUnseen: (caller, request, ask) => (UNSEEN.has(request.method) ? judge(caller, request, ask) : PASS),
    async conclude(auditId, response) {
      // What nobody answered may have happened all the same: its cost stays spent.
      if (response === undefined) return
      const { result } = response
      const isFailure = result === undefined || result.isError === true
      try {
        await kavach.complete(auditId, { outcome: isFailure ? 'failure' : 'success', costUsd: costOf(result) })
      } catch (error) {
        site.warn(
          `the end of the call ${auditId} was not recorded: ${error instanceof Error ? error.message : String(error)}`,
        )
      }
    },
    filter(caller, response) {
      const { result } = response
      if (result === undefined || !LISTS.some((list) => Array.isArray(result[list]))) return response
      if (Array.isArray(result.tools)) hints.learn(result.tools)
      return filterResult(caller, result).then((filtered) => ({ ...response, result: filtered }))
    },
    notice({ method }) {
      if (method === 'notifications/tools/list_changed') hints.forget()
    },
  }
}

function targetsOf(operation: Operation): readonly Target[] {
  if (operation.kind === 'watch') return operation.targets
  return operation.kind === 'call' || operation.kind === 'suggest' ? [operation.target] : []
}

function costOf(result: Params | undefined): number | undefined {
  const meta = result?._meta
  const cost = isObject(meta) && Object.hasOwn(meta, COST_META) ? meta[COST_META] : undefined
  return typeof cost === 'number' && cost >= 0 && Number.isFinite(cost) ? cost : undefined
}
