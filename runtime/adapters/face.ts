/** What an adapter is given: a host that answers requests, and one that decides about them. */
import type { AuthorizeRequest, AuthorizeResult, Completion } from '../index.ts'

/** Answers requests with the web's own objects. */
export interface Face {
  /** Answers every request; what is not one of its paths is not found. `ip` is the address of whoever sent it. */
  readonly fetch: (request: Request, context?: { readonly ip?: string | undefined }) => Promise<Response>
  /** True for the paths that it answers; everything else is the application's. */
  readonly owns: (pathname: string) => boolean
}

/** Decides about whoever shows a token. */
export interface Decider {
  readonly authorizeByToken: (token: string, request: AuthorizeRequest) => Promise<AuthorizeResult>
  readonly complete: (auditId: string, completion: Completion) => Promise<unknown>
}
