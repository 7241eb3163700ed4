/**
 * Whether one delegation may be made: it gives only what its delegator holds, for no longer, and to be passed on no deeper.
 *
 * The compiler asks this of every `delegate`, and a host before it stores a delegation made at run time. A delegation that
 * fails is asked again without its expiry and without its depth, to say which of them is too much.
 */
import type { DelegationModel, GrantModel, LimitModel } from '../model/index.ts'
import { type AttenuationAnswer, decideAttenuation, type HeldGrants } from './attenuation.ts'
import type { Authority } from './authority.ts'
import { includesBox } from './box.ts'
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

/** Limits that every way of holding the grant already keeps tighter. */
function unreachedOf(
  { grants, limits = [] }: DelegationModel,
  subject: HeldGrants['subject'],
  holdings: ReturnType<Authority['holdings']>,
  universe: Universe,
): readonly UnreachedLimit[] {
  if (limits.length === 0 && !grants.some((grant) => (grant.limits ?? []).length > 0)) return []
  const found: UnreachedLimit[] = []
  for (const grant of grants) {
    const bounds = boundsOf(grant, subject, holdings, universe)
    const [first] = bounds
    if (first === undefined) continue
    const stated = [
      ...(grant.limits ?? []).map((limit) => ({ grant, limit })),
      ...limits.map((limit) => ({ grant: undefined, limit })),
    ]
    for (const { grant: holder, limit } of stated) {
      const isEverywhere = bounds.every((outer) => unreachedLimits([limit], outer).length > 0)
      const [wider] = isEverywhere ? unreachedLimits([limit], first) : []
      if (wider !== undefined) found.push({ grant: holder, limit: wider })
    }
  }
  return found
}

/** For each held grant that covers this one alone, the limits that hold beside it. */
function boundsOf(
  grant: GrantModel,
  subject: HeldGrants['subject'],
  holdings: ReturnType<Authority['holdings']>,
  universe: Universe,
): readonly (readonly LimitModel[])[] {
  const box = grantBox(grant, subject, universe)
  if (box === undefined) return []
  return holdings.flatMap(({ factors, limits }) =>
    factors.flat().flatMap((held) =>
      held.grants.flatMap((above) => {
        const outer = grantBox(above, held.subject, universe)
        return outer !== undefined && includesBox(outer, box, universe) ? [[...limits, ...(above.limits ?? [])]] : []
      }),
    ),
  )
}
