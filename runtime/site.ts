/** What every part of the host is given: one project in one store, and how changes to it are made. */

import type { PolicyModel } from '../compiler/model/index.ts'
import type { LiveEngine } from '../engine-wasm/host/index.ts'
import type { LogTail } from './audit/index.ts'
import type { Host } from './host.ts'
import type { Settings } from './options.ts'
import type { Awaitable, Reader, Store, Transaction } from './store.ts'

export interface Site {
  readonly project: string
  readonly host: Host
  readonly store: Store
  readonly settings: Settings
  readonly sha256: (bytes: Uint8Array) => Uint8Array
  /** Reads one state of the store. @throws {KavachError} within the deadline when the store does not answer */
  readonly read: <T>(work: (reader: Reader) => Awaitable<T>) => Promise<T>
  /**
   * Writes, with rows for the log; all of it is durable when the promise resolves, and none of it is there when it rejects.
   *
   * @throws {KavachError} within the deadline when the store does not answer; whether the change was made is then unknown
   */
  readonly change: <T>(work: (change: Change) => Awaitable<T>) => Promise<T>
  /** The policy that is enforced now. */
  readonly policy: () => ActivePolicy
  /** The last rows of the log, where they are remembered. */
  readonly tail?: LogTail | undefined
  /** Says something that an operator should read. */
  readonly warn: (message: string) => void
  /** The host lives for one request: what it keeps for later, or leaves to a timer, is lost. */
  readonly isBrief?: boolean | undefined
}

export interface Change extends Transaction {
  /** Milliseconds since 1970, never before the last row of the log. */
  readonly now: number
  /** Rows of the log before this change. */
  readonly baseSize: number
  /** The epoch before this change. */
  readonly baseEpoch: number
  /** Adds a row to the log and gives its audit id. */
  readonly record: (entry: Entry) => string
  /**
   * The epoch that this change will have. Whoever writes an agent, a token, a delegation or a policy sets `version` of the
   * agents concerned to it: every process then forgets what it knew of them before its next decision.
   */
  readonly epoch: () => number
  /** Where log and epoch will stand when the change ends as it is now. */
  readonly end: () => ChangeEnd
}

export interface ChangeEnd {
  readonly size: number
  readonly epoch: number
}

export interface ActivePolicy {
  readonly engine: LiveEngine
  /** The model of the image; names, grants and delegations are those of the engine. */
  readonly model: PolicyModel
  readonly name: string
  readonly generation: number
  /** SHA-256, hex. */
  readonly digest: string
  /** Some condition asks for the trust in an agent. */
  readonly needsTrust: boolean
}

/** A value that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json | undefined }

/** What happened, for a row of the log. */
export interface Entry {
  /** `decision`, `agent.create` and so on: runtime/audit/kinds.ts has the list. */
  readonly kind: string
  /** Whom it is about, as far as it is known. */
  readonly agent?: string | undefined
  readonly result?: 'allowed' | 'denied' | undefined
  /**
   * Personal values: owner, user, address. The row commits to them with a salt, they stand beside the log and can be erased.
   */
  readonly personal?: { readonly [name: string]: Json | undefined } | undefined
  /** The canonical JSON of the row. `commitment` is that of `personal`, hex. */
  readonly write: (place: EntryPlace) => string
}

export interface EntryPlace {
  readonly seq: number
  /** Milliseconds since 1970. */
  readonly time: number
  readonly commitment: string | undefined
}

/** `aud_` and the index of the row. */
export function auditIdOf(seq: number): string {
  return `aud_${seq}`
}

/** The index in an audit id, or nothing when it is none. */
export function seqOfAuditId(id: string): number | undefined {
  const found = /^aud_(0|[1-9]\d{0,15})$/.exec(id)
  return found === null ? undefined : Number(found[1])
}
