// `npm run bench -- http`: decisions over HTTP, beside a bare Hono server that writes as many rows with group commit. The servers
// run in processes of their own and take turns; the load comes from this one, which needs a good part of a processor itself.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import Database from 'better-sqlite3'
import { Interrupted, interrupted, untilInterrupted } from './interrupt.mjs'
import { progress } from './progress.mjs'
import { conclude, format, limit } from './report.mjs'
import { spread } from './statistics.mjs'

const here = dirname(fileURLToPath(import.meta.url))

export const options = {
  rounds: { type: 'string', default: '2' },
  seconds: { type: 'string', default: '3' },
  folder: { type: 'string', default: tmpdir() },
  floor: { type: 'string', default: join(here, '../../shared/floors/http.mjs') },
}

export const quick = { rounds: '1', seconds: '1', modes: 'FULL', floor: '' }

export const help = `npm run bench -- http [--rounds 2] [--seconds 3] [--folder DIR] [--floor FILE]
  --folder  where the database files go; they ought to be on the disk that you mean to use
  --floor   somebody else's floor, a program that takes PORT and NORMAL|FULL; left out when it is not there`

const MODES = ['NORMAL', 'FULL']
const CONNECTIONS = 50
const LEAST_SHARE = 0.5
const MOST_P99_MS = { NORMAL: 20, FULL: 50 }
const GIVEN_PORT = 4811
const RECOVERY_MS = 2000

export async function run(values) {
  const folder = mkdtempSync(join(resolve(values.folder), 'kavach-bench-'))
  const results = new Map()
  const overloads = []
  try {
    await untilInterrupted(measureAll(values, folder, { results, overloads }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
    for (const tail of ['', '-wal', '-shm']) rmSync(`floor-http.db${tail}`, { force: true })
  }
  return conclude(
    {
      suite: 'http',
      how: `${CONNECTIONS} connections, the load on the same machine; ${values.rounds} rounds by turns, ${values.seconds} s each`,
      packages: ['hono', '@hono/node-server', 'better-sqlite3', 'autocannon'],
      ...httpReport(results, overloads, modesOf(values)),
    },
    values,
  )
}

function modesOf({ modes = MODES.join() }) {
  return modes.split(',')
}

async function* measureAll(values, folder, { results, overloads }) {
  const { rounds, seconds, floor } = values
  const contenders = ['floor', 'kavachos', ...(floor !== '' && existsSync(floor) ? ['given'] : [])]
  const warmUp = Math.min(1, Number(seconds))
  for (let round = 0; round < Number(rounds); round++) {
    for (const mode of modesOf(values)) {
      for (const contender of contenders) {
        progress(`http: round ${round + 1} of ${rounds}, ${mode}, ${contender}`)
        const file = join(folder, `${contender}.db`)
        const server = await start(contender, mode, file, floor)
        try {
          await load(server, { connections: CONNECTIONS, seconds: warmUp })
          const figures = await load(server, { connections: CONNECTIONS, seconds: Number(seconds) })
          const key = `${mode} ${contender}`
          results.set(key, [...(results.get(key) ?? []), figures])
          if (contender === 'kavachos' && round === 0) {
            progress(`http: ${mode}, overload`)
            overloads.push({ mode, ...(await overload(server, file, warmUp)) })
          }
        } finally {
          await server.stop()
        }
        yield
      }
    }
  }
}

async function start(contender, mode, file, given) {
  const args =
    contender === 'given' ? [given, String(GIVEN_PORT), mode] : [join(here, 'http-child.mjs'), contender, mode, file]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const line = await new Promise((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk) => {
      text += chunk
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')))
    })
    child.once('close', () => reject(new Error(`${contender} did not start`)))
  })
  const { port, token } = JSON.parse(line)
  return {
    url: `http://127.0.0.1:${port}/v1/authorize`,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    stop() {
      child.kill('SIGTERM')
      return ended
    },
  }
}

const BODY = JSON.stringify({ action: 'read', resource: 'mcp:github:repo-7' })

/** Each connection asks again when it has its answers. `onHeaders` sees the headers of each. */
async function load({ url, headers }, { connections, seconds, pipelining = 1, onHeaders }) {
  const setupClient = (client) => onHeaders && client.on('headers', onHeaders)
  const options = { url, method: 'POST', headers, body: BODY, connections, pipelining, duration: seconds, setupClient }
  const statuses = new Map()
  const run = autocannon(options)
  run.on('response', (_, status) => statuses.set(status, (statuses.get(status) ?? 0) + 1))
  const stop = () => run.stop()
  interrupted.addEventListener('abort', stop)
  const { latency, requests, errors, timeouts } = await run
  interrupted.removeEventListener('abort', stop)
  if (interrupted.aborted) throw new Interrupted('http')
  return {
    perSecond: (statuses.get(200) ?? 0) / seconds,
    p99Ms: latency.p99,
    p50Ms: latency.p50,
    answers: requests.total,
    statuses,
    errors: errors + timeouts,
  }
}

