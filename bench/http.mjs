// `npm run bench -- http`: decisions over HTTP, beside a bare Hono server that writes as many rows with group commit. The servers
// run in processes of their own and take turns; the load comes from this one, which needs a good part of a processor itself.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import Database from 'better-sqlite3'
import { describeMachine } from './machine.mjs'
import { printTable } from './table.mjs'

const here = dirname(fileURLToPath(import.meta.url))

export const options = {
  rounds: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '10' },
  folder: { type: 'string', default: tmpdir() },
  floor: { type: 'string', default: join(here, '../../shared/floors/http.mjs') },
}

export const help = `npm run bench -- http [--rounds 3] [--seconds 10] [--folder DIR] [--floor FILE]
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
  const contenders = ['floor', 'kavachos', ...(existsSync(values.floor) ? ['given'] : [])]
  const results = new Map()
  const overloads = []
  try {
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const mode of MODES) {
        for (const contender of contenders) {
          process.stderr.write(`round ${round + 1}, ${mode}, ${contender}\n`)
          const file = join(folder, `${contender}.db`)
          const server = await start(contender, mode, file, values.floor)
          await load(server, { connections: CONNECTIONS, seconds: 2 })
          const figures = await load(server, { connections: CONNECTIONS, seconds: Number(values.seconds) })
          const key = `${mode} ${contender}`
          results.set(key, [...(results.get(key) ?? []), figures])
          if (contender === 'kavachos' && round === 0) overloads.push({ mode, ...(await overload(server, file)) })
          else await server.stop()
        }
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
    for (const tail of ['', '-wal', '-shm']) rmSync(`floor-http.db${tail}`, { force: true })
  }
  return report(results, overloads)
}

async function start(contender, mode, file, given) {
  const args =
    contender === 'given' ? [given, String(GIVEN_PORT), mode] : [join(here, 'http-child.mjs'), contender, mode, file]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
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
  const { latency, requests, errors, timeouts } = await run
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
async function overload(server, file) {
  let areRefusalsDated = true
  const { statuses, errors } = await load(server, {
    connections: 3 * CONNECTIONS,
    pipelining: 10,
    seconds: 5,
    onHeaders({ statusCode, headers }) {
      if (statusCode === 503) areRefusalsDated &&= headers.some((text) => /^retry-after$/i.test(text))
    },
  })
  const started = performance.now()
  let recoveredMs = Number.POSITIVE_INFINITY
  while (performance.now() - started < 2 * RECOVERY_MS) {
    const asked = performance.now()
    const answer = await fetch(server.url, { method: 'POST', headers: server.headers, body: BODY })
    await answer.text()
    if (answer.status !== 200 || performance.now() - asked > MOST_P99_MS.FULL) continue
    recoveredMs = performance.now() - started
    break
  }
  await server.stop()
  const db = new Database(file, { readonly: true })
  const rows = db.prepare("select count(*) from kavach_audit where kind = 'decision'").pluck().get()
  db.close()
  return { statuses, errors, recoveredMs, areRefusalsDated, rows }
}

function report(results, overloads) {
  const of = (key, figure) => [...(results.get(key) ?? [])].map((one) => one[figure]).sort((a, b) => a - b)
  const median = (numbers) => numbers[Math.floor(numbers.length / 2)]
  const whole = (value) => Math.round(value).toLocaleString('en')
  console.log(`${describeMachine()}; ${CONNECTIONS} connections, the load on the same machine\n`)
  const rows = []
  let holds = true
  const judge = (isGood) => {
    holds &&= isGood
    return isGood ? 'holds' : 'MISSED'
  }
  for (const mode of MODES) {
    for (const [contender, name] of [
      ['floor', 'floor'],
      ['given', 'given floor'],
      ['kavachos', 'kavachos'],
    ]) {
      const perSecond = of(`${mode} ${contender}`, 'perSecond')
      const p99 = of(`${mode} ${contender}`, 'p99Ms')
      if (perSecond.length === 0) continue
      const isOurs = contender === 'kavachos'
      rows.push([`${mode}: ${name}, decisions/s`, whole(median(perSecond)), ...ends(perSecond, whole), '', ''])
      const limit = MOST_P99_MS[mode]
      rows.push([
        `${mode}: ${name}, p99 ms`,
        whole(median(p99)),
        ...ends(p99, whole),
        isOurs ? `at most ${limit}` : '',
        isOurs ? judge(median(p99) <= limit) : '',
      ])
    }
    const floor = Math.max(median(of(`${mode} floor`, 'perSecond')), median(of(`${mode} given`, 'perSecond')) ?? 0)
    const share = median(of(`${mode} kavachos`, 'perSecond')) / floor
    rows.push([
      `${mode}: kavachos / the faster floor`,
      `${share.toFixed(2)}x`,
      '',
      '',
      `at least ${LEAST_SHARE}x`,
      judge(share >= LEAST_SHARE),
    ])
  }
  printTable(['what', 'median', 'min', 'max', 'limit', ''], rows)
  console.log('\nThree times as many connections, with ten requests on each:')
  for (const { mode, statuses, errors, recoveredMs, areRefusalsDated, rows: found } of overloads) {
    const known = [...statuses].map(([status, count]) => `${whole(count)} x ${status}`).join(', ')
    const isDeclared = [...statuses.keys()].every((status) => status === 200 || status === 429 || status === 503)
    const acknowledged = statuses.get(200) ?? 0
    console.log(
      `${mode}: ${known}, ${errors} errors: ${judge(isDeclared && errors === 0)}; ` +
        `each 503 has Retry-After: ${judge(areRefusalsDated)}; ` +
        `answers at once again after ${whole(recoveredMs)} ms: ${judge(recoveredMs <= RECOVERY_MS)}; ` +
        `${whole(found)} rows for ${whole(acknowledged)} acknowledged: ${judge(found >= acknowledged)}`,
    )
  }
  return holds ? 0 : 1
}

function ends(sorted, print) {
  return [print(sorted[0]), print(sorted.at(-1))]
}
