import { expect, test } from 'vitest'
import { coverageOf, coverParts, partsOf } from '../../../compiler/analyze/coverage.ts'
import { questionsOf } from '../../../compiler/analyze/mutate-run.ts'
import { resultsOf, writtenOf } from './written.ts'

/** What of a policy its tests do not see, and the score. */
function unseenOf(text: string) {
  const policy = writtenOf(text)
  const covered = [...coverParts(policy.model, partsOf(policy), questionsOf(resultsOf(policy)))]
  const { seen, sides, void: hidden } = coverageOf(covered)
  const lines = covered.flatMap(({ text: part, sides: all, place }) =>
    all.filter(({ fate }) => fate !== 'seen').map(({ claim, fate }) => `${place.line} ${part}: ${fate} ${claim}`),
  )
  return { seen, sides, hidden, lines }
}

const POLICY = `autonomous agent a {
  allow read on x:*
    when trust >= 5 and ip in cidr [10.0.0.0/8]
}
`

test('an atom is seen where the verdict hangs on it alone, on each side', () => {
  expect(
    unseenOf(`${POLICY}test "t" as a trust 5 from 10.1.1.1 {
  allow read on x:y
  deny  read on x:y trust 4
  deny  read on x:y trust 4 from 11.1.1.1
}`),
  ).toEqual({
    seen: 4,
    sides: 7,
    hidden: 0,
    lines: [
      '3 read: unseen deciding against another action',
      '3 x:*: unseen deciding against another resource',
      // Two atoms fail in the one row that has a foreign address: neither decides.
      '4 ip in cidr [10.0.0.0/8]: unseen deciding where it does not hold',
    ],
  })
})

test('an unknown fact is a condition that does not hold', () => {
  const { lines } = unseenOf(`${POLICY}test "t" as a { deny read on x:y from 10.1.1.1 }`)
  expect(lines).toContain('4 trust >= 5: unseen deciding where it holds')
  expect(lines).not.toContain('4 trust >= 5: unseen deciding where it does not hold')
})

test('what another grant allows too is not seen deciding, and proved to be hidden', () => {
  const { hidden, lines } = unseenOf(`autonomous agent a {
  allow read on x:y
  allow read on x:**
}
test "t" as a {
  allow read on x:y
  allow read on x:z
}`)
  expect(hidden).toBe(1)
  expect(lines).toContain('3 allow read on x:y: void allowing something')
})

test('approvals, limits, throttles and guardrails have two sides', () => {
  const policy = `autonomous agent a {
  allow read on x
    needs approval by "boss"
    rate 3 per hour
  limit budget 2.00 USD per day throttle at 50% to 6 per minute
}
forbid * on x when trust <= 1 unless ip in cidr [10.0.0.1]
require args.n <= 3 for * on x
`
  const { lines } = unseenOf(`${policy}test "t" as a trust 5 with { n: 3 } approved by "boss" {
  allow    read on x
  approval read on x approved by "clerk"
  limited  read on x used 3 per hour
  throttle read on x spent 1.00 USD per day
  deny     read on x spent 2.00 USD per day
  deny     read on x trust 1
  allow    read on x trust 1 from 10.0.0.1
  deny     read on x with { n: 4 }
}`)
  expect(lines).toEqual([
    '3 read: unseen deciding against another action',
    '3 x: unseen deciding against another resource',
    '8 x: void deciding against another resource',
    '9 x: void deciding against another resource',
  ])
})
