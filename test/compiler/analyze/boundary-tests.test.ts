import { expect, test } from 'vitest'
import { GENERATED_MARK, proposeTests, type Unnoticed } from '../../../compiler/analyze/boundary-tests.ts'
import { mutantsOf } from '../../../compiler/analyze/mutate.ts'
import { isKilledBy, judgeMutants, questionsOf } from '../../../compiler/analyze/mutate-run.ts'
import { parsePolicy, printPolicy } from '../../../grammar/index.ts'
import { resultsOf, writtenOf } from './written.ts'

/** What is proposed for the survivors of a policy, and what they are. */
function proposedFor(text: string) {
  const policy = writtenOf(text)
  const judged = [...judgeMutants(policy.model, mutantsOf(policy), questionsOf(resultsOf(policy)))]
  const survivors = judged.flatMap(({ mutant: { place, said, edit }, fate }): readonly Unnoticed[] =>
    fate.kind === 'survived' ? [{ place, said, variant: edit(policy.model), apart: fate.apart }] : [],
  )
  return { survivors, proposed: proposeTests(policy.model, survivors) }
}

const POLICY = `autonomous agent a {
  allow write on docs:"odd name":*
    when time in hours daily 09:00-18:00 and args.mode in ["new", "old"]
    needs approval by "role:boss"
    rate 3 per hour
  may delegate depth 1
}

delegated agent b {
}

delegate a -> b {
  allow write on docs:"odd name":*
    when time in hours daily 09:00-18:00 and args.mode in ["new", "old"]
    needs approval by "role:boss"
    rate 3 per hour
  expires in 30m
}

boundary runtime {
  allow read on mail
}
`

test('rows notice every survivor that is not said to be left, each more than those before it', () => {
  const { survivors, proposed } = proposedFor(POLICY)
  expect(survivors.length).toBeGreaterThan(20)
  const tests = proposed.text.replace(/^.*\n/, '')
  const results = resultsOf(writtenOf(`${POLICY}${tests}`))
  expect(results.filter(({ passed }) => !passed)).toEqual([])
  const questions = questionsOf(results)
  expect(questions.length).toBe(proposed.rows)
  const left = new Set(proposed.left.map(({ unnoticed }) => unnoticed))
  expect(survivors.filter((item) => !left.has(item) && !isKilledBy(item.variant, questions))).toEqual([])
  expect(proposed.rows).toBeLessThan(survivors.length)
})

test('the text is a file in the one form, with its mark on the first line', () => {
  const { text } = proposedFor(POLICY).proposed
  expect(text.split('\n')[0]).toBe(GENERATED_MARK)
  const { file, diagnostics } = parsePolicy('a.kavach', text)
  expect(diagnostics).toEqual([])
  expect(printPolicy(file)).toBe(text)
})

test('what a row cannot say is left out, with the reason', () => {
  const { proposed } = proposedFor(`autonomous agent a {
  allow run on tool
    when len.code <= 5_000
  allow send on mail
    needs approval within 5m
  may delegate depth 1
}

service agent c {
  limit rate 7 per hour
}

boundary runtime {
  allow run on tool
}
`)
  const reasons = new Set(proposed.left.map(({ why }) => why.replace(/\d+/, 'N')))
  expect([...reasons].sort()).toEqual([
    'a test does not say when something was approved',
    'it needs an agent or a delegation that is made at run time',
    'the row would have N characters',
  ])
})

test('nothing is proposed for tests that notice everything', () => {
  expect(proposeTests(writtenOf(POLICY).model, [])).toEqual({ text: '', rows: 0, left: [] })
})
