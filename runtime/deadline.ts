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

  async function watch(): Promise<void> {
    isWatching = true
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      if (first.giveUp !== undefined)
        await host.sleep(Math.max(0, first.due - host.elapsed()), { ...BACKGROUND, signal: stopped.signal })
      queue.shift()
      first.giveUp?.()
    }
    isWatching = false
  }

  return {
    within: (run) =>
      new Promise((resolve, reject) => {
        const waiting: Waiting = {
          due: host.elapsed() + deadlineMs,
          giveUp: () => reject(new KavachError('KVCH_E_STORE_TIMEOUT')),
        }
        run.then(
          (value) => {
            waiting.giveUp = undefined
            resolve(value)
          },
          (error) => {
            waiting.giveUp = undefined
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
