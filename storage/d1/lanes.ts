/**
 * Who may use a project now: any number of readers, or one writer, in the order in which they came. It only keeps transactions of one
 * program from running into each other: what holds between programs is the fence.
 */

export type Mode = 'reading' | 'writing'

interface Place {
  readonly mode: Mode
  readonly begin: () => void
}

/** Somebody who is in, or waits to be. */
export interface Ticket {
  /** Resolves when it is in. Nothing for who need not wait. */
  readonly turn: Promise<void> | undefined
  /** Goes out, or stops waiting; again, and it does nothing. */
  readonly leave: () => void
}

export class Lane {
  private readonly inside = new Set<Place>()
  private waiting: Place[] = []

  enter(mode: Mode): Ticket {
    let begin: () => void = () => undefined
    const turn = new Promise<void>((resolve) => {
      begin = resolve
    })
    const place: Place = { mode, begin }
    const leave = () => this.leave(place)
    if (this.waiting.length === 0 && this.isFree(mode)) {
      this.inside.add(place)
      return { turn: undefined, leave }
    }
    this.waiting.push(place)
    return { turn, leave }
  }

  get isEmpty(): boolean {
    return this.inside.size === 0 && this.waiting.length === 0
  }

  private leave(place: Place): void {
    if (!this.inside.delete(place)) this.waiting = this.waiting.filter((other) => other !== place)
    for (let next = this.waiting[0]; next !== undefined && this.isFree(next.mode); next = this.waiting[0]) {
      this.waiting.shift()
      this.inside.add(next)
      next.begin()
    }
  }

  private isFree(mode: Mode): boolean {
    if (this.inside.size === 0) return true
    return mode === 'reading' && [...this.inside].every((other) => other.mode === 'reading')
  }
}
