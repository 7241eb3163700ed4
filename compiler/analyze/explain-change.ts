/**
 * The smallest change of a request that opens it: fewest facts first.
 *
 * What the chain may do with this action on this resource is a union of boxes. A box says which facts of the request have to
 * change to enter it, so the fewest over all boxes are the fewest there are. Every suggestion is decided by the engine
 * before it is made.
 */

import type { Decision } from '../../engine-wasm/host/index.ts'
import { type Box, findWitness, TooHard, type Universe, type Witness } from '../algebra/index.ts'
import type { PolicyModel } from '../model/index.ts'
import { accessOf, createGuardrails } from './access.ts'
import { describeBox, type Fact } from './describe.ts'
import { alternativesOf, type Relaxed, type RequestChain, withRemainingGuardrails } from './explain-chain.ts'
import type { FactName, RequestPoint } from './explain-point.ts'
import type { RequestFacts } from './explain-request.ts'
import type { Unknown } from './subject.ts'

/** `readings` is fresh meters, `since` hops that are opened anew. */
export type ChangedFact = FactName | 'readings' | 'since'

export interface RequestChange {
  readonly changed: readonly ChangedFact[]
  /** What the changed facts may be, as `describeBox` says it; for `readings` and `since` nothing. */
  readonly wanted: readonly Fact[]
  /** One such request, which the engine allowed. */
  readonly request: object
  readonly decision: Decision
}

export type ChangeAnswer =
  /** All have the same number of changed facts. `isSmallest`: it is proved that fewer do not open it. */
  | { readonly kind: 'found'; readonly changes: readonly RequestChange[]; readonly isSmallest: boolean }
  /** Proved: whatever the facts, this chain may not do this here. */
  | { readonly kind: 'none' }
  | Unknown

export interface ChangeQuestion {
  readonly model: PolicyModel
  readonly chain: RequestChain
  readonly facts: RequestFacts
  readonly point: RequestPoint
  /** As it was asked; only changed members are replaced. */
  readonly request: object
  readonly decide: (request: object) => Decision
  readonly universe: Universe
}

/** Different sets of facts that are suggested. */
const MAX_CHANGES = 3
/** Facts of which more than necessary may have to change, because facts depend on each other. */
const MAX_MORE = 2

/** Searches the changes by size. */
export function findChanges(question: ChangeQuestion): ChangeAnswer {
  try {
    return search(question)
  } catch (error) {
    if (error instanceof TooHard) return { kind: 'unknown', why: 'the question takes more work than its budget' }
    throw error
  }
}

interface Candidate {
  readonly changed: readonly ChangedFact[]
  readonly box: Box
}

function search(question: ChangeQuestion): ChangeAnswer {
  const candidates = candidatesOf(question).sort((a, b) => a.changed.length - b.changed.length)
  const changes: RequestChange[] = []
  let isSmallest = true
  for (const candidate of candidates) {
    const [first] = changes
    const isLonger = first !== undefined && candidate.changed.length > first.changed.length
    if (isLonger || changes.length === MAX_CHANGES) break
    const change = replay(candidate, question)
    if (change === undefined) isSmallest &&= changes.length > 0
    else if (changes.every(({ changed }) => !isSame(changed, change.changed))) changes.push(change)
  }
  if (changes.length > 0) return { kind: 'found', changes, isSmallest }
  return candidates.length === 0
    ? { kind: 'none' }
    : { kind: 'unknown', why: 'no concrete request was found for a change that could not be ruled out' }
}

function candidatesOf(question: ChangeQuestion): Candidate[] {
  const { chain } = question
  const hasOpening = chain.hops.some((hop) => hop.delegations.some(({ expiresInMs }) => expiresInMs !== undefined))
  const found: Candidate[] = []
  for (const readings of [false, true]) {
    for (const since of hasOpening ? [false, true] : [false]) {
      const relaxed = { readings, since }
      const extra: ChangedFact[] = [
        ...(readings ? (['readings'] as const) : []),
        ...(since ? (['since'] as const) : []),
      ]
      for (const box of accessBoxes(question, relaxed)) found.push(...entriesOf(box, extra, question))
    }
  }
  return found
}

function* accessBoxes({ model, chain, facts, point, universe }: ChangeQuestion, relaxed: Relaxed): Generator<Box> {
  const query: Box = new Map([
    ['action', point.at('action')],
    ['resource', point.at('resource')],
  ])
  const guardrails = createGuardrails(withRemainingGuardrails(model, chain, facts, relaxed), universe)
  for (const alternative of alternativesOf(chain, model, facts, relaxed)) {
    for (const { box } of accessOf(alternative, query, guardrails, universe)) yield box
  }
}

