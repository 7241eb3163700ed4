/** One text for each box, whatever the order in which it was put together. */
import { type Box, everythingAt, type FactSet, mergeRanges, type Universe } from '../algebra/index.ts'
import { dfaKey } from './diff-key.ts'

/**
 * Equal boxes with equal cells have one key, larger ones another. Languages stand by their canonical automata. Facts that
 * may be anything are left out.
 */
export function boxKey(box: Box, universe: Universe): string {
  const facts: string[] = []
  for (const dimension of [...box.keys()].sort()) {
    const set = box.get(dimension)
    if (set === undefined) continue
    const key = setKey(set, universe)
    if (!isEverything(dimension, key, universe)) facts.push(`${JSON.stringify(dimension)}:${key}`)
  }
  return `{${facts.join()}}`
}

const EVERYTHING = new WeakMap<Universe, Map<string, string>>()

function isEverything(dimension: string, key: string, universe: Universe): boolean {
  let known = EVERYTHING.get(universe)
  if (known === undefined) {
    known = new Map()
    EVERYTHING.set(universe, known)
  }
  let everything = known.get(dimension)
  if (everything === undefined) {
    everything = setKey(everythingAt(dimension, universe), universe)
    known.set(dimension, everything)
  }
  return key === everything
}

function setKey(set: FactSet, universe: Universe): string {
  switch (set.kind) {
    case 'names':
      return `${set.isExcluding ? 'not' : ''}${JSON.stringify([...set.names].sort())}`
    case 'ranges':
      return `${set.specials}r${mergeRanges(set.ranges)
        .map(({ low, high }) => `${low}..${high}`)
        .join()}`
    case 'text':
      return `${set.specials}t${dfaKey(set.language.dfa)}`
    case 'keys': {
      const cells = set.cells.map(({ allowed, beyond }) =>
        JSON.stringify([
          allowed === undefined ? 0 : [...allowed].sort(),
          beyond.map((names) => [...names].sort()).sort(),
        ]),
      )
      return `${set.isAbsentIn}k${[...new Set(cells)].sort().join()}`
    }
    case 'sum': {
      const parts = [...set.parts].map(([type, cells]) => {
        const keys = cells.map((cell) => boxKey(cell, universe)).sort()
        return `${type}[${keys.join()}]`
      })
      return `${set.specials}s${parts.sort().join()}`
    }
  }
}
