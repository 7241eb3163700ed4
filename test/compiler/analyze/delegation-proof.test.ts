import { expect, it } from 'vitest'
import { type DelegationProof, proveDelegation } from '../../../compiler/analyze/delegation-proof.ts'
import { analyze } from '../../../compiler/analyze/index.ts'
import { modelOf } from './sound.ts'

function proofs(text: string, steps?: number): readonly DelegationProof[] {
  const model = modelOf(text)
  const policy = analyze(model, steps === undefined ? {} : { steps })
  return model.delegations.map((_, index) => proveDelegation(policy, index))
}

const AGENTS = `
autonomous agent a { allow read on x:** rate 5 per minute may delegate depth 1 }
delegated agent b {}
`

it('is proved of what is held, with the limits that are never reached', () => {
  const [within, unreached] = proofs(`${AGENTS}
delegate a -> b { allow read on x:y rate 2 per minute }
delegate a -> b { allow read on x:y rate 9 per minute }
`)
  expect(within).toEqual({ kind: 'proved', unreached: [] })
  expect(unreached).toMatchObject({
    kind: 'proved',
    unreached: [{ limit: { outer: 5n, inner: 9n, window: 'minute' } }],
  })
})

it('escalates with a witness and what is nearest to it', () => {
  const [proof] = proofs(`${AGENTS}delegate a -> b { allow write on x:y }`)
  expect(proof).toMatchObject({
    kind: 'escalates',
    excess: 'requests',
    answer: { witness: { action: 'write', resource: 'x:y' }, nearest: { narrower: 'action', grant: { id: 0 } } },
  })
})

it('is void where nothing can be delegated', () => {
  expect(proofs(`${AGENTS}service agent c { allow read on x }\ndelegate c -> b { allow read on x }`)).toEqual([
    { kind: 'void' },
  ])
})

it('is unknown when its budget is used up, while the graph is walked or later', () => {
  const text = `${AGENTS}delegate a -> b { allow read on x:y }`
  const kinds = [0, 1, 10, 100, 100_000].flatMap((steps) => proofs(text, steps).map(({ kind }) => kind))
  expect(kinds.at(0)).toBe('unknown')
  expect(kinds.at(-1)).toBe('proved')
  expect(new Set(kinds)).toEqual(new Set(['unknown', 'proved']))
})

it('is asked of a delegation that there is', () => {
  expect(() => proveDelegation(analyze(modelOf(AGENTS)), 0)).toThrow(new RangeError('the policy has no delegation 0'))
})
