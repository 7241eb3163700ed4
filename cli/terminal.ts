/** What a command may touch of the machine around it, as an argument, so that tests can be the machine. */
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { worstExit } from './exit.ts'

export type TerminalParts = Pick<
  Terminal,
  'stdin' | 'stdout' | 'stderr' | 'cwd' | 'color' | 'debug' | 'now' | 'interrupt' | 'takeInterrupts'
>

export class Terminal {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  /** Absolute; relative paths of the command line start here. */
  readonly cwd: string
  /** Whether standard output wants colours. */
  readonly color: boolean
  /** Whether a stack trace is shown for what should not have happened. */
  readonly debug: boolean
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Aborts on Ctrl-C, once `takeInterrupts` was called. */
  readonly interrupt: AbortSignal
  /** From now on Ctrl-C aborts `interrupt` instead of ending the process. */
  readonly takeInterrupts: () => void
  #exitCode = 0

  constructor(parts: TerminalParts) {
    this.stdin = parts.stdin
    this.stdout = parts.stdout
    this.stderr = parts.stderr
    this.cwd = parts.cwd
    this.color = parts.color
    this.debug = parts.debug
    this.now = parts.now
    this.interrupt = parts.interrupt
    this.takeInterrupts = parts.takeInterrupts
  }

  /** What the process will return: the worst that was recorded. */
  get exitCode(): number {
    return this.#exitCode
  }

  recordExit(code: number): void {
    this.#exitCode = worstExit(this.#exitCode, code)
  }

  /** The same terminal, with `stream` as its standard output. */
  withOutputTo(stream: Writable): Terminal {
    const { stdin, stderr, cwd, color, debug, now, interrupt, takeInterrupts } = this
    return new Terminal({ stdin, stdout: stream, stderr, cwd, color, debug, now, interrupt, takeInterrupts })
  }

  /** Writes to standard output and waits while the reader is slower than we are. */
  async print(text: string): Promise<void> {
    if (!this.stdout.write(text) && !this.stdout.destroyed) await once(this.stdout, 'drain')
  }

  /** Writes a remark for people to standard error. */
  note(text: string): void {
    this.stderr.write(text)
  }
}
