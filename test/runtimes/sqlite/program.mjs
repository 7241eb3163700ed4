// What the tests ask of a host over SQLite on some runtime. program.mjs COMMAND ARGS...; answers are JSON on standard output.
import { spawn } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { createKavach, users } from 'kavachos'
import { FAULTS } from './faults.mjs'

/** A module of the package that is behind none of its doors. */
function inner(path) {
  return import(pathToFileURL(join(realpathSync('node_modules/kavachos'), 'dist', path)).href)
}

const PERMISSIONS = [
  {
    resource: 'mcp:github:*',
    actions: ['read'],
    constraints: { maxCallsPerDay: 1_000_000_000, budgetUsdPerMonth: 1_000_000 },
  },
  { resource: 'mcp:deploy:production', actions: ['execute'], constraints: { requireApproval: true } },
]

function open(file, options = {}) {
  return createKavach({ database: { provider: 'sqlite', url: file }, warn() {}, ...options })
}

function createAgent(kavach, constraints = {}) {
  const agent = { ownerId: 'user-1', name: 'worker', type: 'autonomous', permissions: PERMISSIONS, constraints }
  return kavach.agents.create(agent)
}

/** The lines of standard input, one at a time. */
function createListener() {
  const lines = createInterface({ input: process.stdin })
  return { next: () => new Promise((resolve) => lines.once('line', resolve)), close: () => lines.close() }
}

