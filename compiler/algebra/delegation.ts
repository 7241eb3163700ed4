/**
 * Whether one delegation may be made: it gives only what its delegator holds, for no longer, and to be passed on no deeper.
 *
 * The compiler asks this of every `delegate`, and a host before it stores a delegation made at run time. A delegation that
 * fails is asked again without its expiry and without its depth, to say which of them is too much.
 */
import type { DelegationModel, GrantModel, LimitModel } from '../model/index.ts'
import { type AttenuationAnswer, decideAttenuation, type HeldGrants } from './attenuation.ts'
import type { Authority } from './authority.ts'
import { type Box, intersectBoxes } from './box.ts'
import { unreachedLimits, type WiderLimit } from './limits.ts'
import { grantBox } from './rule-box.ts'
import type { Universe } from './universe.ts'
import type { WitnessHints } from './witness.ts'

export type DelegationAnswer =
  | { readonly kind: 'within'; readonly unreached: readonly UnreachedLimit[] }
  /** The delegator cannot delegate at all, or nobody has the receiver's name: nothing is given. */
  | { readonly kind: 'void' }
  | {
      readonly kind: 'escalates'
      /** What is too much: the requests, the expiry or the depth. */
      readonly excess: 'requests' | 'expiry' | 'depth'
      readonly answer: Extract<AttenuationAnswer, { readonly kind: 'wider' }>
    }
  /** The question took more work than it may have. Whoever asks must not delegate. */
  | { readonly kind: 'unknown' }

/** A limit that is stated and never reached, because what is above allows less. */
export interface UnreachedLimit {
  /** The grant that states it; absent for a `limit` of the delegation. */
  readonly grant: GrantModel | undefined
  readonly limit: WiderLimit
}

/** Decides a delegation, whether it is stored already or not. @throws {TooHard} only while the graph is walked */
export function decideDelegation(
  authority: Authority,
  delegation: DelegationModel,
  universe: Universe,
  hints: WitnessHints = {},
): DelegationAnswer {
  const { from, to, grants, depth = 0, expiresAt, expiresIn } = delegation
  const subject = authority.subjectOf(to)
  const anyway = authority.holdings(from, { depth: 0, expiresIn: undefined })
  if (subject === undefined || anyway.length === 0) return { kind: 'void' }
  const decide = (asked: { readonly depth: number; readonly isExpiryKept: boolean }): AttenuationAnswer => {
    const given: HeldGrants = {
      grants,
      subject,
      ...(asked.isExpiryKept && expiresAt !== undefined && { expiresAt }),
    }
    const bounds = { depth: asked.depth, expiresIn: asked.isExpiryKept ? expiresIn : undefined }
    return decideAttenuation({ given, held: authority.holdings(from, bounds) }, universe, hints)
  }
  const answer = decide({ depth, isExpiryKept: true })
  switch (answer.kind) {
    case 'within':
      return { kind: 'within', unreached: unreachedOf(delegation, subject, anyway, universe) }
    case 'unknown':
      return { kind: 'unknown' }
    case 'wider': {
      const isExpiry = decide({ depth, isExpiryKept: false }).kind === 'within'
      const isDepth = !isExpiry && decide({ depth: 0, isExpiryKept: true }).kind === 'within'
      return { kind: 'escalates', excess: isExpiry ? 'expiry' : isDepth ? 'depth' : 'requests', answer }
    }
  }
}

/** Limits that whatever is held already keeps tighter, however a call is charged. */
function unreachedOf(
  { grants, limits = [] }: DelegationModel,
  subject: HeldGrants['subject'],
  holdings: ReturnType<Authority['holdings']>,
  universe: Universe,
): readonly UnreachedLimit[] {
  const isLimited = ({ limits: own = [] }: GrantModel) => own.length > 0
  const asked = limits.length > 0 ? grants : grants.filter(isLimited)
  const ways = asked.map((grant) => ({ grant, outer: waysOfHolding(grant, subject, holdings, universe) }))
  const found: UnreachedLimit[] = []
  for (const { grant, outer } of ways) {
    for (const limit of unreachedLimits(grant.limits ?? [], commonLimits(outer))) found.push({ grant, limit })
  }
  // A limit of the delegation counts the calls of all its grants together.
  const outer = commonLimits(ways.flatMap((way) => way.outer))
  for (const limit of unreachedLimits(limits, outer)) found.push({ grant: undefined, limit })
  return found
}

/** A limit, and whose meter it is where it is a grant's: holders of one role are counted each on its own. */
interface ChargedLimit {
  readonly limit: LimitModel
  readonly holder: HeldGrants | undefined
}

/** For each choice of held grants that shares requests with this one, the limits that such a call is charged to. */
function waysOfHolding(
  grant: GrantModel,
  subject: HeldGrants['subject'],
  holdings: ReturnType<Authority['holdings']>,
  universe: Universe,
): readonly (readonly ChargedLimit[])[] {
  const box = grantBox(grant, subject, universe)
  if (box === undefined) return []
  return holdings.flatMap(({ factors, limits }) => {
    const charged = limits.map((limit) => ({ limit, holder: undefined }))
    let ways: readonly { readonly box: Box; readonly charged: readonly ChargedLimit[] }[] = [{ box, charged }]
    for (const factor of factors) {
      const held = factor.flatMap((holder) =>
        holder.grants.flatMap((above) => {
          const outer = grantBox(above, holder.subject, universe)
          const own = (above.limits ?? []).map((limit) => ({ limit, holder }))
          return outer === undefined ? [] : [{ box: outer, charged: own }]
        }),
      )
      ways = ways.flatMap((way) =>
        held.flatMap((above) => {
          const common = intersectBoxes(way.box, above.box, universe)
          return common === undefined ? [] : [{ box: common, charged: [...way.charged, ...above.charged] }]
        }),
      )
    }
    return ways.map((way) => way.charged)
  })
}

/** The limits that hold in every one of the ways: where there are two meters, calls can be charged to the one that has room. */
function commonLimits(ways: readonly (readonly ChargedLimit[])[]): readonly LimitModel[] {
  const [first = [], ...others] = ways
  return first
    .filter(({ limit, holder }) =>
      others.every((way) => way.some((other) => other.limit === limit && other.holder === holder)),
    )
    .map(({ limit }) => limit)
}
