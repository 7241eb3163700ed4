import { expect, test } from 'vitest'
import { grantKey, guardKey, payKey } from '../../../compiler/analyze/diff-key.ts'
import { modelOf } from './sound.ts'

function keyOf(clauses: string): string {
  const [grant] = modelOf(`autonomous agent a { allow ${clauses} }`).agents[0]?.grants ?? []
  if (grant === undefined) throw new TypeError('no grant')
  return grantKey(grant)
}

test.each([
  ['read, write on a, b', 'write, read on b, a'],
  [
    'read on a when trust >= 5 and ip in cidr [10.0.0.0/8]',
    'read on a when ip in cidr [10.0.0.0/9, 10.128.0.0/9] and trust >= 5',
  ],
  ['read on a when args.x matches /a|b/', 'read on a when args.x matches /[ab]/'],
  ['read on a rate 5 per minute', 'read on a rate 6 per hour'],
])('%s gives the same access as %s', (a, b) => {
  expect(keyOf(a)).toBe(keyOf(b))
})

test.each([
  ['read on a', 'read on a:**'],
  ['read on a', 'read on a when trust >= 5'],
  ['read on a when trust >= 5', 'read on a when not trust >= 5'],
  ['read on a', 'read on a needs approval'],
  ['read on a needs approval', 'read on a needs approval within 5m'],
  ['read on a rate 5 per minute', 'read on a rate 0 per minute'],
  ['read on a when args.x = "1"', 'read on a when args.x = 1'],
])('%s does not give the same access as %s', (a, b) => {
  expect(keyOf(a)).not.toBe(keyOf(b))
})

test('a forbid is no require, though it names the same', () => {
  const { forbids, requires } = modelOf('forbid * on a when trust >= 5 require trust >= 5 for * on a')
  const [rule] = forbids
  const [other] = requires
  if (rule === undefined || other === undefined) throw new TypeError('no rule')
  expect(guardKey({ kind: 'forbid', rule })).not.toBe(guardKey({ kind: 'require', rule: other }))
})

test('fresh meters deny by the least cap, or everything', () => {
  const limitsOf = (text: string) => modelOf(`autonomous agent a { allow read on x ${text} }`).agents[0]?.limits
  expect(payKey(limitsOf('limit rate 5 per minute'))).toBe('')
  expect(payKey(limitsOf('limit budget 5 USD per day, 40 USD per month'))).toBe('5000000000')
  expect(payKey(limitsOf('limit budget 0 USD per day'))).toBe('never')
})
