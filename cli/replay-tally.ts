/** Counts what a replay found: rows by outcome, and changes by what they have in common. */
import type { RecordedDecision } from '../compiler/model/index.ts'
import type { Decision } from '../engine-wasm/host/index.ts'
import type { Change, Judgement, Unknown } from './replay-judge.ts'

/** Changes of one agent by one rule, with the first of them. */
export interface ChangeGroup {
  readonly change: Change
  readonly agent: string
  readonly action: string
  /** The resource, or where there were several, what they have in common: `mcp:docs:*`. */
  readonly resource: string
  /** Id of the grant or guardrail that decides now; `undefined` when none does. */
  readonly rule: number | undefined
  readonly before: { readonly verdict: string; readonly reason: string | undefined }
  readonly now: { readonly verdict: string; readonly reason: string }
  readonly count: number
  /** The first line, from 1, and what it asked. */
  readonly line: number
  readonly example: RecordedDecision['request']
}

export interface Tally {
  readonly rows: number
  readonly same: number
  /** Of the same: as long as meters permit, which were read as 0. */
  readonly metered: number
  /** Of the same: for another reason. */
  readonly reasonsChanged: number
  readonly changes: Readonly<Record<Change, number>>
  readonly unknown: Readonly<Record<Unknown, number>>
  readonly unreadable: number
  /** The first few lines that are no rows. */
  readonly faults: readonly LineFault[]
  /** New access first, then lost access; the most frequent first. */
  readonly groups: readonly ChangeGroup[]
  /** Changes that are counted and in no group, since there are too many of them. */
  readonly ungrouped: number
}

export interface LineFault {
  readonly line: number
  readonly fault: string
}

export interface TallyKeeper {
  /** `line` counts from 1. */
  add(line: number, row: RecordedDecision, decision: Decision, judgement: Judgement): void
  addUnknown(why: Unknown): void
  addFault(fault: LineFault): void
  rows(): number
  result(): Tally
}

/** Memory must not grow with the log. */
const MAX_GROUPS = 10_000
const MAX_FAULTS = 10

export function createTally(): TallyKeeper {
  const changes: Record<Change, number> = { 'new-access': 0, 'lost-access': 0, verdict: 0 }
  const unknown: Record<Unknown, number> = { arguments: 0, 'run-time': 0, meters: 0 }
  const groups = new Map<string, ChangeGroup>()
  const faults: LineFault[] = []
  let [rows, same, metered, reasonsChanged, unreadable, ungrouped] = [0, 0, 0, 0, 0, 0]

  const addChange = (fresh: ChangeGroup): void => {
    const common = shapeOf(fresh.resource)
    const { change, agent, action, rule, before, now } = fresh
    const key = JSON.stringify([change, agent, action, common, rule, before.verdict, before.reason, now.reason])
    const group = groups.get(key)
    if (group !== undefined) {
      const resource = group.resource === fresh.resource ? group.resource : common
      groups.set(key, { ...group, resource, count: group.count + 1 })
    } else if (groups.size < MAX_GROUPS) groups.set(key, fresh)
    else ungrouped++
  }

  return {
    rows: () => rows,
    add: (line, row, decision, judgement) => {
      if (judgement.kind === 'unknown') {
        rows++
        unknown[judgement.why]++
        return
      }
      rows++
      if (judgement.kind === 'same') {
        same++
        if (judgement.isMetered) metered++
        if (judgement.isReasonNew) reasonsChanged++
        return
      }
      changes[judgement.change]++
      const { agent, action, resource } = row.request
      addChange({
        change: judgement.change,
        agent,
        action,
        resource,
        rule: ruleOf(decision),
        before: { verdict: row.verdict, reason: row.reason },
        now: { verdict: decision.decision, reason: decision.reason },
        count: 1,
        line,
        example: row.request,
      })
    },
    addUnknown: (why) => {
      rows++
      unknown[why]++
    },
    addFault: (fault) => {
      unreadable++
      if (faults.length < MAX_FAULTS) faults.push(fault)
    },
    result: () => ({
      rows,
      same,
      metered,
      reasonsChanged,
      changes,
      unknown,
      unreadable,
      faults,
      groups: [...groups.values()].sort(
        (a, b) => ORDER.indexOf(a.change) - ORDER.indexOf(b.change) || b.count - a.count || a.line - b.line,
      ),
      ungrouped,
    }),
  }
}

const ORDER: readonly Change[] = ['new-access', 'lost-access', 'verdict']

/** The guardrail that denied, or the grant that is used; one made at run time has no number. */
function ruleOf({ guard, grant }: Decision): number | undefined {
  const rule = guard ?? grant
  return rule === undefined || rule < 0 ? undefined : rule
}

/** All segments but the last, and `*` for that. */
function shapeOf(resource: string): string {
  const end = resource.lastIndexOf(':')
  return end < 0 ? '*' : `${resource.slice(0, end)}:*`
}
