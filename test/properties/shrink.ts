/** Makes a failing case smaller: leaves out one part after another for as long as it still fails. */
import { type Piece, render, withoutOne } from './generate/piece.ts'

/** A policy, what was made at run time, and one request. */
export interface Case {
  readonly policy: Piece
  readonly state: unknown
  readonly request: unknown
  readonly possible: boolean
}

/** `fails` must be true for `found`; the result fails too, and with any one part less it does not, if there was time. */
export function shrink(found: Case, fails: (smaller: Case) => boolean, mostMs = 10_000): Case {
  const end = performance.now() + mostMs
  let best = found
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false
    for (const next of smallerCases(best)) {
      if (performance.now() > end) return best
      if (!fails(next)) continue
      best = next
      isSmaller = true
      break
    }
  }
  return best
}

function* smallerCases(found: Case): Generator<Case> {
  if (found.possible) yield { ...found, possible: false }
  for (const policy of withoutOne(found.policy)) yield { ...found, policy }
  for (const state of smallerValues(found.state)) yield { ...found, state }
  for (const request of smallerValues(found.request)) yield { ...found, request }
}

/** The value with a member or an element less, at any depth. */
function* smallerValues(value: unknown): Generator<unknown> {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (const index of value.keys()) yield value.toSpliced(index, 1)
    for (const [index, item] of value.entries()) {
      for (const smaller of smallerValues(item)) yield value.with(index, smaller)
    }
    return
  }
  const entries = Object.entries(value)
  for (const [name] of entries) yield Object.fromEntries(entries.filter(([other]) => other !== name))
  for (const [index, [name, member]] of entries.entries()) {
    for (const smaller of smallerValues(member)) yield Object.fromEntries(entries.with(index, [name, smaller]))
  }
}

/** The case as a person would type it again. */
export function printCase({ policy, state, request, possible }: Case): string {
  return [
    render(policy).trimEnd(),
    `state    ${printJson(state)}`,
    `request  ${printJson(request)}${possible ? ' (what is possible)' : ''}`,
  ].join('\n')
}

/** JSON that shows what JSON cannot hold. */
function printJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (Object.is(member, -0)) return '-0'
    return typeof member === 'number' && !Number.isFinite(member) ? String(member) : member
  })
}
