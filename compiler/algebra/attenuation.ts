/**
 * Delegation never escalates: whether a delegation gives nothing that its delegator does not hold.
 *
 * What is given and what is held are unions of boxes; conditions, approvals and stated expiries are dimensions of them, so
 * one subtraction decides them all. Limits are inherited, because every hop is charged, and are compared in `limits.ts`.
 * The compiler asks about delegations in policy text, a host about those made at run time, with the same function.
 */
import type { GrantModel } from '../model/index.ts'
import { instantsBefore } from './atom-set.ts'
import { type Box, intersectBoxes, restrict, subtractBoxes } from './box.ts'
import { TooHard } from './budget.ts'
import { acceptsResource, grantBox, type Subject } from './rule-box.ts'
import type { Universe } from './universe.ts'
import { findWitness, type Witness, type WitnessHints } from './witness.ts'

/** One way in which the delegator may act: by a grant of every factor at once. */
export interface Holding {
  /** Root first; of each factor one of the alternatives must grant. */
  readonly factors: readonly (readonly HeldGrants[])[]
}

/** What an agent holds itself, or what one delegation gave it. */
export interface HeldGrants {
  readonly grants: readonly GrantModel[]
  /** Whom `agent.type` and `agent.owner` mean in these grants. */
  readonly subject: Subject
  /** Milliseconds since 1970: from then on nothing is held. */
  readonly expiresAt?: number
}

export interface AttenuationQuestion {
  readonly given: HeldGrants
  /** The delegator's alternatives: together they are what it holds. */
  readonly held: readonly Holding[]
}

export type AttenuationAnswer =
  | { readonly kind: 'within' }
  | {
      readonly kind: 'wider'
      /** The first grant that gives too much, and a part of it that nobody holds. */
      readonly grant: GrantModel
      readonly box: Box
      /** A request that the delegation would allow and the delegator may not make. */
      readonly witness: Witness | undefined
      /** What is held that covers most of it, by the number of facts that differ. */
      readonly nearest: NearestHeld | undefined
    }
  /** The question took more work than it may have. Whoever asks must not delegate. */
  | { readonly kind: 'unknown'; readonly grant: GrantModel }

export interface NearestHeld {
  /** The grant that does not allow the witness; of several, the one nearest to the delegator. */
  readonly grant: GrantModel
  /** What of it is narrower than what is given. */
  readonly narrower: 'action' | 'resource' | 'condition' | 'approval'
  /** Every grant of this way of holding, that one among them: root first. */
  readonly grants: readonly GrantModel[]
}

/** Decides whether all of `given` is held. An expiry that the delegation does not state is the delegator's, and no fault. */
export function decideAttenuation(
  { given, held }: AttenuationQuestion,
  universe: Universe,
  hints: WitnessHints = {},
): AttenuationAnswer {
  const isExpiryStated = given.expiresAt !== undefined
  let boxes: readonly HeldBox[] | undefined
  for (const grant of given.grants) {
    try {
      boxes ??= held.flatMap((holding) => holdingBoxes(holding, isExpiryStated, universe))
      const asked = heldBox(grant, given, true, universe)
      if (asked === undefined) continue
      const left = uncovered(asked, boxes, universe)
      if (left.length > 0) return describe(grant, asked, left, boxes, universe, hints)
    } catch (error) {
      if (error instanceof TooHard) return { kind: 'unknown', grant }
      throw error
    }
  }
  return { kind: 'within' }
}

/** What grants of every factor hold together, and what each of them holds. */
interface HeldBox {
  readonly box: Box
  readonly parts: readonly HeldPart[]
}

interface HeldPart {
  readonly grant: GrantModel
  readonly box: Box
}