/** The smallest changes that lead into one box. */
function entriesOf(box: Box, extra: readonly ChangedFact[], { point }: ChangeQuestion): readonly Candidate[] {
  return point.waysInto(box).flatMap((way): readonly Candidate[] => {
    let wider: readonly (readonly FactName[])[] = [way]
    for (let more = 0; more <= MAX_MORE; more++) {
      const entered = wider.flatMap((changed): readonly Candidate[] => {
        const common = point.within(box, changed)
        return common === undefined ? [] : [{ changed: [...extra, ...changed], box: common }]
      })
      if (entered.length > 0) return entered
      wider = wider.flatMap((changed) => widen(changed, box))
    }
    return []
  })
}

/** The same change with one more fact, of those that the box asks about. */
function widen(changed: readonly FactName[], box: Box): readonly (readonly FactName[])[] {
  const others = new Set<FactName>(['now', 'approval'])
  for (const dimension of box.keys()) {
    if (!dimension.startsWith('arg:')) continue
    const path: unknown = JSON.parse(dimension.slice('arg:'.length))
    if (Array.isArray(path)) others.add(`arg ${String(path[0])}`)
  }
  return [...others].filter((fact) => !changed.includes(fact)).map((fact) => [...changed, fact])
}

function isSame(a: readonly ChangedFact[], b: readonly ChangedFact[]): boolean {
  return a.length === b.length && a.every((fact) => b.includes(fact))
}

function replay({ changed, box }: Candidate, question: ChangeQuestion): RequestChange | undefined {
  const { facts, universe, decide } = question
  const witness = findWitness(box, universe, facts.now === undefined ? {} : { around: facts.now })
  if (witness === undefined) return undefined
  const request = applyChange(question.request, changed, witness, facts)
  const decision = decide(request)
  if (!decision.allowed) return undefined
  return { changed, wanted: wantedFacts(changed, box, universe), request, decision }
}

/** The request with what the witness says of the changed facts. */
function applyChange(
  request: object,
  changed: readonly ChangedFact[],
  witness: Witness,
  facts: RequestFacts,
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...request }
  const put = (name: string, value: unknown): void => {
    if (value === undefined) delete result[name]
    else result[name] = value
  }
  const args: Record<string, unknown> = { ...facts.args }
  let isCalled = facts.args !== undefined
  for (const fact of changed) {
    switch (fact) {
      case 'now':
        put('now', witness.now === undefined ? undefined : instantMember(witness.now))
        break
      case 'ip':
      case 'trust':
      case 'cost':
        put(fact, witness[fact])
        break
      case 'approval':
        put('approvedBy', witness.approvedBy ?? [])
        put('approvedAt', witness.approvedAt)
        break
      case 'readings':
        put('readings', undefined)
        break
      case 'since':
        put('since', witness.now ?? facts.now)
        put(
          'via',
          facts.via.map(({ agent }) => agent),
        )
        break
      case 'call':
        isCalled = true
        break
      case 'extra':
        isCalled = true
        for (const name of Object.keys(witness.args ?? {})) {
          if (!Object.hasOwn(args, name)) define(args, name, witness.args?.[name])
        }
        break
      default: {
        isCalled = true
        const name = fact.slice('arg '.length)
        const given = witness.args ?? {}
        if (Object.hasOwn(given, name)) define(args, name, given[name])
        else delete args[name]
      }
    }
  }
  if (isCalled) result.args = args
  return result
}

const MAX_DATE = 8.64e15

/** As people read it, where the calendar has such a day. */
function instantMember(ms: number): string | number {
  return ms <= MAX_DATE ? new Date(ms).toISOString() : ms
}

function define(object: Record<string, unknown>, name: string, value: unknown): void {
  // An argument may be called `__proto__`.
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
}

function wantedFacts(changed: readonly ChangedFact[], box: Box, universe: Universe): readonly Fact[] {
  const open = new Set<ChangedFact>(changed)
  const asked = new Map([...box].filter(([dimension]) => isChanged(dimension, open)))
  return describeBox(asked, universe).filter(({ name }) => name !== 'action' && name !== 'resource')
}

function isChanged(dimension: string, open: ReadonlySet<ChangedFact>): boolean {
  if (dimension === 'approval-age' || dimension === 'approved' || dimension.startsWith('approved:'))
    return open.has('approval')
  if (dimension === 'args') return open.has('call') || open.has('extra')
  if (!dimension.startsWith('arg:')) return [...open].some((fact) => fact === dimension)
  const path: unknown = JSON.parse(dimension.slice('arg:'.length))
  return Array.isArray(path) && [...open].some((fact) => fact === `arg ${String(path[0])}`)
}
