/** Reads from the rows of the log what speaks for an agent and against it. */
import type { Row } from '../tables.ts'
import type { TrustFacts } from './factors.ts'

/** What the agent asked for was not for it to have. Being trusted too little is left out, or it would feed upon itself. */
const REFUSALS: ReadonlySet<unknown> = new Set([
  'invalid-request',
  'delegation-expired',
  'delegation-revoked',
  'delegation-depth',
  'forbidden',
  'no-grant',
  'ip-not-allowed',
  'outside-hours',
  'arg-mismatch',
  'unexpected-arg',
  'cost-too-high',
])
const BAD_TOKENS: ReadonlySet<unknown> = new Set(['token-invalid', 'token-expired'])

type Counts = { -readonly [F in keyof TrustFacts]: TrustFacts[F] }
type Body = { readonly [member: string]: unknown }

/** @param createdAt when the agent was made @param rows its last rows, in any order */
export function factsOf(createdAt: number, rows: readonly Row<'audit'>[], now: number): TrustFacts {
  const counts: Counts = {
    ageMs: now - createdAt,
    allowed: 0,
    refused: 0,
    rateLimited: 0,
    failedAuthentications: 0,
    overspent: 0,
    approvalsGiven: 0,
    approvalsDenied: 0,
    succeeded: 0,
    failed: 0,
    sinceAnomalyMs: undefined,
  }
  for (const row of rows) count(counts, row, now)
  return counts
}

function count(counts: Counts, row: Row<'audit'>, now: number): void {
  switch (row.kind) {
    case 'decision':
      if (row.result === 'allowed') counts.allowed++
      else countDenial(counts, bodyOf(row).reason)
      return
    case 'complete':
      if (bodyOf(row).outcome === 'success') counts.succeeded++
      else counts.failed++
      return
    case 'approval.approve':
      if (bodyOf(row).status === 'approved') counts.approvalsGiven++
      return
    case 'approval.deny':
      counts.approvalsDenied++
      return
    case 'anomaly':
      counts.sinceAnomalyMs = Math.min(counts.sinceAnomalyMs ?? Number.POSITIVE_INFINITY, now - row.time)
      if (bodyOf(row).anomaly === 'budget-overrun') counts.overspent++
  }
}

function countDenial(counts: Counts, reason: unknown): void {
  if (REFUSALS.has(reason)) counts.refused++
  else if (reason === 'rate-limited') counts.rateLimited++
  else if (reason === 'budget-exhausted') counts.overspent++
  else if (BAD_TOKENS.has(reason)) counts.failedAuthentications++
}

const PRUNED: Body = {}

/** What was pruned says nothing any more. */
function bodyOf({ body }: Row<'audit'>): Body {
  // The log wrote it, and every body is an object.
  return body === null ? PRUNED : (JSON.parse(body) as Body)
}
