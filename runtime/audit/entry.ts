/** Rows of everything that is no decision. */
import { canonicalJson } from '../../compiler/model/index.ts'
import type { Entry, Json } from '../site.ts'

export interface EntryFacts {
  readonly kind: string
  /** Whom it is about. */
  readonly agent?: string | undefined
  /** Who did it. */
  readonly actor: string
  readonly result?: 'allowed' | 'denied' | undefined
  readonly requestId?: string | undefined
  readonly personal?: { readonly [name: string]: Json | undefined } | undefined
  readonly members?: { readonly [member: string]: Json | undefined } | undefined
}

/** An entry whose body is the canonical JSON of its facts, with its place, its time and the commitment to what is personal. */
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
        time: new Date(time).toISOString(),
        kind,
        agent,
        actor,
        result,
        request_id: requestId,
        personal: commitment,
      }),
  }
}
