/**
 * A worker that is asked the latest question only.
 *
 * One question is under way at a time; of those that come meanwhile, the newest of each kind waits. What is under way for longer than
 * the patience is ended with the worker when something newer waits, so that a stale answer never arrives after a newer one.
 */
import type { Answer, Ask } from './messages.ts'

/** What a helper needs of a `Worker`. */
export interface WorkerLike {
  onmessage: ((event: MessageEvent<Answer>) => void) | null
  onerror: ((event: ErrorEvent) => void) | null
  postMessage(ask: Ask): void
  terminate(): void
}

export interface HelperOptions {
  readonly start: () => WorkerLike
  /** How long a question may keep a newer one waiting. */
  readonly patienceMs: number
  /** `ask` is the question that was answered. */
  readonly onAnswer: (answer: Answer, ask: Ask) => void
  /** Whenever a question begins or ends; `undefined` when nothing is under way. */
  readonly onBusy: (ask: Ask | undefined) => void
}

export interface Helper {
  ask(ask: Ask): void
  /** Ends what is under way and forgets what waits. */
  stop(): void
}

export function createHelper({ start, patienceMs, onAnswer, onBusy }: HelperOptions): Helper {
  let worker: WorkerLike | undefined
  let current: Ask | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  const waiting = new Map<Ask['kind'], Ask>()

  function open(): WorkerLike {
    const opened = start()
    opened.onmessage = ({ data }) => {
      if (opened === worker) finish(data)
    }
    opened.onerror = (event) => {
      if (opened !== worker) return
      end()
      finish({ kind: 'failed', message: event.message || 'the worker could not be started' })
    }
    return opened
  }

  function end(): void {
    worker?.terminate()
    worker = undefined
  }

  function finish(answer: Answer): void {
    const asked = current
    current = undefined
    clearTimeout(timer)
    timer = undefined
    // What was asked anew meanwhile has a newer answer.
    if (asked !== undefined && !waiting.has(asked.kind)) onAnswer(answer, asked)
    next()
  }

  function next(): void {
    const [following] = waiting.values()
    if (following === undefined) {
      onBusy(undefined)
      return
    }
    waiting.delete(following.kind)
    current = following
    onBusy(current)
    worker ??= open()
    worker.postMessage(following)
  }

  function interrupt(): void {
    timer = undefined
    end()
    current = undefined
    next()
  }

  return {
    ask(ask) {
      waiting.delete(ask.kind)
      waiting.set(ask.kind, ask)
      if (current === undefined) next()
      else if (current.kind === ask.kind) timer ??= setTimeout(interrupt, patienceMs)
    },
    stop() {
      waiting.clear()
      clearTimeout(timer)
      timer = undefined
      if (current === undefined) return
      end()
      current = undefined
      onBusy(undefined)
    },
  }
}
