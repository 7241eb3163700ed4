// A Worker: a host for each request, over D1. Tests ask it for one of the scenarios, or for what a host answers itself.
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { createKavach } from 'kavachos'
import { SCENARIOS } from './scenarios.mjs'

const SECRET = 'a secret that is used by tests alone'

export default {
  async fetch(request, { KAVACH_DB }, context) {
    const url = new URL(request.url)
    const [, first, name] = url.pathname.split('/')
    try {
      if (first === 'run') return Response.json(await SCENARIOS[name](KAVACH_DB, await request.json()))
      if (first === 'login') return login(request, url)
      return await answer(request, url, KAVACH_DB, context)
    } catch (error) {
      return Response.json({ error: String(error), code: error.code, stack: error.stack }, { status: 500 })
    }
  },
}

async function answer(request, { origin, pathname }, database, context) {
  const resource = `${origin}/mcp`
  const kavach = await createKavach({
    database: { provider: 'd1', binding: database },
    secret: SECRET,
    warn: () => undefined,
    http: {},
    mcp: {
      issuer: origin,
      resources: [{ url: resource, server: 'tools', title: 'Tools', scopes: ['mcp:tools'] }],
      scopes: {
        'mcp:tools': {
          description: 'Use the tools',
          permissions: [{ resource: 'mcp:tools:greet', actions: ['execute'] }],
        },
      },
      login: {
        user: ({ headers }) => {
          const [, id] = /\buser=(\w+)/.exec(headers.get('cookie') ?? '') ?? []
          return id && { id }
        },
        loginUrl: (returnTo) => `${origin}/login?returnTo=${encodeURIComponent(returnTo)}`,
      },
      clients: [{ id: 'server', secret: SECRET, mayIntrospect: true, grantTypes: [] }],
    },
  })
  context.waitUntil(new Promise((resolve) => setTimeout(resolve, 0)))
  if (pathname !== '/mcp') return kavach.fetch(request)
  const handler = createMcpHandler(() => kavach.mcp.guard(serverWithTools(), { resource }))
  return kavach.mcp.protect(resource, (own, { auth }) => handler.fetch(own, { authInfo: auth }))(request)
}

function serverWithTools() {
  const server = new McpServer({ name: 'tools', version: '1.0.0' })
  server.registerTool('greet', { description: 'Greets' }, () => ({ content: [{ type: 'text', text: 'hello' }] }))
  server.registerTool('leave', { description: 'Leaves' }, () => ({ content: [{ type: 'text', text: 'goodbye' }] }))
  return server
}

/** A page as an application has one: whoever gives a name is signed in. */
async function login(request, url) {
  if (request.method === 'GET') {
    const page = `<form method="post" action="/login?returnTo=${encodeURIComponent(url.searchParams.get('returnTo'))}"><input name="username"><input type="password" name="password"></form>`
    return new Response(page, { headers: { 'content-type': 'text/html' } })
  }
  const user = (await request.formData()).get('username')
  return new Response(null, {
    status: 303,
    headers: { location: url.searchParams.get('returnTo'), 'set-cookie': `user=${user}; Path=/; HttpOnly` },
  })
}
