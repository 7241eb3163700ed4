// A help desk on Cloudflare Workers: a compiled policy, tools that ask before they run, and the HTTP API, over D1.
import { Hono } from 'hono'
import { createKavach, KavachError, toError } from 'kavachos'
// @ts-expect-error -- `npm run policy` writes it, and wrangler gives its bytes.
import policy from '../build/desk.img'

/**
 * @typedef {{ KAVACH_DB: import('kavachos').D1Binding, KAVACH_SECRET: string, ADMIN_KEY?: string }} Env
 * @typedef {import('hono').Context<{ Bindings: Env, Variables: { kavach: Awaited<ReturnType<typeof openHost>> } }>} Context
 */

const ORDERS = new Map([
  ['1', { id: '1', total: 80 }],
  ['2', { id: '2', total: 25 }],
])

/** @type {Hono<{ Bindings: Env, Variables: { kavach: Awaited<ReturnType<typeof openHost>> } }>} */
const app = new Hono()

/** A host for each request: what a request begins on Workers ends with it. @param {Env} env */
function openHost(env) {
  return createKavach({
    database: { provider: 'd1', binding: env.KAVACH_DB },
    policy,
    secret: env.KAVACH_SECRET,
    http: {},
    // The tables are made when the Worker is deployed: see README.md.
    skipMigrations: true,
  })
}

app.use(async (c, next) => {
  c.set('kavach', await openHost(c.env))
  await next()
})

/**
 * Lets a request through when the agent that its token speaks for may do this, and records what came of it.
 *
 * @param {string} action
 * @param {(c: Context) => string} resourceOf
 * @returns {(c: Context, next: () => Promise<void>) => Promise<void>}
 */
const may = (action, resourceOf) => async (c, next) => {
  const [, token = ''] = /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '') ?? []
  const kavach = c.get('kavach')
  const args = c.req.method === 'POST' ? await c.req.json().catch(() => ({})) : {}
  const decision = await kavach.authorizeByToken(token, { action, resource: resourceOf(c), args })
  if (!decision.allowed || decision.auditId === undefined) throw toError(decision)
  await next()
  await kavach.complete(decision.auditId, { outcome: c.res.status < 400 ? 'success' : 'failure' })
}

app.get(
  '/orders/:id',
  may('read', (c) => `order:${c.req.param('id')}`),
  (c) => {
    const order = ORDERS.get(c.req.param('id') ?? '')
    return order === undefined ? c.json({ error: 'there is no such order' }, 404) : c.json(order)
  },
)

app.post(
  '/refunds',
  may('execute', () => 'tool:refund'),
  async (c) => c.json({ refunded: (await c.req.json()).amount }),
)

/** The first token of the agent that the policy declares, for whoever runs the desk. */
app.post('/token', async (c) => {
  if (c.env.ADMIN_KEY === undefined || c.req.header('x-admin-key') !== c.env.ADMIN_KEY) {
    throw new KavachError('KVCH_E_KEY_INVALID')
  }
  const { token } = await c.get('kavach').agents.issueToken('support')
  return c.json({ token })
})

// Below /v1 the HTTP API of the host answers.
app.all('*', (c) => c.get('kavach').fetch(c.req.raw))

app.onError((thrown) => {
  if (!(thrown instanceof KavachError)) console.error(thrown)
  const error = thrown instanceof KavachError ? thrown : new KavachError('KVCH_E_HTTP_INTERNAL')
  const headers = error.retryAfter === undefined ? undefined : { 'retry-after': String(error.retryAfter) }
  return Response.json({ error: error.toJSON() }, { status: error.status, ...(headers && { headers }) })
})

export default {
  fetch: app.fetch,
  /** Nothing runs between requests, so what a host does from time to time is done here. @param {unknown} _ @param {Env} env */
  async scheduled(_, env) {
    const kavach = await openHost(env)
    await kavach.maintain()
    await kavach.close()
  },
}
