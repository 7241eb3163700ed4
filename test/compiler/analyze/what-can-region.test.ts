import { expect, test } from 'vitest'
import { EVERY_REQUEST } from '../../../compiler/algebra/index.ts'
import { analyze, factsText } from '../../../compiler/analyze/index.ts'
import { accessRegions, type ChainAccess } from '../../../compiler/analyze/what-can-region.ts'
import { modelOf } from './sound.ts'

function regionsOf(policy: string): ChainAccess {
  const subject = analyze(modelOf(policy))
  const found = subject.ask((inquiry) => {
    const chain = inquiry.chains.alone('bot')
    if (chain === undefined) throw new TypeError('no agent')
    return { kind: 'found' as const, access: accessRegions(subject, inquiry, chain, EVERY_REQUEST) }
  })
  if (found.kind !== 'found') throw new TypeError(found.why)
  return found.access
}

test('a grant that guardrails take away whole is no region', () => {
  const { regions, doubts } = regionsOf('autonomous agent bot { allow read on a:b allow write on c } forbid * on a:**')
  expect(regions.map(({ facts }) => factsText(facts))).toEqual(['write on c'])
  expect(doubts).toEqual([])
})

test('limits that are charged stand beside those that deny', () => {
  const { regions } = regionsOf(`
    autonomous agent bot { allow read on a rate 2 per day limit budget 3 USD per day }
    limit rate 9 per hour for read on **
    limit budget 2 USD per day for * on ** each agent
    limit rate 1 per hour for write on **`)
  const [region] = regions
  expect(region?.limits).toHaveLength(2)
  expect(region?.guardrailLimits).toHaveLength(2)
  // Calls that cost more than 2 USD are never paid for.
  expect(region?.except.map((guard) => 'limit' in guard && guard.limit.kind)).toEqual(['budget'])
})

test('a rate of 0 is never', () => {
  expect(regionsOf('autonomous agent bot { allow read on a rate 0 per day }')).toMatchObject({
    regions: [],
    doubts: [],
  })
})
