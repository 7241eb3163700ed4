/** Bodies of requests, read with a bound. */
import { OAuthError, type OAuthErrorName } from './oauth-error.ts'

export interface BodyBounds {
  readonly maxBytes: number
  /** Such as `application/json`. Parameters other than `charset=utf-8` are refused with it. */
  readonly mediaType: string
  /** What a fault is called. */
  readonly error: OAuthErrorName
}

/**
 * The text of a body, which is never read beyond its bound, whatever the request says about its length.
 *
 * @throws {OAuthError} status 413 when it is longer, 415 when it is of another type or compressed, 400 when it is no UTF-8
 */
export async function readText(request: Request, { maxBytes, mediaType, error }: BodyBounds): Promise<string> {
  if (!isOfType(request.headers.get('content-type'), mediaType)) {
    throw new OAuthError(error, `the content type must be ${mediaType}`, { status: 415 })
  }
  if ((request.headers.get('content-encoding') ?? 'identity').toLowerCase() !== 'identity') {
    throw new OAuthError(error, 'the body must not be compressed', { status: 415 })
  }
  const bytes = await readBytes(request, maxBytes)
  if (bytes === undefined) {
    throw new OAuthError(error, `the body must not be longer than ${maxBytes} bytes`, { status: 413 })
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new OAuthError(error, 'the body is no UTF-8', { cause })
  }
}

function isOfType(header: string | null, mediaType: string): boolean {
  const [type = '', ...parameters] = (header ?? '').toLowerCase().split(';')
  return type.trim() === mediaType && parameters.every((text) => /^\s*(charset="?utf-8"?)?\s*$/.test(text))
}

/** All of the body, or nothing when there is more of it than `maxBytes`. */
async function readBytes({ headers, body }: Request, maxBytes: number): Promise<Uint8Array | undefined> {
  if (body === null) return new Uint8Array(0)
  if (Number(headers.get('content-length') ?? 0) > maxBytes) {
    await body.cancel()
    return undefined
  }
  const reader = body.getReader()
  const parts: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > maxBytes) {
      await reader.cancel()
      return undefined
    }
    parts.push(value)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
