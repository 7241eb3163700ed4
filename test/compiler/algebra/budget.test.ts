import { expect, it } from 'vitest'
import { createBudget, TooHard } from '../../../compiler/algebra/index.ts'

it('a budget pays to its last step', () => {
  const budget = createBudget(10)
  budget.spend(4)
  budget.spend(6)
  expect(budget.left).toBe(0)
})

it('a budget that was overdrawn pays nothing more', () => {
  const budget = createBudget(10)
  expect(() => budget.spend(11)).toThrow(TooHard)
  expect(budget.left).toBe(0)
  expect(() => budget.spend(1)).toThrow('the question needs more work than it may have')
})
