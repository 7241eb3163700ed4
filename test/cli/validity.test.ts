/** An image outside of its validity denies everything, whatever is asked and however it was loaded. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { kavach, temporaryFolder } from './command.ts'

const POLICY = `policy p

autonomous agent a {
  may delegate depth 1
  allow read on x
  allow write on x
    rate 5 per hour
}

delegated agent b {
}

delegate a -> b {
  allow read on x
}
`
const folder = temporaryFolder()
const FROM = '2026-04-01T00:00:00Z'
const UNTIL = '2026-05-01T00:00:00Z'
const BEFORE = '2026-03-31T23:59:59.999Z'
const WITHIN = '2026-04-30T23:59:59.999Z'

beforeAll(async () => {
  writeFileSync(join(folder, 'p.kavach'), POLICY)
  writeFileSync(join(folder, 'state.json'), JSON.stringify(STATE))
  for (const [out, times] of [
    ['both', ['--not-before', FROM, '--not-after', UNTIL]],
    ['from', ['--not-before', FROM]],
    ['until', ['--not-after', UNTIL]],
  ] as const) {
    const { code, err } = await kavach(folder, ['compile', 'p.kavach', '-o', out, ...times])
    expect([code, err.includes('error')]).toEqual([0, false])
  }
})

const STATE = {
  agents: [{ name: 'made', type: 'delegated', permissions: [{ resource: 'x', actions: ['read'] }] }],
  revoked: ['gone'],
}

/** Verdict and reason of each request. */
async function decide(
  file: string,
  requests: readonly object[],
  ...args: readonly string[]
): Promise<readonly string[]> {
  const input = requests.map((request) => JSON.stringify(request)).join('\n')
  const { code, out } = await kavach(folder, ['eval', '-m', file, ...args], input)
  expect(code).toBe(0)
  return out
    .trim()
    .split('\n')
    .map((line) => {
      const { decision, reason } = JSON.parse(line)
      return `${decision} ${reason}`
    })
}

const READ = { agent: 'a', action: 'read', resource: 'x' }
const at = (...times: readonly unknown[]) => times.map((now) => ({ ...READ, now }))
const STALE = 'deny stale-policy'
const ALLOWED = 'allow allowed'

describe.each(['wasm', 'img'])('in p.%s', (kind) => {
  test('the first moment belongs to it, the last does not', async () => {
    expect(await decide(`both/p.${kind}`, at(BEFORE, FROM, WITHIN, UNTIL))).toEqual([STALE, ALLOWED, ALLOWED, STALE])
    expect(await decide(`from/p.${kind}`, at(BEFORE, FROM, UNTIL))).toEqual([STALE, ALLOWED, ALLOWED])
    expect(await decide(`until/p.${kind}`, at(BEFORE, WITHIN, UNTIL))).toEqual([ALLOWED, ALLOWED, STALE])
  })

  test('whoever does not know the time is denied', async () => {
    for (const bounds of ['both', 'from', 'until']) {
      const requests = [READ, ...at(null, 'soon', '2026-04-15T00:00:00+02:00', '2026-04-31T00:00:00Z', 1.5)]
      expect([bounds, await decide(`${bounds}/p.${kind}`, requests)]).toEqual([bounds, requests.map(() => STALE)])
    }
  })

  test('--now is the time of those who do not say it', async () => {
    const requests = [READ, ...at(UNTIL)]
    expect(await decide(`both/p.${kind}`, requests, '--now', WITHIN)).toEqual([ALLOWED, STALE])
    expect(await decide(`both/p.${kind}`, requests, '--now', UNTIL)).toEqual([STALE, STALE])
  })

  test('it comes before every other reason but a malformed request', async () => {
    const requests = [
      { ...READ, action: 'write' },
      { ...READ, agent: 'nobody' },
      { ...READ, agent: 'gone' },
      { ...READ, agent: 'made' },
      { ...READ, agent: 'b', via: ['a'] },
      { ...READ, resource: 'y' },
      { ...READ, resource: '' },
    ].map((request) => ({ ...request, now: UNTIL }))
    const expected = [...Array.from({ length: 6 }, () => STALE), 'deny invalid-request']
    expect(await decide(`both/p.${kind}`, requests, '--state', 'state.json')).toEqual(expected)
    const within = requests.map((request) => ({ ...request, now: WITHIN, since: WITHIN }))
    expect(await decide(`both/p.${kind}`, within, '--state', 'state.json')).not.toContain(STALE)
  })
})
