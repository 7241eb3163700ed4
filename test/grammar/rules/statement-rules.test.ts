import { describe, expect, test } from 'vitest'
import { outline, parseSound } from '../outline.ts'

describe('statements', () => {
  const CASES: Readonly<Record<string, string>> = {
    'a header': 'policy acme',
    'a header with a generation': 'policy acme generation 1_000',
    'a catalog': 'catalog github from "./github.tools.json"',
    'a set of addresses': 'set office = cidr [10.0.0.0/8, 2001:db8::/32, 192.0.2.1]',
    'a set of hours': 'set night = hours daily 22:00-04:00, sat-sun 00:00 - 24:00',
    'a set that is a regex': 'set safe = regex /\\/(a|b)*/is',
    'an empty role': 'role r {}',
    'a role': 'role r includes a, b { allow read on x allow * on ** }',
    'an agent of each type': 'autonomous agent a {} delegated agent b {} service agent c {}',
    'the members of an agent':
      'autonomous agent a { may delegate depth 5 owner "o" roles r, s expires at 2026-01-01T00:00:00Z limit rate 1 per day each owner limit budget 1 USD per day allow read on x }',
    'a delegation':
      'delegate a -> b-c { depth 1 expires in 30m expires at 2026-01-01T00:00:00.5Z allow read on x limit rate 0 per hour }',
    'the boundary': 'boundary runtime { allow read on x limit rate 1 per minute may delegate depth 1 }',
    'a forbid': 'forbid * on **',
    'a forbid with when and unless': 'forbid read on a, b when trust <= 5 unless cost = 0.5',
    'a required approval': 'require approval by "r" within 1h for write on **',
    'a required condition': 'require ip in office and trust >= 1 for * on **',
    'a limit for all': 'limit rate 1 per minute, 2 per day for * on ** each tenant',
    'a budget for all': 'limit budget 5 USD per day throttle at 80% to 6 per minute for read on x',
    'that nobody can': 'assert never * can delete on mcp:prod:** when trust <= 5',
    'that no runtime agent can': 'assert never runtime can * on x',
    'that only some can': 'assert only a, b can execute on x',
    'that some can': 'assert some a can read on x',
    'that all need approval': 'assert every write on ** needs approval by "r"',
    'that all need a condition': 'assert every write on ** when trust <= 5 needs ip in office',
    'that all are denied': 'assert every * on x when not ip in office is denied',
    'that one lies within another': 'assert a within b',
    'a test': 'test "t" as a via b, c at 2026-04-01T10:00:00Z since 2026-04-01T09:00:00Z from ::1 {}',
    'the rows of a test':
      'test "t" as runtime { allow read on x deny *on y with {a: [1, "b", null], "c d": {}} approval a,b on z used 3 per day limited r on x spent 1.5 USD per month throttle r on x trust 0.5 cost 2 USD approved by "r" because no-grant }',
  }
  for (const [claim, text] of Object.entries(CASES)) {
    test(claim, () => expect(outline(text)).toMatchSnapshot())
  }
})

describe('no word is reserved', () => {
  const WORDS = [
    'policy',
    'limit',
    'on',
    'when',
    'agent',
    'runtime',
    'allow',
    'from',
    'generation',
    'true',
    'each',
    'for',
    'expires',
  ]

  test('names of agents, roles and sets may be keywords', () => {
    for (const word of WORDS) {
      const { declarations } = parseSound(
        `service agent ${word} { roles ${word} } role ${word} { allow ${word} on ${word} when ip in ${word} } set ${word} = cidr [::1]`,
      )
      expect(declarations.map((node) => 'name' in node && node.name.text)).toEqual([word, word, word])
    }
  })

  test('an agent may be called like a quantifier', () => {
    expect(
      outline('assert only within planner\nassert some within every\nassert never within can read on a'),
    ).toMatchInlineSnapshot(`
      "assert(assertion: within(inner: "only", outer: "planner"))
      assert(assertion: within(inner: "some", outer: "every"))
      assert(assertion: can(quantifier: "never", who: who(who: "names", names: ["within"]), scope: scope(actions: actions(any: false, names: ["read"]), patterns: [a])))"
    `)
  })

  test('a set may be called cidr or hours', () => {
    expect(outline('forbid * on a when ip in cidr and time in hours and ip in cidr [::1]')).toMatchInlineSnapshot(
      `"forbid(scope: scope(actions: actions(any: true, names: []), patterns: [a]), when: condition(atoms: [in(negated: false, path: path(root: "ip", names: []), values: set-reference(name: "cidr")), in(negated: false, path: path(root: "time", names: []), values: set-reference(name: "hours")), in(negated: false, path: path(root: "ip", names: []), values: cidrs(items: [::1]))]))"`,
    )
  })
})
