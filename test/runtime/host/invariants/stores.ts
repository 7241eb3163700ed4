/** Stores that fail when they are told to, around one that does not. */
import type { Store } from '../../../../runtime/store.ts'

/**
 * `fine`; `hangs`: nothing is answered any more; `holds`: all is written, and the answer waits until it is `fine` again;
 * an error: what was written is undone, and that is thrown.
 */
export type Mode = 'fine' | 'hangs' | 'holds' | Error

export interface Faulty {
  readonly store: Store
  readonly set: (mode: Mode) => void
  /** Transactions that were begun. */
  readonly begun: () => number
}

export function faulty(store: Store): Faulty {
  let mode: Mode = 'fine'
  let begun = 0
  let release: (() => void)[] = []

  async function answer<R>(run: () => Promise<R>, fail: (error: Error) => Promise<R>): Promise<R> {
    const now = mode
    if (now === 'hangs') return new Promise(() => undefined)
    if (now instanceof Error) return fail(now)
    const result = await run()
    if (now === 'holds') await new Promise<void>((resolve) => release.push(resolve))
    return result
  }

  return {
    store: {
      ...store,
      transaction(project, work) {
        begun++
        return answer(
          () => store.transaction(project, work),
          (error) =>
            store.transaction(project, async (tx) => {
              await work(tx)
              throw error
            }),
        )
      },
      read: (project, work) =>
        answer(
          () => store.read(project, work),
          (error) => Promise.reject(error),
        ),
    },
    set(next) {
      mode = next
      if (next !== 'fine') return
      for (const go of release) go()
      release = []
    },
    begun: () => begun,
  }
}
