/** What a delegation is made of. */
import { copyOf, MAX_HOPS, type Permission, readExpiry, readMetadata, refusing } from '../authority/index.ts'
import type { Json } from '../site.ts'

export interface NewDelegation {
  readonly fromAgent: string
  readonly toAgent: string
  /** One without `constraints` inherits those of the delegator; constraints that are stated must be as narrow. */
  readonly permissions: readonly Permission[]
  readonly expiresAt?: Date | string | number | null | undefined
  /** Hops from the delegator, this one included: 1, the default, means that the receiver cannot pass it on. */
  readonly maxDepth?: number | undefined
  /**
   * Id of a delegation to `fromAgent` by which alone it holds what it gives: nothing else that it holds counts, now or later. When
   * that one ends, so does this one. It counts only for requests that name it.
   */
  readonly through?: string | undefined
  /** It counts only for requests that name it, and nowhere else: what a token is given is nothing that its agent has. */
  readonly onlyWhenNamed?: boolean | undefined
  /** Recorded in the log. */
  readonly metadata?: { readonly [name: string]: Json } | undefined
}

export interface ReadDelegation {
  readonly from: string
  readonly to: string
  /** JSON, not yet looked into. */
  readonly permissions: readonly unknown[]
  readonly expiresAt: number | null
  /** Further hops. */
  readonly depth: number
  readonly metadata: string | null
  readonly through: string | null
  readonly named: 1 | null
}

const MEMBERS = [
  'fromAgent',
  'toAgent',
  'permissions',
  'expiresAt',
  'maxDepth',
  'through',
  'onlyWhenNamed',
  'metadata',
] as const

/** @throws {KavachError} KVCH_E_AGENT_DELEGATION_INVALID with the path of what is wrong */
export function readNewDelegation(input: NewDelegation, now: number): ReadDelegation {
  return refusing('KVCH_E_AGENT_DELEGATION_INVALID', () => {
    const place = copyOf(input)
    const { fromAgent, toAgent, permissions, expiresAt, maxDepth, through, onlyWhenNamed, metadata } =
      place.object(MEMBERS)
    const from = (fromAgent ?? place.missing('fromAgent')).text()
    const to = toAgent ?? place.missing('toAgent')
    if (to.text() === from) to.fail('an agent delegates nothing to itself')
    const list = permissions ?? place.missing('permissions')
    const given = list.list().map(({ value }) => value)
    if (given.length === 0) list.fail('must hold a permission')
    const hops = maxDepth?.count() ?? 1
    if (hops < 1 || hops > MAX_HOPS) maxDepth?.fail(`must be a whole number from 1 to ${MAX_HOPS}`)
    return {
      from,
      to: to.text(),
      permissions: given,
      expiresAt: expiresAt === undefined ? null : readExpiry(expiresAt, now),
      depth: hops - 1,
      metadata: metadata === undefined ? null : readMetadata(metadata),
      through: through?.text() ?? null,
      named: onlyWhenNamed?.flag() === true || through !== undefined ? 1 : null,
    }
  })
}
