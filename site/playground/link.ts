/** Links that hold a policy: JSON, deflated, as base64 for addresses, behind the `#`. Nothing of it reaches a server. */

export interface Shared {
  readonly text: string
  readonly request: string
  readonly state: string
}

const PREFIX = 'v1.'
/** Characters; what is larger is no policy that a person wrote, and might be made to fill the memory. */
const MAX_TEXT = 1_000_000

/** The fragment of a link, without `#`. */
export async function toFragment(shared: Shared): Promise<string> {
  const json = new TextEncoder().encode(JSON.stringify(shared))
  const deflated = new Blob([json]).stream().pipeThrough(new CompressionStream('deflate-raw'))
  return PREFIX + toBase64(new Uint8Array(await new Response(deflated).arrayBuffer()))
}

/** What a fragment holds; `undefined` when it is damaged, of another version, or too large. */
export async function fromFragment(fragment: string): Promise<Shared | undefined> {
  if (!fragment.startsWith(PREFIX)) return undefined
  const deflated = fromBase64(fragment.slice(PREFIX.length))
  if (deflated === undefined) return undefined
  try {
    return toShared(JSON.parse(await inflate(deflated)))
  } catch (error) {
    // The last is what the decoder says of what is not UTF-8.
    if (error instanceof Damaged || error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

/** What was inflated is none of ours. */
class Damaged extends Error {}

async function inflate(deflated: Uint8Array<ArrayBuffer>): Promise<string> {
  const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
  const reader = stream.getReader()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      // What streams say of damaged data differs from browser to browser.
      throw new Damaged('the link is damaged', { cause })
    })
    text += decoder.decode(value, { stream: !done })
    if (text.length > MAX_TEXT) {
      await reader.cancel()
      throw new Damaged('the link holds too much')
    }
    if (done) return text
  }
}

function toShared(value: unknown): Shared | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { text, request, state } = value as Readonly<Record<string, unknown>> // Each is looked at below.
  if (typeof text !== 'string' || typeof request !== 'string' || typeof state !== 'string') return undefined
  return { text, request, state }
}

function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\w-]*$/.test(text)) return undefined
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    return Uint8Array.from(binary, (char) => char.charCodeAt(0))
  } catch (error) {
    if (error instanceof DOMException) return undefined
    throw error
  }
}
