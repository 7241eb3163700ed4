/** One question to the host, from the moment it is asked to the moment it is answered. */
import type { AuthorizeRequest, AuthorizeResult } from '../request.ts'
import { Reads } from './reads.ts'

/** Who is asked about: by id, or by the SHA-256, hex, of a token, which is empty for what is no token. */
export type Subject = { readonly agentId: string } | { readonly tokenHash: string }

/** A class for the sake of speed: one is made for each call. */
export class Job {
  readonly agentId: string | undefined
  readonly tokenHash: string | undefined
  readonly request: AuthorizeRequest
  readonly requestId: string
  /** Milliseconds of the host's steady clock. */
  readonly startedAt: number
  readonly resolve: (result: AuthorizeResult) => void
  readonly reads = new Reads()

  constructor(
    subject: Subject,
    request: AuthorizeRequest,
    begun: { readonly requestId: string; readonly startedAt: number },
    resolve: (result: AuthorizeResult) => void,
  ) {
    this.agentId = 'agentId' in subject ? subject.agentId : undefined
    this.tokenHash = 'tokenHash' in subject ? subject.tokenHash : undefined
    this.request = request
    this.requestId = begun.requestId
    this.startedAt = begun.startedAt
    this.resolve = resolve
  }
}
