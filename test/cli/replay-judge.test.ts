import { expect, test } from 'vitest'
import { type Judged, judge } from '../../cli/replay-judge.ts'
import { parseDecisionLine, type RecordedDecision } from '../../compiler/model/index.ts'

type Decision = Judged['decision']

/** `allow allowed`, and `+ meters` when readings are given. */
function then(outcome: string, readings?: object): RecordedDecision {
  const [verdict, reason] = outcome.split(' ')
  const row = { agent: 'a', action: 'read', resource: 'x', verdict, reason, readings }
  const parsed = parseDecisionLine(JSON.stringify(row))
  if (!parsed.ok) throw new Error(parsed.fault)
  return parsed.row
}

function now(outcome: string, isMetered = false): Decision {
  const [decision, reason] = outcome.split(' ')
  const reservation = { key: 'k', window: 'day', windowStart: null, limit: '1', unit: 'calls', amount: '1' }
  const members = { decision, reason, ...(isMetered && { reservations: [reservation] }) }
  return members as unknown as Decision // What a judge does not look at is left out.
}

/** The judgement in one word. */
function word(row: RecordedDecision, decision: Decision, hasState = false): string {
  const judgement = judge({ row, decision, hasState })
  switch (judgement.kind) {
    case 'same':
      return `same${judgement.isMetered ? ' metered' : ''}${judgement.isReasonNew ? ' reason' : ''}`
    case 'changed':
      return judgement.change
    case 'unknown':
      return judgement.why
  }
}

test('access is gained or lost between what is allowed and what is not', () => {
  const outcomes = ['allow allowed', 'throttle throttled', 'approval approval-required', 'deny no-grant']
  const readings = {}
  const table = outcomes.map((was) => outcomes.map((is) => word(then(was, readings), now(is))))
  expect(table).toEqual([
    ['same', 'verdict', 'lost-access', 'lost-access'],
    ['verdict', 'same', 'lost-access', 'lost-access'],
    ['new-access', 'new-access', 'same', 'verdict'],
    ['new-access', 'new-access', 'verdict', 'same'],
  ])
})

test('another reason is no change, and a row without a reason has none to differ', () => {
  expect(word(then('deny no-grant'), now('deny forbidden'))).toBe('same reason')
  const { reason, ...row } = then('deny no-grant')
  expect([reason, word(row, now('deny forbidden'))]).toEqual(['no-grant', 'same'])
})

test('what meters decided is unknown without readings while meters decide', () => {
  for (const outcome of ['limited rate-limited', 'deny budget-exhausted', 'throttle throttled']) {
    expect(word(then(outcome), now('allow allowed', true))).toBe('meters')
  }
  expect(word(then('limited rate-limited'), now('allow allowed'))).toBe('new-access')
  expect(word(then('throttle throttled'), now('allow allowed'))).toBe('verdict')
  expect(word(then('limited rate-limited'), now('deny no-grant'))).toBe('verdict')
  expect(word(then('deny budget-exhausted'), now('deny no-grant'))).toBe('same reason')
  expect(word(then('limited rate-limited', {}), now('allow allowed', true))).toBe('new-access')
})

test('what is the same as long as meters permit says so, unless readings were recorded', () => {
  expect(word(then('allow allowed'), now('allow allowed', true))).toBe('same metered')
  expect(word(then('allow allowed', {}), now('allow allowed', true))).toBe('same')
  expect(word(then('deny no-grant'), now('allow allowed', true))).toBe('new-access')
})

test('what was made or withdrawn at run time is unknown without a state', () => {
  expect(word(then('allow allowed'), now('deny agent-unknown'))).toBe('run-time')
  expect(word(then('deny no-grant'), now('deny agent-unknown'))).toBe('run-time')
  expect(word(then('deny agent-unknown'), now('deny agent-unknown'))).toBe('same')
  for (const reason of ['agent-revoked', 'agent-suspended', 'delegation-revoked']) {
    expect(word(then(`deny ${reason}`), now('allow allowed'))).toBe('run-time')
    expect(word(then(`deny ${reason}`), now('allow allowed'), true)).toBe('new-access')
  }
  expect(word(then('allow allowed'), now('deny agent-unknown'), true)).toBe('lost-access')
})
