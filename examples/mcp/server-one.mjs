// @ts-check
// An MCP server on the SDK 1.x, with sessions.
import { randomUUID } from 'node:crypto'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { z } from 'zod'
import { adminOp, pay, whoami, wipe } from './tools.mjs'

/** @typedef {import('kavachos').OpenedKavach['mcp']} Mcp */

/** @param {Mcp} mcp @param {string} url @returns {(request: Request, context: { ip?: string | undefined }) => Promise<Response>} */
export function serverOne(mcp, url) {
  /** @type {Map<string, WebStandardStreamableHTTPServerTransport>} */
  const sessions = new Map()

  async function open() {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    })
    // This line is all that the server has to do with the guard.
    const server = mcp.guard(createServer(), { resource: url })
    await server.connect(/** @type {any} */ (transport))
    return transport
  }

  return mcp.protect(url, async (request, { auth }) => {
    const id = request.headers.get('mcp-session-id')
    const known = id === null ? undefined : sessions.get(id)
    if (id !== null && known === undefined) return new Response(null, { status: 404 })
    const transport = known ?? (await open())
    return transport.handleRequest(request, { authInfo: auth })
  })
}

function createServer() {
  const server = new McpServer({ name: 'one', version: '1.0.0' })
  server.registerTool('whoami', { description: 'Says who you are' }, ({ authInfo }) => whoami('one', authInfo))
  server.registerTool('admin_op', { description: 'Something for administrators' }, () => adminOp())
  server.registerTool(
    'pay',
    { description: 'Pays somebody', inputSchema: { amount: z.number(), to: z.string() } },
    (payment) => pay(payment),
  )
  server.registerTool('wipe', { description: 'Deletes everything', annotations: { destructiveHint: true } }, () =>
    wipe(),
  )
  return server
}
