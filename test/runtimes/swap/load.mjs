// Requests that come at a steady rate, whether or not somebody has time for them.

/** What waits for a turn is late by all the time that it waited. */
export class Load {
  #everyMs
  #ask
  #due = performance.now()
  #count = 0
  /** From the moment at which a request came until it was answered, in milliseconds. */
  latenciesMs = []

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
      this.#ask(this.#count++)
      this.latenciesMs.push(performance.now() - this.#due)
      this.#due += this.#everyMs
    }
  }
}

/** Lets other work have its turn, then answers what came: what a live engine awaits between two slices. */
export function turnOf(load) {
  return async () => {
    await new Promise((resolve) => setImmediate(resolve))
    load.drain()
  }
}
