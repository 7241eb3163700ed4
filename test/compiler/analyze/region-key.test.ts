import { expect, test } from 'vitest'
import {
  type Box,
  createUniverse,
  EVERY_REQUEST,
  everythingAt,
  grantBox,
  intersectBoxes,
} from '../../../compiler/algebra/index.ts'
import { boxKey } from '../../../compiler/analyze/region-key.ts'
import { modelOf } from './sound.ts'

const universe = createUniverse()

function boxOf(clauses: string): Box {
  const [grant] = modelOf(`autonomous agent a { allow ${clauses} }`).agents[0]?.grants ?? []
  const subject = { kind: 'known', type: 'autonomous', owner: undefined } as const
  return (grant && grantBox(grant, subject, universe)) ?? EVERY_REQUEST
}

test('the same box has one key, whatever made it', () => {
  const apart = intersectBoxes(boxOf('* on a:** when trust >= 5'), boxOf('read, write on **'), universe)
  expect(boxKey(apart ?? EVERY_REQUEST, universe)).toBe(boxKey(boxOf('write, read on a:** when trust >= 5'), universe))
  expect(boxKey(boxOf('* on {a,b}:c'), universe)).toBe(boxKey(boxOf('* on b:c, a:c'), universe))
})

test('facts that may be anything are left out', () => {
  const box = new Map(boxOf('read on a')).set('ip', everythingAt('ip', universe))
  expect(boxKey(box, universe)).toBe(boxKey(boxOf('read on a'), universe))
})

test.each([
  ['read on a', 'read on b'],
  ['read on a', 'read, write on a'],
  ['read on a when trust >= 5', 'read on a when trust >= 6'],
  ['read on a when args.x = "a"', 'read on a when args.x in ["a", "b"]'],
  ['read on a when args only [x]', 'read on a when args only [x, y]'],
  ['read on a needs approval', 'read on a needs approval by "boss"'],
])('%s has another key than %s', (a, b) => {
  expect(boxKey(boxOf(a), universe)).not.toBe(boxKey(boxOf(b), universe))
})
