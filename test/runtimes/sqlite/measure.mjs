// What a driver of SQLite costs: the same transactions of the store, the drivers that load here by turns.
// node test/runtimes/sqlite/measure.mjs, after `npm run build`; bun and deno run it as well
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKavach } from '../../../dist/index.js'
import { openSqliteStore } from '../../../dist/storage/index.js'

const ROUNDS = 7
const folder = mkdtempSync(join(tmpdir(), 'kavach-drivers-'))
const head = { size: 0, frontier: new Uint8Array(32), time: 0, epoch: 0 }
const BODY = 'x'.repeat(350)
const leaf = new Uint8Array(32)

/** Each runs on one open store and gives the microseconds of one transaction. */
const WORK = {
  async 'one row read'({ store }) {
    return each(2000, () => store.read('default', (reader) => reader.get('settings', { name: 'a' })))
  },
  async 'one meter'({ store }) {
    return each(2000, (at) => {
      const key = { key: `k${at % 500}`, windowStart: 0 }
      return store.transaction('default', (tx) => tx.put('meters', [{ ...key, used: at }]))
    })
  },
  async '256 rows of the log, 100 meters, the head'({ store, state }) {
    return each(40, () =>
      store.transaction('default', (tx) => {
        tx.get('heads', {})
        const rows = Array.from({ length: 256 }, () => {
          const seq = state.seq++
          return { seq, time: 1, agent: 'a', kind: 'test', result: 'ok', body: BODY, leaf, personal: null }
        })
        tx.insert('audit', rows)
        tx.put(
          'meters',
          Array.from({ length: 100 }, (_, at) => ({ key: `k${at}`, windowStart: 0, used: state.seq })),
        )
        tx.put('heads', [{ ...head, size: state.seq }])
      }),
    )
  },
  async '1,000 rows read'({ store }) {
    return each(40, () => store.read('default', (reader) => reader.find('meters', 'key', { limit: 1000 })))
  },
  async 'a call of authorize, 256 callers at once'({ kavach, agent }) {
    const CALLS = 4096
    let left = CALLS
    const begun = performance.now()
    await Promise.all(
      Array.from({ length: 256 }, async (_, caller) => {
        while (left-- > 0) await kavach.authorize(agent, { action: 'read', resource: `mcp:github:repo-${caller}` })
      }),
    )
    return ((performance.now() - begun) / CALLS) * 1000
  },
}

async function each(count, run) {
  const begun = performance.now()
  for (let at = 0; at < count; at++) await run(at)
  return ((performance.now() - begun) / count) * 1000
}

async function open(driver) {
  const database = (name) => ({ url: join(folder, `${driver.replace(':', '-')}-${name}.db`), driver })
  const store = await openSqliteStore({ ...database('store'), durability: 'process', deadlineMs: 60_000 })
  await store.migrate()
  await store.transaction('default', (tx) => {
    tx.put('settings', [{ name: 'a', value: 'b' }])
    const meters = Array.from({ length: 2000 }, (_, at) => ({ key: `k${at}`, windowStart: 0, used: at }))
    tx.put('meters', meters)
  })
  const options = { audit: 'process', deadlineMs: 60_000, warn() {} }
  const kavach = await createKavach({ database: { provider: 'sqlite', ...database('host') }, ...options })
  const permissions = [{ resource: 'mcp:github:*', actions: ['read'], constraints: { maxCallsPerDay: 1_000_000_000 } }]
  const { id } = await kavach.agents.create({ ownerId: 'user-1', name: 'worker', type: 'autonomous', permissions })
  return { driver, store, kavach, agent: id, state: { seq: 0 } }
}

const opened = []
for (const driver of ['better-sqlite3', 'node:sqlite']) {
  try {
    opened.push(await open(driver))
  } catch (error) {
    console.log(`${driver} does not load here: ${error.code}`)
  }
}
const times = new Map()
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, run] of Object.entries(WORK)) {
    for (const place of opened) {
      const key = `${name} | ${place.driver}`
      times.set(key, [...(times.get(key) ?? []), await run(place)])
    }
  }
}
const { bun, deno, node } = process.versions
const runtime = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`
console.log(`${runtime}, \`synchronous=NORMAL\`, microseconds each: median of ${ROUNDS} rounds, and the range`)
for (const [key, all] of times) {
  const [first, ...others] = all.toSorted((a, b) => a - b).map((us) => us.toFixed(1))
  console.log(`| ${key} | ${[first, ...others][ROUNDS >> 1]} | ${first}-${others.at(-1)} |`)
}
for (const { store, kavach } of opened) {
  await store.close()
  await kavach.close()
}
rmSync(folder, { recursive: true, force: true })
