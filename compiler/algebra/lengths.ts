/**
 * How long the texts of a language are, in code points, and texts of a given length.
 *
 * `layers[k]` holds the states from which exactly k more characters can be accepted. Each layer follows from the one
 * before it, so that as soon as one was there before, all later ones are known: lengths repeat with a period.
 */
import { type Budget, TooHard } from './budget.ts'
import type { CharacterGraph } from './characters.ts'

export interface Lengths {
  /** Whether exactly `count` more characters can be accepted from a state. */
  canEnd(state: number, count: number, budget: Budget): boolean
  /** The smallest length from `min` to `max` that a text has. Bounds need not be whole, `max` may be infinite. */
  next(min: number, max: number, budget: Budget): number | undefined
}

/** Most states in all layers together. */
const MAX_ENTRIES = 4_194_304

/** The lengths of what `graph` accepts; layers are made when they are needed, and kept. */
export function createLengths(graph: CharacterGraph): Lengths {
  const layers = [graph.accepting.flatMap((isAccepting, state) => (isAccepting ? [state] : []))]
  const known = new Map([[layers[0]?.join() ?? '', 0]])
  let entries = 0
  let loopStart: number | undefined

  const grow = (budget: Budget): void => {
    const before = new Set<number>()
    for (const state of layers.at(-1) ?? []) {
      const sources = graph.sources[state] ?? []
      budget.spend(sources.length + 1)
      for (const source of sources) before.add(source)
    }
    budget.spend(before.size + 1)
    const layer = [...before].sort((a, b) => a - b)
    const key = layer.join()
    loopStart = known.get(key)
    if (loopStart !== undefined) return
    entries += layer.length
    if (entries > MAX_ENTRIES) throw new TooHard()
    known.set(key, layers.length)
    layers.push(layer)
  }

  const canEnd = (state: number, count: number, budget: Budget): boolean => {
    while (loopStart === undefined && count >= layers.length) grow(budget)
    const start = loopStart ?? 0
    const at = count < layers.length ? count : start + ((count - start) % (layers.length - start))
    return hasMember(layers[at] ?? [], state)
  }

  const next = (min: number, max: number, budget: Budget): number | undefined => {
    const first = Math.max(0, Math.ceil(min))
    for (let count = first; count <= max; count++) {
      budget.spend(1)
      if (canEnd(0, count, budget)) return count
      // A whole period without a text: none follows.
      if (loopStart !== undefined && count + 1 - Math.max(first, loopStart) >= layers.length - loopStart)
        return undefined
    }
    return undefined
  }
  return { canEnd, next }
}

function hasMember(sorted: readonly number[], wanted: number): boolean {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? 0) < wanted) low = middle + 1
    else high = middle
  }
  return sorted[low] === wanted
}

/** For each state how many characters it takes, at the least, until a text is accepted. */
export function distances(graph: CharacterGraph, budget: Budget): Int32Array {
  const distance = new Int32Array(graph.steps.length).fill(-1)
  const queue: number[] = []
  graph.accepting.forEach((isAccepting, state) => {
    if (!isAccepting) return
    distance[state] = 0
    queue.push(state)
  })
  for (let at = 0; at < queue.length; at++) {
    const state = queue[at] ?? 0
    const sources = graph.sources[state] ?? []
    budget.spend(sources.length + 1)
    for (const source of sources) {
      if (distance[source] !== -1) continue
      distance[source] = (distance[state] ?? 0) + 1
      queue.push(source)
    }
  }
  return distance
}

/** The largest length of a text, `undefined` when there is none: something can be repeated. */
export function largestLength(graph: CharacterGraph, budget: Budget): number | undefined {
  // States are taken away once all that follow them are gone; what is left at the end lies on a circle or before one.
  const open = graph.steps.map((steps) => new Set(steps.map(({ target }) => target)).size)
  const longest = new Int32Array(open.length)
  const ready = open.flatMap((count, state) => (count === 0 ? [state] : []))
  for (let at = 0; at < ready.length; at++) {
    const state = ready[at] ?? 0
    const sources = graph.sources[state] ?? []
    budget.spend(sources.length + 1)
    for (const source of sources) {
      longest[source] = Math.max(longest[source] ?? 0, (longest[state] ?? 0) + 1)
      open[source] = (open[source] ?? 0) - 1
      if (open[source] === 0) ready.push(source)
    }
  }
  return ready.length === open.length ? longest[0] : undefined
}

/**
 * The texts of `length` characters, preferred ones first, one of each shape: two texts are of one shape when they pass
 * the same states with characters of the same kinds. `canEnd` must say whether so many characters more can be accepted.
 */
export function* textsOfLength(
  graph: CharacterGraph,
  length: number,
  canEnd: (state: number, count: number) => boolean,
  budget: Budget,
): Generator<string> {
  const written: string[] = []
  const path = [0]
  const tried = [0]
  while (path.length > 0) {
    const depth = path.length - 1
    if (depth === length) yield written.join('')
    const steps = depth === length ? [] : (graph.steps[path[depth] ?? 0] ?? [])
    let at = tried[depth] ?? 0
    budget.spend(1)
    for (; at < steps.length; at++) {
      budget.spend(1)
      if (canEnd(steps[at]?.target ?? 0, length - depth - 1)) break
    }
    const step = steps[at]
    if (step === undefined) {
      path.pop()
      tried.pop()
      written.pop()
      continue
    }
    tried[depth] = at + 1
    path.push(step.target)
    tried.push(0)
    written.push(step.character)
  }
}
