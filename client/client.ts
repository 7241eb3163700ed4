/** A host that answers elsewhere, with the methods that it has here. */
import type {
  Agent,
  AgentChanges,
  AgentFilter,
  AgentsApi,
  AuditApi,
  AuditExport,
  AuditProof,
  AuditQuery,
  AuditRow,
  AuthorizeRequest,
  AuthorizeResult,
  Completion,
  Delegation,
  HeldPermission,
  IssuedToken,
  Kavach,
  NewAgent,
  NewDelegation,
  QueuedApproval,
  UsageCount,
  UsageFilter,
  VerifyReport,
} from '../runtime/index.ts'
import { KavachError } from './error.ts'
import { type CallOptions, createTransport, type Sent, type TransportOptions } from './transport.ts'
import type { Wire } from './wire.ts'

export type ClientOptions = TransportOptions

type DelegationFilter = NonNullable<Parameters<Kavach['delegation']['list']>[0]>
type ApprovalFilter = NonNullable<Parameters<Kavach['approvals']['list']>[0]>
type Policy = Awaited<ReturnType<Kavach['policy']['current']>>

/** With a project key the agent is named; with the token of an agent it is that agent, which is where it calls from. */
export type ClientAuthorizeRequest = Omit<AuthorizeRequest, 'requestId'> & { readonly agentId?: string | undefined }

export interface Vote {
  /** Of the person who decides, as the port `approvals.authenticate` of the host takes it. */
  readonly credential: string
  readonly note?: string | undefined
}

/** A page; `cursor` is that of the next one. */
type Page<Name extends string, Item> = { readonly [N in Name]: readonly Item[] } & { readonly cursor?: string }

