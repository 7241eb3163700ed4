/** The allowed rows of a log, asked of a policy: what it covers, and whether another one covers the same. */
import { parseDecisionLine, type RecordedDecision, type RecordedRequest } from '../compiler/model/index.ts'
import type { Decision, LiveEngine } from '../engine-wasm/host/index.ts'
import { openInput } from './input.ts'
import { readLines } from './lines.ts'
import type { Terminal } from './terminal.ts'

/** Of a row without its arguments, the best that is possible. */
export interface AskedRow {
  readonly line: number
  readonly row: RecordedDecision
}

export interface LogCounts {
  readonly rows: number
  readonly allowed: number
  /** Milliseconds since 1970 of the first and the last row; absent when no row says its time. */
  readonly span: { readonly from: number; readonly to: number } | undefined
  readonly unreadable: number
  readonly fault: { readonly line: number; readonly fault: string } | undefined
}

/** Calls `visit` with every allowed row. `undefined` when Ctrl-C ended it. */
export async function eachAllowed(
  terminal: Terminal,
  log: string,
  visit: (row: AskedRow) => void,
): Promise<LogCounts | undefined> {
  const { interrupt } = terminal.parts
  let [rows, allowed, unreadable] = [0, 0, 0]
  let span: LogCounts['span']
  let fault: LogCounts['fault']
  for await (const lines of readLines(openInput(terminal, log, 'recorded decisions'))) {
    if (interrupt.aborted) break
    for (const line of lines) {
      if ('text' in line && line.text.trim() === '') continue
      const parsed = 'fault' in line ? { ok: false as const, fault: line.fault } : parseDecisionLine(line.text)
      if (!parsed.ok) {
        unreadable++
        fault ??= { line: line.number, fault: parsed.fault }
        continue
      }
      rows++
      const { row } = parsed
      if (row.time !== undefined) {
        span = { from: Math.min(span?.from ?? row.time, row.time), to: Math.max(span?.to ?? row.time, row.time) }
      }
      if (!row.isAllowed) continue
      allowed++
      visit({ line: line.number, row })
    }
    terminal.progress(() => `${rows} rows read`)
  }
  terminal.endProgress()
  return interrupt.aborted ? undefined : { rows, allowed, span, unreadable, fault }
}

/** What the policy says to a row: without the arguments, when all that are possible count. */
export function decideRow(engine: LiveEngine, { request, isComplete }: RecordedDecision): Decision {
  return engine.decide(toRequest(request), { charge: 'caller', possible: !isComplete })
}

/**
 * Ids of the grants that a row needs: those that were chosen, or where the arguments are not known, all that could have been.
 */
export function grantsBehind(engine: LiveEngine, row: RecordedDecision, decision: Decision): readonly number[] {
  if (row.isComplete) return decision.charged ?? (decision.grant === undefined ? [] : [decision.grant])
  const { rules } = engine.explain(toRequest(row.request), { charge: 'caller', possible: true })
  return rules.filter(({ failed }) => failed.length === 0).map(({ grant }) => grant)
}

function toRequest(request: RecordedRequest) {
  return { ...request, readings: request.readings ?? {} }
}
