/**
 * From an expression to Thompson's automaton over code points.
 *
 * Code points that no class of the expression tells apart are one symbol, so that the later steps work on a handful of
 * symbols instead of 1.1 million. Nodes are built backwards: each knows its continuation when it is made.
 *
 * @see Ken Thompson, Regular Expression Search Algorithm, CACM 11(6), 1968
 */
import type { CodePointRange, RegexExpression } from '../model/index.ts'

/** Code points cut into intervals that share a symbol. */
export interface Alphabet {
  /** First code point of each interval, ascending from 0; an interval ends before the next one. */
  readonly starts: readonly number[]
  /** Symbol of each interval. */
  readonly symbols: readonly number[]
  readonly symbolCount: number
}

/** `READ` consumes one symbol of its class, `SPLIT` goes to both successors, `ACCEPT` ends. */
export const READ = 0
export const SPLIT = 1

export interface Nfa {
  readonly alphabet: Alphabet
  readonly start: number
  /** READ, SPLIT or 2 for the one accepting node. */
  readonly kinds: readonly number[]
  /** Successor; of a SPLIT the first one. */
  readonly first: readonly number[]
  /** Second successor of a SPLIT; of a READ the index of its class. */
  readonly second: readonly number[]
  /** Symbols of each class. */
  readonly classSymbols: readonly (readonly number[])[]
}

const ACCEPT = 2

/**
 * The automaton of `expression`; its size is that of the expression with repeats written out. `undefined` when its
 * classes hold more than `maxIntervals` intervals of the alphabet, all together.
 */
export function buildNfa(expression: RegexExpression, maxIntervals: number): Nfa | undefined {
  const builder: Builder = {
    kinds: [ACCEPT],
    first: [0],
    second: [0],
    classes: [],
    classIndex: new Map(),
    seen: new Map(),
  }
  const start = build(builder, expression, 0)
  const built = buildAlphabet(builder.classes, maxIntervals)
  if (built === undefined) return undefined
  const { alphabet, classSymbols } = built
  return { alphabet, start, kinds: builder.kinds, first: builder.first, second: builder.second, classSymbols }
}

interface Builder {
  readonly kinds: number[]
  readonly first: number[]
  readonly second: number[]
  readonly classes: (readonly CodePointRange[])[]
  readonly classIndex: Map<string, number>
  /** The copies of a repeat share their ranges, which are then told by identity. */
  readonly seen: Map<readonly CodePointRange[], number>
}

function add(builder: Builder, kind: number, first: number, second: number): number {
  builder.first.push(first)
  builder.second.push(second)
  return builder.kinds.push(kind) - 1
}

function build(builder: Builder, expression: RegexExpression, next: number): number {
  switch (expression.kind) {
    case 'empty':
      return next
    case 'class':
      return add(builder, READ, next, internClass(builder, expression.ranges))
    case 'sequence':
      return expression.items.reduceRight((entry, item) => build(builder, item, entry), next)
    case 'choice': {
      const entries = expression.options.map((option) => build(builder, option, next))
      return entries.reduceRight((rest, entry) => add(builder, SPLIT, entry, rest))
    }
    case 'repeat':
      return buildRepeat(builder, expression, next)
  }
}

function buildRepeat(builder: Builder, repeat: Extract<RegexExpression, { kind: 'repeat' }>, next: number): number {
  const { item, min, max } = repeat
  let entry = next
  if (max === undefined) {
    entry = add(builder, SPLIT, next, next)
    builder.first[entry] = build(builder, item, entry)
  } else {
    // Every optional copy may leave straight for `next`, which keeps closures short.
    for (let i = min; i < max; i++) entry = add(builder, SPLIT, build(builder, item, entry), next)
  }
  for (let i = 0; i < min; i++) entry = build(builder, item, entry)
  return entry
}

function internClass(builder: Builder, ranges: readonly CodePointRange[]): number {
  const { classes, classIndex, seen } = builder
  const same = seen.get(ranges)
  if (same !== undefined) return same
  const key = ranges.map((range) => `${range.low}-${range.high}`).join()
  const index = classIndex.get(key) ?? classes.push(ranges) - 1
  classIndex.set(key, index)
  seen.set(ranges, index)
  return index
}

/** Cuts the code points at every border of a class, then gives one symbol to the intervals that the same classes hold. */
function buildAlphabet(
  classes: readonly (readonly CodePointRange[])[],
  maxIntervals: number,
): { alphabet: Alphabet; classSymbols: number[][] } | undefined {
  const borders = new Set([0])
  for (const { low, high } of classes.flat()) borders.add(low).add(high + 1)
  borders.delete(0x110000)
  const starts = [...borders].sort((a, b) => a - b)
  const indexOf = new Map(starts.map((start, index) => [start, index]))
  const rough = new Int32Array(starts.length)
  let count = 1
  const intervalsOf: number[][] = []
  let total = 0
  for (const ranges of classes) {
    const held: number[] = []
    for (const { low, high } of ranges) {
      const end = indexOf.get(high + 1) ?? starts.length
      for (let i = indexOf.get(low) ?? end; i < end; i++) held.push(i)
    }
    intervalsOf.push(held)
    total += held.length
    if (total > maxIntervals) return undefined
  }
  for (const held of intervalsOf) {
    const renamed = new Map<number, number>()
    for (const i of held) {
      const old = rough[i] ?? 0
      let name = renamed.get(old)
      if (name === undefined) {
        name = count++
        renamed.set(old, name)
      }
      rough[i] = name
    }
  }
  const dense = new Map<number, number>()
  const symbols = [...rough].map((name) => {
    const symbol = dense.get(name) ?? dense.size
    dense.set(name, symbol)
    return symbol
  })
  const classSymbols = intervalsOf.map((held) => [...new Set(held.map((i) => symbols[i] ?? 0))])
  return { alphabet: { starts, symbols, symbolCount: dense.size }, classSymbols }
}
