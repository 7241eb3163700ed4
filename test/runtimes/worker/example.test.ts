/** The example for Workers, as wrangler bundles it, in workerd. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sqliteSchemaText } from '../../../storage/index.ts'
import { DATE, type Miniflare, startMiniflare, workers } from './d1.ts'

/** Within the package, where `kavachos` is found by its name. */
const FOLDER = resolve('build/example-worker')
const OUT = join(FOLDER, 'out')
const TYPES: Readonly<Record<string, string>> = { js: 'ESModule', wasm: 'CompiledWasm', img: 'Data' }

let miniflare: Miniflare
let deployed = ''

beforeAll(async () => {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  cpSync('examples/worker', FOLDER, { recursive: true, filter: (path) => !/\/(build|\.wrangler)$/.test(path) })
  const wrangler = join(workers(), 'node_modules/wrangler/bin/wrangler.js')
  const { status, stdout, stderr } = spawnSync(process.execPath, [wrangler, 'deploy', '--dry-run', `--outdir=${OUT}`], {
    cwd: FOLDER,
    encoding: 'utf8',
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: '1' },
  })
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
  deployed = stdout
  const modules = readdirSync(OUT)
    .filter((name) => /\.(js|wasm|img)$/.test(name))
    .sort((a, b) => Number(b.endsWith('.js')) - Number(a.endsWith('.js')))
    .map((path) => ({ type: TYPES[path.split('.').at(-1) ?? ''], path, contents: readFileSync(join(OUT, path)) }))
  miniflare = startMiniflare({
    name: 'desk',
    compatibilityDate: DATE,
    modules,
    d1Databases: ['KAVACH_DB'],
    bindings: { KAVACH_SECRET: 'a secret that is used by tests alone', ADMIN_KEY: 'the key of the desk' },
  })
  const database = await miniflare.getD1Database('KAVACH_DB')
  const statements = sqliteSchemaText()
    .replace(/^--.*$/gm, '')
    .split(/;$/m)
    .filter((text) => text.trim() !== '')
  await database.batch(statements.map((text) => database.prepare(text)))
})
afterAll(() => miniflare?.dispose())

async function ask(path: string, init: RequestInit = {}) {
  const worker = await miniflare.getWorker('desk')
  const response = await worker.fetch(`https://desk.example.com${path}`, init)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> } // All answers are JSON.
}

test('wrangler bundles it, with its database', () => {
  expect(deployed).toContain('env.KAVACH_DB (kavach)')
  expect(deployed).toContain('--dry-run: exiting now.')
})

test('the bundle decides under the compiled policy', async () => {
  expect(await ask('/token', { method: 'POST' })).toMatchObject({
    status: 401,
    body: { error: { code: 'KVCH_E_KEY_INVALID' } },
  })
  const given = await ask('/token', { method: 'POST', headers: { 'x-admin-key': 'the key of the desk' } })
  expect(given).toEqual({ status: 200, body: { token: expect.stringMatching(/^kv_/) } })
  const headers = { authorization: `Bearer ${given.body.token}`, 'content-type': 'application/json' }
  expect(await ask('/orders/1', { headers })).toEqual({ status: 200, body: { id: '1', total: 80 } })
  expect(await ask('/orders/9', { headers })).toEqual({ status: 404, body: { error: 'there is no such order' } })
  const refund = (amount: number) => ask('/refunds', { method: 'POST', headers, body: JSON.stringify({ amount }) })
  expect(await refund(20)).toEqual({ status: 200, body: { refunded: 20 } })
  expect(await refund(500)).toMatchObject({ status: 403, body: { error: { code: 'KVCH_E_AGENT_PERMISSION_DENIED' } } })
  expect((await ask('/orders/1')).status).toBe(401)
  const asked = { action: 'delete', resource: 'order:1' }
  expect(await ask('/v1/authorize', { method: 'POST', headers, body: JSON.stringify(asked) })).toMatchObject({
    body: { allowed: false, reason: 'forbidden' },
  })
})

test('the cron trigger does what is done from time to time', async () => {
  const worker = await miniflare.getWorker('desk')
  expect(await worker.scheduled({ cron: '* * * * *' })).toMatchObject({ outcome: 'ok' })
})
