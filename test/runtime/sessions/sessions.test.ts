import { expect, test } from 'vitest'
import { createSessions, type Session, type SessionOptions } from '../../../runtime/sessions/index.ts'
import { NOW, siteOf } from '../site.ts'

const DAY_MS = 86_400_000
const REQUEST = new Request('https://app.example/')

/** Sessions over a port that shows whatever is put into `shown`. */
function setUp(options: Omit<SessionOptions, 'port'> & { readonly live?: readonly string[] } = {}) {
  const { live, ...rules } = options
  const site = siteOf()
  const shown: { session: unknown } = { session: undefined }
  const port = {
    // The port is an application's: whatever it gives must be looked at.
    session: () => shown.session as Session,
    ...(live !== undefined && { live: () => live }),
  }
  const { api, sweep } = createSessions(site, { port, ...rules }, { admitFailure: () => true })
  async function show(session: unknown): Promise<unknown> {
    shown.session = session
    return api.verify(REQUEST).catch(({ code }) => code)
  }
  return { site, api, sweep, show }
}

const alice = (id: string, more: Partial<Session> = {}): Session => ({
  id,
  userId: 'alice',
  issuedAt: new Date(NOW - 1000),
  ...more,
})

test('a session says who is there, and until when', async () => {
  const { show, site } = setUp()
  expect(await show(alice('s1', { name: 'Alice', mfa: true }))).toEqual({
    userId: 'alice',
    name: 'Alice',
    kind: 'web',
    issuedAt: new Date(NOW - 1000),
    expiresAt: new Date(NOW - 1000 + 7 * DAY_MS),
    mfa: true,
  })
  expect((await site.log()).map(({ kind }) => kind)).toEqual(['session.begin'])
})

test.each([
  ['one that was tampered with', 'invalid', 'KVCH_E_SESSION_INVALID'],
  ['one without an id', { userId: 'alice', issuedAt: new Date(NOW) }, 'KVCH_E_SESSION_INVALID'],
  ['one with an empty user', alice('s', { userId: '' }), 'KVCH_E_SESSION_INVALID'],
  ['one of no kind that there is', { ...alice('s'), kind: 'tv' }, 'KVCH_E_SESSION_INVALID'],
  ['one whose time is a number', { ...alice('s'), issuedAt: NOW }, 'KVCH_E_SESSION_INVALID'],
  ['one from the future', alice('s', { issuedAt: new Date(NOW + 60_001) }), 'KVCH_E_SESSION_INVALID'],
  ['one of the web after 7 days', alice('s', { issuedAt: new Date(NOW - 7 * DAY_MS) }), 'KVCH_E_SESSION_EXPIRED'],
  [
    'one of a phone after 30 days',
    alice('s', { kind: 'mobile', issuedAt: new Date(NOW - 30 * DAY_MS) }),
    'KVCH_E_SESSION_EXPIRED',
  ],
])('a request with %s is refused, and the log says so', async (_, session, code) => {
  const { show, site } = setUp()
  expect(await show(session)).toBe(code)
  expect((await site.log()).map(({ kind, code: said, result }) => [kind, said, result])).toEqual([
    ['session.refuse', code, 'denied'],
  ])
})

test('a request without a session is refused, and leaves no row', async () => {
  const { show, site } = setUp()
  expect(await show(undefined)).toBe('KVCH_E_SESSION_NOT_FOUND')
  expect(await site.log()).toEqual([])
})

test('a session of a phone lasts 30 days, and lifetimes can be set', async () => {
  const phone = alice('s', { kind: 'mobile', issuedAt: new Date(NOW - 30 * DAY_MS + 1) })
  expect(await setUp().show(phone)).toMatchObject({ userId: 'alice', expiresAt: new Date(NOW + 1) })
  expect(await setUp({ lifetimeDays: { mobile: 1 } }).show(phone)).toBe('KVCH_E_SESSION_EXPIRED')
})

test('a second factor is asked for where the project wants one', async () => {
  const { show } = setUp({ isMfaRequired: true })
  expect(await show(alice('s'))).toBe('KVCH_E_SESSION_MFA_REQUIRED')
  expect(await show(alice('s', { mfa: true }))).toMatchObject({ userId: 'alice' })
})

test('a session stays on its device, unless the project does not mind', async () => {
  const bound = setUp()
  expect(await bound.show(alice('s', { device: 'firefox' }))).toMatchObject({ userId: 'alice' })
  expect(await bound.show(alice('s', { device: 'firefox' }))).toMatchObject({ userId: 'alice' })
  expect(await bound.show(alice('s', { device: 'chrome' }))).toBe('KVCH_E_SESSION_DEVICE_MISMATCH')
  expect(await bound.show(alice('s'))).toBe('KVCH_E_SESSION_DEVICE_MISMATCH')
  const free = setUp({ isDeviceBound: false })
  await free.show(alice('s', { device: 'firefox' }))
  expect(await free.show(alice('s', { device: 'chrome' }))).toMatchObject({ userId: 'alice' })
})

test('a session that changes its user is none', async () => {
  const { show } = setUp()
  await show(alice('s'))
  expect(await show(alice('s', { userId: 'bob' }))).toBe('KVCH_E_SESSION_INVALID')
})