export interface Client {
  /**
   * Decides. A denial is a value, also one that time lifts, once it was waited for as often as `retries` says. It is charged once,
   * whatever is sent again: each call has an idempotency key.
   */
  readonly authorize: (request: ClientAuthorizeRequest, options?: CallOptions) => Promise<AuthorizeResult>
  readonly complete: (
    auditId: string,
    completion: Completion,
    options?: CallOptions,
  ) => Promise<Awaited<ReturnType<Kavach['complete']>>>
  readonly agents: {
    readonly create: (agent: NewAgent, options?: CallOptions) => Promise<NewlyMade>
    readonly get: (agentId: string, options?: CallOptions) => Promise<Wire<Agent>>
    readonly list: (filter?: AgentFilter, options?: CallOptions) => Promise<Page<'agents', Wire<Agent>>>
    /** All that fit, page after page. */
    readonly all: (filter?: AgentFilter, options?: CallOptions) => AsyncIterable<Wire<Agent>>
    readonly update: (agentId: string, changes: AgentChanges, options?: CallOptions) => Promise<Wire<Agent>>
    readonly rotate: (
      agentId: string,
      rotation?: { readonly graceSeconds?: number },
      options?: CallOptions,
    ) => Promise<Wire<IssuedToken>>
    readonly refreshToken: (agentId: string, options?: CallOptions) => Promise<Wire<IssuedToken>>
    readonly issueToken: (name: string, options?: CallOptions) => Promise<Wire<IssuedToken>>
    readonly revoke: (
      agentId: string,
      why?: Reason,
      options?: CallOptions,
    ) => Promise<Wire<Awaited<ReturnType<AgentsApi['revoke']>>>>
    readonly suspend: (agentId: string, why?: Reason, options?: CallOptions) => Promise<Wire<Agent>>
    readonly unsuspend: (agentId: string, options?: CallOptions) => Promise<Wire<Agent>>
    readonly suspendAll: (
      which?: Reason & { readonly owner?: string },
      options?: CallOptions,
    ) => Promise<{ readonly suspended: number }>
  }
  readonly delegation: {
    /** With the token of an agent, `fromAgent` may be left out: it is that agent. */
    readonly delegate: (
      delegation: Omit<NewDelegation, 'fromAgent'> & { readonly fromAgent?: string | undefined },
      options?: CallOptions,
    ) => Promise<Wire<Delegation>>
    readonly get: (id: string, options?: CallOptions) => Promise<Wire<Delegation>>
    readonly list: (filter?: DelegationFilter, options?: CallOptions) => Promise<Page<'delegations', Wire<Delegation>>>
    readonly all: (filter?: DelegationFilter, options?: CallOptions) => AsyncIterable<Wire<Delegation>>
    readonly revoke: (id: string, options?: CallOptions) => Promise<Wire<Delegation>>
    readonly listChains: (
      agentId: string,
      options?: CallOptions,
    ) => Promise<Wire<Awaited<ReturnType<Kavach['delegation']['listChains']>>>>
    readonly getEffectivePermissions: (agentId: string, options?: CallOptions) => Promise<readonly HeldPermission[]>
  }
  readonly approvals: {
    readonly list: (filter?: ApprovalFilter, options?: CallOptions) => Promise<Page<'approvals', QueuedApproval>>
    readonly all: (filter?: ApprovalFilter, options?: CallOptions) => AsyncIterable<QueuedApproval>
    readonly get: (id: string, options?: CallOptions) => Promise<QueuedApproval>
    readonly approve: (id: string, vote: Vote, options?: CallOptions) => Promise<QueuedApproval>
    readonly deny: (id: string, vote: Vote, options?: CallOptions) => Promise<QueuedApproval>
    /** Resolves when it is decided or has expired. `timeoutMs` is for all of it; default: as long as that takes. */
    readonly wait: (id: string, options?: CallOptions) => Promise<QueuedApproval>
  }
  readonly audit: {
    readonly query: (query?: AuditQuery, options?: CallOptions) => Promise<Page<'rows', AuditRow>>
    readonly all: (query?: AuditQuery, options?: CallOptions) => AsyncIterable<AuditRow>
    readonly get: (auditId: string, options?: CallOptions) => Promise<AuditRow>
    /** The log as one text. */
    readonly export: (options: AuditExport, call?: CallOptions) => Promise<string>
    /** The same, a piece at a time. */
    readonly exportStream: (options: AuditExport, call?: CallOptions) => AsyncIterable<string>
    readonly prove: (auditId: string, options?: CallOptions) => Promise<AuditProof>
    /** The report, also of a log that does not verify: `isIntact` is false then. */
    readonly verify: (
      what?: NonNullable<Parameters<AuditApi['verify']>[0]>,
      options?: CallOptions,
    ) => Promise<VerifyReport>
  }
  /** Policies are given as the bytes of an image or a module; nothing ends a shadow, or a stage. */
  readonly policy: {
    readonly current: (options?: CallOptions) => Promise<Policy>
    readonly reload: (policy: BodyInit, options?: CallOptions) => Promise<Policy>
    readonly shadow: (policy: BodyInit | undefined, options?: CallOptions) => Promise<Policy | undefined>
    readonly stage: (
      policy: BodyInit | undefined,
      stage?: NonNullable<Parameters<Kavach['policy']['stage']>[1]>,
      options?: CallOptions,
    ) => Promise<Policy | undefined>
  }
  readonly usage: { readonly count: (filter?: UsageFilter, options?: CallOptions) => Promise<UsageCount> }
  readonly trust: {
    readonly score: (agentId: string, options?: CallOptions) => Promise<Awaited<ReturnType<Kavach['trust']['score']>>>
  }
  /** Resolves when the host can decide. */
  readonly ready: (options?: CallOptions) => Promise<void>
}

export interface NewlyMade {
  readonly agent: Wire<Agent>
  /** Shown this once. */
  readonly token: string
  readonly tokenExpiresAt: string | null
}

export interface Reason {
  readonly reason?: string | undefined
}

/** Milliseconds for which a host waits with its answer. */
const POLL_MS = 25_000

