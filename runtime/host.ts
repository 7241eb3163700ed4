/** The machine below the host: clock, randomness and timers. This is the only file of `runtime` that touches them. */

export interface Host {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds of a clock that never goes back, for durations. */
  readonly elapsed: () => number
  readonly random: (bytes: number) => Uint8Array
  /** Rejects when the signal is aborted. */
  readonly sleep: (ms: number, options?: SleepOptions) => Promise<void>
  /** Lets timers, sockets and everybody else have their turn. */
  readonly rest: () => Promise<void>
  readonly fetch: typeof fetch
  readonly subtle: SubtleCrypto
}

export interface SleepOptions {
  readonly signal?: AbortSignal | undefined
  /** The process may end meanwhile. */
  readonly isBackground?: boolean
}

/** Bytes drawn at once: the call costs more than the bytes. */
const POOL_BYTES = 4096

/** Milliseconds since 1970, for what has no host at hand. */
export function wallClock(): number {
  return Date.now()
}

export function createHost(): Host {
  let pool = new Uint8Array(0)
  let used = 0
  return {
    now: wallClock,
    elapsed: () => performance.now(),
    random(bytes) {
      if (used + bytes > pool.length) {
        pool = crypto.getRandomValues(new Uint8Array(Math.max(POOL_BYTES, bytes)))
        used = 0
      }
      used += bytes
      return pool.slice(used - bytes, used)
    },
    sleep: (ms, { signal, isBackground = false } = {}) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted()
        const stop = () => {
          clearTimeout(timer)
          reject(signal?.reason)
        }
        const timer = setTimeout(() => {
          signal?.removeEventListener('abort', stop)
          resolve()
        }, ms)
        // Browsers and workers number their timers; Node's are objects and keep a process alive.
        if (isBackground && typeof timer === 'object' && 'unref' in timer) timer.unref()
        signal?.addEventListener('abort', stop, { once: true })
      }),
    rest: () =>
      new Promise((resolve) => (typeof setImmediate === 'function' ? setImmediate(resolve) : setTimeout(resolve))),
    fetch: (...call) => fetch(...call),
    subtle: crypto.subtle,
  }
}
