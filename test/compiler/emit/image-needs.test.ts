import { expect, test } from 'vitest'
import { emitImage, needsOfImage } from '../../../compiler/emit/index.ts'
import { checkPolicy } from '../../../compiler/front/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'

function needsOf(body: string) {
  const { model, diagnostics } = checkPolicy([parsePolicy('a.kavach', `policy a generation 1\n${body}`).file])
  if (model === undefined) throw new Error(diagnostics.map(({ message }) => message).join())
  return needsOfImage(emitImage(model))
}

test('a policy without limits and without trust needs nothing', () => {
  expect(needsOf('autonomous agent a { allow read on x }')).toEqual({ trust: false, largestLimit: 0n })
})

test('trust is found in a guardrail, a boundary and a negation', () => {
  expect(needsOf('forbid read on x when trust <= 0.5').trust).toBe(true)
  expect(needsOf('boundary runtime { allow read on x when trust >= 0.5 }').trust).toBe(true)
  expect(needsOf('autonomous agent a { allow read on x when cost <= 0.5 }').trust).toBe(false)
})

test('the largest limit counts budgets in nano-USD and rates in calls', () => {
  expect(needsOf('autonomous agent a { allow read on x rate 20 per day }').largestLimit).toBe(20n)
  expect(
    needsOf('autonomous agent a { allow read on x rate 20 per day\n  limit budget 5.00 USD per day }').largestLimit,
  ).toBe(5_000_000_000n)
})
