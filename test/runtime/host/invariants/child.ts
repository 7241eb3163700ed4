/** A host in another process, on the same file. It runs what was built. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { AuthorizeRequest, AuthorizeResult } from '../../../../index.ts'

const CHILD = fileURLToPath(new URL('host-child.mjs', import.meta.url))

export interface ChildHost {
  /** Calls a method, `['agents', 'revoke']`, and gives what it gives, as JSON says it. */
  readonly call: (path: readonly string[], ...args: readonly unknown[]) => Promise<unknown>
  readonly authorize: (agentId: string, request: AuthorizeRequest) => Promise<AuthorizeResult>
  /** So many at once. */
  readonly authorizeAll: (
    agentId: string,
    request: AuthorizeRequest,
    times: number,
  ) => Promise<readonly AuthorizeResult[]>
}

export async function startHost(file: string, options: object = {}): Promise<ChildHost> {
  const child = fork(CHILD, [file, JSON.stringify(options)])
  onTestFinished(() => void child.kill())
  await once(child, 'message')
  const send = async (message: object): Promise<unknown> => {
    const answer = once(child, 'message')
    child.send(message)
    // What the child sends.
    const [{ value, code }] = (await answer) as [{ value?: unknown; code?: string }]
    if (code !== undefined) throw new Error(code)
    return value
  }
  return {
    call: (call, ...args) => send({ call, args }),
    // The child gives what the method of this name gives; none of it is lost in JSON.
    authorize: async (...args) => (await send({ call: ['authorize'], args })) as AuthorizeResult,
    authorizeAll: async (agentId, request, times) =>
      (await send({ call: ['authorize'], args: [agentId, request], times })) as readonly AuthorizeResult[],
  }
}
