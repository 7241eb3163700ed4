/**
 * Reads of one decision. A store that answers at once is read at once. Where a driver has to wait, the decision is given up
 * with a `Suspension`, and made anew from the start when the answer is there: so the decision itself is plain code that never
 * waits, and no decision sees what changed while another one waited.
 */
import { isPromise } from '../awaitable.ts'
import type { Awaitable } from '../store.ts'

/** Thrown by a read that has to wait. `ready` never rejects: what failed is thrown by the read when it is asked again. */
export class Suspension {
  readonly ready: Promise<unknown>

  constructor(ready: Promise<unknown>) {
    this.ready = ready
  }
}

type Answer = { readonly isGood: true; readonly value: unknown } | { readonly isGood: false; readonly error: unknown }

/** INVARIANT: a decision that is made anew asks the same questions in the same order, up to the one it waited for. */
export class Reads {
  /** Made when the first one has to be waited for. */
  private answers: (Answer | undefined)[] | undefined = undefined
  private next = 0

  /** Another transaction begins, in which nothing is known yet. */
  forget(): void {
    this.answers = undefined
  }

  /** The decision begins. */
  restart(): void {
    this.next = 0
  }

  /** The answer to a question. @throws {Suspension} when it is not there yet */
  read<T>(ask: () => Awaitable<T>): T {
    const at = this.next++
    const known = this.answers?.[at]
    if (known !== undefined) {
      if (!known.isGood) throw known.error
      // The same question gave it.
      return known.value as T
    }
    const value = ask()
    if (!isPromise(value)) return value
    this.answers ??= []
    const { answers } = this
    throw new Suspension(
      value.then(
        (good) => {
          answers[at] = { isGood: true, value: good }
        },
        (error: unknown) => {
          answers[at] = { isGood: false, error }
        },
      ),
    )
  }
}
