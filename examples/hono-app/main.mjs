// @ts-check
// Serves the application on 127.0.0.1. `node examples/hono-app/main.mjs`, with PORT and ADMIN_KEY from the environment.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { createKavach } from 'kavachos'
import { createApp } from './app.mjs'

const adminKey = process.env.ADMIN_KEY ?? randomBytes(16).toString('hex')
const kavach = await createKavach({
  database: { provider: 'sqlite', url: process.env.DATABASE ?? ':memory:' },
  limits: { endpointPerMinute: { 'POST /payments': 30 } },
})
const { token } = await kavach.agents.create({
  ownerId: 'user-ada',
  name: 'note-taker',
  type: 'autonomous',
  permissions: [
    { resource: 'notes:*', actions: ['read'], constraints: { maxCallsPerMinute: 60 } },
    { resource: 'payments', actions: ['execute'], constraints: { requireApproval: true } },
  ],
})
const app = createApp(kavach, { adminKey })

const server = createServer(async (request, response) => {
  const { method = 'GET', url = '/', headers } = request
  const body = method === 'GET' || method === 'HEAD' ? undefined : Buffer.concat(await request.toArray())
  const answer = await app.fetch(
    new Request(new URL(url, 'http://127.0.0.1'), {
      method,
      headers: Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
      body,
    }),
  )
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  response.end(Buffer.from(await answer.arrayBuffer()))
})
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : address
  console.log(`http://127.0.0.1:${port}
  curl -H 'Authorization: Bearer ${token}' http://127.0.0.1:${port}/notes/1
  curl -H 'X-Admin-Key: ${adminKey}' http://127.0.0.1:${port}/audit`)
})
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => server.close(() => kavach.close()))
}
