import { expect, test } from 'vitest'
import { firstReason, isBetter, OUTCOMES, worst } from '../../../compiler/reference/outcome.ts'

test('outcomes are ordered from allow to deny', () => {
  expect(OUTCOMES).toEqual(['allow', 'throttle', 'approval', 'limited', 'deny'])
  expect([worst([]), worst(['throttle', 'limited', 'approval'])]).toEqual(['allow', 'limited'])
  expect([isBetter('allow', 'throttle'), isBetter('deny', 'deny')]).toEqual([true, false])
})

test('the reason is the first of the list, whatever the order of the causes', () => {
  expect(firstReason(['cost-too-high', 'no-grant', 'throttled'])).toBe('no-grant')
  expect(firstReason([])).toBe(undefined)
})
