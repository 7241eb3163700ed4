/**
 * Autonomous agents are locked: what they may do can be narrowed, never widened. Requests are compared by the algebra, so that
 * a permission may be said in another way; limits are compared permission by permission.
 */
import {
  capsOf,
  createUniverse,
  decideAttenuation,
  impliedCaps,
  TooHard,
  type Universe,
  type WiderLimit,
  type Witness,
  widerLimits,
} from '../../compiler/algebra/index.ts'
import type { GrantModel, LimitModel, RuntimeAgent } from '../../compiler/model/index.ts'
import { KavachError } from '../errors.ts'

/** What an agent may do: for each permission its text, and what it was lowered to. */
export interface LockedAgent {
  readonly agent: RuntimeAgent
  readonly permissions: readonly { readonly text: string; readonly grants: readonly GrantModel[] }[]
}

/** @throws {KavachError} KVCH_E_AGENT_LOCKED, with a request that would be new in `details.witness` where there is one */
export function assertNarrower(before: LockedAgent, after: LockedAgent): void {
  const universe = createUniverse()
  try {
    assertRequests(before.agent, after.agent, universe)
    const [wider] = widerLimits(after.agent.limits ?? [], before.agent.limits ?? [])
    if (wider !== undefined) throw locked(`constraints: they allow ${describe(wider)}`, { limit: detailsOf(wider) })
    assertLimits(before, after, universe)
  } catch (error) {
    if (!(error instanceof TooHard)) throw error
    throw locked('whether this is narrower takes too much work to decide')
  }
}

function assertRequests(before: RuntimeAgent, after: RuntimeAgent, universe: Universe): void {
  const answer = decideAttenuation(questionOf(before, before.grants, after.grants), universe)
  if (answer.kind === 'within') return
  if (answer.kind === 'unknown') throw new TooHard()
  const { witness } = answer
  throw locked(`permissions: they would allow ${phrase(witness)}, which the agent may not do now`, { witness })
}

/** Each permission that is new, and not free of limits before, is a part of one that is gone, and shares its limits. */
function assertLimits(before: LockedAgent, after: LockedAgent, universe: Universe): void {
  const isWithin = (inner: readonly GrantModel[], outer: readonly GrantModel[]): boolean =>
    decideAttenuation(questionOf(before.agent, outer, inner), universe).kind === 'within'
  const isLimited = ({ limits = [] }: GrantModel) => limits.length > 0
  const free = before.permissions.flatMap(({ grants }) => (grants.some(isLimited) ? [] : grants))
  const gone = [...before.permissions]
  const changed = after.permissions.filter(({ text }) => {
    const same = gone.findIndex((old) => old.text === text)
    if (same >= 0) gone.splice(same, 1)
    return same < 0
  })
  const sharing = gone.map(({ grants }) => ({
    grants,
    limits: grants[0]?.limits ?? [],
    sharers: [] as (readonly LimitModel[])[],
  }))
  for (const { grants } of changed) {
    if (isWithin(grants, free)) continue
    const limits = grants[0]?.limits ?? []
    const shared = sharing.find(
      (old) => keeps([...old.sharers, limits], old.limits) && isWithin(grants, [...old.grants, ...free]),
    )
    if (shared === undefined) throw locked('permissions: a limit would allow more, or is missing where there was one')
    shared.sharers.push(limits)
  }
}

/** Whether all the limits together stay within the outer ones: each of them has meters of its own. */
function keeps(all: readonly (readonly LimitModel[])[], outer: readonly LimitModel[]): boolean {
  return outer.every((limit) => {
    const kind = { kind: limit.kind, each: limit.kind === 'rate' ? limit.each : undefined }
    return Object.entries(capsOf([limit], kind)).every(([window, most]) => {
      let sum = 0n
      for (const limits of all) {
        // The names of the caps are those of the windows.
        const cap = impliedCaps(capsOf(limits, kind))[window as LimitModel['windows'][number]['window']]
        if (cap === undefined) return false
        sum += cap
      }
      return sum <= most
    })
  })
}

function questionOf({ type, owner }: RuntimeAgent, outer: readonly GrantModel[], inner: readonly GrantModel[]) {
  const subject = { kind: 'known', type, owner } as const
  return { given: { grants: inner, subject }, held: [{ factors: [[{ grants: outer, subject }]] }] }
}

function locked(message: string, details: Readonly<Record<string, unknown>> = {}): KavachError {
  return new KavachError('KVCH_E_AGENT_LOCKED', message, { details })
}

function phrase(witness: Witness | undefined): string {
  return witness === undefined ? 'more' : `\`${witness.action}\` on \`${witness.resource}\``
}

function describe({ kind, window, inner }: WiderLimit): string {
  if (inner === undefined) return `any number of ${kind === 'rate' ? 'calls' : 'USD'} per ${window}`
  return `${kind === 'rate' ? `${inner} calls` : `${Number(inner) / 1e9} USD`} per ${window}`
}

function detailsOf({ kind, window, outer, inner }: WiderLimit) {
  return { kind, window, outer: `${outer}`, ...(inner !== undefined && { inner: `${inner}` }) }
}
