/** Lines of a byte stream as they come, whatever their length. */

/** Longest line that is read, in bytes. */
export const MAX_LINE_BYTES = 32 * 1024 * 1024

/** `number` counts from 1. A line that is too long or not UTF-8 has a `fault` in place of its text. */
export type Line =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly fault: string }

/**
 * Yields the lines that each chunk of the stream completes, without their ends (`\n` or `\r\n`); a byte order mark at the
 * start of a line is dropped.
 *
 * A line beyond `maxBytes` is skipped as it streams by, so that memory stays bounded.
 */
export async function* readLines(
  stream: AsyncIterable<Uint8Array>,
  maxBytes = MAX_LINE_BYTES,
): AsyncGenerator<readonly Line[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let parts: Uint8Array[] = []
  let length = 0
  let number = 1

  const finish = (): Line => {
    const line = toLine(number, parts, length, maxBytes, decoder)
    parts = []
    length = 0
    number++
    return line
  }

  for await (const chunk of stream) {
    const lines: Line[] = []
    let start = 0
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      keep(chunk.subarray(start, end))
      lines.push(finish())
      start = end + 1
    }
    keep(chunk.subarray(start))
    if (lines.length > 0) yield lines
  }
  if (length > 0) yield [finish()]

  function keep(part: Uint8Array): void {
    length += part.length
    if (length > maxBytes) parts = []
    else if (part.length > 0) parts.push(part)
  }
}

function toLine(
  number: number,
  parts: readonly Uint8Array[],
  length: number,
  maxBytes: number,
  decoder: TextDecoder,
): Line {
  if (length > maxBytes) return { number, fault: `it has ${length} bytes, more than ${maxBytes}` }
  try {
    const text = decoder.decode(parts.length === 1 ? parts[0] : Buffer.concat(parts))
    return { number, text: text.endsWith('\r') ? text.slice(0, -1) : text }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return { number, fault: 'it is not UTF-8' }
  }
}
