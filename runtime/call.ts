/** A call from its authorization to its completion: `agents.call`, and what guarded tools do for each call. */
import { toError } from './denial.ts'
import type { AuthorizeRequest, AuthorizeResult, Completion } from './request.ts'

/**
 * Authorizes, runs `work`, and completes with what came of it; without `work` it gives the answer to the authorization. What
 * `work` throws it rejects with, and the call is recorded as a failure.
 *
 * @throws {KavachError} with the code of the denial: here a denial is thrown
 */
export interface Call {
  (agentId: string, request: AuthorizeRequest): Promise<AuthorizeResult>
  <R>(agentId: string, request: AuthorizeRequest, work: (answer: AuthorizeResult) => R | Promise<R>): Promise<R>
}

export interface CallPorts {
  readonly complete: (auditId: string, completion: Completion) => Promise<unknown>
  readonly warn: (message: string) => void
}

export function createCall(
  ports: CallPorts & { readonly authorize: (agentId: string, request: AuthorizeRequest) => Promise<AuthorizeResult> },
): Call {
  return async <R>(
    agentId: string,
    request: AuthorizeRequest,
    work?: (answer: AuthorizeResult) => R | Promise<R>,
  ): Promise<R & AuthorizeResult> => {
    const answer = await ports.authorize(agentId, request)
    if (work !== undefined) return (await perform(ports, answer, work)) as R & AuthorizeResult
    if (!answer.allowed) throw toError(answer)
    // Without work the answer is what is asked for.
    return answer as R & AuthorizeResult
  }
}

/**
 * Does what was allowed, and records what came of it. `costOf` says what it did cost, in USD.
 *
 * @throws {KavachError} with the code of the denial, and nothing was done; else what `work` throws
 */
export async function perform<R>(
  ports: CallPorts,
  answer: AuthorizeResult,
  work: (answer: AuthorizeResult) => R | Promise<R>,
  costOf?: (result: R) => number,
): Promise<R> {
  const { allowed, auditId } = answer
  if (!allowed || auditId === undefined) throw toError(answer)
  let result: R
  try {
    result = await work(answer)
  } catch (error) {
    await conclude(ports, auditId, { outcome: 'failure' })
    throw error
  }
  await conclude(ports, auditId, { outcome: 'success', costUsd: costOf?.(result) })
  return result
}

/** The work is done: that its end could not be recorded takes nothing back, and what was reserved counts as spent. */
async function conclude({ complete, warn }: CallPorts, auditId: string, completion: Completion): Promise<void> {
  try {
    await complete(auditId, completion)
  } catch (error) {
    warn(`the end of the call ${auditId} was not recorded: ${error instanceof Error ? error.message : String(error)}`)
  }
}
