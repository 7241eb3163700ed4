import { expect, it } from 'vitest'
import { createUniverse, grantBox, TooHard } from '../../../compiler/algebra/index.ts'
import { HOLDER, hold } from './conditions.ts'

const { grants } = hold(['allow read on x:* when args.x = "v"'])

it('a question without budget is too hard, and is answered when it is renewed', () => {
  const universe = createUniverse(3)
  const ask = () => grants.map((grant) => grantBox(grant, HOLDER, universe)?.has('resource'))
  expect(ask).toThrow(TooHard)
  universe.renew()
  expect(ask()).toEqual([true])
})

it('what was learnt of a rule stays when the budget is renewed', () => {
  const universe = createUniverse()
  const [first] = grants.map((grant) => grantBox(grant, HOLDER, universe))
  universe.renew(1)
  expect(grants.map((grant) => grantBox(grant, HOLDER, universe))).toEqual([first])
})
