/**
 * Tools that ask before they run. A guarded tool has the arguments and the result of the tool; each call is authorized with its
 * arguments, run when it is allowed, and completed with what came of it and what it did cost.
 */
import { type CallPorts, perform } from './call.ts'
import type { AuthorizeRequest, AuthorizeResult } from './request.ts'

export interface Tool<Args, Result> {
  readonly action: string
  readonly resource: string | ((args: Args) => string)
  /** USD, what a call is expected to cost. */
  readonly cost?: number | ((args: Args) => number)
  /** USD, what a call did cost, from its result; without it what was reserved is what it cost. */
  readonly costOf?: (result: Result) => number
  readonly run: (args: Args) => Result | Promise<Result>
}

/** Any tool: its arguments and its result are known where it is written down. */
export interface AnyTool {
  readonly action: string
  readonly resource: string | ((args: never) => string)
  readonly cost?: number | ((args: never) => number)
  readonly costOf?: (result: never) => number
  readonly run: (...args: never) => unknown
}

/** The tools as functions, under their names. */
export type Guarded<Tools extends { readonly [name: string]: AnyTool }> = {
  readonly [Name in keyof Tools]: (
    ...args: Parameters<Tools[Name]['run']>
  ) => Promise<Awaited<ReturnType<Tools[Name]['run']>>>
}

/** What is the same for all calls of the tools. */
export type GuardContext = Pick<AuthorizeRequest, 'ip' | 'via' | 'delegation' | 'endpoint'>

/**
 * Guards tools for an agent, named by its id or by its token (`kv_...`).
 *
 * A call that is denied rejects with a `KavachError` that has the code and the message of the denial, and the tool does not run.
 * What the tool itself throws, the call rejects with.
 */
export type Guard = <const Tools extends { readonly [name: string]: AnyTool }>(
  agentIdOrToken: string,
  tools: Tools,
  context?: GuardContext,
) => Guarded<Tools>

export interface GuardPorts extends CallPorts {
  readonly authorize: (agentId: string, request: AuthorizeRequest) => Promise<AuthorizeResult>
  readonly authorizeByToken: (token: string, request: AuthorizeRequest) => Promise<AuthorizeResult>
}

export function createGuard(ports: GuardPorts): Guard {
  return (agentIdOrToken, tools, context = {}) => {
    const ask = agentIdOrToken.startsWith('kv_') ? ports.authorizeByToken : ports.authorize
    const guarded = Object.entries(tools).map(([name, tool]) => {
      // The arguments are those of this tool: `Guarded` takes no others. Whatever comes from a model is judged as it is.
      const known = tool as Tool<Arguments, unknown>
      return [name, (args?: Arguments) => call(ports, (request) => ask(agentIdOrToken, request), known, context, args)]
    })
    // Each entry is a tool of `tools` under its own name.
    return Object.fromEntries(guarded) as Guarded<typeof tools>
  }
}

type Arguments = Readonly<Record<string, unknown>>

async function call(
  ports: GuardPorts,
  ask: (request: AuthorizeRequest) => Promise<AuthorizeResult>,
  { action, resource, cost, costOf, run }: Tool<Arguments, unknown>,
  context: GuardContext,
  given: Arguments = {},
): Promise<unknown> {
  // What is judged is what runs: nobody who still holds the arguments can change them while the decision is under way.
  const args = structuredClone(given)
  const expected = typeof cost === 'function' ? cost(args) : cost
  const answer = await ask({
    ...context,
    action,
    resource: typeof resource === 'function' ? resource(args) : resource,
    args: structuredClone(args),
    ...(expected !== undefined && { cost: expected }),
  })
  return perform(ports, answer, () => run(args), costOf)
}
