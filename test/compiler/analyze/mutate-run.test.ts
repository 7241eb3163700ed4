import { expect, test } from 'vitest'
import { mutantsOf } from '../../../compiler/analyze/mutate.ts'
import { isKilledBy, judgeMutants, questionsOf, scoreOf } from '../../../compiler/analyze/mutate-run.ts'
import { resultsOf, writtenOf } from './written.ts'

const POLICY = `autonomous agent a {
  allow read on x:y
  allow read on x:**
    needs approval
}
`

test('each mutant is killed, survives with a request, or is proved equivalent', () => {
  const policy = writtenOf(`${POLICY}test "t" as a {
  allow    read on x:y
  approval read on x:z
  deny     read on y:z
}`)
  const judged = [...judgeMutants(policy.model, mutantsOf(policy), questionsOf(resultsOf(policy)))]
  expect(judged.map(({ mutant, fate }) => `${mutant.place.line} ${mutant.said}: ${fate.kind}`)).toEqual([
    '3 without this grant: killed',
    '3 `read` becomes `*`: survived',
    '3 `x:y` becomes `*:y`: survived',
    '3 `x:y` becomes `x:*`: killed',
    '4 without this grant: killed',
    '4 `read` becomes `*`: survived',
    '4 `x:**` becomes `*:**`: killed',
    '5 without `needs approval`: killed',
  ])
  expect(scoreOf(judged)).toEqual({ total: 8, killed: 5, survived: 3, equivalent: 0, unknown: 0, score: 62.5 })
})

test('what is equivalent is not counted, and a policy without mistakes to notice is fully tested', () => {
  const equivalent = { mutant: mutantsOf(writtenOf(POLICY))[0], fate: { kind: 'equivalent' } as const }
  const { mutant, fate } = equivalent
  if (mutant === undefined) throw new TypeError('there is a mutant')
  expect(scoreOf([{ mutant, fate }])).toMatchObject({ total: 1, equivalent: 1, score: 100 })
})

test('a reason that a row names is looked at too', () => {
  const text = `autonomous agent a {
  allow read on x
    when trust >= 5 and cost <= 1
}
`
  const ask = (because: string) => {
    const policy = writtenOf(`${text}test "t" as a {\n  deny read on x cost 2 USD trust 1${because}\n}`)
    const [mutant] = mutantsOf(policy).filter(({ said }) => said === 'without `trust >= 5`')
    return mutant && isKilledBy(mutant.edit(policy.model), questionsOf(resultsOf(policy)))
  }
  expect([ask(''), ask(' because trust-too-low')]).toEqual([false, true])
})

test('a question that several rows ask is asked once', () => {
  const policy = writtenOf(
    `${POLICY}test "t" as a {\n  allow read on x:y\n  allow read on x:y\n  allow read on x:y because allowed\n}`,
  )
  expect(questionsOf(resultsOf(policy)).length).toBe(2)
})
