/** Weighted choices: most of a world holds together, or a chain of five hops would never allow anything. */
import fc from 'fast-check'

/** `usual` as often as its weight says, beside one of the others as often as 1. It shrinks to what is usual. */
export function mostly<T>(weight: number, usual: T, others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight, arbitrary: fc.constant(usual) },
    { weight: others.length, arbitrary: fc.constantFrom(...others) },
  )
}

/** The value with that probability, else nothing. */
export function maybe<T>(probability: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  const percent = Math.round(probability * 100)
  return fc.oneof({ weight: 100 - percent, arbitrary: fc.constant(undefined) }, { weight: percent, arbitrary })
}

/** True with that probability. */
export function chance(probability: number): fc.Arbitrary<boolean> {
  return maybe(probability, fc.constant(true)).map((found) => found ?? false)
}
