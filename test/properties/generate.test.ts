import { expect, test } from 'vitest'
import { createReference } from '../../compiler/reference/index.ts'
import { parsePolicy } from '../../grammar/index.ts'
import { render } from './generate/piece.ts'
import { filesOf, generatePolicy } from './generate/policy.ts'
import { Random } from './generate/random.ts'
import { createRequests } from './generate/request.ts'
import { generateState } from './generate/state.ts'
import { createHistogram } from './histogram.ts'

/** Everything that a seed makes, as text. */
function makeAll(seed: number): string {
  const random = new Random(seed)
  const { piece, aim } = generatePolicy(random)
  const made = generateState(random, aim)
  const policy = render(piece)
  const files = filesOf(policy).map(({ path, text }) => parsePolicy(path, text).file)
  const { decide } = createReference(files, made.state)
  const requests = createRequests(random, made.aim, ({ value, possible }) => decide(value, { possible }))
  return JSON.stringify([policy, made.state, Array.from({ length: 10 }, () => requests.next())])
}

test('a seed makes the same policy, state and requests every time, another seed others', () => {
  for (const seed of [0, 1, 0xffff_ffff, -5]) {
    expect(makeAll(seed)).toBe(makeAll(seed))
    expect(makeAll(seed)).not.toBe(makeAll(seed + 1))
  }
})

test('a run in which something is rare is no fair run', () => {
  const histogram = createHistogram()
  const kinds = new Set(['ip', 'time'] as const)
  for (let number = 0; number < 10; number++) {
    const decision = ['allow', 'allow', 'allow', 'approval', 'limited'][number] ?? 'deny'
    histogram.add({ decision, reason: 'forbidden', hops: number < 2 ? 3 : 0, kinds, isRuntime: false })
  }
  expect(histogram.shortfalls()).toEqual([
    'throttle: 0.0 %, at least 10.0 % wanted',
    ...['args-matches', 'args-in', 'args-equal', 'args-compare', 'args-cidr', 'args-hours', 'args-only', 'len'].map(
      (kind) => `conditions over ${kind}: 0.0 %, at least 10.0 % wanted`,
    ),
    ...['trust', 'cost', 'agent.type', 'agent.owner'].map(
      (kind) => `conditions over ${kind}: 0.0 %, at least 10.0 % wanted`,
    ),
  ])
})
