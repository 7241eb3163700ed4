/** One question to the host, from the moment it is asked to the moment it is answered. */
import type { AuthorizeRequest, AuthorizeResult } from '../request.ts'
import { Reads } from './reads.ts'

export interface Job {
  /** By id or by token. */
  readonly agentId: string | undefined
  /** SHA-256, hex, of the token; empty for what is no token. */
  readonly tokenHash: string | undefined
  readonly request: AuthorizeRequest
  readonly requestId: string
  /** Milliseconds of the host's steady clock. */
  readonly startedAt: number
  readonly reads: Reads
  readonly resolve: (result: AuthorizeResult) => void
}

export function createJob(job: Omit<Job, 'reads'>): Job {
  return { ...job, reads: new Reads() }
}
