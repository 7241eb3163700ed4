import { describe, expect, test } from 'vitest'
import { createRates, type RateName } from '../../../runtime/limits/index.ts'
import type { HostOptions } from '../../../runtime/options.ts'
import { siteOf } from '../site.ts'

const DEFAULTS = [
  ['signup', undefined, 50, 'KVCH_E_RATE_SIGNUP_EXCEEDED', 3600],
  ['otp', 'user-1', 5, 'KVCH_E_RATE_OTP_EXCEEDED', 600],
  ['auth', 'user-1', 10, 'KVCH_E_RATE_USER_EXCEEDED', 60],
] as const

describe.each(DEFAULTS)('%s', (name, key, count, code, seconds) => {
  test(`lets ${count} through in ${seconds} seconds, however many ask at once`, async () => {
    const rates = createRates(siteOf())
    const asked = await Promise.allSettled(Array.from({ length: 200 }, () => rates.take(name, key)))
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(count)
    const refused = asked.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    expect(refused.every((error) => error.code === code && error.retryAfter === seconds)).toBe(true)
  })

  test('begins anew with its window, and what was refused took nothing', async () => {
    const site = siteOf()
    const rates = createRates(site)
    const take = () =>
      rates.take(name, key).then(
        () => 'taken',
        ({ retryAfter }) => retryAfter,
      )
    for (let i = 0; i < count; i++) await take()
    site.host.setNow(site.host.now() + seconds * 1000 - 1500)
    expect([await take(), await take()]).toEqual([2, 2])
    site.host.setNow(site.host.now() + 1500)
    expect(await take()).toBe('taken')
  })
})

test('users are counted apart, and accounts are counted for the project whoever asks', async () => {
  const rates = createRates(
    siteOf({ options: { limits: { rates: { auth: { count: 1, seconds: 60 }, signup: { count: 1, seconds: 60 } } } } }),
  )
  await rates.take('auth', 'user-1')
  await rates.take('auth', 'user-2')
  await rates.take('signup', '10.0.0.1')
  await expect(rates.take('signup', '10.0.0.2')).rejects.toMatchObject({ code: 'KVCH_E_RATE_SIGNUP_EXCEEDED' })
})

test('the first refusal of a window is a row, and the name of the user stands beside it', async () => {
  const site = siteOf({ options: { limits: { rates: { otp: { count: 1, seconds: 60 } } } } })
  const rates = createRates(site)
  await rates.take('otp', 'ann@example.com')
  for (let i = 0; i < 3; i++) await rates.take('otp', 'ann@example.com').catch(() => undefined)
  const log = await site.log()
  expect(log).toMatchObject([
    { kind: 'rate.exceed', rate: 'otp', count: 1, seconds: 60, code: 'KVCH_E_RATE_OTP_EXCEEDED' },
  ])
  expect(JSON.stringify(log)).not.toContain('ann@')
  const meters = await site.read((reader) => reader.find('meters', 'key'))
  expect(meters.map(({ used }) => used)).toEqual([2])
  expect(JSON.stringify(meters)).not.toContain('ann@')
})

test('a limit of 0 is never, not unlimited', async () => {
  const rates = createRates(siteOf({ options: { limits: { rates: { auth: { count: 0, seconds: 60 } } } } }))
  await expect(rates.take('auth', 'user-1')).rejects.toMatchObject({ code: 'KVCH_E_RATE_USER_EXCEEDED' })
})

test.each<[RateName, string | undefined, string]>([
  ['auth', undefined, 'key: name the user whose `auth` rate is meant'],
  ['auth', 'half a \ud800', 'key: name the user whose `auth` rate is meant'],
  ['otp', '', 'key: name the user whose `otp` rate is meant'],
])('%s of nobody is refused', async (name, key, message) => {
  await expect(createRates(siteOf()).take(name, key)).rejects.toMatchObject({ code: 'KVCH_E_REQUEST_INVALID', message })
})

test.each([
  [{ otp: { count: -1, seconds: 60 } }, 'limits.rates.otp.count: must be a whole number, 0 or more'],
  [{ otp: { count: 1, seconds: 0 } }, 'limits.rates.otp.seconds: must be a whole number of seconds, at most 31 days'],
  [{ sms: { count: 1, seconds: 1 } }, 'limits.rates.sms: there is no such rate: use signup, otp or auth'],
])('%j is no configuration', (rates, message) => {
  // Callers without types write this too.
  const options = { limits: { rates } } as HostOptions
  expect(() => createRates(siteOf({ options }))).toThrowError(
    expect.objectContaining({ code: 'KVCH_E_CONFIG_INVALID', message }),
  )
})
