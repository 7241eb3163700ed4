/**
 * What a chain of principals can do: the requests that some approvals and readings let it make.
 *
 * A chain's access is a union of boxes, one for each choice of a grant in every factor, less what the guardrails deny to
 * any of its principals. Meters take part where no reading helps: a rate of 0 is never, a cost above a budget's cap is
 * never, and so is an estimate above it when the request states no cost.
 */
import {
  type Box,
  type FactSet,
  forbidBoxes,
  grantBox,
  includesBox,
  instantsBefore,
  intersectBoxes,
  piecesBeside,
  requireBoxes,
  restrict,
  restrictToPossible,
  type Subject,
  scopeBox,
  subtractBox,
  type Universe,
} from '../algebra/index.ts'
import type {
  ForbidModel,
  GrantModel,
  GuardrailLimitModel,
  LimitModel,
  PolicyModel,
  RequireModel,
} from '../model/index.ts'
import type { Chain, FactorGrant } from './chain.ts'

/** A part of what a chain can do. */
export interface AccessBox {
  readonly box: Box
  /** The grant of each factor, root first. */
  readonly grants: readonly GrantModel[]
  /** All limits that such a call is charged to, guardrails apart. */
  readonly limits: readonly LimitModel[]
}

/** The guardrails of a policy, with what they deny to whom. */
export interface Guardrails {
  /** Disjoint boxes that are denied to a chain; only those that meet `within`. */
  readonly deniedTo: (chain: Chain, within: Box) => readonly GuardBox[]
  /** What top-level limits deny whatever they have counted, for a call whose largest estimate is `estimateNanoUsd`. */
  readonly unpayable: (within: Box, estimateNanoUsd: bigint) => readonly GuardBox[]
}

export interface GuardBox {
  readonly box: Box
  readonly guard: ForbidModel | RequireModel | GuardrailLimitModel
}

export function createGuardrails(model: PolicyModel, universe: Universe): Guardrails {
  const rules = [
    ...model.forbids.map((guard) => ({ guard, toBoxes: (s: Subject) => forbidBoxes(guard, s, universe) })),
    ...model.requires.map((guard) => ({ guard, toBoxes: (s: Subject) => requireBoxes(guard, s, universe) })),
  ].map(({ guard, toBoxes }) => ({ guard, boxesOf: memoise(guard, toBoxes) }))
  return {
    deniedTo: (chain, within) =>
      rules.flatMap(({ guard, boxesOf }) => {
        const scope = scopeBox(guard, universe)
        if (scope === undefined || intersectBoxes(scope, within, universe) === undefined) return []
        const seen = new Set<readonly Box[]>()
        return chain.principals.flatMap(({ subject }) => {
          const boxes = boxesOf(subject)
          if (seen.has(boxes)) return []
          seen.add(boxes)
          return boxes
            .filter((box) => intersectBoxes(box, within, universe) !== undefined)
            .map((box) => ({ box, guard }))
        })
      }),
    unpayable: (within, estimateNanoUsd) =>
      model.limits.flatMap((guard) => {
        const scope = scopeBox(guard, universe)
        const common = scope && intersectBoxes(scope, within, universe)
        if (scope === undefined || common === undefined) return []
        const payable = payableBox(scope, [guard.limit], estimateNanoUsd, universe)
        const denied = payable === undefined ? [scope] : subtractBox(scope, payable, universe)
        return denied.map((box) => ({ box, guard }))
      }),
  }
}

/** Rules that ask nothing about their subject give everybody the same boxes, computed once. */
function memoise(
  guard: ForbidModel | RequireModel,
  toBoxes: (subject: Subject) => readonly Box[],
): (subject: Subject) => readonly Box[] {
  const atoms = [...(guard.when ?? []), ...('unless' in guard ? (guard.unless ?? []) : [])]
  const isAsking = atoms.some(({ kind }) => kind.startsWith('agent-'))
  const known = new Map<string, readonly Box[]>()
  return (subject) => {
    const key = isAsking ? JSON.stringify(subject) : ''
    const before = known.get(key)
    if (before !== undefined) return before
    const boxes = toBoxes(subject)
    known.set(key, boxes)
    return boxes
  }
}

/** What the factors of a chain grant within `query`, before guardrails; less such pieces as lie in a box of `beside`. */
export function* grantedTo(
  chain: Chain,
  query: Box,
  universe: Universe,
  beside: readonly Box[] = [],
): Generator<AccessBox> {
  let start: Box | undefined = query
  for (const { expiresAt } of chain.principals) {
    if (expiresAt !== undefined) start = start && restrict(start, 'now', instantsBefore(expiresAt), universe)
  }
  const limits = chain.principals.flatMap((principal) => principal.limits)
  if (start !== undefined) yield* overFactors({ ...chain, beside }, 0, { box: start, grants: [], limits }, universe)
}