/** Far more at once than may wait; then one after the other, until an answer comes at once again. */
async function overload(server, file, warmUp) {
  let areRefusalsDated = true
  const { statuses, errors } = await load(server, {
    connections: 3 * CONNECTIONS,
    pipelining: 10,
    seconds: 1 + 2 * warmUp,
    onHeaders({ statusCode, headers }) {
      if (statusCode === 503) areRefusalsDated &&= headers.some((text) => /^retry-after$/i.test(text))
    },
  })
  const started = performance.now()
  while (performance.now() - started < 2 * RECOVERY_MS) {
    const asked = performance.now()
    const answer = await fetch(server.url, { method: 'POST', headers: server.headers, body: BODY })
    await answer.text()
    if (answer.status === 200 && performance.now() - asked <= MOST_P99_MS.FULL) break
  }
  const recoveredMs = performance.now() - started
  await server.stop()
  const db = new Database(file, { readonly: true })
  const rows = db.prepare("select count(*) from kavach_audit where kind = 'decision'").pluck().get()
  db.close()
  return { statuses, errors, recoveredMs, areRefusalsDated, rows }
}

function httpReport(results, overloads, modes) {
  const rows = MODES.flatMap((mode) =>
    ['floor', 'given', 'kavachos'].flatMap((contender) => {
      const all = results.get(`${mode} ${contender}`)
      if (all === undefined) return []
      const of = (figure) => spread(all.map((one) => one[figure]))
      return [{ mode, contender, perSecond: of('perSecond'), p50Ms: of('p50Ms'), p99Ms: of('p99Ms') }]
    }),
  )
  const columns = ['mode, server', 'decisions/s', 'min', 'max', 'p50 ms', 'p99 ms', 'min', 'max']
  const cells = rows.map(({ mode, contender, perSecond, p50Ms, p99Ms }) => [
    `${mode}: ${contender === 'given' ? 'given floor' : contender}`,
    ...[perSecond.median, perSecond.min, perSecond.max].map(format),
    ...[p50Ms.median, p99Ms.median, p99Ms.min, p99Ms.max].map(format),
  ])
  const beyond = overloads.map((found) => ({ ...found, statuses: Object.fromEntries(found.statuses) }))
  return {
    rows: [...rows, ...beyond.map((found) => ({ overload: true, ...found }))],
    tables: [
      { columns, rows: cells },
      {
        title: 'Three times as many connections, with ten requests on each:',
        columns: ['mode', 'answers', 'errors', 'at once again after ms', 'rows in the log'],
        rows: beyond.map(({ mode, statuses, errors, recoveredMs, rows: found }) => [
          mode,
          Object.entries(statuses)
            .map(([status, count]) => `${format(count)} x ${status}`)
            .join(', '),
          format(errors),
          format(recoveredMs),
          format(found),
        ]),
      },
    ],
    limits: modes.flatMap((mode) => [
      ...limitsOf(mode, rows),
      ...limitsBeyond(
        mode,
        beyond.find((found) => found.mode === mode),
      ),
    ]),
  }
}

function limitsOf(mode, rows) {
  const of = (contender) => rows.find((row) => row.mode === mode && row.contender === contender)
  const ours = of('kavachos')
  const floor = Math.max(of('floor')?.perSecond.median ?? 0, of('given')?.perSecond.median ?? 0)
  return [
    limit(`${mode}: kavachos / the faster floor`, ours?.perSecond.median / floor, {
      atLeast: LEAST_SHARE,
      unit: 'x',
    }),
    limit(`${mode}: p99`, ours?.p99Ms.median, { atMost: MOST_P99_MS[mode], unit: ' ms' }),
  ]
}

/** Refusals are declared and dated, and nothing that was acknowledged is lost. */
function limitsBeyond(mode, found) {
  const count = (of) => (found === undefined ? undefined : of(found))
  const undeclared = ({ statuses }) =>
    Object.entries(statuses).reduce(
      (sum, [status, times]) => (['200', '429', '503'].includes(status) ? sum : sum + times),
      0,
    )
  const none = (what, of) => limit(`${mode}, overload: ${what}`, count(of), { atMost: 0 })
  return [
    none('answers other than 200, 429 and 503', undeclared),
    none('errors', ({ errors }) => errors),
    none('kinds of 503 without Retry-After', ({ areRefusalsDated }) => (areRefusalsDated ? 0 : 1)),
    none('acknowledged decisions without a row', ({ statuses, rows }) => Math.max(0, (statuses[200] ?? 0) - rows)),
    limit(`${mode}, overload: answers at once again`, found?.recoveredMs, { atMost: RECOVERY_MS, unit: ' ms' }),
  ]
}
