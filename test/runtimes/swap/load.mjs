// Requests that come at a steady rate, whether or not somebody has time for them.

/** Latencies are counted to a hundredth of a millisecond, in as much memory for many as for few. */
const PER_MS = 100
const LONGEST_MS = 1000

/** What waits for a turn is late by all the time that it waited. */
export class Load {
  #everyMs
  #ask
  #due = performance.now()
  #counts = new Uint32Array(LONGEST_MS * PER_MS)
  /** How many were answered. */
  count = 0
  maxMs = 0

  /** @param ask answers the request of a number */
  constructor(perSecond, ask) {
    this.#everyMs = 1000 / perSecond
    this.#ask = ask
  }

  /** Other work begins: nothing is late that would have come before. */
  start() {
    this.#due = performance.now()
  }

  /** Answers all that came in the meantime. */
  drain() {
    while (this.#due <= performance.now()) {
      this.#ask(this.count++)
      const lateMs = performance.now() - this.#due
      this.#counts[Math.min(this.#counts.length - 1, Math.floor(lateMs * PER_MS))]++
      this.maxMs = Math.max(this.maxMs, lateMs)
      this.#due += this.#everyMs
    }
  }

  /** From the moment at which a request came until it was answered: what this share of them stayed below. */
  quantileMs(share) {
    let left = Math.ceil(this.count * share)
    const bucket = this.#counts.findIndex((count) => {
      left -= count
      return left <= 0
    })
    return (bucket + 1) / PER_MS
  }
}

/** Lets other work have its turn, then answers what came: what a live engine awaits between two slices. */
export function turnOf(load) {
  return async () => {
    await new Promise((resolve) => setImmediate(resolve))
    load.drain()
  }
}
