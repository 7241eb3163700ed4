/** Bodies of requests, read with a bound. */
import { isOfType, readStream } from '../http/index.ts'
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
  if (!isOfType(request.headers.get('content-type'), [mediaType])) {
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

/** The same, without reading what is said to be longer. */
async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array | undefined> {
  const { headers, body } = request
  if (body === null || !(Number(headers.get('content-length') ?? 0) > maxBytes)) return readStream(request, maxBytes)
  await body.cancel()
  return undefined
}
