/**
 * All patterns of up to three segments over `a`, `b`, `*`, `a*` and `{a,b}`, with or without a last `**`, and resources that
 * stand for all others. `*` alone is the one that the language refuses.
 *
 * No such segment tells apart more than `a`, `b`, what begins with `a`, and the rest; nothing looks at a fourth segment but
 * `**`, which takes any, and any number of them. So every resource is matched by the patterns that match one of these:
 * one to three segments of `a`, `b`, `ab` and `c`, and three of them with one more behind. That is 4 + 16 + 64 + 64.
 */

const SEGMENTS = ['a', 'b', '*', 'a*', '{a,b}'] as const
const WORDS = ['a', 'b', 'ab', 'c'] as const

export const PATTERNS: readonly string[] = [0, 1, 2, 3]
  .flatMap((length) =>
    sequences(SEGMENTS, length).flatMap((segments) => [
      ...(length > 0 ? [segments.join(':')] : []),
      [...segments, '**'].join(':'),
    ]),
  )
  .filter((pattern) => pattern !== '*')

export const RESOURCES: readonly string[] = [
  ...[1, 2, 3].flatMap((length) => sequences(WORDS, length).map((segments) => segments.join(':'))),
  ...sequences(WORDS, 3).map((segments) => [...segments, 'c'].join(':')),
]

/** Whether the resource is one of the pattern's: language reference, section 11. */
export function isMatch(pattern: string, resource: string): boolean {
  const wanted = pattern.split(':')
  const found = resource.split(':')
  if (wanted.at(-1) !== '**') return wanted.length === found.length && wanted.every(matchesAt(found))
  return found.length >= wanted.length && wanted.slice(0, -1).every(matchesAt(found))
}

function matchesAt(found: readonly string[]): (segment: string, index: number) => boolean {
  return (segment, index) => {
    const text = found[index] ?? ''
    switch (segment) {
      case '*':
        return text !== ''
      case 'a*':
        return text.startsWith('a')
      case '{a,b}':
        return text === 'a' || text === 'b'
      default:
        return text === segment
    }
  }
}

/** A set of `RESOURCES`: bit n is the n-th of them. */
export type ResourceSet = bigint

export const ALL_RESOURCES: ResourceSet = (1n << BigInt(RESOURCES.length)) - 1n

const SETS = new Map<string, ResourceSet>()

export function resourcesOf(patterns: readonly string[]): ResourceSet {
  return patterns.reduce((union, pattern) => union | resourcesOfOne(pattern), 0n)
}

function resourcesOfOne(pattern: string): ResourceSet {
  const known = SETS.get(pattern)
  if (known !== undefined) return known
  const set = RESOURCES.reduce((bits, resource, index) => {
    return isMatch(pattern, resource) ? bits | (1n << BigInt(index)) : bits
  }, 0n)
  SETS.set(pattern, set)
  return set
}

function sequences<T>(items: readonly T[], length: number): readonly (readonly T[])[] {
  if (length === 0) return [[]]
  return sequences(items, length - 1).flatMap((front) => items.map((item) => [...front, item]))
}
