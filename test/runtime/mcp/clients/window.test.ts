import { expect, test } from 'vitest'
import { Shares, takeOne } from '../../../../runtime/mcp/clients/window.ts'
import { NOW, siteOf } from '../../site.ts'

const BOUND = { name: 'tries', most: 3, windowMs: 60_000 }

test('AS-R23: a bound is what may be taken in a window, and the store keeps nothing of windows that are over', async () => {
  const site = siteOf()
  const take = (mostHere?: number) => site.change((change) => takeOne(change, BOUND, mostHere))
  const meters = () => site.read((reader) => reader.find('meters', 'key'))
  expect([await take(), await take(), await take(2), await take(), await take(), await take(2), await take()]).toEqual([
    undefined,
    undefined,
    60,
    undefined,
    60,
    60,
    60,
  ])
  expect(await meters()).toEqual([{ key: 'oauth/tries', windowStart: NOW, used: 4 }])
  expect(await site.log()).toMatchObject([
    { kind: 'rate.exceed', rate: 'tries', count: 3, seconds: 60, code: 'KVCH_E_RATE_ENDPOINT_EXCEEDED' },
  ])
  site.host.setNow(NOW + 60_001)
  expect(await take()).toBeUndefined()
  expect(await meters()).toEqual([{ key: 'oauth/tries', windowStart: NOW + 60_000, used: 1 }])
})

test('AS-R23: shares are counted for each source, and beyond 10,000 sources for all others together', () => {
  const shares = new Shares(60_000)
  expect([shares.take('a', NOW), shares.take('a', NOW), shares.take('b', NOW)]).toEqual([1, 2, 1])
  for (let at = 0; at < 9998; at++) shares.take(`source ${at}`, NOW)
  expect([shares.take('c', NOW), shares.take('d', NOW), shares.take('a', NOW)]).toEqual([1, 2, 3])
  expect(shares.take('a', NOW + 60_000)).toBe(1)
})
