import { expect, it } from 'vitest'
import { createUniverse, intersectBoxes } from '../../../compiler/algebra/index.ts'
import { boxesOf, hold } from './conditions.ts'

/** Whether one request can meet the conditions of both grants. */
function canMeet(left: string, right: string): boolean {
  const universe = createUniverse()
  const [a, b] = boxesOf(hold([`allow read on x${left}`, `allow read on x${right}`]), universe)
  return a !== undefined && b !== undefined && intersectBoxes(a, b, universe) !== undefined
}

it.each([
  ['an argument below a text', ' when args.o.p = "v"', ' when args.o = "v"', false],
  ['an argument below one that has no condition', ' when args.o.p = "v"', ' when args.x = "v"', true],
  ['a name that `args only` leaves out', ' when args.x = "v"', ' when args only []', false],
  ['a name beyond a list, that another list has', ' when not args only [x]', ' when args only [x, o]', true],
  ['a name beyond a list, and no further one', ' when not args only [x]', ' when args only [x]', false],
  ['a name beyond a list, with a condition', ' when not args only [x]', ' when args.o.p = "v"', true],
  ['an approval by somebody and one by anybody', ' needs approval by "boss"', ' needs approval', true],
  ['a text and a number', ' when args.x = "v"', ' when args.x <= 3', false],
  ['a text and its length', ' when args.x = "v"', ' when len.x >= 2', false],
  [
    'a text that must be an address, and too short for one, which is not certain',
    ' when args.x in inner',
    ' when len.x <= 1',
    true,
  ],
  ['hours and the night', ' when time in week', ' when time in night', false],
  ['IPv4 as IPv6', ' when ip in mapped', ' when ip in inner', true],
])('%s', (_, left, right, expected) => {
  expect(canMeet(left, right)).toBe(expected)
})
