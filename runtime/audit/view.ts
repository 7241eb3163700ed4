/** A row of the log as it is shown: what it says, with the personal values that have not been erased. */
import { auditIdOf, type Json } from '../site.ts'
import type { Row } from '../tables.ts'
import { stampOf } from './stamp.ts'

export interface AuditRow {
  /** `aud_` and the index of the row. */
  readonly auditId: string
  readonly seq: number
  /** RFC 3339. */
  readonly time: string
  /** One of `AUDIT_KINDS`. */
  readonly kind: string
  /** Whom it is about. */
  readonly agent?: string
  readonly result?: 'allowed' | 'denied'
  /** True when only its hash is left. */
  readonly isPruned?: true
  /** Whatever else the row says: `action`, `resource`, `verdict`, `reason`, `owner` and so on. */
  readonly [member: string]: Json | undefined
}

export function viewOf({ seq, time, kind, agent, result, body, personal }: Row<'audit'>): AuditRow {
  const members = membersOf(body)
  return {
    ...personalOf(personal),
    // Who acts in a decision is the agent that it is about.
    ...(kind === 'decision' && agent !== null && body !== null && { actor: agent }),
    ...members,
    auditId: auditIdOf(seq),
    seq,
    time: stampOf(time),
    kind,
    ...(agent !== null && { agent }),
    ...(result !== null && { result }),
    ...(body === null && { isPruned: true }),
  }
}

/** Personal values, the salt left out. */
export function personalOf(text: string | null): { readonly [name: string]: Json } {
  const { salt: _, ...values } = membersOf(text)
  return values
}

/** Whoever changed a row may have left no JSON; `verify` says so, and the others go on. */
function membersOf(text: string | null): { readonly [member: string]: Json } {
  if (text === null) return {}
  try {
    const json: unknown = JSON.parse(text)
    // What `JSON.parse` gives is JSON.
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as { [member: string]: Json }) : {}
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}
