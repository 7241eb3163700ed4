// @ts-check
// An authorization server and two MCP servers behind its guard, on loopback. `npm run example:mcp -- --port 4100`
import { spawnSync } from 'node:child_process'
import { createHash, timingSafeEqual } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createKavach } from 'kavachos'
import { serveNode } from 'kavachos/node'
import { readOptions } from './options.mjs'
import { serverOne } from './server-one.mjs'
import { serverTwo } from './server-two.mjs'

const options = readOptions(process.argv.slice(2))
const { port, password, approver } = options
const issuer = `http://127.0.0.1:${port}`
const one = `http://127.0.0.1:${port + 1}/mcp`
const two = `http://127.0.0.1:${port + 2}/mcp`

const kavach = await createKavach({
  database: { provider: 'sqlite', url: ':memory:' },
  policy: compile(),
  approvals: {
    // Whoever shows this secret is a person who approves. Yours would have a session.
    authenticate: (credential) =>
      isEqual(String(credential), approver) ? { id: 'eve', roles: ['role:approver'] } : undefined,
  },
  // Sign-ins are counted by user as well.
  ...(!options.hasRateLimit && { limits: { rates: { auth: { count: 1_000_000, seconds: 60 } } } }),
  mcp: {
    issuer,
    resources: [
      { url: one, server: 'one', title: 'Server one' },
      { url: two, server: 'two', title: 'Server two' },
    ],
    scopes: {
      'mcp:tools': {
        description: 'Use the tools: say who you are, and pay',
        permissions: [{ resource: 'mcp:{one,two}:{whoami,pay,wipe}', actions: ['execute'] }],
      },
      'mcp:admin': {
        description: 'Do what administrators do',
        permissions: [{ resource: 'mcp:{one,two}:admin_op', actions: ['execute'] }],
        includes: ['mcp:tools'],
      },
    },
    defaultScopes: ['mcp:tools'],
    development: { users: { alice: password } },
    // Pages of the inspector, which may connect from a browser.
    allowedOrigins: ['http://localhost:6274', 'http://127.0.0.1:6274'],
    ...(options.introspection !== undefined && {
      clients: [{ ...options.introspection, mayIntrospect: true, grantTypes: [] }],
    }),
    ...(!options.hasRateLimit && { ratePerMinute: /** @type {const} */ (false) }),
    ...(options.allowsLoopbackMetadata && { clientMetadata: { allowLoopback: true } }),
  },
})
// What passes the votes of approvers on needs a key; whose vote it is, their own credential says.
const { key } = await kavach.keys.create({ name: 'example', scopes: ['approve', 'audit'] })

const served = [
  await listen(port, (request, context) => kavach.fetch(request, context)),
  await listen(port + 1, serverOne(kavach.mcp, one)),
  await listen(port + 2, serverTwo(kavach.mcp, two)),
]

if (options.info !== undefined) {
  const info = { issuer, servers: [one, two], user: 'alice', password, key, approver }
  writeFileSync(options.info, `${JSON.stringify(info, null, 2)}\n`, { mode: 0o600 })
}
console.log(`authorization server: ${issuer}
MCP server one:       ${one}
MCP server two:       ${two}
user:                 alice
password:             ${password}

Clients find everything else by themselves. To paste into the configuration of one:

${JSON.stringify({ mcpServers: { one: { type: 'http', url: one }, two: { type: 'http', url: two } } }, null, 2)}

\`whoami\` needs the scope mcp:tools, \`admin_op\` mcp:admin, \`pay\` an approval, and \`wipe\` is forbidden. What waits, and how to approve it:

  curl -H 'Authorization: Bearer ${key}' ${issuer}/v1/approvals
  curl -X POST -H 'Authorization: Bearer ${key}' -H 'X-Kavach-Approver: ${approver}' ${issuer}/v1/approvals/ID/approve

Ctrl-C ends it.`)

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await Promise.all(served.map((server) => server.close(500)))
    await kavach.close()
    process.exit(0)
  })
}

/**
 * @param {number} at
 * @param {(request: Request, context: { readonly ip?: string | undefined }) => Promise<Response>} handler
 */
async function listen(at, handler) {
  try {
    return await serveNode(handler, { host: '127.0.0.1', port: at })
  } catch (error) {
    const why =
      error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' ? 'somebody else listens there' : error
    console.error(`127.0.0.1:${at}: ${why}; give another --port`)
    process.exit(1)
  }
}

/** What a build does: the text of the policy is checked and proved, and becomes one file, whose bytes are loaded. */
function compile() {
  const cli = join(dirname(createRequire(import.meta.url).resolve('kavachos/package.json')), 'dist/cli/main.js')
  const out = mkdtempSync(join(tmpdir(), 'mcp-example-'))
  process.once('exit', () => rmSync(out, { recursive: true, force: true }))
  const args = [cli, 'compile', join(import.meta.dirname, 'policy'), '-o', out]
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return join(out, 'mcp-example.wasm')
}

/** @param {string} given @param {string} known */
function isEqual(given, known) {
  const digest = (/** @type {string} */ text) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(known))
}