/** What a delegator holds, as boxes, each with the grants behind it. */
function holdingBoxes(holding: Holding, isExpiryStated: boolean, universe: Universe): readonly HeldBox[] {
  let boxes: readonly HeldBox[] = [{ box: new Map(), parts: [] }]
  for (const factor of holding.factors) {
    const own = factor.flatMap((held) =>
      held.grants.flatMap((grant) => {
        const box = heldBox(grant, held, isExpiryStated, universe)
        return box === undefined ? [] : [{ box, grant }]
      }),
    )
    boxes = boxes.flatMap((above) =>
      own.flatMap(({ box, grant }) => {
        const common = intersectBoxes(above.box, box, universe)
        return common === undefined ? [] : [{ box: common, parts: [...above.parts, { grant, box }] }]
      }),
    )
  }
  return boxes
}

function heldBox(
  grant: GrantModel,
  { subject, expiresAt }: HeldGrants,
  isExpiryStated: boolean,
  universe: Universe,
): Box | undefined {
  const box = grantBox(grant, subject, universe)
  if (box === undefined || expiresAt === undefined || !isExpiryStated) return box
  return restrict(box, 'now', instantsBefore(expiresAt), universe)
}

function uncovered(asked: Box, held: readonly HeldBox[], universe: Universe): readonly Box[] {
  const near = held.filter(({ box }) => intersectBoxes(asked, box, universe) !== undefined)
  return subtractBoxes(
    [asked],
    near.map(({ box }) => box),
    universe,
  )
}

function describe(
  grant: GrantModel,
  asked: Box,
  left: readonly Box[],
  held: readonly HeldBox[],
  universe: Universe,
  hints: WitnessHints,
): AttenuationAnswer {
  for (const box of left) {
    const witness = findWitness(box, universe, hints)
    if (witness === undefined) continue
    return { kind: 'wider', grant, box, witness, nearest: nearestTo({ box, asked, witness }, held, universe) }
  }
  // Boxes whose members were not found may have none.
  return { kind: 'unknown', grant }
}

interface Excess {
  readonly box: Box
  readonly asked: Box
  readonly witness: Witness
}

/** What rules out the fewest facts of the excess; what shares nothing with `asked` comes last. */
function nearestTo(excess: Excess, held: readonly HeldBox[], universe: Universe): NearestHeld | undefined {
  const { box, asked } = excess
  let nearest: { readonly held: HeldBox; readonly distance: number } | undefined
  for (const candidate of held) {
    let distance = intersectBoxes(asked, candidate.box, universe) === undefined ? 100 : 0
    for (const [dimension, set] of candidate.box) {
      if (restrict(box, dimension, set, universe) === undefined) distance += DISTANCES[dimension] ?? 1
    }
    if (nearest === undefined || distance < nearest.distance) nearest = { held: candidate, distance }
  }
  return nearest && shortOf(excess, nearest.held, universe)
}

/** A grant of another action is further away than one on other resources, and that than one under other conditions. */
const DISTANCES: { readonly [dimension: string]: number } = { action: 20, resource: 10 }

function shortOf({ box, witness }: Excess, { parts }: HeldBox, universe: Universe): NearestHeld | undefined {
  const grants = parts.map(({ grant }) => grant)
  const nearFirst = parts.toReversed()
  for (const { grant } of nearFirst) {
    const isOtherAction =
      grant.actions?.includes(witness.action) === false || grant.exceptActions?.includes(witness.action) === true
    if (isOtherAction) return { grant, narrower: 'action', grants }
    if (!acceptsResource(grant, witness.resource, universe)) return { grant, narrower: 'resource', grants }
  }
  for (const { grant, box: held } of nearFirst) {
    const missed = [...held].flatMap(([dimension, set]) =>
      restrict(box, dimension, set, universe) === undefined ? [dimension] : [],
    )
    if (missed.length === 0) continue
    return { grant, narrower: missed.every(isOfApproval) ? 'approval' : 'condition', grants }
  }
  // Only together do they rule it out.
  const [first] = nearFirst
  return first && { grant: first.grant, narrower: 'condition', grants }
}

function isOfApproval(dimension: string): boolean {
  return dimension === 'approval-age' || dimension === 'approved' || dimension.startsWith('approved:')
}
