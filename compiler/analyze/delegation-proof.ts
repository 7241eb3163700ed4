/** Whether each `delegate` of a policy gives only what its delegator holds and may pass on. */
import { createAuthority, type DelegationAnswer, decideDelegation, type UnreachedLimit } from '../algebra/index.ts'
import type { PolicyUnderAnalysis, Unknown } from './subject.ts'

export type DelegationProof =
  | { readonly kind: 'proved'; readonly unreached: readonly UnreachedLimit[] }
  | Extract<DelegationAnswer, { readonly kind: 'void' | 'escalates' }>
  | Unknown

/** Decides the delegation at `index` of the model. */
export function proveDelegation(policy: PolicyUnderAnalysis, index: number): DelegationProof {
  const { model, hints } = policy
  const delegation = model.delegations[index]
  if (delegation === undefined) throw new RangeError(`the policy has no delegation ${index}`)
  return policy.ask(({ universe }): DelegationProof => {
    const authority = createAuthority(model, (steps) => universe.budget.spend(steps))
    const answer = decideDelegation(authority, delegation, universe, hints)
    switch (answer.kind) {
      case 'within':
        return { kind: 'proved', unreached: answer.unreached }
      case 'unknown':
        return { kind: 'unknown', why: 'a case could be neither ruled out nor shown within the budget of the question' }
      default:
        return answer
    }
  })
}
