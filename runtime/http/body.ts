/** Bodies, read with a bound. */
import { KavachError } from '../index.ts'
import { isOfType, readStream } from './bounded.ts'

export interface BodyBounds {
  readonly maxBytes: number
  readonly mediaTypes: readonly string[]
  /** No body at all, which is of no type, will do. */
  readonly isOptional?: boolean | undefined
}

/**
 * The bytes of a body, which are never read beyond the bound, whatever the request says about its length.
 *
 * @throws {KavachError} KVCH_E_HTTP_MEDIA_TYPE, KVCH_E_HTTP_TOO_LARGE; KVCH_E_REQUEST_INVALID when the connection broke
 */
export async function readBytes(request: Request, bounds: BodyBounds): Promise<ArrayBuffer> {
  const { maxBytes, mediaTypes, isOptional = false } = bounds
  const { headers } = request
  const type = headers.get('content-type')
  if (type === null && isOptional && (await readWithin(request, maxBytes)).byteLength === 0) return new ArrayBuffer(0)
  if (!isOfType(type, mediaTypes)) {
    throw new KavachError('KVCH_E_HTTP_MEDIA_TYPE', `the content type must be ${mediaTypes.join(' or ')}`)
  }
  const encoding = headers.get('content-encoding')
  if (encoding !== null && encoding.toLowerCase() !== 'identity') {
    throw new KavachError('KVCH_E_HTTP_MEDIA_TYPE', 'the body must not be compressed')
  }
  return readWithin(request, maxBytes)
}

async function readWithin(request: Request, maxBytes: number): Promise<ArrayBuffer> {
  const stated = request.headers.get('content-length')
  try {
    if (stated === null) {
      const bytes = await readStream(request, maxBytes)
      if (bytes === undefined) throw tooLarge(maxBytes)
      return bytes.buffer
    }
    if (!(Number(stated) <= maxBytes)) throw tooLarge(maxBytes)
    const bytes = await request.arrayBuffer()
    if (bytes.byteLength > maxBytes) throw tooLarge(maxBytes)
    return bytes
  } catch (cause) {
    if (cause instanceof KavachError) throw cause
    throw new KavachError('KVCH_E_REQUEST_INVALID', 'the body could not be read', { cause })
  }
}

function tooLarge(maxBytes: number): KavachError {
  return new KavachError('KVCH_E_HTTP_TOO_LARGE', `the body must not be longer than ${maxBytes} bytes`)
}
