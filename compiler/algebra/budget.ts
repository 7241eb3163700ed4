/** How much work a question may take, counted in steps, so that the same question ends the same way on every machine. */

/** Work left for one question; every operation of the algebra pays from it before it works. */
export interface Budget {
  /**
   * Takes `steps`. A budget that was overdrawn once is spent: nothing can be paid from it any more.
   *
   * @throws {TooHard} when less than `steps` is left
   */
  spend(steps: number): void
  readonly left: number
}

/** A budget of `steps`: about one for each successor that is followed. A second pays for at least some millions of them. */
export function createBudget(steps: number): Budget {
  let left = steps
  return {
    spend: (cost) => {
      if (cost > left) {
        left = 0
        throw new TooHard()
      }
      left -= cost
    },
    get left() {
      return left
    },
  }
}

/** The question needed more work, or more memory, than it may have: its answer is *unknown*, neither yes nor no. */
export class TooHard extends Error {
  constructor(message = 'the question needs more work than it may have', options?: ErrorOptions) {
    super(message, options)
    this.name = 'TooHard'
  }
}
