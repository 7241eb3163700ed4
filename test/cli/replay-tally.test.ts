import { expect, test } from 'vitest'
import type { Judgement } from '../../cli/replay-judge.ts'
import { createTally, type TallyKeeper } from '../../cli/replay-tally.ts'
import { parseDecisionLine } from '../../compiler/model/index.ts'

type Decision = Parameters<TallyKeeper['add']>[2]

const DENIED = { decision: 'deny', reason: 'no-grant' } as Decision // What is counted is all that is looked at.
const LOST: Judgement = { kind: 'changed', change: 'lost-access' }

function rowOf(agent: string, resource: string) {
  const parsed = parseDecisionLine(JSON.stringify({ agent, action: 'read', resource, verdict: 'allow' }))
  if (!parsed.ok) throw new Error(parsed.fault)
  return parsed.row
}

test('rows of one agent and one rule are one group, which shows what their resources have in common', () => {
  const tally = createTally()
  tally.add(1, rowOf('a', 'x:y'), DENIED, LOST)
  tally.add(2, rowOf('a', 'x:y'), DENIED, LOST)
  tally.add(3, rowOf('b', 'x:y'), DENIED, LOST)
  tally.add(4, rowOf('b', 'x:z'), DENIED, LOST)
  tally.add(5, rowOf('b', 'x:z:deep'), DENIED, LOST)
  tally.add(6, rowOf('b', 'x:y'), { ...DENIED, guard: 7 }, { kind: 'changed', change: 'new-access' })
  tally.add(7, rowOf('c', 'one'), { ...DENIED, grant: -1 }, LOST)
  tally.add(8, rowOf('c', 'two'), { ...DENIED, grant: -1 }, LOST)
  const { groups, changes, rows } = tally.result()
  expect(
    groups.map(({ change, agent, resource, rule, count, line }) => [change, agent, resource, rule, count, line]),
  ).toEqual([
    ['new-access', 'b', 'x:y', 7, 1, 6],
    ['lost-access', 'a', 'x:y', undefined, 2, 1],
    ['lost-access', 'b', 'x:*', undefined, 2, 3],
    ['lost-access', 'c', '*', undefined, 2, 7],
    ['lost-access', 'b', 'x:z:deep', undefined, 1, 5],
  ])
  expect({ changes, rows }).toEqual({ changes: { 'new-access': 1, 'lost-access': 7, verdict: 0 }, rows: 8 })
})

test('beyond ten thousand kinds changes are counted and not listed', () => {
  const tally = createTally()
  for (let index = 0; index < 10_005; index++) tally.add(index + 1, rowOf(`agent${index}`, 'x'), DENIED, LOST)
  tally.add(20_000, rowOf('agent0', 'x'), DENIED, LOST)
  const { groups, ungrouped, changes } = tally.result()
  expect([groups.length, ungrouped, changes['lost-access'], groups[0]?.count]).toEqual([10_000, 5, 10_006, 2])
})

test('what is the same, unknown or unreadable is counted apart', () => {
  const tally = createTally()
  const row = rowOf('a', 'x')
  tally.add(1, row, DENIED, { kind: 'same', isMetered: true, isReasonNew: true })
  tally.add(2, row, DENIED, { kind: 'same', isMetered: false, isReasonNew: false })
  tally.add(3, row, DENIED, { kind: 'unknown', why: 'run-time' })
  tally.addUnknown('arguments')
  for (let line = 1; line <= 12; line++) tally.addFault({ line, fault: 'it is not JSON' })
  const { faults, groups, ...counts } = tally.result()
  expect([faults.length, groups]).toEqual([10, []])
  expect(counts).toEqual({
    rows: 4,
    same: 2,
    metered: 1,
    reasonsChanged: 1,
    changes: { 'new-access': 0, 'lost-access': 0, verdict: 0 },
    unknown: { arguments: 1, 'run-time': 1, meters: 0 },
    unreadable: 12,
    ungrouped: 0,
  })
})
