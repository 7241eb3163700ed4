import { expect, it } from 'vitest'
import { argumentDimension, dimensionOf, isEmptyAt } from '../../../compiler/algebra/dimension.ts'
import { argumentPath, createUniverse, everythingAt, subtractSets } from '../../../compiler/algebra/index.ts'

const NAMES = [
  'action',
  'resource',
  'ip',
  'now',
  'trust',
  'cost',
  'args',
  argumentDimension(['x']),
  argumentDimension(['a.b', '"']),
  'approved',
  'approved:boss',
  'approval-age',
  'type',
  'owner',
  'type:root',
  'owner:root',
]

it('everything of a dimension is not empty, and nothing is left of it when it is taken away', () => {
  const universe = createUniverse()
  for (const name of NAMES) {
    const all = everythingAt(name, universe)
    expect([name, isEmptyAt(name, all, universe)]).toEqual([name, false])
    expect([name, isEmptyAt(name, subtractSets(all, all, universe), universe)]).toEqual([name, true])
  }
})

it('the path of an argument is read back, whatever its names', () => {
  const paths = [['x'], ['a.b', '"'], ['__proto__', ''], ['é', 'x:y']]
  expect(paths.map((path) => argumentPath(argumentDimension(path)))).toEqual(paths)
  expect(['args', 'ip', 'approved:arg:x'].map(argumentPath)).toEqual([undefined, undefined, undefined])
})

it('arguments and approvals can rule each other out, a trust and an address cannot', () => {
  expect(
    ['args', argumentDimension(['x']), 'approved:boss', 'approval-age', 'now', 'trust', 'ip'].map(
      (name) => dimensionOf(name).isCoupled,
    ),
  ).toEqual([true, true, true, true, true, false, false])
})

it('numbers that JSON does not have are none', () => {
  const universe = createUniverse()
  const at = (doubled: bigint) =>
    isEmptyAt('trust', { kind: 'ranges', specials: 0, ranges: [{ low: doubled, high: doubled }] }, universe)
  expect([at(2n), at(2n * (2n ** 53n + 1n) * 10n ** 9n)]).toEqual([false, true])
})
