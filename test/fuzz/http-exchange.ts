/** One request on a connection of its own, as bytes, and what came back. */
import { connect } from 'node:net'

export interface Exchanged {
  /** 0: the connection was closed without an answer. */
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Sent {
  readonly bytes: Uint8Array
  /** False: it is not whole, so it is said that no more will come; whoever hears that before he answers does not answer. */
  readonly isFramed: boolean
}

/** Sends, and reads to the end. */
export function exchange(port: number, { bytes, isFramed }: Sent): Promise<Exchanged> {
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () =>
      isFramed ? socket.write(bytes) : socket.end(bytes),
    )
    socket.setTimeout(PATIENCE_MS, () => socket.destroy())
    socket.on('data', (part) => {
      parts.push(part)
      // A stream of events has no end.
      if (parts.length === 1 && part.includes('text/event-stream')) socket.setTimeout(SILENCE_MS)
    })
    // Whoever answers before all was read may close the connection while the rest is on its way.
    socket.on('error', () => undefined)
    socket.on('end', () => socket.destroy())
    socket.on('close', () => resolve(parse(Buffer.concat(parts).toString('latin1'))))
  })
}

/** What was not answered by then never will be. */
const PATIENCE_MS = 10_000
/** A stream that says nothing for so long says nothing. */
const SILENCE_MS = 100

function parse(text: string): Exchanged {
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, Math.max(end, 0)).split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0)
  // What announces itself is followed by the answer.
  if (status === 100) return parse(text.slice(end + 4))
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const body = Buffer.from(text.slice(end + 4), 'latin1').toString()
  return { status, headers, body: headers['transfer-encoding'] === 'chunked' ? unchunked(body) : body }
}

/** The texts that are compared are ASCII, so characters are bytes. */
function unchunked(text: string): string {
  const [, size = '0'] = /^([0-9a-f]+)\r\n/i.exec(text) ?? []
  const length = Number.parseInt(size, 16)
  const from = size.length + 2
  return length === 0 ? '' : text.slice(from, from + length) + unchunked(text.slice(from + length + 2))
}
