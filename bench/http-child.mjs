// One server of `npm run bench -- http`: prints a line of JSON with its port and a token, and ends on SIGTERM.
// node http-child.mjs floor|kavachos NORMAL|FULL FILE
import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { serve } from '@hono/node-server'
import Database from 'better-sqlite3'
import { Hono } from 'hono'
import { createKavach } from 'kavachos'
import { serveNode } from '../dist/runtime/adapters/node/index.js'

const [contender, synchronous, file] = process.argv.slice(2)
for (const tail of ['', '-wal', '-shm']) rmSync(file + tail, { force: true })
const { port, token, close } = contender === 'floor' ? await floor() : await kavachos()
process.once('SIGTERM', async () => {
  await close()
  process.exit(0)
})
console.log(JSON.stringify({ port, token }))

/** Hono, a look-up by the hash of the bearer, a counter and a row as long as ours, and one transaction for all that wait. */
async function floor() {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma(`synchronous = ${synchronous}`)
  db.exec(`
    create table agents(hash text primary key, id text) without rowid;
    create table meters(key text primary key, used integer) without rowid;
    create table audit(seq integer primary key, agent text, body text, leaf blob);
    create table heads(one integer primary key, size integer)`)
  const token = `kv_${'f'.repeat(49)}`
  const hash = (text) => createHash('sha256').update(text).digest('hex')
  db.prepare('insert into agents values(?, ?)').run(hash(token), 'agt_1')
  const find = db.prepare('select id from agents where hash = ?').pluck()
  const take = db.prepare('insert into meters values(?, 1) on conflict do update set used = used + 1')
  const row = db.prepare('insert into audit values(?, ?, ?, ?)')
  const head = db.prepare('insert or replace into heads values(1, ?)')
  let seq = 0
  let waiting = []
  const commit = () => {
    const batch = waiting
    waiting = []
    db.exec('begin immediate')
    for (const { agent, action, resource } of batch) {
      take.run(agent)
      const body = JSON.stringify({
        action,
        agent,
        by: 'token',
        charged: [-1, 0],
        durationUs: 12,
        grant: -1,
        kind: 'decision',
        personal: 'a'.repeat(64),
        policy: { digest: 'f'.repeat(64), generation: 1, name: 'runtime' },
        reason: 'allowed',
        request_id: 'req_01HZ9XKJVBM3DQNPZ7W4LYRTFA',
        resource,
        result: 'allowed',
        seq,
        verdict: 'allow',
      })
      row.run(seq++, agent, body, createHash('sha256').update('\0').update(body).digest())
    }
    head.run(seq)
    db.exec('commit')
    for (const { answer, agent } of batch) answer({ allowed: true, auditId: `aud_${seq}`, agentId: agent })
  }
  const app = new Hono()
  app.post('/v1/authorize', async (c) => {
    const agent = find.get(hash(c.req.header('authorization')?.slice(7) ?? ''))
    if (agent === undefined) return c.json({ allowed: false }, 401)
    const { action, resource } = await c.req.json()
    const decision = await new Promise((answer) => {
      if (waiting.length === 0) setImmediate(commit)
      waiting.push({ agent, action, resource, answer })
    })
    return c.json(decision)
  })
  const server = await new Promise((resolve) => {
    const made = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(made))
  })
  return { port: server.address().port, token, close: async () => db.close() }
}

async function kavachos() {
  const kavach = await createKavach({
    database: { provider: 'sqlite', url: file },
    audit: synchronous === 'FULL' ? 'durable' : 'process',
    warn: () => undefined,
  })
  const { token } = await kavach.agents.create({
    ownerId: 'bench',
    name: 'bench',
    type: 'service',
    permissions: [
      // A window that no call leaves.
      { resource: 'mcp:github:*', actions: ['read'], constraints: { maxCallsPerDay: 1_000_000_000 } },
    ],
  })
  const { port, close } = await serveNode(kavach.fetch, { host: '127.0.0.1', port: 0 })
  return {
    port,
    token,
    async close() {
      await close(1000)
      await kavach.close()
    },
  }
}
