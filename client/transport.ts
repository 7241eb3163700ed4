/** Requests, their answers, and when a request is sent again. */
import { KavachError } from './error.ts'

export interface TransportOptions {
  /** Where the host answers: `http://127.0.0.1:7411`. A path is put before those of the API. */
  readonly url: string
  /** A project key `kvp_...`; or instead of it the token of an agent, `kv_...`. */
  readonly key?: string | undefined
  readonly token?: string | undefined
  readonly fetch?: typeof fetch | undefined
  /** How often a request is sent again, default 2. */
  readonly retries?: number | undefined
  /** Seconds that are waited at most before a request is sent again; if the host wants more, it is not. Default 60. */
  readonly maxWaitSeconds?: number | undefined
  /** Milliseconds for one try, default 30,000. */
  readonly timeoutMs?: number | undefined
  /** Rejects when the signal is aborted. */
  readonly sleep?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds for one try. */
  readonly timeoutMs?: number | undefined
}

export interface Sent extends CallOptions {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Sent as JSON. */
  readonly json?: unknown
  readonly bytes?: BodyInit | undefined
  readonly query?: object | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Doing it twice is doing it once, so it may be sent again when nobody knows what became of it. */
  readonly isIdempotent?: boolean
  /** A status that is an answer, and no error. */
  readonly also?: number
}

export type Send = (path: string, sent?: Sent) => Promise<Response>

/** What the documents wait where the host does not say how long. */
const WAIT_SECONDS = 5

export function createTransport(options: TransportOptions): Send {
  const { url, key, token, retries = 2, maxWaitSeconds = 60, sleep = pause } = options
  const base = url.replace(/\/+$/, '')
  // Looked up for each call, for whoever replaces it meanwhile.
  const ask: typeof fetch = options.fetch ?? ((...call) => fetch(...call))

  function once(path: string, sent: Sent): Promise<Response> {
    const { method = 'GET', json, bytes, query = {}, headers, signal, timeoutMs = options.timeoutMs ?? 30_000 } = sent
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) parameters.set(name, value instanceof Date ? value.toISOString() : String(value))
    }
    const text = String(parameters)
    return ask(`${base}${path}${text === '' ? '' : `?${text}`}`, {
      method,
      headers: {
        authorization: `Bearer ${key ?? token}`,
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...(bytes !== undefined && { 'content-type': 'application/octet-stream' }),
        ...headers,
      },
      body: json === undefined ? (bytes ?? null) : JSON.stringify(json),
      redirect: 'error',
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]),
    })
  }

  return async (path, sent = {}) => {
    const { method = 'GET', isIdempotent = method === 'GET' || method === 'DELETE', also, signal } = sent
    for (let left = retries; ; left--) {
      let waitSeconds = 0
      try {
        const answer = await once(path, sent)
        if (answer.ok) return answer
        const error = await errorOf(answer.clone())
        const wait = waitOf(error, isIdempotent)
        if (left <= 0 || wait === undefined || wait > maxWaitSeconds) {
          if (answer.status === also) return answer
          throw error
        }
        waitSeconds = wait
      } catch (error) {
        // Nobody answered: what became of the request is not known.
        if (error instanceof KavachError || left <= 0 || !isIdempotent || signal?.aborted) throw error
        waitSeconds = 2 ** (retries - left) / 10
      }
      await sleep(waitSeconds * 1000, signal)
    }
  }
}

/** Seconds after which it may be sent again, or nothing when that does not help. */
function waitOf({ code, status, retryAfter }: KavachError, isIdempotent: boolean): number | undefined {
  // Both were refused before anything was done.
  if (code.startsWith('KVCH_E_RATE_') || code === 'KVCH_E_HTTP_OVERLOADED') return retryAfter ?? WAIT_SECONDS
  return status === 503 && isIdempotent ? retryAfter : undefined
}

/** The error in an answer; of what is no answer of a host, such as the page of a proxy, an error that says so. */
async function errorOf(answer: Response): Promise<KavachError> {
  const { status, headers } = answer
  const wait = Number(headers.get('retry-after') ?? Number.NaN)
  const retryAfter = Number.isFinite(wait) ? { retryAfter: wait } : {}
  try {
    const { error } = await answer.json()
    if (typeof error.code === 'string') return new KavachError({ ...retryAfter, ...error }, status)
  } catch {
    // It is no JSON, or JSON of somebody else.
  }
  const code = 'KVCH_E_HTTP_INTERNAL'
  const message = `the answer, of status ${status}, is none of a host`
  const timestamp = new Date().toISOString()
  return new KavachError({ code, message, docs_url: '', timestamp, ...retryAfter }, status)
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
