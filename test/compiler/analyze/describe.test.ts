import { describe, expect, test } from 'vitest'
import {
  type Box,
  createUniverse,
  EVERY_REQUEST,
  forbidBoxes,
  grantBox,
  intersectBoxes,
  requireBoxes,
  type Subject,
  subtractBox,
} from '../../../compiler/algebra/index.ts'
import { describeBox, factsText } from '../../../compiler/analyze/describe.ts'
import type { GrantModel, PatternLiteral, PolicyModel } from '../../../compiler/model/index.ts'
import { modelOf } from './sound.ts'

const BOT: Subject = { kind: 'known', type: 'autonomous', owner: undefined }
const universe = createUniverse()

function grantOf(clauses: string): GrantModel {
  const [grant] = modelOf(`autonomous agent bot { allow ${clauses} }`).agents[0]?.grants ?? []
  if (grant === undefined) throw new TypeError('no grant')
  return grant
}

function boxOf(clauses: string): Box {
  return grantBox(grantOf(clauses), BOT, universe) ?? EVERY_REQUEST
}

function textOf(box: Box, patterns: readonly PatternLiteral[] = []): string {
  return factsText(describeBox(box, universe, { patterns }))
}

test.each([
  ['* on **', 'any action on any resource'],
  ['read, "é x" on mcp:wiki:**', 'read, "é x" on mcp:wiki:**'],
  ['* on a:pr-*:b', 'any action on a:pr-*:b'],
  ['* on a:{x,yz}', 'any action on a:{x,yz}'],
  ['* on a when ip in cidr [10.0.0.0/8, 192.0.2.1]', 'any action on a when ip in 10.0.0.0/8, 192.0.2.1'],
  ['* on a when not ip in cidr [10.0.0.0/8]', 'any action on a when ip not in 10.0.0.0/8'],
  ['* on a when not ip in cidr [0.0.0.0/0]', 'any action on a when ip not in 0.0.0.0/0'],
  [
    '* on a when time in hours mon-fri 08:00-18:00, sat 09:00-12:00',
    'any action on a when time in hours mon-fri 08:00-18:00, sat 09:00-12:00',
  ],
  ['* on a when not time in hours daily 22:00-04:00', 'any action on a when time in hours daily 04:00-22:00'],
  ['* on a when trust >= 60 and cost <= 0.50', 'any action on a when trust >= 60 and cost <= 0.5'],
  ['* on a when not trust <= -1.5', 'any action on a when trust > -1.5'],
  ['* on a when args.mode in ["b", "a"]', 'any action on a when args.mode "a" or "b"'],
  ['* on a when not args.mode = "b"', 'any action on a when args.mode text other than "b"'],
  ['* on a when args.n <= 5 and not args.n <= 1', 'any action on a when args.n a number > 1 and <= 5'],
  ['* on a when args.n in [1, 2.5]', 'any action on a when args.n a number = 1 or = 2.5'],
  ['* on a when len.title <= 120', 'any action on a when args.title text with len <= 120'],
  ['* on a when args.dry = false', 'any action on a when args.dry false'],
  ['* on a when args only [x, "y z"]', 'any action on a when args only [x, "y z"]'],
  ['* on a when not args only [x]', 'any action on a when args any names with a name beside [x]'],
  ['* on a when args.net in cidr [10.0.0.0/8]', 'any action on a when args.net in 10.0.0.0/8'],
  ['* on a when args.a.b = true', 'any action on a when args.a.b true'],
  ['* on a needs approval', 'any action on a when approval given'],
  ['* on a needs approval by "role:x" within 90m', 'any action on a when approval given by "role:x", within 90m'],
])('allow %s reads %s', (clauses, expected) => {
  expect(textOf(boxOf(clauses))).toBe(expected)
})

test('a regex is only hinted at, and says so', () => {
  const facts = describeBox(boxOf('* on a when args.x matches /ab+/'), universe)
  expect(facts[2]).toEqual({ name: 'args.x', text: 'text of a certain form, such as "ab" or "abb"', isExact: false })
})

test('a regex of finitely many texts is those texts', () => {
  const facts = describeBox(boxOf('* on a when args.x matches /ab?|c/'), universe)
  expect(facts[2]).toEqual({ name: 'args.x', text: '"a" or "c" or "ab"', isExact: true })
})

describe('resources', () => {
  const patternsOf = (clauses: string) => grantOf(clauses).patterns

  test('are a union, or a difference, of patterns that are known', () => {
    const wide = boxOf('* on a:**')
    const inner = boxOf('* on a:b:**')
    const left = subtractBox(wide, inner, universe)[0] ?? EVERY_REQUEST
    expect(textOf(left, patternsOf('* on a:**, a:b:**, c'))).toBe('any action on a:** except a:b:**')
    expect(textOf(boxOf('* on a:x:**, b:*:c, d'), patternsOf('* on a:x:**, a:x:y, b:*:c, d, e'))).toBe(
      'any action on a:x:**, b:*:c, d',
    )
  })

  test('are an intersection of patterns where no single one says it', () => {
    const common = intersectBoxes(boxOf('* on *a*:**'), boxOf('* on *b*:**'), universe) ?? EVERY_REQUEST
    expect(textOf(common, patternsOf('* on *a*:**, *b*:**'))).toBe('any action on *a*:** and at once *b*:**')
  })

  test('have an example where no pattern is known', () => {
    const left = subtractBox(boxOf('* on a:**'), boxOf('* on a:b:**'), universe)[0] ?? EVERY_REQUEST
    expect(describeBox(left, universe)[1]).toEqual({
      name: 'resource',
      text: 'some resources, such as a:a',
      isExact: false,
    })
  })
})

test('what is left of a grant by guardrails names their facts', () => {
  const { forbids, requires }: PolicyModel = modelOf(
    `forbid * on a:** when ip in cidr [10.0.0.0/8]
     require approval by "boss" within 1h for write on a:**`,
  )
  const [forbid] = forbids
  const [rule] = requires
  if (forbid === undefined || rule === undefined) throw new TypeError('no rule')
  const [denied] = forbidBoxes(forbid, BOT, universe)
  expect(textOf(denied ?? EVERY_REQUEST)).toBe('any action on a:** when ip in 10.0.0.0/8 or unknown')
  expect(requireBoxes(rule, BOT, universe).map((box) => textOf(box))).toEqual([
    'write on a:** when approval not given',
    'write on a:** when approval given, not given by "boss"',
    'write on a:** when approval given by "boss", 1h ago or earlier or at a time that cannot be read',
  ])
})
