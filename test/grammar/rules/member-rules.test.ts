import { describe, expect, test } from 'vitest'
import { outline } from '../outline.ts'

function member(text: string): string {
  return outline(`boundary runtime { ${text} }`).replace(/^boundary\(members: \[(.*)\]\)$/, '$1')
}

describe('grants and limits', () => {
  test('a grant holds its clauses in the order of the text', () => {
    expect(
      member(
        'allow read on x when ip in a needs approval rate 1 per minute estimate 0.25 USD rate 2 per day each resource',
      ),
    ).toMatchInlineSnapshot(
      `"grant(scope: scope(actions: actions(any: false, names: ["read"]), patterns: [x]), when: condition(atoms: [in(negated: false, path: path(root: "ip", names: []), values: set-reference(name: "a"))]), clauses: [approval(), rate(windows: [(count: int(value: 1), window: "minute")]), estimate(amount: 0.25), rate(windows: [(count: int(value: 2), window: "day")], each: "resource")])"`,
    )
  })

  test('an approval names who and for how long', () => {
    expect(member('allow read on x needs approval by "role:\\u{72}m" within 15m')).toMatchInlineSnapshot(
      `"grant(scope: scope(actions: actions(any: false, names: ["read"]), patterns: [x]), clauses: [approval(by: string(value: "role:rm"), within: duration(text: "15m", ms: 900000))])"`,
    )
  })

  test('a rate has several windows and one scope', () => {
    expect(member('limit rate 60 per minute, 2_000 per day each tenant')).toMatchInlineSnapshot(
      `"limit(limit: rate(windows: [(count: int(value: 60), window: "minute"), (count: int(value: 2000), window: "day")], each: "tenant"))"`,
    )
  })

  test('a budget has several windows and a throttle', () => {
    expect(
      member('limit budget 2.00 USD per day, 40 USD per month throttle at 0 % to 6 per minute'),
    ).toMatchInlineSnapshot(
      `"limit(limit: budget(windows: [(amount: 2.00, window: "day"), (amount: 40, window: "month")], throttle: throttle(percent: int(value: 0), count: int(value: 6), window: "minute")))"`,
    )
  })

  test('zero is a limit', () => {
    expect(member('limit rate 0 per month')).toMatchInlineSnapshot(
      `"limit(limit: rate(windows: [(count: int(value: 0), window: "month")]))"`,
    )
  })

  test('an agent may delegate to a depth', () => {
    expect(member('may delegate depth 0')).toMatchInlineSnapshot(`"may(depth: int(value: 0))"`)
  })
})