const COMMANDS = {
  /** Which driver a host is given, by what its Drizzle instance stands over. */
  async driver(file) {
    const kavach = await open(file)
    const { name } = kavach.db.$client.constructor
    await kavach.close()
    return name === 'DatabaseSync' ? 'node:sqlite' : 'better-sqlite3'
  },

  /** Every promise of a store, by how it was opened: `file`, `memory` or `given`. */
  async promises(how) {
    const { STORE_PROMISES } = await inner('storage/promises.js')
    const { openStore } = await inner('storage/index.js')
    const opener = { file: openFile, memory: openMemory, given: openGiven }[how]
    const kept = {}
    for (const [name, keep] of STORE_PROMISES) {
      kept[name] = await keep(opener).then(
        () => 'kept',
        (error) => String(error.stack),
      )
    }
    return kept

    async function openFile() {
      const folder = mkdtempSync(join(tmpdir(), 'kavach-promises-'))
      return opened({ provider: 'sqlite', url: join(folder, 'kavach.db') }, () =>
        rmSync(folder, { recursive: true, force: true }),
      )
    }
    async function openMemory() {
      return opened({ provider: 'sqlite', url: ':memory:' }, () => {})
    }
    async function openGiven() {
      // Whoever loads it first on Node 22 is warned that it is experimental, and this is to print nothing else.
      const { findNodeSqlite } = await inner('storage/sqlite/node-sqlite.js')
      const { DatabaseSync } = findNodeSqlite()
      const folder = mkdtempSync(join(tmpdir(), 'kavach-promises-'))
      const database = new DatabaseSync(join(folder, 'kavach.db'))
      return opened(database, () => {
        if (database.isOpen) database.close()
        rmSync(folder, { recursive: true, force: true })
      })
    }
    async function opened(database, after) {
      const store = await openStore(database, { durability: 'process' })
      await store.migrate()
      const { close } = store
      return Object.assign(store, { close: () => close.call(store).finally(after) })
    }
  },

  async faults() {
    const { openStore } = await inner('storage/index.js')
    const { loadDriver } = await inner('storage/sqlite/driver.js')
    const driver = await loadDriver()
    const kept = {}
    for (const [name, keep] of FAULTS) {
      const folder = mkdtempSync(join(tmpdir(), 'kavach-faults-'))
      const after = []
      const place = {
        folder,
        path: join(folder, 'kavach.db'),
        defer: (undo) => after.push(undo),
        connect: (path) => driver.open(path, {}),
        driver: driver.name,
        async open(url, options = {}) {
          const database = typeof url === 'string' ? { provider: 'sqlite', url } : url
          const store = await openStore(database, { durability: 'process', ...options })
          after.push(() => store.close())
          await store.migrate()
          return store
        },
        hold,
      }
      try {
        await keep(place)
        kept[name] = 'kept'
      } catch (error) {
        kept[name] = String(error.stack)
      }
      for (const undo of after.reverse()) await undo()
      rmSync(folder, { recursive: true, force: true })
    }
    return kept

    async function hold(path) {
      const [program, ...before] = JSON.parse(process.env.KAVACH_RUN)
      const child = spawn(program, [...before, 'program.mjs', 'hold', path], { stdio: ['pipe', 'pipe', 'inherit'] })
      const ended = new Promise((resolve) => child.once('close', resolve))
      await new Promise((resolve) => child.stdout.once('data', resolve))
      return {
        async letGo() {
          child.stdin.end('go\n')
          await ended
        },
      }
    }
  },

  /** Holds the database until it is told to let go. */
  async hold(file) {
    const { loadDriver } = await inner('storage/sqlite/driver.js')
    const connection = (await loadDriver()).open(file, {})
    connection.exec('BEGIN EXCLUSIVE')
    const listener = createListener()
    console.log('"held"')
    await listener.next()
    listener.close()
    connection.exec('COMMIT')
    connection.close()
  },

  /** A host from its first start to its second. */
  async host(file) {
    const first = await open(file)
    const { id, token } = await createAgent(first, { budgetUsdPerDay: 1 })
    const read = (kavach, cost) =>
      kavach.authorizeByToken(token, { action: 'read', resource: 'mcp:github:issues', cost })
    const answers = []
    for (const cost of [0.4, 0.5, 0.4]) answers.push((await read(first, cost)).reason)
    const deploying = first.authorize(id, { action: 'execute', resource: 'mcp:deploy:production' })
    answers.push((await deploying).reason)
    // Written at once, and awaited.
    const user = { email: null, name: 'Test\0er', createdAt: new Date(1), updatedAt: new Date(2) }
    first.db
      .insert(users)
      .values({ id: 'user-1', ...user })
      .run()
    await first.db.insert(users).values({ id: 'user-2', ...user })
    const failing = () =>
      first.db.transaction((tx) => {
        tx.delete(users).run()
        tx.transaction((inside) =>
          inside
            .insert(users)
            .values({ id: 'user-3', ...user })
            .run(),
        )
        throw new RangeError('undo')
      })
    let thrown = ''
    try {
      failing()
    } catch (error) {
      thrown = error.name
    }
    const added = first.db.transaction(
      (tx) =>
        tx
          .insert(users)
          .values({ id: 'user-4', ...user })
          .run().changes,
    )
    await first.close()

    const second = await open(file)
    answers.push((await read(second, 0.05)).reason, (await read(second, 0.2)).reason)
    await second.agents.revoke(id)
    answers.push((await read(second, 0.01)).code)
    const names = second.db.select({ id: users.id, name: users.name }).from(users).orderBy(users.id)
    const result = {
      answers,
      users: await names,
      values: names.values(),
      first: names.get(),
      thrown,
      added,
      verified: (await second.audit.verify()).isIntact,
      size: (await second.audit.verify()).size,
      approvals: (await second.approvals.list()).approvals.map(({ status }) => status),
    }
    await second.close()
    return result
  },

  async create(file) {
    const kavach = await open(file)
    const { id, token } = await createAgent(kavach)
    await kavach.close()
    return { id, token }
  },

  /** An agent that may call so often. */
  async capped(file, calls) {
    const kavach = await open(file)
    const { id } = await createAgent(kavach, { maxCallsPerDay: Number(calls) })
    await kavach.close()
    return id
  },

  /** Goes on where another left off: so many calls at once, and what the log says of all. */
  async continue(file, token, calls) {
    const kavach = await open(file)
    const asked = Array.from({ length: Number(calls) }, (_, at) =>
      kavach.authorizeByToken(token, { action: 'read', resource: `mcp:github:repo-${at}`, cost: 0.001 }),
    )
    const allowed = (await Promise.all(asked)).filter((answer) => answer.allowed).length
    const { isIntact, size } = await kavach.audit.verify()
    const [newest] = await kavach.audit.query({ limit: 1 })
    await kavach.close()
    return { allowed, isIntact, size, newest: newest?.resource }
  },

  /** Many calls at once, when it is told to, and how many of them were allowed. */
  async race(file, agentId, calls) {
    const kavach = await open(file, { deadlineMs: 30_000 })
    const listener = createListener()
    console.log('ready')
    await listener.next()
    listener.close()
    const asked = Array.from({ length: Number(calls) }, (_, at) =>
      kavach.authorize(agentId, { action: 'read', resource: `mcp:github:repo-${at % 7}` }),
    )
    const answers = await Promise.all(asked)
    await kavach.close()
    return {
      allowed: answers.filter(({ allowed }) => allowed).length,
      limited: answers.filter(({ code }) => code === 'KVCH_E_RATE_AGENT_EXCEEDED').length,
    }
  },

  /** Calls as fast as it can, and says what was acknowledged before it goes on; it is to be killed. */
  async crash(file, agentId) {
    const kavach = await open(file)
    writeSync(1, 'ready\n')
    const CALLERS = 32
    await Promise.all(
      Array.from({ length: CALLERS }, async (_, caller) => {
        for (;;) {
          const request = { action: 'read', resource: `mcp:github:repo-${caller}`, cost: 0.001 }
          const { allowed, auditId } = await kavach.authorize(agentId, request)
          if (allowed) writeSync(1, `${auditId}\n`)
        }
      }),
    )
  },

  /** What is left after that: which rows there are, and what the meters say. */
  async left(file, agentId) {
    const kavach = await open(file)
    const { isIntact } = await kavach.audit.verify()
    await kavach.close()
    const { loadDriver } = await inner('storage/sqlite/driver.js')
    const connection = (await loadDriver()).open(file, {})
    const rows = connection
      .prepare("select seq from kavach_audit where kind = 'decision' and result = 'allowed' and agent = ?")
      .all(agentId)
    const used = connection.prepare('select coalesce(sum(used), 0) as used from kavach_meters where key like ?')
    const left = {
      isIntact,
      seqs: rows.map(({ seq }) => seq),
      calls: used.get('%/day/%').used,
      nanoUsd: used.get('%/month/%').used,
    }
    connection.close()
    return left
  },

  /** Documents of a server on loopback, by the addresses to which its name is said to lead. */
  async pinned(tls) {
    const { createPinnedFetch } = await import('kavachos/node')
    let seen
    const server = createServer(JSON.parse(tls), (request, response) => {
      const { host, 'accept-encoding': encoding } = request.headers
      seen = [host.split(':')[0], request.socket.servername, encoding]
      ANSWERS[request.url](response)
    })
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address()
    const bounds = { maxBytes: 100, timeoutMs: 1000, allowLoopback: true }
    const get = async (addresses, path = '/', { name = 'client.example', ...more } = {}) => {
      seen = undefined
      try {
        const fetching = createPinnedFetch({ resolve: async () => addresses })
        const { status } = await fetching(`https://${name}:${port}${path}`, { ...bounds, ...more })
        return [status, ...seen]
      } catch (error) {
        return [error.code]
      }
    }
    const here = ['127.0.0.1']
    const got = {
      'a name that leads here': await get(here),
      'a name that leads elsewhere by now': await get(['127.0.0.2'], '/', { name: 'localhost' }),
      'a name that leads here behind an address where nobody is': await get(['127.0.0.2', ...here]),
      'an address that is not public': await get(['10.0.0.1'], '/', { name: 'localhost' }),
      'loopback, where it is not allowed': await get(here, '/', { allowLoopback: false }),
      // With a public address beside it, loopback has to show who it is.
      'a certificate of nobody': await get([...here, '93.184.216.34']),
      'a redirection': await get(here, '/redirect'),
      'a compressed answer': await get(here, '/gzip'),
      'a long answer': await get(here, '/long'),
      'a long header': await get(here, '/header'),
      'an answer that drips': await get(here, '/drip'),
      'no answer': await get(here, '/never'),
    }
    server.closeAllConnections()
    server.close()
    return got
  },

  /** A host that nobody closes must not keep the process. */
  async idle(file) {
    const kavach = await open(file)
    const { id } = await createAgent(kavach)
    return (await kavach.authorize(id, { action: 'read', resource: 'mcp:github:issues' })).allowed
  },
}

/** What the server answers. */
const ANSWERS = {
  '/': (response) => response.end('{}'),
  '/redirect': (response) => response.writeHead(302, { location: '/' }).end(),
  '/gzip': (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(1000))),
  '/long': (response) => response.end('x'.repeat(5000)),
  '/header': (response) => response.writeHead(200, { 'x-long': 'x'.repeat(9000) }).end('{}'),
  '/drip'(response) {
    const dripping = setInterval(() => response.write('x'), 50)
    response.on('close', () => clearInterval(dripping))
  },
  '/never'() {},
}

const [command, ...args] = process.argv.slice(2)
const answer = await COMMANDS[command](...args)
if (answer !== undefined) process.stdout.write(`${JSON.stringify(answer)}\n`)
