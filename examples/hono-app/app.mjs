// @ts-check
// A Hono application whose routes are for agents. A middleware takes the token of the caller and asks before the route runs.
import { Hono } from 'hono'
import { KavachError, toError } from 'kavachos'

/**
 * @typedef {Awaited<ReturnType<typeof import('kavachos').createKavach>>} Kavach
 * @typedef {import('kavachos').AuthorizeResult} AuthorizeResult
 * @typedef {{ Variables: { decision: AuthorizeResult } }} Env
 */

/** @param {Kavach} kavach @param {{ adminKey: string }} options */
export function createApp(kavach, { adminKey }) {
  /** @type {Hono<Env>} */
  const app = new Hono()

  /** Lets a request through when its agent may do this. @param {string} action @param {(c: import('hono').Context<Env>) => string} resourceOf */
  const may = (action, resourceOf) =>
    /** @type {import('hono').MiddlewareHandler<Env>} */ (
      async (c, next) => {
        const [, token = ''] = /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '') ?? []
        const body = c.req.method === 'POST' ? await c.req.json().catch(() => ({})) : {}
        const decision = await kavach.authorizeByToken(token, {
          action,
          resource: resourceOf(c),
          args: body,
          endpoint: `${c.req.method} ${c.req.routePath}`,
        })
        if (!decision.allowed) throw toError(decision)
        c.set('decision', decision)
        await next()
        // The log learns what became of it.
        const isDone = c.res.status < 400
        if (decision.auditId !== undefined) {
          await kavach.complete(decision.auditId, { outcome: isDone ? 'success' : 'failure' })
        }
      }
    )

  /** People come with their own credential; here it is a key. @type {import('hono').MiddlewareHandler<Env>} */
  const operator = async (c, next) => {
    if (c.req.header('x-admin-key') !== adminKey) throw new KavachError('KVCH_E_KEY_INVALID')
    await next()
  }

  app.get(
    '/notes/:id',
    may('read', (c) => `notes:${c.req.param('id')}`),
    (c) => c.json({ id: c.req.param('id'), text: 'buy milk' }),
  )
  app.post(
    '/notes/:id',
    may('write', (c) => `notes:${c.req.param('id')}`),
    (c) => c.json({ id: c.req.param('id'), isSaved: true }),
  )
  app.post(
    '/payments',
    may('execute', () => 'payments'),
    (c) => c.json({ isPaid: true }),
  )

  app.get('/approvals', operator, async (c) => {
    const { approvals } = await kavach.approvals.list({ status: 'pending' })
    return c.json({ approvals })
  })
  app.post('/approvals/:id/approve', operator, async (c) => {
    return c.json(await kavach.approvals.approve(c.req.param('id'), { approver: 'operator' }))
  })
  app.get('/audit', operator, async (c) => {
    return c.text(await kavach.audit.export({ format: 'csv' }), 200, { 'content-type': 'text/csv; charset=utf-8' })
  })

  app.notFound((c) => c.json({ error: { message: 'there is no such route' } }, 404))
  app.onError((error) => {
    if (!(error instanceof KavachError)) throw error
    const headers = new Headers({ 'content-type': 'application/json' })
    if (error.retryAfter !== undefined) headers.set('retry-after', String(Math.ceil(error.retryAfter)))
    if (error.status === 401) headers.set('www-authenticate', 'Bearer')
    return new Response(JSON.stringify({ error, approvalId: error.details?.approvalId }), {
      status: error.status,
      headers,
    })
  })
  return app
}
