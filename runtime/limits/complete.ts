/** The end of a call: what became of it and what it did cost, for the log and for the budgets. */
import { isWellFormed } from '../../compiler/model/index.ts'
import { entryOf } from '../audit/index.ts'
import { type Acting, actorOf } from '../authority/index.ts'
import { KavachError } from '../errors.ts'
import type { Completion } from '../request.ts'
import { type Change, type Json, type Site, seqOfAuditId } from '../site.ts'
import type { Row } from '../tables.ts'
import { toNanoUsd } from './money.ts'
import { completeReservation, expireReservations, openReservation, type Settled } from './reservations.ts'
import { KEPT_MS } from './sweep.ts'

export interface Completed {
  /** The row that records it. */
  readonly auditId: string
  /** USD that were reserved. */
  readonly reservedUsd: number
  /** USD that it did cost. */
  readonly costUsd: number
  /** USD that it did cost beyond the reservation; the budgets are used up then. */
  readonly overrunUsd: number
  /** It came after the reservation had counted as spent: it is recorded and changes no budget. */
  readonly isLate: boolean
}

/**
 * Records the outcome of the call that `auditId` allowed, and settles its reservation. Once: a second completion is refused.
 *
 * @throws {KavachError} KVCH_E_REQUEST_INVALID, KVCH_E_AUDIT_NOT_FOUND, KVCH_E_RESERVATION_CLOSED
 */
export type Complete = (auditId: string, completion: Completion, acting?: Acting) => Promise<Completed>

const MEMBERS: ReadonlySet<string> = new Set(['outcome', 'costUsd', 'note'])
const MAX_NOTE = 1000

export function createComplete({ change }: Pick<Site, 'change'>): Complete {
  return async (auditId, completion, acting) => {
    const actor = actorOf(acting, 'KVCH_E_REQUEST_INVALID')
    const seq = seqOfAuditId(auditId)
    if (seq === undefined) fail('auditId', `\`${auditId}\` is no audit id`)
    const { outcome, actualNanoUsd, note } = readCompletion(completion)
    return change(async (open) => {
      const decision = await decisionOf(open, seq)
      await admit(open, seq, decision)
      const settled = await completeReservation(open, { seq, actualNanoUsd, outcome })
      const { overrunNanoUsd, isLate } = settled
      const agent = decision.agent ?? undefined
      const recorded = open.record(
        entryOf({
          kind: 'complete',
          agent,
          actor,
          members: {
            decision: auditId,
            outcome,
            ...(note !== undefined && { note }),
            ...amountsOf(settled),
            late: isLate,
            duration_ms: open.now - decision.time,
          },
        }),
      )
      if (overrunNanoUsd > 0) {
        const members = { anomaly: 'budget-overrun', decision: auditId, completion: recorded, ...amountsOf(settled) }
        open.record(entryOf({ kind: 'anomaly', agent, actor: 'host', members }))
      }
      return {
        auditId: recorded,
        reservedUsd: toUsd(settled.reservedNanoUsd),
        costUsd: toUsd(settled.actualNanoUsd),
        overrunUsd: toUsd(overrunNanoUsd),
        isLate,
      }
    })
  }
}

/**
 * Counts what nobody completed in time as spent, with a row for each: at most `limit` of them.
 *
 * @returns how many there were
 */
export async function expireDue(change: Change, limit: number): Promise<number> {
  const expired = await expireReservations(change, limit)
  for (const { seq, agent } of expired) {
    change.record(entryOf({ kind: 'reservation.expire', agent, actor: 'host', members: { decision: `aud_${seq}` } }))
  }
  return expired.length
}

function readCompletion(completion: Completion): {
  readonly outcome: 'success' | 'failure'
  readonly actualNanoUsd: number | undefined
  readonly note: string | undefined
} {
  if (typeof completion !== 'object' || completion === null) fail('completion', 'must be an object with `outcome`')
  for (const name of Object.keys(completion)) if (!MEMBERS.has(name)) fail(name, 'there is no such member')
  const { outcome, costUsd, note } = completion
  if (outcome !== 'success' && outcome !== 'failure') fail('outcome', 'must be `success` or `failure`')
  const actualNanoUsd = costUsd === undefined ? undefined : toNanoUsd(costUsd)
  if (costUsd !== undefined && actualNanoUsd === undefined) {
    fail('costUsd', 'must be an amount of USD, 0 or more and below 9007199')
  }
  // Of half a pair the log could not say anything.
  if (note !== undefined && (typeof note !== 'string' || note.length > MAX_NOTE || !isWellFormed(note))) {
    fail('note', `must be a text of at most ${MAX_NOTE} characters`)
  }
  return { outcome, actualNanoUsd, note }
}

async function decisionOf(change: Change, seq: number): Promise<Row<'audit'>> {
  const row = await change.get('audit', { seq })
  if (row === undefined || row.kind !== 'decision') {
    throw new KavachError('KVCH_E_AUDIT_NOT_FOUND', `\`aud_${seq}\` is no decision of this project`)
  }
  if (row.result !== 'allowed') {
    throw new KavachError('KVCH_E_RESERVATION_CLOSED', `\`aud_${seq}\` was denied, so there is nothing to complete`)
  }
  return row
}

/** A call without a price is completed once too: it is given a reservation of nothing, which it settles. */
async function admit(change: Change, seq: number, decision: Row<'audit'>): Promise<void> {
  if ((await change.get('reservations', { seq })) !== undefined) return
  if (decision.time + KEPT_MS <= change.now) {
    throw new KavachError('KVCH_E_RESERVATION_CLOSED', `\`aud_${seq}\` is too long ago to be completed`)
  }
  const expiresAt = change.now + 1
  await openReservation(change, { seq, agent: decision.agent ?? '', amounts: [], expiresAt })
}

function amountsOf({ reservedNanoUsd, actualNanoUsd, overrunNanoUsd }: Settled): { readonly [member: string]: Json } {
  return {
    reserved_nano_usd: reservedNanoUsd,
    actual_nano_usd: actualNanoUsd,
    ...(overrunNanoUsd > 0 && { overrun_nano_usd: overrunNanoUsd }),
  }
}

function toUsd(nanoUsd: number): number {
  return nanoUsd / 1e9
}

function fail(path: string, message: string): never {
  throw new KavachError('KVCH_E_REQUEST_INVALID', `${path}: ${message}`, { details: { path } })
}
