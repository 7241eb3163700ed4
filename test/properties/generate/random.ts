/** A seeded source of choices: the same seed gives the same choices on every platform. */
export class Random {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
    // Neighbouring seeds would start alike otherwise.
    for (let turn = 0; turn < 3; turn++) this.next()
  }

  /** 32 random bits, by mulberry32. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = this.state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  /** A whole number, `0 <= n < below`. */
  below(below: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * below)
  }

  /** A whole number of `[low, high]`. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  chance(probability: number): boolean {
    return this.next() < probability * 0x1_0000_0000
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)]
    if (item === undefined && items.length === 0) throw new RangeError('nothing to pick from')
    // `below` stays inside the list, so `undefined` can only be one of its items.
    return item as T
  }

  /** A few of `items`, at least `least`, in their order. */
  some<T>(items: readonly T[], least: number, most: number): T[] {
    const wanted = Math.min(items.length, this.between(least, most))
    const found = this.shuffle(items).slice(0, wanted)
    return items.filter((item) => found.includes(item))
  }

  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items]
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = this.below(last + 1)
      const kept = shuffled[last] as T // both indices are inside the list
      shuffled[last] = shuffled[other] as T
      shuffled[other] = kept
    }
    return shuffled
  }

  /** A key of `weights`, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][] // the keys of a record of K are K
    let rest = (this.next() / 0x1_0000_0000) * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [key, weight] of entries) {
      if (rest < weight) return key
      rest -= weight
    }
    return this.pick(entries)[0]
  }
}
