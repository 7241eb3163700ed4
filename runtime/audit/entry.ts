/** Rows of the log that are no decisions: whatever changes what an agent may do, and what went wrong. */
import { canonicalJson } from '../../compiler/model/index.ts'
import type { Entry, Json } from '../site.ts'
import type { Personal } from './personal.ts'
import { stampOf } from './stamp.ts'

export interface EntryFacts {
  /** One of kinds.ts. */
  readonly kind: string
  /** Whom it is about. */
  readonly agent?: string | undefined
  /** Who did it. */
  readonly actor: string
  readonly result?: 'allowed' | 'denied' | undefined
  readonly requestId?: string | undefined
  /** Owner, user, address: values that can be erased. The row holds a commitment to them only. */
  readonly personal?: Personal | undefined
  /** Whatever else the row says; what every row has stands above these. */
  readonly members?: { readonly [member: string]: Json | undefined } | undefined
}

/**
 * An entry whose body is the canonical JSON of `{ seq, time, kind, agent, actor, result, request_id, personal, ...members }`.
 *
 * @throws {TypeError} when it is written, if a member is no JSON
 */
export function entryOf({ kind, agent, actor, result, requestId, personal, members }: EntryFacts): Entry {
  return {
    kind,
    agent,
    result,
    personal,
    write: ({ seq, time, commitment }) =>
      canonicalJson({
        ...members,
        seq,
        time: stampOf(time),
        kind,
        agent,
        actor,
        result,
        request_id: requestId,
        personal: commitment,
      }),
  }
}
