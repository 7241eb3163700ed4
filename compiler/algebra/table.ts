/** A complete deterministic automaton over symbols `0 .. symbolCount - 1`: the form in which machines are built. */

/** State 0 is the start; `next[state * symbolCount + symbol]` is the successor. */
export interface Table {
  readonly stateCount: number
  readonly symbolCount: number
  readonly next: Int32Array
  /** 1 for accepting states. */
  readonly accepting: Uint8Array
}

/** A computation needed more states than it may use. The caller must treat its question as unanswered. */
export class AutomatonTooLarge extends Error {
  constructor() {
    super('the automaton needs too many states')
    this.name = 'AutomatonTooLarge'
  }
}