/**
 * A client of the HTTP API. It needs `fetch` and nothing else.
 *
 * Calls reject with a `KavachError` when the host says no, and with the platform's error when nobody answers. Limits
 * (`KVCH_E_RATE_...`) and overload are waited for and the request sent again, twice unless `retries` says otherwise; when nobody
 * answers that is done only for requests which do the same when they are done twice.
 */
export function createClient(options: ClientOptions): Client {
  const send = createTransport(options)
  const { retries = 2 } = options

  /** The body is what the route answers: both are made of the same types, and a test holds them against each other. */
  async function call<T>(path: string, sent?: Sent): Promise<T> {
    return (await send(path, sent)).json() as Promise<T>
  }
  const post = <T>(path: string, json: unknown, sent?: Sent): Promise<T> =>
    call(path, { ...sent, method: 'POST', ...(json !== undefined && { json }) })
  const again = { isIdempotent: true }

  async function* all<Name extends string, Item>(
    path: string,
    name: Name,
    query: object,
    callOptions?: CallOptions,
  ): AsyncGenerator<Item> {
    for (let cursor: string | undefined; ; ) {
      const page: Page<Name, Item> = await call(path, {
        ...callOptions,
        query: cursor === undefined ? query : { ...query, cursor },
      })
      yield* page[name]
      if (page.cursor === undefined) return
      cursor = page.cursor
    }
  }

  async function* exportStream(what: AuditExport, callOptions?: CallOptions): AsyncGenerator<string> {
    const { body } = await send('/v1/audit/export', { ...callOptions, query: what })
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
    try {
      for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read()) yield piece.value
    } finally {
      await reader?.cancel()
    }
  }

  async function rolled(path: string, policy: BodyInit | undefined, sent: Sent): Promise<Policy | undefined> {
    const method = policy === undefined ? 'DELETE' : 'POST'
    const answer = await call<{ readonly policy: Policy | null }>(path, { ...sent, ...again, method, bytes: policy })
    return answer.policy ?? undefined
  }

  const vote =
    (verb: 'approve' | 'deny') =>
    (id: string, { credential, note }: Vote, callOptions?: CallOptions) =>
      post<QueuedApproval>(
        at('/v1/approvals', id, verb),
        { note },
        { ...callOptions, headers: { 'x-kavach-approver': credential } },
      )

  return {
    async authorize(request, callOptions) {
      const { idempotencyKey = retries > 0 ? crypto.randomUUID() : undefined } = request
      const json = { ...request, idempotencyKey }
      const sent = { ...callOptions, isIdempotent: idempotencyKey !== undefined, also: 429 }
      const { error: _, ...decision } = await post<AuthorizeResult & { error?: unknown }>('/v1/authorize', json, sent)
      return decision
    },
    complete: (auditId, completion, callOptions) =>
      post(at('/v1/decisions', auditId, 'complete'), completion, callOptions),
    agents: {
      create: (agent, callOptions) => post('/v1/agents', agent, callOptions),
      get: (id, callOptions) => call(at(AGENTS, id), callOptions),
      list: (query, callOptions) => call(AGENTS, { ...callOptions, query }),
      all: (query = {}, callOptions) => all(AGENTS, 'agents', query, callOptions),
      update: (id, json, callOptions) => call(at(AGENTS, id), { ...callOptions, method: 'PATCH', json }),
      rotate: (id, rotation = {}, callOptions) => post(at(AGENTS, id, 'rotate'), rotation, callOptions),
      refreshToken: (id, callOptions) => post(at(AGENTS, id, 'refresh-token'), undefined, callOptions),
      issueToken: (id, callOptions) => post(at(AGENTS, id, 'issue-token'), undefined, callOptions),
      revoke: (id, why = {}, callOptions) => post(at(AGENTS, id, 'revoke'), why, { ...callOptions, ...again }),
      suspend: (id, why = {}, callOptions) => post(at(AGENTS, id, 'suspend'), why, { ...callOptions, ...again }),
      unsuspend: (id, callOptions) => post(at(AGENTS, id, 'unsuspend'), undefined, { ...callOptions, ...again }),
      suspendAll: (which = {}, callOptions) => post(`${AGENTS}/suspend-all`, which, { ...callOptions, ...again }),
    },
    delegation: {
      delegate: (delegation, callOptions) => post(DELEGATIONS, delegation, callOptions),
      get: (id, callOptions) => call(at(DELEGATIONS, id), callOptions),
      list: (query, callOptions) => call(DELEGATIONS, { ...callOptions, query }),
      all: (query = {}, callOptions) => all(DELEGATIONS, 'delegations', query, callOptions),
      revoke: (id, callOptions) => post(at(DELEGATIONS, id, 'revoke'), undefined, { ...callOptions, ...again }),
      listChains: async (id, callOptions) =>
        (
          await call<{ chains: Awaited<ReturnType<Client['delegation']['listChains']>> }>(
            at(AGENTS, id, 'chains'),
            callOptions,
          )
        ).chains,
      getEffectivePermissions: async (id, callOptions) =>
        (await call<{ permissions: readonly HeldPermission[] }>(at(AGENTS, id, 'effective-permissions'), callOptions))
          .permissions,
    },
    approvals: {
      list: (query, callOptions) => call(APPROVALS, { ...callOptions, query }),
      all: (query = {}, callOptions) => all(APPROVALS, 'approvals', query, callOptions),
      get: (id, callOptions) => call(at(APPROVALS, id), callOptions),
      approve: vote('approve'),
      deny: vote('deny'),
      async wait(id, { timeoutMs = Number.POSITIVE_INFINITY, signal } = {}) {
        const end = performance.now() + timeoutMs
        for (;;) {
          const left = Math.max(0, Math.min(POLL_MS, Math.ceil(end - performance.now())))
          try {
            return await call(at(APPROVALS, id, 'wait'), { signal, query: { timeoutMs: left } })
          } catch (error) {
            const isOver = !(error instanceof KavachError) || error.code !== 'KVCH_E_APPROVAL_TIMEOUT'
            if (isOver || performance.now() >= end) throw error
          }
        }
      },
    },
    audit: {
      query: (query, callOptions) => call(AUDIT, { ...callOptions, query }),
      all: (query = {}, callOptions) => all(AUDIT, 'rows', query, callOptions),
      get: (auditId, callOptions) => call(at(AUDIT, auditId), callOptions),
      async export(what, callOptions) {
        return (await send(`${AUDIT}/export`, { ...callOptions, query: what })).text()
      },
      exportStream,
      prove: (auditId, callOptions) => call(at(AUDIT, auditId, 'proof'), callOptions),
      verify: (what = {}, callOptions) => post(`${AUDIT}/verify`, what, { ...callOptions, ...again }),
    },
    policy: {
      current: (callOptions) => call('/v1/policies/current', callOptions),
      reload: (bytes, callOptions) => call('/v1/policies/reload', { ...callOptions, ...again, method: 'POST', bytes }),
      shadow: (policy, callOptions) => rolled('/v1/policies/shadow', policy, { ...callOptions }),
      stage: (policy, stage, callOptions) =>
        rolled('/v1/policies/stage', policy, { ...callOptions, query: policy === undefined ? {} : stage }),
    },
    usage: { count: (query, callOptions) => call('/v1/usage', { ...callOptions, query }) },
    trust: { score: (id, callOptions) => call(at(AGENTS, id, 'trust'), callOptions) },
    async ready(callOptions) {
      await send('/ready', callOptions)
    },
  }
}

const AGENTS = '/v1/agents'
const DELEGATIONS = '/v1/delegations'
const APPROVALS = '/v1/approvals'
const AUDIT = '/v1/audit'

/** The path of one thing. Whatever is called `..` would lead elsewhere, however it is encoded. */
function at(path: string, id: string, verb?: string): string {
  const name = encodeURIComponent(id)
  if (/^\.{0,2}$/.test(name)) throw new TypeError(`\`${id}\` is no id`)
  return `${path}/${name}${verb === undefined ? '' : `/${verb}`}`
}
