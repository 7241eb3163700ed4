import { expect, test } from 'vitest'
import { createKavach } from '../../index.ts'
import { KavachError } from '../../runtime/errors.ts'
import { parseTtl, resolveSettings } from '../../runtime/options.ts'

function pathOf(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error instanceof KavachError && error.code === 'KVCH_E_CONFIG_INVALID' ? error.details?.path : error
  }
  return undefined
}

/** What a caller without types may give. */
const resolve = (json: string) => resolveSettings(JSON.parse(json))

test('without options everything has its default', () => {
  const { warn: _, ...settings } = resolveSettings({})
  expect(settings).toEqual({
    project: 'default',
    secrets: [],
    maxPerUser: Number.POSITIVE_INFINITY,
    areAgentsEnabled: true,
    tokenTtlMs: 1_800_000,
    audit: { durability: 'durable', allowedArgs: new Set(), checkpoints: {}, retentionDays: undefined },
    approvals: { ttlSeconds: 3600 },
    limits: { reservationSeconds: 600 },
    consecutiveDenials: 50,
    deadlineMs: 2000,
    docsBaseUrl: undefined,
    areMigrationsSkipped: false,
  })
})

test.each([
  ['{ "limit": {} }', 'limit'],
  ['{ "agents": { "maxPerUsr": 3 } }', 'agents.maxPerUsr'],
  ['{ "audit": { "durable": true } }', 'audit.durable'],
  ['{ "audit": { "args": { "allowed": [] } } }', 'audit.args.allowed'],
  ['{ "audit": { "checkpoints": { "sink": [] } } }', 'audit.checkpoints.sink'],
  ['{ "approvals": { "ttl": 5 } }', 'approvals.ttl'],
  ['{ "approvals": { "webhook": { "uri": "https://example.com" } } }', 'approvals.webhook.uri'],
  ['{ "limits": { "agentsPerMinute": 5 } }', 'limits.agentsPerMinute'],
  ['{ "anomaly": { "denials": 5 } }', 'anomaly.denials'],
  ['{ "agents": 5 }', 'agents'],
])('%s has an option that is not known', (json, path) => {
  expect(pathOf(() => resolve(json))).toBe(path)
})

test.each([
  ['{ "project": "a b" }', 'project'],
  ['{ "secret": "short" }', 'secret'],
  ['{ "secret": "01234567890123456789012345678901", "secrets": [] }', 'secret'],
  ['{ "agents": { "auditAll": false } }', 'agents.auditAll'],
  ['{ "agents": { "maxPerUser": 0 } }', 'agents.maxPerUser'],
  ['{ "agents": { "tokenExpiry": "soon" } }', 'agents.tokenExpiry'],
  ['{ "audit": "durabel" }', 'audit'],
  ['{ "deadlineMs": 1.5 }', 'deadlineMs'],
  ['{ "project": 5 }', 'project'],
  ['{ "secrets": "0123456789012345678901234567890123" }', 'secrets'],
  ['{ "agents": { "enabled": "no" } }', 'agents.enabled'],
  ['{ "audit": { "args": { "allow": "to" } } }', 'audit.args.allow'],
  ['{ "audit": { "retentionDays": -1 } }', 'audit.retentionDays'],
  ['{ "audit": { "checkpoints": { "everyRows": 0 } } }', 'audit.checkpoints.everyRows'],
  ['{ "audit": { "checkpoints": { "everyMs": "1s" } } }', 'audit.checkpoints.everyMs'],
  ['{ "audit": { "checkpoints": { "sinks": {} } } }', 'audit.checkpoints.sinks'],
  ['{ "approvals": { "onRequest": true } }', 'approvals.onRequest'],
  ['{ "approvals": { "authenticate": "yes" } }', 'approvals.authenticate'],
  ['{ "docsBaseUrl": 5 }', 'docsBaseUrl'],
  ['{ "skipMigrations": "no" }', 'skipMigrations'],
  ['{ "warn": true }', 'warn'],
])('%s is refused', (json, path) => {
  expect(pathOf(() => resolve(json))).toBe(path)
})

test('a life is seconds, or a text with a unit', () => {
  expect([parseTtl(90, ''), parseTtl('90s', ''), parseTtl('30m', ''), parseTtl('24h', ''), parseTtl('7d', '')]).toEqual(
    [90_000, 90_000, 1_800_000, 86_400_000, 604_800_000],
  )
  expect(['', '0m', '-1h', '1.5h', '1w', 0, -1, Number.NaN].map((text) => pathOf(() => parseTtl(text, 'ttl')))).toEqual(
    Array(8).fill('ttl'),
  )
})

test.each([
  [{ audit: { checkpoints: { key: 'no key' } } }, /^audit\.checkpoints\.key: it is no private key in PEM/],
  [{ limits: { rates: { otp: null } } }, /^limits\.rates\.otp: must be `\{ count, seconds \}`/],
  [{ limits: { endpointPerMinute: null } }, /^limits\.endpointPerMinute: /],
])('a host is not opened with %j', async (options, message) => {
  const given = { database: { provider: 'memory' }, ...options } as never // It is what must be refused.
  await expect(createKavach(given)).rejects.toMatchObject({
    code: 'KVCH_E_CONFIG_INVALID',
    message: expect.stringMatching(message),
  })
})

test('a host that is given what it does not know is not opened', async () => {
  const options = { database: { provider: 'memory' }, limit: { agentPerMinute: 5 } } as const
  await expect(createKavach(options)).rejects.toMatchObject({
    code: 'KVCH_E_CONFIG_INVALID',
    details: { path: 'limit' },
  })
})
