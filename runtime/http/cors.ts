/** Web pages of other origins: none may read anything, unless their origin is listed. There are no cookies to protect. */
import { failOption } from '../index.ts'
import type { HttpOptions } from './options.ts'

export interface Cors {
  /** Adds what a page of a listed origin needs in order to read the answer. */
  readonly expose: (request: Request, answer: Response) => Response
  /** Headers of the answer to a preflight. */
  readonly preflight: (request: Request, methods: string) => Readonly<Record<string, string>>
}

const ALLOWED = 'authorization, content-type, idempotency-key, x-kavach-approver'
const EXPOSED = 'x-request-id, retry-after'
const MAX_AGE_SECONDS = '600'

/** @throws {KavachError} KVCH_E_CONFIG_INVALID for what is no origin */
export function createCors(cors: HttpOptions['cors']): Cors | undefined {
  if (cors === undefined) return undefined
  const origins = new Set(cors.origins.map(readOrigin))
  const originOf = ({ headers }: Request) => {
    const origin = headers.get('origin')
    return origin !== null && origins.has(origin) ? origin : undefined
  }
  return {
    expose(request, answer) {
      const origin = originOf(request)
      answer.headers.append('vary', 'origin')
      if (origin === undefined) return answer
      answer.headers.set('access-control-allow-origin', origin)
      answer.headers.set('access-control-expose-headers', EXPOSED)
      return answer
    },
    preflight(request, methods) {
      if (originOf(request) === undefined) return {}
      return {
        'access-control-allow-methods': methods,
        'access-control-allow-headers': ALLOWED,
        'access-control-max-age': MAX_AGE_SECONDS,
      }
    },
  }
}

function readOrigin(text: unknown): string {
  if (typeof text === 'string' && URL.canParse(text) && new URL(text).origin === text) return text
  return failOption('cors.origins', `\`${text}\` is no origin such as \`https://console.example.com\``)
}
