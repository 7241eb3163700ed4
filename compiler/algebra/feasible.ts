/**
 * What the dimensions of one request know of each other: an argument below another one needs an object there, a name that
 * `args only` leaves out is absent, an approval by somebody is an approval by anybody, its age counts from a known present.
 *
 * A `false` is certain. A `true` for a text that must be an address or a time, and match a regex as well, is not:
 * such a box may turn out to have no member, and then nothing is said about it.
 */
import type { Box } from './box.ts'
import { argumentPath } from './dimension.ts'
import type { FactSet, SumSet } from './fact-set.ts'
import { ANY_KEYS, namesOfCell } from './key-set.ts'
import { findInstant, findNumber, findText } from './member.ts'
import { ABSENT, IS_APPROVED, NOT_APPROVED, OTHER } from './specials.ts'
import type { Universe } from './universe.ts'

/** A fact takes about as long to look at as these successors of an automaton. */
const STEPS_OF_A_FACT = 10

/** Whether a request, or a value, can be in every set of `box` at once. */
export function isFeasible(box: Box, universe: Universe): boolean {
  universe.budget.spend(STEPS_OF_A_FACT * box.size)
  for (const key of box.keys()) {
    if (key.startsWith('instant.')) return findInstant(box) !== undefined
    if (key.startsWith('number.')) return findNumber(box) !== undefined
    if (key.startsWith('string.')) return isFeasibleText(box, universe)
    break
  }
  return isFeasibleApproval(box) && isFeasibleAge(box) && findKeys(box) !== undefined
}

/** The arguments of a request in `box`: which names are there, and whether the call has arguments at all. */
export function findKeys(box: Box): { readonly isAbsent: boolean; readonly names: readonly string[] } | undefined {
  const needs = argumentNeeds(box)
  if (needs === undefined) return undefined
  const keys = box.get('args')
  if (keys !== undefined && keys.kind !== 'keys') return undefined
  const { cells, isAbsentIn } = keys ?? ANY_KEYS
  if (needs.forced.length === 0 && isAbsentIn && keys === undefined) return { isAbsent: true, names: [] }
  const isBarred = (name: string) => needs.barred.has(name)
  for (const cell of cells) {
    const names = namesOfCell(cell, needs.forced, isBarred)
    if (names !== undefined) return { isAbsent: false, names }
  }
  return needs.forced.length === 0 && isAbsentIn ? { isAbsent: true, names: [] } : undefined
}

/** Top-level names that must and that must not be there; `undefined` when two paths contradict each other. */
function argumentNeeds(
  box: Box,
): { readonly forced: readonly string[]; readonly barred: ReadonlySet<string> } | undefined {
  const forced = new Set<string>()
  const barred = new Set<string>()
  for (const [key, set] of box) {
    const path = argumentPath(key)
    const [name] = path ?? []
    if (path === undefined || name === undefined || set.kind !== 'sum') continue
    if (isAbsentOnly(set)) {
      if (path.length === 1) barred.add(name)
    } else if ((set.specials & ABSENT) === 0) {
      forced.add(name)
      if (!isBelowObjects(box, path)) return undefined
    }
  }
  for (const name of forced) if (barred.has(name)) return undefined
  return { forced: [...forced], barred }
}

function isAbsentOnly(set: SumSet): boolean {
  return set.specials === ABSENT && set.parts.size === 0
}

/** Whether every argument on the way to `path` may be an object. */
function isBelowObjects(box: Box, path: readonly string[]): boolean {
  for (let length = 1; length < path.length; length++) {
    const above = box.get(`arg:${JSON.stringify(path.slice(0, length))}`)
    if (above?.kind === 'sum' && (above.specials & OTHER) === 0) return false
  }
  return true
}

function isFeasibleApproval(box: Box): boolean {
  const anybody = answersOf(box.get('approved'))
  for (const [key, set] of box) {
    if (!key.startsWith('approved:')) continue
    const answers = answersOf(set)
    if (answers === IS_APPROVED && anybody === NOT_APPROVED) return false
  }
  return true
}

function isFeasibleAge(box: Box): boolean {
  const age = box.get('approval-age')
  const now = box.get('now')
  const isStated = age?.kind === 'ranges' && age.specials === 0
  return !isStated || now?.kind !== 'sum' || now.parts.size > 0
}

function answersOf(set: FactSet | undefined): number {
  return set?.kind === 'ranges' ? set.specials : NOT_APPROVED | IS_APPROVED
}

/** A text with a length is decided exactly; one that is also an address or a time is looked for among likely ones. */
function isFeasibleText(box: Box, universe: Universe): boolean {
  return findText(box, universe) !== undefined || box.has('string.address') || box.has('string.minute')
}
