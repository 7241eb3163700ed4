/** What an adapter is given: a host that answers requests, and one that decides about them. */
import type { RequestContext } from '../http/index.ts'
import { type AuthorizeRequest, type AuthorizeResult, type Completion, KavachError } from '../index.ts'

/** Answers requests with the web's own objects. */
export interface Face {
  /** Answers every request; what is not one of its paths is not found. `ip` is the address of whoever sent it. */
  readonly fetch: (request: Request, context?: RequestContext) => Promise<Response>
  /** True for the paths that it answers; everything else is the application's. */
  readonly owns: (pathname: string) => boolean
}

/** Decides about whoever shows a token. */
export interface Decider {
  readonly authorizeByToken: (token: string, request: AuthorizeRequest) => Promise<AuthorizeResult>
  readonly complete: (auditId: string, completion: Completion) => Promise<unknown>
}

/** A part of a face: the HTTP API, the authorization server. */
export interface Part {
  /** Nothing for a path that is not its own. */
  readonly fetch: (request: Request, context?: RequestContext) => Promise<Response | undefined>
  readonly owns: (pathname: string) => boolean
}

/** Parts as one: the first that has an answer gives it. */
export function createFace(parts: readonly Part[]): Face {
  return {
    owns: (pathname) => parts.some((part) => part.owns(pathname)),
    fetch: async (request, context) => {
      for (const part of parts) {
        const response = await part.fetch(request, context)
        if (response !== undefined) return response
      }
      const error = new KavachError('KVCH_E_HTTP_NOT_FOUND')
      return Response.json({ error }, { status: error.status, headers: { 'cache-control': 'no-store' } })
    },
  }
}
