/**
 * Boxes: products of independent facts. A grant is a box, and so is what a `forbid` forbids.
 *
 * `A \ (B1 ∪ ... ∪ Bn)` is computed by taking the boxes away one after the other; each takes a box apart into at most as
 * many pieces as it has dimensions. What is left is empty exactly when A is included, and every piece that is left is a
 * counterexample. Worst case exponential in the boxes that overlap, so all work is paid from a budget.
 *
 * ```
 *        ┌───────────────┐        A \ B: the first dimension cuts off what is beside B,
 *        │ A   │ piece 1 │        the second what is above it, within B's columns
 *        ├─────┤         │
 *        │  B  │         │
 *        └─────┴─────────┘
 * ```
 */
import { dimensionOf, everythingAt, isEmptyAt } from './dimension.ts'
import { type FactSet, intersectSets, subtractSets } from './fact-set.ts'
import { isFeasible } from './feasible.ts'
import type { Universe } from './universe.ts'

/** A set for each fact that is constrained; a dimension that is missing is everything. */
export type Box = ReadonlyMap<string, FactSet>

/** Everything: no dimension is constrained. */
export const EVERY_REQUEST: Box = new Map()

/** A fact takes about as long to copy and compare as these successors of an automaton. */
const STEPS_OF_A_FACT = 10

/** `box` with one fact constrained further; `undefined` when nothing is left. */
export function restrict(box: Box, dimension: string, set: FactSet, universe: Universe): Box | undefined {
  return intersectBoxes(box, new Map([[dimension, set]]), universe)
}

/** What two boxes have in common; `undefined` for nothing. */
export function intersectBoxes(a: Box, b: Box, universe: Universe): Box | undefined {
  universe.budget.spend(STEPS_OF_A_FACT * (a.size + b.size + 1))
  const common = new Map(a)
  let isCoupled = false
  for (const [dimension, set] of inOrder(b)) {
    const own = a.get(dimension)
    if (own !== undefined && own !== set && isApart(dimension, own, set, universe)) return undefined
    const shared = own === undefined ? set : intersectSets(own, set, universe)
    if (isEmptyAt(dimension, shared, universe)) return undefined
    common.set(dimension, shared)
    isCoupled ||= dimensionOf(dimension).isCoupled
  }
  return !isCoupled || isFeasible(common, universe) ? common : undefined
}

/** What is in `a` and not in `b`, as disjoint boxes. */
export function subtractBox(a: Box, b: Box, universe: Universe): readonly Box[] {
  if (!meetsBox(a, b, universe)) return [a]
  const pieces: Box[] = []
  const inside = new Map(a)
  const holes = inOrder(b)
  for (const [index, [dimension, hole]] of holes.entries()) {
    universe.budget.spend(STEPS_OF_A_FACT * (inside.size + 1))
    const own = inside.get(dimension) ?? everythingAt(dimension, universe)
    if (own === hole || isWithin(dimension, own, hole, universe)) continue
    const rest = subtractSets(own, hole, universe)
    if (!isEmptyAt(dimension, rest, universe)) {
      const piece = new Map(inside).set(dimension, rest)
      if (!dimensionOf(dimension).isCoupled || isFeasible(piece, universe)) pieces.push(piece)
    }
    if (index < holes.length - 1) inside.set(dimension, intersectSets(own, hole, universe))
  }
  return pieces
}

/** Whether a request can be in both boxes. */
export function meetsBox(a: Box, b: Box, universe: Universe): boolean {
  return intersectBoxes(a, b, universe) !== undefined
}

/** Resources are compared without building what they share, which mostly is nothing. */
function isApart(dimension: string, a: FactSet, b: FactSet, { languages }: Universe): boolean {
  return (
    dimension === 'resource' &&
    a.kind === 'text' &&
    b.kind === 'text' &&
    !languages.meetsResource(a.language, b.language)
  )
}

function isWithin(dimension: string, inner: FactSet, outer: FactSet, { languages }: Universe): boolean {
  return (
    dimension === 'resource' &&
    inner.kind === 'text' &&
    outer.kind === 'text' &&
    languages.includesResource(outer.language, inner.language)
  )
}

/** Whether all of `inner` is in `outer`. */
export function includesBox(outer: Box, inner: Box, universe: Universe): boolean {
  return subtractBox(inner, outer, universe).length === 0
}

/** What is left of `box` when `holes` are taken away, piece by piece: whoever needs one piece pays for no other. */
export function* piecesBeside(box: Box, holes: readonly Box[], universe: Universe, from = 0): Generator<Box> {
  const hole = holes[from]
  if (hole === undefined) yield box
  else for (const piece of subtractBox(box, hole, universe)) yield* piecesBeside(piece, holes, universe, from + 1)
}

/** What is left of `boxes` when `holes` are taken away. */
export function subtractBoxes(boxes: readonly Box[], holes: readonly Box[], universe: Universe): readonly Box[] {
  let left = boxes
  for (const hole of holes) {
    if (left.length === 0) return left
    left = left.flatMap((box) => subtractBox(box, hole, universe))
  }
  return left
}

/** Cheap dimensions first: a name that differs spares the automata. */
function inOrder(box: Box): readonly (readonly [string, FactSet])[] {
  const entries = [...box]
  return entries.length < 2 ? entries : entries.sort(([a], [b]) => dimensionOf(a).order - dimensionOf(b).order)
}
