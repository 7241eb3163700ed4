import { describe, expect, test } from 'vitest'
import { mutantsOf } from '../../../compiler/analyze/mutate.ts'
import { createComparer } from '../../../compiler/analyze/mutate-apart.ts'
import { writtenOf } from './written.ts'

/** How the mutants of a policy whose words hold `said` compare with it. */
function compared(text: string, said: string): readonly unknown[] {
  const policy = writtenOf(text)
  const comparer = createComparer(policy.model)
  return mutantsOf(policy)
    .filter((mutant) => mutant.said.includes(said))
    .map(({ edit }) => {
      const apart = comparer.tellApart(edit(policy.model))
      return apart.kind === 'apart' ? apart.verdicts.map(({ decision }) => decision).join(' ') : apart.kind
    })
}

describe('equal', () => {
  test('without a grant that another one covers on the same terms', () => {
    expect(compared('autonomous agent a { allow read on x:y\n allow read on x:** }', 'without this grant')).toEqual([
      'equal',
      'allow deny',
    ])
  })

  test('without a guardrail that nobody meets', () => {
    expect(compared('autonomous agent a { allow read on x }\nforbid write on x', 'without this `forbid`')).toEqual([
      'equal',
    ])
  })

  test('with a wider condition that another guardrail narrows again', () => {
    expect(
      compared('autonomous agent a { allow read on x when trust >= 5 }\nrequire trust >= 9 for * on **', 'trust >= 4'),
    ).toEqual(['equal'])
  })
})

describe('apart', () => {
  test('by what meters read, although access is the same while they are fresh', () => {
    expect(
      compared('autonomous agent a { allow read on x:y\n allow read on x:** rate 3 per hour }', 'without this grant'),
    ).toEqual(['allow limited', 'allow deny'])
  })

  test('by the estimate of a grant, near the end of a budget', () => {
    expect(
      compared(
        'autonomous agent a { allow read on x estimate 0.50 USD\n limit budget 2.00 USD per day }',
        'without `estimate',
      ),
    ).toEqual(['deny allow'])
  })

  test('by how long a hop is open', () => {
    const text = `autonomous agent a { allow read on x\n may delegate depth 1 }
delegated agent b {}
delegate a -> b { allow read on x\n expires in 30m }`
    expect(compared(text, 'a second longer')).toEqual(['deny allow'])
  })

  test('by a delegation of which another, shorter one gives the same', () => {
    const text = `autonomous agent a { allow read on x\n may delegate depth 1 }
delegated agent b {}
delegate a -> b { allow read on x\n expires in 30m }
delegate a -> b { allow read on x\n expires in 10m }`
    expect(compared(text, 'without this delegation')).toEqual(['allow deny', 'equal'])
  })

  test('between two denials, where a rate of 0 hides a budget', () => {
    const text = `autonomous agent a { allow read on x }
limit rate 0 per day for read on x
limit budget 2.00 USD per day for read on x`
    expect(compared(text, 'without this `limit`')).toEqual(['limited allow', 'deny limited'])
  })

  test('by a top-level limit that other limits hide from most agents', () => {
    const text = `autonomous agent a { allow read on x\n limit rate 5 per minute }
service agent b { allow read on x }
limit rate 600 per minute for * on ** each agent`
    expect(compared(text, '`600 per minute` becomes `601')).toEqual(['limited allow'])
  })

  test('by agents that the API could make, which no test can say', () => {
    const text = `autonomous agent a { allow read on x\n may delegate depth 1 }
service agent b { limit rate 7 per hour }
boundary runtime { allow read on x }`
    expect(compared(text, 'without `rate 7 per hour`')).toEqual(['limited allow'])
  })
})

test('further delegation at run time leaves the answer unknown, and never equal', () => {
  const text = `autonomous agent a { allow read on x\n may delegate depth 2 }
boundary runtime { allow read on x\n may delegate depth 2 }`
  expect(compared(text, '`may delegate depth 2` becomes')).toEqual(['unknown', 'unknown'])
})

test('a comparison without a budget to think in is unknown', () => {
  const policy = writtenOf('autonomous agent a { allow read on x:y\n allow read on x:** }')
  const [first] = mutantsOf(policy)
  expect(createComparer(policy.model, 1).tellApart(first?.edit(policy.model) ?? policy.model)).toEqual({
    kind: 'unknown',
    why: 'the comparison takes more work than its budget',
  })
})
