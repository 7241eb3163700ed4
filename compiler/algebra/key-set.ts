/**
 * Sets of argument objects by the names they have, which is all that `args only [...]` asks about.
 *
 * A call without `args` is a member of its own. Everything else is a union of cells: objects whose names are all among
 * `allowed`, and which have, for every set of `beyond`, some name outside that set. Those cells are closed under
 * intersection and difference, without ever listing the names that exist.
 */
import type { Universe } from './universe.ts'

export interface KeySet {
  readonly kind: 'keys'
  /** A call without arguments, which is not `{}`, is a member. */
  readonly isAbsentIn: boolean
  readonly cells: readonly KeyCell[]
}

export interface KeyCell {
  /** Names that may occur; `undefined` for all. */
  readonly allowed: ReadonlySet<string> | undefined
  readonly beyond: readonly ReadonlySet<string>[]
}

/** Every call, with arguments or without. */
export const ANY_KEYS: KeySet = { kind: 'keys', isAbsentIn: true, cells: [{ allowed: undefined, beyond: [] }] }

/** Calls with arguments whose names are all among `names`. */
export function keysWithin(names: ReadonlySet<string>): KeySet {
  return { kind: 'keys', isAbsentIn: false, cells: [{ allowed: names, beyond: [] }] }
}

/** Calls with an argument whose name is not among `names`. */
export function keysBeyond(names: ReadonlySet<string>): KeySet {
  return { kind: 'keys', isAbsentIn: false, cells: [{ allowed: undefined, beyond: [names] }] }
}

export function intersectKeys(a: KeySet, b: KeySet, { budget }: Universe): KeySet {
  budget.spend(a.cells.length * b.cells.length + 1)
  const cells = a.cells.flatMap((left) =>
    b.cells.flatMap((right) =>
      keep({ allowed: narrower(left.allowed, right.allowed), beyond: [...left.beyond, ...right.beyond] }),
    ),
  )
  return { kind: 'keys', isAbsentIn: a.isAbsentIn && b.isAbsentIn, cells }
}

export function subtractKeys(a: KeySet, b: KeySet, { budget }: Universe): KeySet {
  let cells = a.cells
  for (const hole of b.cells) {
    budget.spend(cells.length * (hole.beyond.length + 1) + 1)
    cells = cells.flatMap((cell) => {
      const left: KeyCell[] = []
      if (hole.allowed !== undefined) left.push(...keep({ ...cell, beyond: [...cell.beyond, hole.allowed] }))
      const within = narrower(cell.allowed, hole.allowed)
      let beyond = cell.beyond
      for (const names of hole.beyond) {
        left.push(...keep({ allowed: narrower(within, names), beyond }))
        beyond = [...beyond, names]
      }
      return left
    })
  }
  return { kind: 'keys', isAbsentIn: a.isAbsentIn && !b.isAbsentIn, cells }
}

/**
 * Names that make the cell's demands true, or `undefined` when none do: an argument in `forced` must be there, one that
 * `isBarred` must not.
 */
export function namesOfCell(
  cell: KeyCell,
  forced: readonly string[],
  isBarred: (name: string) => boolean,
): readonly string[] | undefined {
  const { allowed, beyond } = cell
  if (allowed !== undefined && forced.some((name) => !allowed.has(name))) return undefined
  const names = [...forced]
  for (const inside of beyond) {
    if (names.some((name) => !inside.has(name))) continue
    const name =
      allowed === undefined
        ? freshName(inside, isBarred)
        : [...allowed].find((candidate) => !inside.has(candidate) && !isBarred(candidate))
    if (name === undefined) return undefined
    names.push(name)
  }
  return names
}

/** Every set of names leaves some out, so this ends. */
function freshName(inside: ReadonlySet<string>, isBarred: (name: string) => boolean): string {
  for (let n = 0; ; n++) {
    const name = n === 0 ? 'extra' : `extra_${n}`
    if (!inside.has(name) && !isBarred(name)) return name
  }
}

/** No cell when a name outside a set is demanded and all allowed names are inside it. */
function keep(cell: KeyCell): readonly KeyCell[] {
  const { allowed, beyond } = cell
  if (allowed === undefined) return [cell]
  return beyond.every((inside) => [...allowed].some((name) => !inside.has(name))) ? [cell] : []
}

function narrower(
  a: ReadonlySet<string> | undefined,
  b: ReadonlySet<string> | undefined,
): ReadonlySet<string> | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return new Set([...a].filter((name) => b.has(name)))
}
