import { describe, expect, test } from 'vitest'
import { createSourceRates } from '../../../runtime/mcp/source-rates.ts'
import { LOOPBACK, openPlace, type PlaceParts, type TestPlace } from './place.ts'

describe('requests of one source', () => {
  test('are as many as the limit says in a minute, and then wait for the next', async () => {
    const place = await openPlace({ options: { ratePerMinute: 25 } })
    const rates = createSourceRates(place)
    await place.host.advance(15_000)
    const answers = await takeAll(rates, 27, '192.0.2.1')
    expect(answers).toEqual([...Array.from({ length: 25 }, () => undefined), 45, 45])
    await place.host.advance(45_000)
    expect(await rates.take('token', '192.0.2.1')).toBe(undefined)
  })

  test('are as many in all processes together', async () => {
    const one = await openPlace({ options: { ratePerMinute: 60 } })
    const two = await openPlace({ options: { ratePerMinute: 60 }, store: one.store, host: one.host })
    const rates = [createSourceRates(one), createSourceRates(two)]
    let admitted = 0
    for (let at = 0; at < 200; at++) {
      if ((await rates[at % 2]?.take('token', '192.0.2.1')) === undefined) admitted++
    }
    expect(admitted).toBe(60)
  })

  test('are as many however fast they come', async () => {
    const place = await openPlace({ options: { ratePerMinute: 20 } })
    const { take } = createSourceRates(place)
    const answers = await Promise.all(Array.from({ length: 100 }, () => take('token', '192.0.2.1')))
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(20)
  })

  test('are counted for each endpoint by itself', async () => {
    const { take } = createSourceRates(await openPlace({ options: { ratePerMinute: 1 } }))
    const asked = ['token', 'login', 'token', 'register', 'login']
    const answers = []
    for (const endpoint of asked) answers.push(await take(endpoint, '192.0.2.1'))
    expect(answers).toEqual([undefined, undefined, 60, undefined, 60])
  })

  test('take few transactions, and one row of the log', async () => {
    const place = await openPlace({ options: { ratePerMinute: 100 } })
    const before = (await place.log()).length
    await takeAll(createSourceRates(place), 300, '192.0.2.1')
    const rows = (await place.log()).slice(before)
    const { personal, seq: _, time: __, ...row } = rows[0] ?? expect.fail()
    expect([rows.length, typeof personal]).toEqual([1, 'string'])
    expect(row).toEqual({
      kind: 'rate.exceed',
      actor: 'host',
      result: 'denied',
      rate: 'oauth.token',
      count: 100,
      seconds: 60,
      code: 'KVCH_E_RATE_ENDPOINT_EXCEEDED',
    })
  })
})

test('a source is an address of IPv4, and a network of IPv6', async () => {
  const { take } = createSourceRates(await openPlace({ options: { ratePerMinute: 1 } }))
  const answers = []
  for (const ip of [
    '2001:db8:1:2::1',
    '2001:db8:1:2:ffff::9',
    '2001:DB8:1:2::1',
    '2001:db8:1:3::1',
    '192.0.2.1',
    '::ffff:192.0.2.1',
    '192.0.2.2',
    'unix:/run/socket',
  ]) {
    answers.push(await take('token', ip))
  }
  expect(answers).toEqual([undefined, 60, 60, undefined, undefined, 60, undefined, undefined])
})

test('nobody is counted whose address is not known, nor where there is no limit', async () => {
  const unknown = createSourceRates(await openPlace({ options: { ratePerMinute: 1 } }))
  expect(await takeAll(unknown, 3, undefined)).toEqual([undefined, undefined, undefined])
  const free = createSourceRates(await openPlace({ options: { ...LOOPBACK, ratePerMinute: false } }))
  expect(await takeAll(free, 3, '192.0.2.1')).toEqual([undefined, undefined, undefined])
})

test('meters of minutes that are over do not pile up', async () => {
  const parts: PlaceParts = { options: { ratePerMinute: 10 } }
  const place = await openPlace(parts)
  const { take } = createSourceRates(place)
  for (let minute = 0; minute < 20; minute++) {
    for (let at = 0; at < 30; at++) await take('token', `192.0.${minute}.${at}`)
    await place.host.advance(60_000)
  }
  expect((await metersOf(place)).length).toBeLessThan(120)
})

async function takeAll({ take }: ReturnType<typeof createSourceRates>, count: number, ip: string | undefined) {
  const answers = []
  for (let at = 0; at < count; at++) answers.push(await take('token', ip))
  return answers
}

function metersOf({ site }: TestPlace) {
  return site.read((reader) => reader.find('meters', 'key', { after: 'oauth-source/', before: 'oauth-source0' }))
}
