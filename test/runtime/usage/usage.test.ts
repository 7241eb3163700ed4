import { describe, expect, test } from 'vitest'
import { createDecisionEntry, type DecisionFacts, entryOf } from '../../../runtime/audit/index.ts'
import { createUsage } from '../../../runtime/usage/index.ts'
import { NOW, sha256, siteOf } from '../site.ts'

type Call = readonly [agent: string, verdict: DecisionFacts['verdict'], args?: DecisionFacts['args']]

const ALLOWED = new Set(['allow', 'throttle'])
const REASONS = {
  allow: 'allowed',
  throttle: 'throttled',
  limited: 'rate-limited',
  deny: 'no-grant',
  approval: 'approval-required',
} as const

/** A log with these calls, a second apart, and rows of other kinds between them. */
async function usageOf(calls: readonly Call[]) {
  const site = siteOf()
  const hex = (text: string) => Buffer.from(sha256(new TextEncoder().encode(text))).toString('hex')
  const decisionEntry = createDecisionEntry({ hex, allowedArgs: new Set(['verdict', 'note']) })
  for (const [agent, verdict, args] of calls) {
    await site.change((change) => {
      change.record(
        decisionEntry({
          requestId: 'req_1',
          agent,
          by: 'id',
          action: 'read',
          resource: 'mcp:docs:home',
          via: [],
          args,
          isAllowed: ALLOWED.has(verdict),
          verdict,
          reason: REASONS[verdict],
          policy: { name: 'acme', generation: 1, digest: '00'.repeat(32) },
          reservations: [],
          durationUs: 100,
        }),
      )
      change.record(entryOf({ kind: 'complete', agent, actor: 'host', result: 'allowed' }))
    })
    await site.host.advance(1000)
  }
  return { site, usage: createUsage(site) }
}

const CALLS: readonly Call[] = [
  ['agt_1', 'allow'],
  ['agt_1', 'throttle'],
  ['agt_2', 'deny'],
  ['agt_1', 'limited'],
  ['agt_2', 'approval'],
  ['agt_2', 'allow'],
]

describe('usage', () => {
  test('counts calls by what became of them, and nothing else', async () => {
    const { usage } = await usageOf(CALLS)
    expect(await usage.count()).toEqual({ calls: 6, allowed: 3, denied: 3, throttled: 1 })
  })

  test('counts calls of one agent', async () => {
    const { usage } = await usageOf(CALLS)
    expect(await usage.count({ agentId: 'agt_1' })).toEqual({ calls: 3, allowed: 2, denied: 1, throttled: 1 })
    expect(await usage.count({ agentId: 'agt_3' })).toEqual({ calls: 0, allowed: 0, denied: 0, throttled: 0 })
  })

  test('counts calls of a time: from its first instant to before its last', async () => {
    const { usage } = await usageOf(CALLS)
    const since = new Date(NOW + 1000)
    const until = new Date(NOW + 3000).toISOString()
    expect(await usage.count({ since, until })).toEqual({ calls: 2, allowed: 1, denied: 1, throttled: 1 })
    expect(await usage.count({ since: NOW + 5000 })).toEqual({ calls: 1, allowed: 1, denied: 0, throttled: 0 })
    expect(await usage.count({ since, until, agentId: 'agt_2' })).toEqual({
      calls: 1,
      allowed: 0,
      denied: 1,
      throttled: 0,
    })
  })

  test('a recorded argument that says `throttle` throttles nothing', async () => {
    const { usage } = await usageOf([
      ['agt_1', 'allow', { verdict: 'throttle' }],
      ['agt_1', 'allow', { note: '"verdict":"throttle"' }],
    ])
    expect(await usage.count()).toEqual({ calls: 2, allowed: 2, denied: 0, throttled: 0 })
  })

  test('a log of several pages is counted whole, after its bodies were pruned too', async () => {
    const { site, usage } = await usageOf([['agt_1', 'throttle']])
    await site.change((change) => {
      for (let i = 0; i < 1500; i++) change.record(entryOf({ kind: 'decision', actor: 'host', result: 'denied' }))
    })
    expect(await usage.count()).toEqual({ calls: 1501, allowed: 1, denied: 1500, throttled: 1 })
    await site.change(async (change) => {
      for (const row of await change.find('audit', 'key', { limit: 10 })) {
        await change.put('audit', [{ ...row, body: null, personal: null }])
      }
    })
    expect(await usage.count()).toEqual({ calls: 1501, allowed: 1, denied: 1500, throttled: 0 })
  })

  test.each([
    [{ since: 'yesterday' }, 'since: must be a `Date`, milliseconds since 1970, or RFC 3339'],
    [{ agentId: 7 }, 'agentId: must be a text'],
    [{ agent: 'agt_1' }, 'agent: is unknown here; known are since, until, agentId'],
    [null, 'the options must be an object'],
  ])('%j is refused', async (filter, message) => {
    const { usage } = await usageOf([])
    await expect(usage.count(filter as never)).rejects.toMatchObject({ code: 'KVCH_E_REQUEST_INVALID', message })
  })
})
