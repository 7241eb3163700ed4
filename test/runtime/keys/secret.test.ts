import { createHmac, hkdfSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { deriveKeys, type KeyPurpose, loadSecretKeys } from '../../../runtime/keys/index.ts'
import { createMemoryStore } from '../../../storage/memory.ts'
import { siteOf } from '../site.ts'

const OLD = 'an old secret of at least 32 bytes, more or less'
const NEW = 'a new secret of at least 32 bytes, more or less'
const TEXT = new TextEncoder().encode('signed')
const PURPOSES: readonly KeyPurpose[] = ['cookies', 'csrf', 'page-tokens', 'webhooks', 'successors']

const keysOf = (secrets: readonly string[], project = 'default') =>
  deriveKeys(siteOf({ options: { project } }), secrets)
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

test('a key is HKDF with SHA-256 of the secret, salted with the project, for a purpose', async () => {
  const [key] = await keysOf([NEW]).derive('webhooks')
  const expected = hkdfSync('sha256', NEW, 'kavachos/default', 'kavachos/v1/webhooks', 32)
  expect(hex(key ?? new Uint8Array())).toBe(hex(new Uint8Array(expected)))
})

test('keys of other purposes, projects and secrets are others', async () => {
  const all = [keysOf([NEW]), keysOf([NEW], 'other'), keysOf([OLD])].flatMap((keys) =>
    PURPOSES.map(async (purpose) => (await keys.derive(purpose)).map(hex)),
  )
  expect(new Set((await Promise.all(all)).flat()).size).toBe(15)
})

test('the newest secret signs and all of them verify', async () => {
  const before = keysOf([OLD])
  const between = keysOf([NEW, OLD])
  const behind = keysOf([NEW])
  const [ofOld, ofNew] = [await before.sign('cookies', TEXT), await between.sign('cookies', TEXT)]
  const verified = (keys: typeof before) => Promise.all([ofOld, ofNew].map((mac) => keys.verify('cookies', TEXT, mac)))
  expect(await verified(before)).toEqual([true, false])
  expect(await verified(between)).toEqual([true, true])
  expect(await verified(behind)).toEqual([false, true])
  const [key = new Uint8Array()] = await behind.derive('cookies')
  expect(hex(ofNew)).toBe(createHmac('sha256', key).update(TEXT).digest('hex'))
})

test('what was signed for one purpose, or is not what was signed, does not verify', async () => {
  const keys = keysOf([NEW])
  const mac = await keys.sign('cookies', TEXT)
  const other = new TextEncoder().encode('signeD')
  expect(await keys.verify('csrf', TEXT, mac)).toBe(false)
  expect(await keys.verify('cookies', other, mac)).toBe(false)
  expect(await keys.verify('cookies', TEXT, mac.slice(1))).toBe(false)
})

test('without an option one secret is made, and found by every process that starts', async () => {
  const store = createMemoryStore()
  const sites = Array.from({ length: 5 }, () => siteOf({ store }))
  const keys = await Promise.all(sites.map((site) => loadSecretKeys(site, { isProduction: false })))
  const derived = await Promise.all(keys.map(async ({ derive }) => (await derive('csrf')).map(hex)))
  expect(new Set(derived.flat()).size).toBe(1)
  const [site = siteOf()] = sites
  const kept = await site.read((reader) => reader.get('settings', { name: 'secret' }))
  expect(Buffer.from(kept?.value ?? '', 'base64')).toHaveLength(32)
  const log = await site.log()
  expect(log.map(({ kind }) => kind)).toEqual(['secret.create'])
  expect(JSON.stringify(log)).not.toContain(kept?.value)
  expect(sites.flatMap(({ warnings }) => warnings)).toEqual([])
})

test('a secret in the database is warned about in production, every time', async () => {
  const store = createMemoryStore()
  for (let start = 0; start < 2; start++) {
    const site = siteOf({ store })
    await loadSecretKeys(site, { isProduction: true })
    expect(site.warnings).toEqual([
      'no `secret` was given, so one is kept in the database, and whoever reads the database can forge what it signs; ' +
        '`openssl rand -base64 32` makes one',
    ])
  }
})

test('a secret in the options is used, kept nowhere and no reason to warn', async () => {
  const site = siteOf({ options: { secrets: [NEW, OLD] } })
  const keys = await loadSecretKeys(site, { isProduction: true })
  expect(await keys.derive('csrf')).toEqual(await keysOf([NEW, OLD]).derive('csrf'))
  expect(await site.read((reader) => reader.find('settings', 'key'))).toEqual([])
  expect([site.warnings, await site.log()]).toEqual([[], []])
})
