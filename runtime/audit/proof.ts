/** Makes proofs: reads the leaves once, in order, and keeps the roots of the ranges that a proof is made of. */
import { Frontier } from './frontier.ts'
import type { LeafRange, Sha256 } from './merkle.ts'

/** Takes leaves one after the other, from the first on. A class because it is opened, fed and closed. */
export class RangeRoots {
  private readonly sha256: Sha256
  private readonly ranges: readonly { readonly range: LeafRange; readonly frontier: Frontier }[]
  private index = 0

  constructor(ranges: readonly LeafRange[], sha256: Sha256) {
    this.sha256 = sha256
    this.ranges = ranges.map((range) => ({ range, frontier: new Frontier(this.sha256, 0, new Uint8Array(0)) }))
  }

  add(leaf: Uint8Array): void {
    for (const { range, frontier } of this.ranges) {
      if (this.index >= range.from && this.index < range.to) frontier.append(leaf)
    }
    this.index++
  }

  /** One root for each range, in their order. */
  roots(): readonly Uint8Array[] {
    return this.ranges.map(({ frontier }) => frontier.root())
  }
}