test('a user has five live sessions at most, and one more after one was ended', async () => {
  const { show, api } = setUp()
  for (const id of ['1', '2', '3', '4', '5']) expect(await show(alice(id))).toMatchObject({ userId: 'alice' })
  expect(await show(alice('6'))).toBe('KVCH_E_SESSION_CONCURRENT_LIMIT')
  expect(await show({ ...alice('6'), userId: 'bob' })).toMatchObject({ userId: 'bob' })
  await api.end('3')
  expect(await show(alice('7'))).toMatchObject({ userId: 'alice' })
  expect(await show(alice('3'))).toBe('KVCH_E_SESSION_NOT_FOUND')
  expect((await api.list('alice')).length).toBe(5)
})

test('sixty requests at once begin five sessions', async () => {
  const site = siteOf()
  let at = 0
  const { api } = createSessions(site, { port: { session: () => alice(String(at++)) } }, { admitFailure: () => false })
  const asked = await Promise.all(
    Array.from({ length: 60 }, () =>
      api.verify(REQUEST).then(
        () => 'begun',
        ({ code }) => code,
      ),
    ),
  )
  expect(asked.filter((one) => one === 'begun')).toHaveLength(5)
  expect(asked.filter((one) => one === 'KVCH_E_SESSION_CONCURRENT_LIMIT')).toHaveLength(55)
})

test('sessions that the application no longer knows make room', async () => {
  const { show } = setUp({ maxPerUser: 2, live: ['2', '3'] })
  await show(alice('1'))
  await show(alice('2'))
  expect(await show(alice('3'))).toMatchObject({ userId: 'alice' })
  expect(await show(alice('4'))).toBe('KVCH_E_SESSION_CONCURRENT_LIMIT')
})

test('sessions are listed by a digest of their ids, and ended by it', async () => {
  const { show, api, site } = setUp()
  await show(alice('secret-session-id'))
  const [seen] = await api.list('alice')
  expect(seen).toMatchObject({ kind: 'web', seenAt: new Date(NOW) })
  expect(JSON.stringify([seen, await site.log()])).not.toContain('secret-session-id')
  await api.end(seen?.id ?? '')
  await api.end(seen?.id ?? '')
  expect(await api.list('alice')).toEqual([])
  expect((await site.log()).map(({ kind }) => kind)).toEqual(['session.begin', 'session.end'])
  await expect(api.end('nobody')).rejects.toMatchObject({ code: 'KVCH_E_SESSION_NOT_FOUND' })
})

test('an application that does not answer is told apart from a session that is none', async () => {
  const port = {
    session: (): undefined => {
      throw new Error('connection refused')
    },
  }
  const { api } = createSessions(siteOf(), { port }, { admitFailure: () => true })
  await expect(api.verify(REQUEST)).rejects.toMatchObject({ code: 'KVCH_E_OAUTH_PROVIDER_UNAVAILABLE' })
})

test('when a session was last seen is written once a minute', async () => {
  const { show, api, site } = setUp()
  await show(alice('s'))
  site.host.setNow(NOW + 59_999)
  await show(alice('s'))
  expect((await api.list('alice')).map(({ seenAt }) => seenAt)).toEqual([new Date(NOW)])
  site.host.setNow(NOW + 60_000)
  await show(alice('s'))
  expect((await api.list('alice')).map(({ seenAt }) => seenAt)).toEqual([new Date(NOW + 60_000)])
})

test('sessions that are over for a day are swept', async () => {
  const { show, sweep, site } = setUp()
  await show(alice('s'))
  site.host.setNow(NOW + 8 * DAY_MS - 1001)
  expect(await site.change((change) => sweep(change, 10))).toBe(0)
  site.host.setNow(NOW + 8 * DAY_MS)
  expect(await site.change((change) => sweep(change, 10))).toBe(1)
})

test.each([
  [{ port: {} }, 'sessions.port: must have a function `session`'],
  [
    { port: { session: (): undefined => undefined }, maxPerUser: 0 },
    'sessions.maxPerUser: must be a whole number above 0',
  ],
  [
    { port: { session: (): undefined => undefined }, lifetimeDays: { web: 0.5 } },
    'sessions.lifetimeDays.web: must be a whole number above 0',
  ],
  [
    { port: { session: (): undefined => undefined }, isMfaRequired: 'no' },
    'sessions.isMfaRequired: must be `true` or `false`',
  ],
  [
    { port: { session: (): undefined => undefined }, maxUsers: 1 },
    'sessions.maxUsers: there is no such option; known are port, lifetimeDays, maxPerUser, isDeviceBound, isMfaRequired',
  ],
])('options that say something else are refused: %j', (options, message) => {
  expect(() => createSessions(siteOf(), options as SessionOptions, { admitFailure: () => true })).toThrow(message)
})

test('without the option nobody is known', async () => {
  const { api } = createSessions(siteOf(), undefined, { admitFailure: () => true })
  await expect(api.verify(REQUEST)).rejects.toMatchObject({ code: 'KVCH_E_CONFIG_INVALID' })
})
