/** What calls reject with when the host says no. */
import type { KavachErrorBody, KavachErrorCode } from '../runtime/index.ts'

/**
 * An error of the host, with the members of the `KavachError` of `kavachos` and the status that it came with. It is a class of its
 * own, so that a program which only calls needs nothing of the host: `instanceof` wants the one of `kavachos/client`.
 */
export class KavachError extends Error {
  /** Programs branch on it. A newer host may have codes that this version does not know. */
  readonly code: KavachErrorCode | (string & {})
  /** Where the code is explained. */
  readonly docs_url: string
  /** `req_...`: the name of the request in the log of the host. */
  readonly request_id: string | undefined
  /** RFC 3339. */
  readonly timestamp: string
  /** Seconds. */
  readonly retryAfter: number | undefined
  readonly details: Readonly<Record<string, unknown>> | undefined
  /** Of HTTP. */
  readonly status: number

  constructor(body: Omit<KavachErrorBody, 'code'> & { readonly code: string }, status: number) {
    super(body.message)
    this.name = 'KavachError'
    this.code = body.code
    this.docs_url = body.docs_url
    this.request_id = body.request_id
    this.timestamp = body.timestamp
    this.retryAfter = body.retryAfter
    this.details = body.details
    this.status = status
  }
}
