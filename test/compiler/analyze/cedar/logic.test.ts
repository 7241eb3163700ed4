import { expect, test } from 'vitest'
import { allOf, anyOf, inGroups, not } from '../../../../compiler/analyze/cedar/logic.ts'
import { answersOf } from './evaluate.ts'

test('a conjunction of nothing is true, a disjunction of nothing false', () => {
  expect([allOf([]), anyOf([])]).toEqual(['true', 'false'])
})

test('a disjunction may stand inside a conjunction', () => {
  expect(allOf(['a', anyOf(['b', 'c && d'])])).toBe('a && (b || (c && d))')
  expect(anyOf(['a'])).toBe('a')
})

test('a negation holds for all of what it negates', () => {
  expect(not('a && b')).toBe('!(a && b)')
})

test('a long chain is a chain of groups', () => {
  const texts = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`)
  expect(inGroups(texts(32), ' && ')).toEqual(texts(32))
  expect(inGroups(texts(33), ' || ')).toEqual([
    `(${texts(16).join(' || ')})`,
    `(${texts(32).slice(16).join(' || ')})`,
    '(t32)',
  ])
  expect(inGroups(texts(10_000), ' && ').length).toBeLessThanOrEqual(32)
})

test('Cedar reads alternatives and conditions by the thousand', () => {
  const numbers = Array.from({ length: 3000 }, (_, index) => index * 2)
  const globs = Array.from({ length: 1000 }, (_, index) => `a${index}*`)
  const atoms = Array.from({ length: 500 }, (_, index) => `not args.x = ${index * 2 + 10_001}`)
  const text = `policy p
service agent a {
  allow read on x:{${globs.join(',')}} when args.x in [${numbers.join(', ')}] and ${atoms.join(' and ')}
}
`
  const ask = (resource: string, x: number) => ({ agent: 'a', action: 'read', resource, args: { x } })
  expect(answersOf(text, [ask('x:a999z', 5998), ask('x:a999z', 5999), ask('x:b', 2)])).toEqual([
    'allow',
    'deny',
    'deny',
  ])
})
