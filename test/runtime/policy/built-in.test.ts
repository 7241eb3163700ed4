import { expect, test } from 'vitest'
import { builtInImage } from '../../../runtime/policy/built-in.ts'
import { loadPolicy } from '../../../runtime/policy/load.ts'
import { policyImage } from '../../fixtures/policy-image.ts'

test('the built-in policy is the boundary that allows everything, of a generation below all others', () => {
  const written = policyImage('boundary runtime { allow * on ** may delegate depth 5 }', {
    name: 'runtime',
    generation: 0,
  })
  expect(builtInImage()).toEqual(written)
  expect(loadPolicy(builtInImage())).toMatchObject({ name: 'runtime', generation: 0, needsTrust: false })
})
