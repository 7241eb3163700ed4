// What tests let a host do inside of workerd. Each takes the binding and what the test says, and gives what came of it.
import { createKavach, loadEngine } from 'kavachos'
import { loadEngine as loadEngineToo } from 'kavachos/engine'

const SECRET = 'a secret that is used by tests alone'
const READ = { action: 'read', resource: 'doc:1' }

function open(binding, options = {}) {
  return createKavach({ database: { provider: 'd1', binding }, secret: SECRET, warn: () => undefined, ...options })
}

function newAgent(kavach, changes = {}) {
  const permissions = [{ resource: 'doc:**', actions: ['read'] }]
  return kavach.agents.create({ ownerId: 'ann', name: 'reader', type: 'autonomous', permissions, ...changes })
}

const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
const kindOf = ({ allowed, reason }) => `${allowed} ${reason}`

/** Counts what goes to the database: each is one way there and back. */
function counting(binding) {
  const counted = { trips: 0 }
  const count = (statement) => ({
    inner: statement,
    bind: (...values) => count(statement.bind(...values)),
    all: () => {
      counted.trips++
      return statement.all()
    },
  })
  const wrapped = {
    prepare: (sql) => count(binding.prepare(sql)),
    batch: (statements) => {
      counted.trips++
      return binding.batch(statements.map(({ inner }) => inner))
    },
    exec: (sql) => binding.exec(sql),
  }
  return { binding: wrapped, counted }
}

export const SCENARIOS = {
  async agents(binding) {
    const kavach = await open(binding, { approvals: { authenticate: (credential) => ({ id: credential, roles: [] }) } })
    const { agent, token } = await newAgent(kavach, {
      permissions: [
        { resource: 'doc:**', actions: ['read'] },
        { resource: 'paid:**', actions: ['read'], constraints: { budgetUsdPerDay: 1 } },
        { resource: 'asked:**', actions: ['read'], constraints: { requireApproval: true } },
      ],
      constraints: { maxCallsPerHour: 9 },
    })
    const byId = await kavach.authorize(agent.id, READ)
    const byToken = await kavach.authorizeByToken(token, READ)
    const foreign = await kavach.authorizeByToken(token, { action: 'delete', resource: 'doc:1' })
    const nobody = await kavach.authorizeByToken(`${token}x`, READ)
    const helper = await newAgent(kavach, { name: 'helper', type: 'delegated', permissions: [] })
    await kavach.delegate({
      fromAgent: agent.id,
      toAgent: helper.id,
      permissions: [{ resource: 'doc:a:**', actions: ['read'] }],
      expiresAt: new Date(Date.now() + 3_600_000),
    })
    const lent = await kavach.authorize(helper.id, { action: 'read', resource: 'doc:a:1' })
    const beyond = await kavach.authorize(helper.id, { action: 'read', resource: 'doc:b:1' })
    const paid = await kavach.authorize(agent.id, { action: 'read', resource: 'paid:1', cost: 0.6 })
    await kavach.complete(paid.auditId, { outcome: 'success', costUsd: 0.5 })
    const tooMuch = await kavach.authorize(agent.id, { action: 'read', resource: 'paid:1', cost: 0.6 })
    const asked = await kavach.authorize(agent.id, { action: 'read', resource: 'asked:1' })
    await kavach.approvals.approve(asked.approvalId, { credential: 'bob' })
    const agreed = await kavach.authorize(agent.id, { action: 'read', resource: 'asked:1' })
    const rotated = await kavach.agents.rotate(agent.id)
    const old = await kavach.authorizeByToken(token, READ)
    const fresh = await kavach.authorizeByToken(rotated.token, READ)
    await kavach.agents.revoke(agent.id)
    const revoked = await kavach.authorizeByToken(rotated.token, READ)
    const orphan = await kavach.authorize(helper.id, { action: 'read', resource: 'doc:a:1' })
    const report = await kavach.audit.verify()
    const rows = (await kavach.audit.query({})).length
    const csv = await kavach.audit.export({ format: 'csv' })
    const proof = await kavach.audit.prove(byId.auditId)
    await kavach.close()
    return {
      decisions: Object.fromEntries(
        Object.entries({
          byId,
          byToken,
          foreign,
          nobody,
          lent,
          beyond,
          paid,
          tooMuch,
          asked,
          agreed,
          old,
          fresh,
          revoked,
          orphan,
        }).map(([name, result]) => [name, kindOf(result)]),
      ),
      isIntact: report.isIntact,
      rows,
      lines: csv.split('\n').length,
      hasProof: proof !== undefined,
    }
  },

  async policy(binding, { first, second, project }) {
    const kavach = await open(binding, { policy: bytesOf(first), project })
    const before = kindOf(await kavach.authorize('clerk', READ))
    const loaded = await kavach.policy.current()
    await kavach.policy.reload(bytesOf(second))
    const after = kindOf(await kavach.authorize('clerk', READ))
    // Another request, which is given no policy: the one in force stands.
    const next = await open(binding, { project })
    const later = kindOf(await next.authorize('clerk', READ))
    const older = await open(binding, { policy: bytesOf(first), project })
    const kept = await older.policy.current()
    return { before, loaded, after, later, kept }
  },

  async newcomer(binding) {
    const kavach = await open(binding)
    const { token } = await newAgent(kavach, { name: 'newcomer' })
    return { token }
  },

  async setUp(binding, { cap }) {
    const kavach = await open(binding)
    const { agent } = await newAgent(kavach, { constraints: { maxCallsPerDay: cap } })
    await kavach.close()
    return agent.id
  },

  async calls(binding, { agentId, calls, skipMigrations = true }) {
    const kavach = await open(binding, { skipMigrations, deadlineMs: 20_000 })
    const results = await Promise.all(Array.from({ length: calls }, () => kavach.authorize(agentId, READ)))
    return results.map(kindOf)
  },

  async verify(binding) {
    const kavach = await open(binding)
    const report = await kavach.audit.verify()
    return { report, rows: await kavach.audit.query({ limit: 1000 }).then(({ length }) => length) }
  },

  /** How often a host goes to the database. */
  async trips(binding, { skipMigrations, project }) {
    await (await open(binding, { project })).close()
    const { binding: database, counted } = counting(binding)
    const trips = {}
    const note = async (name, work) => {
      counted.trips = 0
      const result = await work()
      trips[name] = counted.trips
      return result
    }
    const kavach = await note('open', () => open(database, { skipMigrations, project }))
    const { agent, token } = await newAgent(kavach)
    const other = await newAgent(kavach, { name: 'other' })
    const fresh = await open(database, { skipMigrations, project })
    await note('first', () => fresh.authorizeByToken(token, READ))
    await note('second', () => fresh.authorizeByToken(token, READ))
    await note('hundred', () => Promise.all(Array.from({ length: 100 }, () => fresh.authorize(agent.id, READ))))
    await note('other', () => fresh.authorize(other.agent.id, READ))
    await note('list', async () => fresh.agents.list())
    return trips
  },

  engine(_, { image }) {
    const request = { agent: 'clerk', ...READ }
    return [loadEngine, loadEngineToo].map((load) => load(bytesOf(image)).decide(request).allowed)
  },

  async open(binding, { options }) {
    const kavach = createKavach(options.database === 'd1' ? { database: { provider: 'd1', binding } } : options)
    return kavach.then(
      () => 'opened',
      ({ code, message }) => ({ code, message }),
    )
  },
}
