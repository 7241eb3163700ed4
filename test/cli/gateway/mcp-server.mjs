// An MCP server for tests: over stdio, or with a port over HTTP, where it says what it was sent.
import { createServer } from 'node:http'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { z } from 'zod'

function create(headers = {}) {
  const server = new McpServer({ name: 'files', version: '1.0.0' })
  const text = (value) => ({ content: [{ type: 'text', text: JSON.stringify(value) }] })
  server.registerTool('read', { inputSchema: { path: z.string() } }, async ({ path }) => text({ path }))
  server.registerTool('wipe', {}, async () => text('wiped'))
  server.registerTool('who', {}, async () => text({ pid: process.pid, env: process.env.SECRET_OF_SERVER, headers }))
  server.registerTool('slow', {}, async (extra) => {
    const progressToken = extra._meta?.progressToken
    if (progressToken !== undefined) {
      await extra.sendNotification({ method: 'notifications/progress', params: { progressToken, progress: 1 } })
    }
    return text('done')
  })
  server.registerTool('pay', {}, async () => text('paid'))
  return server
}

const port = process.argv[2]
if (port === undefined) await create().connect(new StdioServerTransport())
else {
  const server = createServer(async (request, response) => {
    if (request.url === '/moved') return response.writeHead(307, { location: '/mcp' }).end()
    if (request.url === '/closed') return response.writeHead(401).end()
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })
    await create(request.headers).connect(transport)
    await transport.handleRequest(request, response)
  })
  server.listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
}