interface PrunedChain extends Chain {
  readonly beside: readonly Box[]
}

function* overFactors(chain: PrunedChain, index: number, above: AccessBox, universe: Universe): Generator<AccessBox> {
  const factor = chain.factors[index]
  // What is left out already stays so whatever the other factors grant, and they may be many.
  if (factor !== undefined && chain.beside.some((box) => includesBox(box, above.box, universe))) return
  if (factor === undefined) {
    const box = payableBox(above.box, above.limits, largestEstimate(above.grants), universe)
    if (box !== undefined) yield { ...above, box }
    return
  }
  for (const held of factor.grants) {
    const box = narrow(above.box, held, universe)
    if (box === undefined) continue
    const limits = [...above.limits, ...held.limits, ...(held.grant.limits ?? [])]
    yield* overFactors(chain, index + 1, { box, grants: [...above.grants, held.grant], limits }, universe)
  }
}

function narrow(box: Box, held: FactorGrant, universe: Universe): Box | undefined {
  const own = grantBox(held.grant, held.subject, universe)
  let common = own && intersectBoxes(box, own, universe)
  if (common !== undefined && held.expiresAt !== undefined) {
    common = restrict(common, 'now', instantsBefore(held.expiresAt), universe)
  }
  if (common !== undefined && held.needsNow) common = restrict(common, 'now', KNOWN_NOW, universe)
  return common
}

const KNOWN_NOW: FactSet = { kind: 'sum', specials: 0, parts: new Map([['instant', [new Map()]]]) }

export function largestEstimate(grants: readonly GrantModel[]): bigint {
  return grants.reduce((most, { estimateNanoUsd = 0n }) => (estimateNanoUsd > most ? estimateNanoUsd : most), 0n)
}

/** The part of `box` that fresh meters pay for. Language reference, section 6. */
function payableBox(
  box: Box,
  limits: readonly LimitModel[],
  estimateNanoUsd: bigint,
  universe: Universe,
): Box | undefined {
  let cap: bigint | undefined
  for (const limit of limits) {
    if (limit.kind === 'rate') {
      if (limit.windows.some(({ count }) => count === 0n)) return undefined
      continue
    }
    for (const { capNanoUsd } of limit.windows) {
      if (capNanoUsd === 0n) return undefined
      if (cap === undefined || capNanoUsd < cap) cap = capNanoUsd
    }
    const isPacedAtOnce = limit.windows.some(
      ({ capNanoUsd }) => limit.throttle && (capNanoUsd * BigInt(limit.throttle.percent)) / 100n === 0n,
    )
    if (isPacedAtOnce && limit.throttle?.count === 0n) return undefined
  }
  if (cap === undefined) return box
  const isEstimatePaid = estimateNanoUsd <= cap
  const cost: FactSet = { kind: 'ranges', specials: isEstimatePaid ? 1 : 0, ranges: [{ low: 0n, high: 2n * cap }] }
  return restrict(box, 'cost', cost, universe)
}

/** What is left out of a chain's access beside what guardrails deny. */
export interface Beside {
  readonly always: readonly Box[]
  /** Boxes that depend on what the call is charged to. */
  readonly of?: (access: AccessBox) => readonly Box[]
}

/** What a chain can do within `query`, piece by piece, guardrails and what `beside` leaves out taken away. */
export function* accessOf(
  chain: Chain,
  query: Box,
  guardrails: Guardrails,
  universe: Universe,
  beside: Beside = { always: [] },
): Generator<AccessBox> {
  const denied = [...guardrails.deniedTo(chain, query), ...guardrails.unpayable(query, 0n)]
  const always = [...denied.map(({ box }) => box), ...beside.always]
  for (const access of grantedTo(chain, query, universe, always)) {
    const holes = [
      ...guardrails.deniedTo(chain, access.box),
      ...guardrails.unpayable(access.box, largestEstimate(access.grants)),
    ].map(({ box }) => box)
    const left = [...beside.always, ...(beside.of?.(access) ?? []), ...holes]
    for (const box of piecesBeside(access.box, left, universe)) yield { ...access, box }
  }
}

/** Requests of a question about `subject`; `absent` says whether a fact that is not there meets the condition. */
export function questionBox(
  question: Parameters<typeof grantBox>[0],
  subject: Subject,
  absent: 'counts' | 'does not count',
  universe: Universe,
): Box | undefined {
  if (absent === 'does not count') return grantBox(question, subject, universe)
  const scope = scopeBox(question, universe)
  return scope && restrictToPossible(scope, question.when ?? [], subject, universe)
}
