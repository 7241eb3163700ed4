/** Types of the adversaries, which are plain JavaScript for the bench's sake. */
export interface Adversary {
  readonly name: string
  /** A policy with one assertion. */
  readonly text: string
}

export const ADVERSARIES: readonly Adversary[]
