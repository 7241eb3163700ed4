/** One clock for all that must answer in time. All have the same deadline, so the first to begin is the first to be late. */
import { KavachError } from './errors.ts'
import type { Host } from './host.ts'

export interface Deadlines {
  /**
   * The result, or KVCH_E_STORE_TIMEOUT when it takes too long. What is late is not undone: whoever asks must count it as
   * unknown.
   */
  readonly within: <R>(run: Promise<R>) => Promise<R>
  /** Ends the waiting of all that wait. */
  readonly stop: () => void
}

interface Waiting {
  readonly due: number
  /** Nothing when there is an answer: whoever waits here must not keep it in memory until its time is over. */
  giveUp: (() => void) | undefined
}

export function createDeadlines(host: Host, deadlineMs: number): Deadlines {
  const queue: Waiting[] = []
  const stopped = new AbortController()
  let isWatching = false

  /** Sleeps until the first one is due, looks again, and ends when nobody waits. */
  async function watch(): Promise<void> {
    isWatching = true
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      const rest = first.due - host.elapsed()
      if (rest > 0) await host.sleep(rest, { ...BACKGROUND, signal: stopped.signal })
      if (first.due <= host.elapsed()) first.giveUp?.()
      dropAnswered()
    }
    isWatching = false
  }

  /** Most are answered in the order in which they began, so the queue stays short. */
  function dropAnswered(): void {
    while (queue[0] !== undefined && queue[0].giveUp === undefined) queue.shift()
  }

  return {
    within: (run) =>
      new Promise((resolve, reject) => {
        const waiting: Waiting = {
          due: host.elapsed() + deadlineMs,
          giveUp() {
            waiting.giveUp = undefined
            reject(new KavachError('KVCH_E_STORE_TIMEOUT'))
          },
        }
        run.then(
          (value) => {
            waiting.giveUp = undefined
            dropAnswered()
            resolve(value)
          },
          (error) => {
            waiting.giveUp = undefined
            dropAnswered()
            reject(error)
          },
        )
        queue.push(waiting)
        if (!isWatching) watch().catch(() => undefined)
      }),
    stop: () => stopped.abort(),
  }
}

const BACKGROUND = { isBackground: true }
