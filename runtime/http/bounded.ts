/** What is the same for all bodies: a bound that is kept whatever the request says, and a type that may say its charset. */

/** All of a body, or nothing when there is more of it than `maxBytes`. */
export async function readStream({ body }: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (body === null) return new Uint8Array(0)
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

/** One of the types, without parameters other than `charset=utf-8`. */
export function isOfType(header: string | null, mediaTypes: readonly string[]): boolean {
  if (header === null) return false
  if (header === mediaTypes[0]) return true
  const [type = '', ...parameters] = header.toLowerCase().split(';')
  return mediaTypes.includes(type.trim()) && parameters.every((text) => /^\s*(charset="?utf-8"?\s*)?$/.test(text))
}
