import { expect, it } from 'vitest'
import { createUniverse, findWitness } from '../../../compiler/algebra/index.ts'
import { boxesOf, hold } from './conditions.ts'

function witnessOf(grant: string): unknown {
  const universe = createUniverse()
  const [box] = boxesOf(hold([grant]), universe)
  return box && findWitness(box, universe)
}

it.each([
  ['what is open is not said', 'allow * on **', { action: 'read', resource: 'a' }],
  ['the edge of a number', 'allow write on x when trust >= 5', { action: 'write', resource: 'x', trust: 5 }],
  [
    'the gap behind a number',
    'allow read on x when not trust <= 5 and not trust >= 5.000000001',
    { action: 'read', resource: 'x', trust: 5.0000000005 },
  ],
  ['an address of IPv4 in its own form', 'allow read on x when ip in mapped', { ip: '10.1.0.1' }],
  [
    'an object around an argument',
    'allow read on x when args.o.p = "v"',
    { action: 'read', resource: 'x', args: { o: { p: 'v' } } },
  ],
  ['a call without arguments', 'allow read on x when args only []', { action: 'read', resource: 'x', args: {} }],
  [
    'one that approved, who is asked for',
    'allow read on x needs approval by "boss"',
    { action: 'read', resource: 'x', approvedBy: ['boss'] },
  ],
  [
    'the first good hour from the usual instant on',
    'allow read on x when time in week',
    { action: 'read', resource: 'x', now: Date.parse('2026-01-05T09:00:00Z') },
  ],
])('a witness shows %s', (_, grant, expected) => {
  expect(witnessOf(grant)).toMatchObject(expected)
})

it('nothing is found where nothing is granted', () => {
  expect(witnessOf('allow read on x when args.x = "v" and args.x <= 3')).toBeUndefined()
})
