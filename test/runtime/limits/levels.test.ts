import { describe, expect, test } from 'vitest'
import { createLevels, type LevelMeter } from '../../../runtime/limits/index.ts'

const NOW = Date.UTC(2026, 3, 1, 12, 0, 12, 345)
const MINUTE = Date.UTC(2026, 3, 1, 12)
const ASKED = { now: NOW, agentId: 'agt_1', owner: 'user-1', endpoint: 'POST /pay' }

const ALL = createLevels({ projectPerMinute: 100, agentPerMinute: 10, userPerMinute: 20, endpointPerMinute: 30 })

describe('the meters of a call', () => {
  test('are none without a limit, and the same list each time', () => {
    const levels = createLevels({})
    expect(levels.metersFor(ASKED)).toEqual([])
    expect(levels.metersFor(ASKED)).toBe(levels.metersFor(ASKED))
  })

  test('are one for each level, in the minute of the call', () => {
    expect(ALL.metersFor(ASKED)).toEqual([
      { key: 'level/project', windowStart: MINUTE, limit: 100, level: 'project' },
      { key: 'level/agent=agt_1', windowStart: MINUTE, limit: 10, level: 'agent' },
      { key: 'level/user=user-1', windowStart: MINUTE, limit: 20, level: 'user' },
      { key: 'level/endpoint=POST /pay', windowStart: MINUTE, limit: 30, level: 'endpoint' },
    ])
  })

  test('leave out the user of an agent without an owner, and the endpoint of a call without one', () => {
    const meters = ALL.metersFor({ now: NOW, agentId: 'agt_1', owner: null })
    expect(meters.map(({ level }) => level)).toEqual(['project', 'agent'])
  })

  test('have the limit of their endpoint, and none where there is none for it', () => {
    const { metersFor } = createLevels({ endpointPerMinute: { 'POST /pay': 3 } })
    const limits = ['POST /pay', 'GET /pay', 'toString', '__proto__'].map((endpoint) =>
      metersFor({ ...ASKED, endpoint }).map(({ limit }) => limit),
    )
    expect(limits).toEqual([[3], [], [], []])
  })

  test('have keys that no meter of the engine has: those begin with 16 hex digits', () => {
    expect(ALL.metersFor(ASKED).filter(({ key }) => /^[0-9a-f]{16}/.test(key))).toEqual([])
  })
})

describe('the first level that is exceeded', () => {
  const exceededBy = (...full: readonly string[]) =>
    ALL.firstExceeded(ALL.metersFor(ASKED), NOW, ({ level, limit }) => (full.includes(level) ? limit : limit - 1))

  test('is none while each has one call left', () => {
    expect(exceededBy()).toBeUndefined()
  })

  test.each([
    ['project', 'KVCH_E_RATE_PROJECT_EXCEEDED', 'project-rate-limited'],
    ['agent', 'KVCH_E_RATE_AGENT_EXCEEDED', 'rate-limited'],
    ['user', 'KVCH_E_RATE_USER_EXCEEDED', 'user-rate-limited'],
    ['endpoint', 'KVCH_E_RATE_ENDPOINT_EXCEEDED', 'endpoint-rate-limited'],
  ])('may be the %s', (level, code, reason) => {
    expect(exceededBy(level)).toEqual({ level, code, reason, retryAfter: 48 })
  })

  test('is named in the order of the levels', () => {
    expect(exceededBy('endpoint', 'user', 'agent')?.level).toBe('agent')
  })

  test('never begins anew when its limit is 0, which means never and not unlimited', () => {
    const levels = createLevels({ agentPerMinute: 0 })
    expect(levels.firstExceeded(levels.metersFor(ASKED), NOW, () => 0)).toEqual({
      level: 'agent',
      code: 'KVCH_E_RATE_AGENT_EXCEEDED',
      reason: 'rate-limited',
      retryAfter: undefined,
    })
  })

  test('is over when the next minute begins', () => {
    const used = new Map<string, number>()
    const nameOf = ({ key, windowStart }: LevelMeter) => `${key}@${windowStart}`
    const levels = createLevels({ agentPerMinute: 2 })
    const call = (now: number) => {
      const meters = levels.metersFor({ ...ASKED, now })
      const exceeded = levels.firstExceeded(meters, now, (meter) => used.get(nameOf(meter)) ?? 0)
      // A call that is refused takes nothing.
      if (exceeded === undefined)
        for (const meter of meters) used.set(nameOf(meter), (used.get(nameOf(meter)) ?? 0) + 1)
      return exceeded?.retryAfter ?? 0
    }
    expect([MINUTE, MINUTE + 1, MINUTE + 2, MINUTE + 59_999, MINUTE + 60_000].map(call)).toEqual([0, 0, 60, 1, 0])
    expect([...used.values()]).toEqual([2, 1])
  })
})

test.each([
  [{ projectPerMinute: -1 }, 'limits.projectPerMinute'],
  [{ agentPerMinute: 1.5 }, 'limits.agentPerMinute'],
  [{ userPerMinute: Number.NaN }, 'limits.userPerMinute'],
  [{ endpointPerMinute: Number.POSITIVE_INFINITY }, 'limits.endpointPerMinute'],
  [{ endpointPerMinute: { 'POST /pay': -2 } }, 'limits.endpointPerMinute.POST /pay'],
])('a limit of %j is no configuration', (limits, path) => {
  expect(() => createLevels(limits)).toThrowError(
    expect.objectContaining({
      code: 'KVCH_E_CONFIG_INVALID',
      message: `${path}: must be a whole number of calls a minute, 0 or more`,
      details: { path },
    }),
  )
})
