/** Grants: what a user agreed to for a client, a set of scopes and one server, and what was exchanged for. */
import type { Acting } from '../../index.ts'
import type { Actor } from '../principal.ts'

export interface Grants {
  /** In the order of user, client and age, those that are over included. @throws {KavachError} KVCH_E_REQUEST_INVALID */
  readonly list: (filter?: GrantFilter) => Promise<GrantPage>
  /** Ends it, with all tokens and all that was exchanged from it. Nothing when there is none. Once more changes nothing. */
  readonly revoke: (id: string, options?: GrantRevocation) => Promise<Grant | undefined>
}

export interface Grant {
  /** `grt_...` */
  readonly id: string
  readonly clientId: string
  readonly userId?: string
  readonly agentId: string
  readonly scopes: readonly string[]
  readonly resource: string
  readonly parent?: string
  readonly delegation?: string
  readonly actor?: Actor
  readonly createdAt: Date
  readonly expiresAt?: Date
  readonly revokedAt?: Date
}

export interface GrantFilter {
  readonly user?: string | undefined
  readonly client?: string | undefined
  /** Only those that count now. */
  readonly isLive?: boolean | undefined
  /** 1 to 1,000; default 100. */
  readonly limit?: number | undefined
  /** Of the page before. */
  readonly cursor?: string | undefined
}

export interface GrantPage {
  readonly grants: readonly Grant[]
  /** There is more. */
  readonly cursor?: string
}

export interface GrantRevocation extends Acting {
  readonly reason?: string | undefined
}
