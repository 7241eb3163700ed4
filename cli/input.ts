/** A stream of lines that a command reads: a file, or standard input. */
import { createReadStream, type ReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { inputError, isFolder } from './files.ts'
import type { Terminal } from './terminal.ts'

/**
 * Opens at once, so that a missing file is reported before any work is done; `-` is standard input. Ends, without an error,
 * when Ctrl-C was pressed. `what` are the lines, for whoever types them.
 *
 * @throws {CliError} 66 when it is missing or may not be read
 */
export function openInput(terminal: Terminal, named: string, what: string): AsyncIterable<Uint8Array> {
  const { stdin, interrupt } = terminal.parts
  if (named === '-') {
    if (terminal.parts.isTyped) terminal.note(`reading ${what} from the keyboard, one a line; Ctrl-D ends\n`)
    return untilAborted(stdin, interrupt)
  }
  const path = resolve(terminal.cwd, named)
  if (isFolder(path, named)) throw inputError(Object.assign(new Error(), { code: 'EISDIR' }), named)
  return readable(createReadStream(path, { highWaterMark: 1 << 17 }), named, interrupt)
}

async function* readable(stream: ReadStream, named: string, interrupt: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* untilAborted(stream, interrupt)
  } catch (error) {
    throw inputError(error, named)
  }
}

async function* untilAborted(
  stream: AsyncIterable<Uint8Array> & { destroy(): unknown },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const stop = () => stream.destroy()
  signal.addEventListener('abort', stop)
  try {
    yield* stream
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
