// @ts-check
// An MCP server on the split packages of the SDK, which serves the revision of 2026 and those before it, without sessions.
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { adminOp, pay, whoami, wipe } from './tools.mjs'

/** @typedef {import('kavachos').OpenedKavach['mcp']} Mcp */

/** @param {Mcp} mcp @param {string} url @returns {(request: Request, context: { ip?: string | undefined }) => Promise<Response>} */
export function serverTwo(mcp, url) {
  // This line is all that the server has to do with the guard.
  const handler = createMcpHandler(() => mcp.guard(createServer(), { resource: url }))
  return mcp.protect(url, (request, { auth }) => handler.fetch(request, { authInfo: auth }))
}

function createServer() {
  const server = new McpServer({ name: 'two', version: '1.0.0' })
  server.registerTool('whoami', { description: 'Says who you are' }, ({ http }) => whoami('two', http?.authInfo))
  server.registerTool('admin_op', { description: 'Something for administrators' }, () => adminOp())
  server.registerTool(
    'pay',
    { description: 'Pays somebody', inputSchema: z.object({ amount: z.number(), to: z.string() }) },
    (payment) => pay(payment),
  )
  server.registerTool('wipe', { description: 'Deletes everything', annotations: { destructiveHint: true } }, () =>
    wipe(),
  )
  return server
}
