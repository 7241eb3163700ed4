/** What every operation of the algebra is given: the pool of languages, the budget of the question, and what is known already. */
import type { ScopeModel } from '../model/index.ts'
import type { Box } from './box.ts'
import { type Budget, createBudget } from './budget.ts'
import { createLanguages, type Languages } from './language.ts'

export interface Universe {
  readonly languages: Languages
  readonly budget: Budget
  /** Begins a question with a budget of its own; what was learnt for others stays. */
  readonly renew: (steps?: number) => void
  /** Boxes of scopes and of whole rules that ask nothing about their subject; `undefined` for rules that mean nothing. */
  readonly scopes: WeakMap<ScopeModel, Box | undefined>
  readonly rules: WeakMap<ScopeModel, Box | undefined>
}

/** Steps that one question may take when the caller does not say: less than two seconds' work. */
export const QUESTION_STEPS = 20_000_000

/** A universe of its own; `steps` bounds the work of everything that is asked in it until it is renewed. */
export function createUniverse(steps: number = QUESTION_STEPS): Universe {
  let account = createBudget(steps)
  const budget: Budget = {
    spend: (cost) => account.spend(cost),
    get left() {
      return account.left
    },
  }
  const renew = (next: number = QUESTION_STEPS) => {
    account = createBudget(next)
  }
  return { languages: createLanguages(budget), budget, renew, scopes: new WeakMap(), rules: new WeakMap() }
}
