/** Turns: whoever takes one has it alone until it is given back, and the others follow in the order in which they came. */

interface Waiter {
  readonly since: number
  readonly begin: () => void
  readonly giveUp: (error: unknown) => void
}

export class Turns {
  private isTaken = false
  private waiters: Waiter[] = []

  /** Nothing where nobody has the turn: it is then taken, without waiting for a microtask. */
  take(now = 0): Promise<void> | undefined {
    if (!this.isTaken) {
      this.isTaken = true
      return undefined
    }
    return new Promise((begin, giveUp) => {
      this.waiters.push({ since: now, begin, giveUp })
    })
  }

  /** Gives the turn back; the next in line has it at once. */
  release(): void {
    const next = this.waiters.shift()
    if (next === undefined) this.isTaken = false
    else next.begin()
  }

  get hasWaiters(): boolean {
    return this.waiters.length > 0
  }

  /** Sends away everybody who came before this instant. */
  expire(before: number, toError: () => unknown): void {
    const late = this.waiters.filter(({ since }) => since < before)
    this.waiters = this.waiters.filter(({ since }) => since >= before)
    for (const { giveUp } of late) giveUp(toError())
  }
}
