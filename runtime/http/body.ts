/** Bodies, read with a bound. */
import { KavachError } from '../index.ts'

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
    if (stated === null) return await readStream(request, maxBytes)
    if (!(Number(stated) <= maxBytes)) throw tooLarge(maxBytes)
    const bytes = await request.arrayBuffer()
    if (bytes.byteLength > maxBytes) throw tooLarge(maxBytes)
    return bytes
  } catch (cause) {
    if (cause instanceof KavachError) throw cause
    throw new KavachError('KVCH_E_REQUEST_INVALID', 'the body could not be read', { cause })
  }
}

async function readStream({ body }: Request, maxBytes: number): Promise<ArrayBuffer> {
  if (body === null) return new ArrayBuffer(0)
  const reader = body.getReader()
  const parts: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > maxBytes) {
      await reader.cancel()
      throw tooLarge(maxBytes)
    }
    parts.push(value)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes.buffer
}

function isOfType(header: string | null, mediaTypes: readonly string[]): boolean {
  if (header === null) return false
  if (header === mediaTypes[0]) return true
  const [type = '', ...parameters] = header.toLowerCase().split(';')
  return mediaTypes.includes(type.trim()) && parameters.every((text) => /^\s*(charset="?utf-8"?\s*)?$/.test(text))
}

function tooLarge(maxBytes: number): KavachError {
  return new KavachError('KVCH_E_HTTP_TOO_LARGE', `the body must not be longer than ${maxBytes} bytes`)
}
