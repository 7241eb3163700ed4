import { expect, test } from 'vitest'
import { isForeign, nameOfPath, toNotFalse, toTrue } from '../../../../compiler/analyze/cedar/condition.ts'
import type { AtomModel } from '../../../../compiler/model/index.ts'
import { answersOf, modelOf } from './evaluate.ts'

function atomsOf(condition: string): readonly AtomModel[] {
  const model = modelOf(`policy p\nservice agent a {\n  owner "ann"\n  allow read on x when ${condition}\n}\n`)
  return model.agents[0]?.grants[0]?.when ?? []
}

function trueOf(condition: string) {
  return toTrue(atomsOf(condition), { owners: ['ann', 'bob', 'team-x'] })
}

test('an atom asks whether its fact is known, and then for its value', () => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['ip in cidr [10.0.0.0/8]', ['context has ip', 'context.ip.isInRange(ip("10.0.0.0/8"))']],
    ['not ip in cidr [10.0.0.0/8]', ['context has ip', '!(context.ip.isInRange(ip("10.0.0.0/8")))']],
    [
      'time in hours mon 09:00-10:00',
      ['context has minuteOfWeek', '540 <= context.minuteOfWeek && context.minuteOfWeek < 600'],
    ],
    ['trust >= 60', ['context has trust', 'context.trust.floor >= 60']],
    ['cost <= 0.50', ['context has cost', 'context.cost.nanoCeiling <= 500000000']],
    ['agent.type in [service, delegated]', ['principal has type', '["service", "delegated"].contains(principal.type)']],
    ['agent.owner = "ann"', ['principal has owner', 'principal.owner == "ann"']],
    ['agent.owner matches /[a-z]+/', ['principal has owner', '["ann", "bob"].contains(principal.owner)']],
    ['agent.owner matches /x/', ['principal has owner', 'false']],
    ['args only [a, "b c"]', ['context has argNames', '["a", "b c"].containsAll(context.argNames)']],
    ['args only []', ['context has argNames', 'context.argNames.isEmpty()']],
    ['len.p <= 3', ['context.args has p', 'context.args.p has length', 'context.args.p.length <= 3']],
    [
      'args.p in cidr [10.1.2.3]',
      ['context.args has p', 'context.args.p has ip', 'context.args.p.ip.isInRange(ip("10.1.2.3/32"))'],
    ],
    [
      'args.p in hours mon 00:00-01:00',
      [
        'context.args has p',
        'context.args.p has minuteOfWeek',
        '0 <= context.args.p.minuteOfWeek && context.args.p.minuteOfWeek < 60',
      ],
    ],
    ['args.d.x = "a"', ['context.args has "d.x"', 'context.args["d.x"] has text', 'context.args["d.x"].text == "a"']],
    [
      'args.p matches /a|b/',
      ['context.args has p', 'context.args.p has text', '["a", "b"].contains(context.args.p.text)'],
    ],
    ['args.p matches /a.*/s', ['context.args has p', 'context.args.p has text', 'context.args.p.text like "a*"']],
    [
      'args.p matches /a.*/',
      [
        'context.args has p',
        'context.args.p has text',
        '(context.args.p.text like "a*" && !(context.args.p.text like "*\\u{a}*"))',
      ],
    ],
    [
      'args.p = 5',
      [
        'context.args has p',
        'context.args.p has number',
        'context.args.p.number.floor == 5 && context.args.p.number.ceiling == 5',
      ],
    ],
    [
      'args.p in [1, 0.5]',
      [
        'context.args has p',
        'context.args.p has number',
        '((context.args.p.number.floor == 1 && context.args.p.number.ceiling == 1) || (context.args.p.number.nanoFloor == 500000000 && context.args.p.number.nanoCeiling == 500000000))',
      ],
    ],
    ['args.p = true', ['context.args has p', 'context.args.p has truth', 'context.args.p.truth == true']],
  ]
  expect(table.map(([condition]) => [condition, trueOf(condition)])).toEqual(table)
})

test('where a fact is unknown, what is not false is true', () => {
  const { texts, foreign } = toNotFalse(atomsOf('ip in cidr [10.0.0.0/8] and not trust >= 60'), { owners: [] })
  expect(foreign).toEqual([])
  expect(texts).toEqual([
    '(if context has ip then context.ip.isInRange(ip("10.0.0.0/8")) else true)',
    '(if context has trust then !(context.trust.floor >= 60) else true)',
  ])
})

test('what Cedar cannot say is named, and left out of what is not false', () => {
  const regex = {
    construct: 'args.p matches',
    why: 'Cedar has no regexes, and this one is neither a short list nor a `like` pattern',
  }
  const large = { construct: 'trust', why: 'the number, or its 10^9-fold where it has a fraction, is beyond 2^53 - 2' }
  expect(trueOf('args.p matches /[a-z]+/')).toEqual(regex)
  expect(trueOf('trust <= 9_007_199.254740993')).toEqual(large)
  expect(trueOf('args.p in [1, 99_999_999_999_999_999]')).toEqual({ ...large, construct: 'args.p' })
  const atoms = atomsOf('args.p matches /[a-z]+/ and trust >= 60 and trust <= 9_007_199.254740993')
  expect(toNotFalse(atoms, { owners: [] })).toEqual({
    texts: ['(if context has trust then context.trust.floor >= 60 else true)'],
    foreign: [regex, large],
  })
  expect([isForeign(regex), isForeign(['a'])]).toEqual([true, false])
})

test('paths of arguments have different keys', () => {
  const paths = [['a', 'b'], ['a.b'], ['a"b'], ['a', '', 'b'], ['__entity']]
  expect(paths.map(nameOfPath)).toEqual(['a.b', '"a.b"', '"a\\"b"', 'a."".b', '__entity'])
})

test('names that JSON of Cedar reads in its own way, and words of Cedar, are arguments like others', () => {
  for (const name of ['__entity', '__extn', '__expr', 'type', 'id', 'if', 'has', 'context', 'args', '"a b"', '"*"']) {
    const text = `policy p\nservice agent a {\n  allow read on x when args.${name} = "v" and args only [${name}]\n}\n`
    const key = name.replaceAll('"', '')
    const ask = (value: unknown) => ({ agent: 'a', action: 'read', resource: 'x', args: { [key]: value } })
    const odd = [
      { type: 'Agent', id: 'a' },
      { fn: 'ip', arg: '10.0.0.1' },
    ]
    expect([name, answersOf(text, [ask('v'), ask('w'), ...odd.map(ask)])]).toEqual([
      name,
      ['allow', 'deny', 'deny', 'deny'],
    ])
  }
})
