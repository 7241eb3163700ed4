/** What a command may touch of the machine around it, as an argument, so that tests can be the machine. */
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { worstExit } from './exit.ts'

export interface TerminalParts {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  /** Absolute; relative paths of the command line start here. */
  readonly cwd: string
  /** Whether standard output wants colours. */
  readonly color: boolean
  /** The same of standard error. */
  readonly errorColor: boolean
  /** Whether standard input is a keyboard. */
  readonly isTyped: boolean
  /** Whether standard output is a screen. */
  readonly isScreen: boolean
  /** Whether standard error is a screen: somebody watches. */
  readonly isWatched: boolean
  /** Whether a stack trace is shown for what should not have happened. */
  readonly debug: boolean
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Aborts on Ctrl-C, once `takeInterrupts` was called. */
  readonly interrupt: AbortSignal
  /** From now on Ctrl-C aborts `interrupt` instead of ending the process. */
  readonly takeInterrupts: () => void
}

/** Progress is shown at most this often, and not before work has taken as long. */
const PROGRESS_MS = 200

export class Terminal {
  readonly parts: TerminalParts
  readonly #progress: { at: number; isShown: boolean }
  #exitCode = 0

  constructor(parts: TerminalParts, progress = { at: parts.now(), isShown: false }) {
    this.parts = parts
    this.#progress = progress
  }

  get cwd(): string {
    return this.parts.cwd
  }

  get color(): boolean {
    return this.parts.color
  }

  /** What the process will return: the worst that was recorded. */
  get exitCode(): number {
    return this.#exitCode
  }

  recordExit(code: number): void {
    this.#exitCode = worstExit(this.#exitCode, code)
  }

  /** The same terminal, printing to standard error. */
  toErrors(): Terminal {
    const { stderr, errorColor, isWatched } = this.parts
    return new Terminal({ ...this.parts, stdout: stderr, color: errorColor, isScreen: isWatched }, this.#progress)
  }

  /** Writes to standard output and waits while the reader is slower than we are. */
  async print(text: string): Promise<void> {
    const { stdout, isScreen } = this.parts
    if (isScreen) this.endProgress()
    if (!stdout.write(text) && !stdout.destroyed) await once(stdout, 'drain')
  }

  /** Writes a remark for people to standard error. */
  note(text: string): void {
    this.endProgress()
    this.parts.stderr.write(text)
  }

  /** Shows how far long work has come, on one line that the next output replaces; nothing where nobody watches. */
  progress(describe: () => string): void {
    if (!this.parts.isWatched) return
    const now = this.parts.now()
    if (now - this.#progress.at < PROGRESS_MS) return
    this.#progress.at = now
    this.#progress.isShown = true
    this.parts.stderr.write(`\r\u001b[K${describe()}`)
  }

  endProgress(): void {
    if (!this.#progress.isShown) return
    this.#progress.isShown = false
    this.parts.stderr.write('\r\u001b[K')
  }
}
