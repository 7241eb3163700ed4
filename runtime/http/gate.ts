/** How many requests may be under way: those beyond are told at once to come again, and cost next to nothing. */
import { KavachError } from '../index.ts'

export interface Gate {
  /** @throws {KavachError} KVCH_E_HTTP_OVERLOADED */
  readonly enter: () => void
  readonly leave: () => void
}

/** Seconds. */
const RETRY_AFTER = 1

export function createGate(most: number): Gate {
  let inside = 0
  return {
    enter() {
      if (inside >= most) throw new KavachError('KVCH_E_HTTP_OVERLOADED', undefined, { retryAfter: RETRY_AFTER })
      inside++
    },
    leave() {
      inside--
    },
  }
}
