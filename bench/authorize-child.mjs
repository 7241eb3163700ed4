// One contender of `npm run bench -- authorize`: prints a line of JSON.
// node authorize-child.mjs floor|kavachos NORMAL|FULL CALLS FILE small|large
import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import Database from 'better-sqlite3'
import { createKavach } from 'kavachos'

const [contender, synchronous, callsText, file, size] = process.argv.slice(2)
const calls = Number(callsText)
const CALLERS = 256
const SINGLES = synchronous === 'FULL' ? 3000 : 10_000
const AGENTS = size === 'large' ? 50_000 : 1000
const ROWS_BEFORE = size === 'large' ? 1_000_000 : 0
/** A window that no call leaves. */
const PERMISSION = { resource: 'mcp:github:*', actions: ['read'], constraints: { maxCallsPerDay: 1_000_000_000 } }

for (const tail of ['', '-wal', '-shm']) rmSync(file + tail, { force: true })
console.log(JSON.stringify(contender === 'floor' ? floor() : await kavachos()))
for (const tail of ['', '-wal', '-shm']) rmSync(file + tail, { force: true })

/** The columns, keys and indexes of our log and meters, with as much text in a row and the same settings. */
function floor() {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma(`synchronous = ${synchronous}`)
  db.pragma('cache_size = -32768')
  db.pragma('wal_autocheckpoint = 16000')
  db.exec(`
    create table audit(project text not null, seq integer not null, time integer not null, agent text, kind text not null,
      result text, body text, leaf blob not null, personal text, primary key (project, seq));
    create table meters(project text not null, key text not null, windowStart integer not null, used integer not null,
      primary key (project, key, windowStart)) without rowid;
    create index by_window on meters(project, windowStart, key);
    create table heads(project text primary key, size integer, frontier blob, time integer, epoch integer) without rowid`)
  const row = db.prepare('insert into audit values(?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const take = db.prepare(
    'insert into meters values(?, ?, ?, 1) on conflict do update set used = used + 1 where used + 1 <= 1000000000',
  )
  const head = db.prepare('insert or replace into heads values(?, ?, ?, ?, ?)')
  const policy = { digest: 'f'.repeat(64), generation: 1, name: 'runtime' }
  const frontier = Buffer.alloc(512)
  let seq = 0
  const writeOne = () => {
    const agent = `agt_${String(seq % AGENTS).padStart(26, '0')}`
    const time = 1_763_700_000_000 + seq
    const body = JSON.stringify({
      action: 'read',
      agent,
      by: 'id',
      charged: [-1, 0],
      durationUs: 12,
      grant: -1,
      kind: 'decision',
      personal: 'a'.repeat(64),
      policy,
      reason: 'allowed',
      request_id: 'req_01HZ9XKJVBM3DQNPZ7W4LYRTFA',
      resource: `mcp:github:repo-${seq % 777}`,
      result: 'allowed',
      seq,
      time: '2026-11-25T08:20:27.659Z',
      verdict: 'allow',
    })
    const leaf = createHash('sha256').update('\0').update(body).digest()
    take.run('default', `0123456789abcdef/day/agent=${agent}`, 1_763_683_200_000)
    row.run(
      'default',
      seq,
      time,
      agent,
      'decision',
      'allowed',
      body,
      leaf,
      '{"salt":"00112233445566778899aabbccddeeff","owner":"user-12"}',
    )
    seq++
  }
  const batch = (count) => {
    db.exec('begin immediate')
    for (let i = 0; i < count; i++) writeOne()
    head.run('default', seq, frontier, 0, 0)
    db.exec('commit')
  }
  for (let i = 0; i < 20; i++) batch(CALLERS)
  const started = performance.now()
  for (let done = 0; done < calls; done += CALLERS) batch(CALLERS)
  const perSecond = (calls / (performance.now() - started)) * 1000
  const { median, p99 } = singles(() => batch(1))
  db.close()
  return { perSecond, singleUs: median, singleP99Us: p99 }
}

async function kavachos() {
  const kavach = await createKavach({
    database: { provider: 'sqlite', url: file },
    audit: synchronous === 'FULL' ? 'durable' : 'process',
  })
  const agents = []
  for (let i = 0; i < AGENTS; i += 500) {
    const made = Array.from({ length: Math.min(500, AGENTS - i) }, (_, j) =>
      kavach.agents.create({
        userId: `user-${i + j}`,
        name: `agent-${i + j}`,
        type: 'autonomous',
        permissions: [PERMISSION],
      }),
    )
    agents.push(...(await Promise.all(made)))
  }
  if (ROWS_BEFORE > 0) await load(agents, ROWS_BEFORE, (agent, request) => kavach.authorize(agent.id, request))
  const byId = (agent, request) => kavach.authorize(agent.id, request)
  const byToken = (agent, request) => kavach.authorizeByToken(agent.token, request)
  // A thousand agents are at work at a time, as in the floor; they are spread over all that there are.
  const working = Array.from({ length: 1000 }, (_, i) => agents[Math.floor((i * AGENTS) / 1000)])
  await load(working, 20 * CALLERS, byId)
  await load(working, 20 * CALLERS, byToken)
  const perSecond = await load(working, calls, byId)
  const byTokenPerSecond = await load(working, calls, byToken)
  const { median, p99 } = await singlesAsync(async (i) => {
    const { allowed } = await kavach.authorize(working[i % working.length].id, requestOf(i))
    if (!allowed) throw new Error('a call was denied')
  })
  await kavach.close()
  return { perSecond, byTokenPerSecond, singleUs: median, singleP99Us: p99 }
}

/** Calls a second, made by 256 callers that each wait for their answer. */
async function load(agents, count, ask) {
  let next = 0
  const started = performance.now()
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      while (next < count) {
        const i = next++
        const { allowed } = await ask(agents[i % agents.length], requestOf(i))
        if (!allowed) throw new Error('a call was denied')
      }
    }),
  )
  return (count / (performance.now() - started)) * 1000
}

function requestOf(i) {
  return { action: 'read', resource: `mcp:github:repo-${i % 777}` }
}

function singles(work) {
  const times = []
  for (let i = 0; i < SINGLES; i++) {
    const started = performance.now()
    work()
    times.push((performance.now() - started) * 1000)
  }
  return spread(times)
}

async function singlesAsync(work) {
  const times = []
  for (let i = 0; i < SINGLES; i++) {
    const started = performance.now()
    await work(i)
    times.push((performance.now() - started) * 1000)
  }
  return spread(times)
}

function spread(times) {
  times.sort((a, b) => a - b)
  return { median: times[times.length >> 1], p99: times[Math.floor(times.length * 0.99)] }
}
