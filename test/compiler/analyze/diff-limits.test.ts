import { expect, test } from 'vitest'
import { diffLimits } from '../../../compiler/analyze/diff-limits.ts'
import { modelOf } from './sound.ts'

/** How the limits of one agent changed. */
function changesOf(old: string, new_: string): readonly string[] {
  const changes = diffLimits(
    modelOf(`autonomous agent a { allow read on x ${old} }`),
    modelOf(`autonomous agent a { allow read on x ${new_} }`),
  )
  return changes.map(({ change, old: was, new: is }) => `${change}: ${was ?? '-'} > ${is ?? '-'}`)
}

test.each([
  ['limit rate 10 per minute', 'limit rate 11 per minute', 'looser: rate 10 per minute > rate 11 per minute'],
  ['limit rate 600 per hour', 'limit rate 10 per minute', 'tighter: rate 600 per hour > rate 10 per minute'],
  [
    'limit rate 10 per minute',
    'limit rate 5 per minute, 900 per hour',
    'tighter: rate 10 per minute > rate 5 per minute, 900 per hour',
  ],
  [
    'limit rate 10 per minute',
    'limit rate 20 per minute, 100 per day',
    'other: rate 10 per minute > rate 20 per minute, 100 per day',
  ],
  ['limit rate 10 per minute', '', 'removed: rate 10 per minute > -'],
  ['', 'limit budget 5 USD per day', 'added: - > budget 5 USD per day'],
  [
    'limit budget 5 USD per day',
    'limit budget 5 USD per day throttle at 80% to 6 per minute',
    'tighter: budget 5 USD per day > budget 5 USD per day throttle at 80% to 6 per minute',
  ],
  [
    'limit budget 5 USD per day throttle at 80% to 6 per minute',
    'limit budget 5 USD per day throttle at 90% to 6 per minute',
    'looser: budget 5 USD per day throttle at 80% to 6 per minute > budget 5 USD per day throttle at 90% to 6 per minute',
  ],
  ['rate 3 per hour', 'rate 4 per hour', 'looser: rate 3 per hour > rate 4 per hour'],
  ['estimate 0.25 USD', 'estimate 0.10 USD', 'looser: estimate 0.25 USD > estimate 0.1 USD'],
])('%s becomes %s', (old, new_, expected) => {
  expect(changesOf(old, new_)).toEqual([expected])
})

test('limits that say the same in another order did not change', () => {
  expect(
    changesOf(
      'limit rate 10 per minute limit budget 5 USD per day',
      'limit budget 5 USD per day limit rate 10 per minute',
    ),
  ).toEqual([])
})

test('a top-level limit is everybody’s, and names its rule', () => {
  const changes = diffLimits(
    modelOf('limit rate 5 per hour for * on x:** each agent'),
    modelOf('limit rate 6 per hour for * on x:** each agent'),
  )
  expect(changes).toEqual([
    {
      change: 'looser',
      holder: 'everybody',
      subject: '* on x:**',
      old: 'rate 5 per hour each agent',
      new: 'rate 6 per hour each agent',
      oldRule: 0,
      newRule: 0,
    },
  ])
})
