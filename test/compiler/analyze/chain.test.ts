import { expect, it } from 'vitest'
import { summariesOf } from './proofs.ts'

it('a limit of calls does not stand for a budget of as many nano-USD', () => {
  const summaries = summariesOf(`policy p
    autonomous agent d { allow * on ** may delegate depth 1 }
    autonomous agent a { limit budget 0.000000005 USD per day }
    autonomous agent b { limit rate 5 per day }
    boundary runtime { allow * on ** }
    require cost >= 1 for * on **
    assert never a, b can read on x
  `)
  expect(summaries).toEqual([
    { refuted: 'allowed', by: { agent: 'b', via: ['d'], action: 'read', resource: 'x', cost: 1 } },
  ])
})

it('a budget that is paced at once does not stand for one that is not', () => {
  const summaries = summariesOf(`policy p
    autonomous agent d { allow * on ** may delegate depth 1 }
    autonomous agent a { limit budget 5 USD per day throttle at 0% to 0 per minute }
    autonomous agent b { limit budget 5 USD per day throttle at 50% to 1 per minute }
    boundary runtime { allow * on ** }
    assert never a, b can read on x
  `)
  expect(summaries).toEqual([
    { refuted: 'allowed', by: { agent: 'b', via: ['d'], action: 'read', resource: 'x', cost: 0 } },
  ])
})
