/** `kavach gateway`: a guard in front of an MCP server that cannot be changed. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { createKavach } from '../index.ts'
import { serveNode } from '../runtime/adapters/node/index.ts'
import { KavachError } from '../runtime/index.ts'
import type { ProtectedHandler } from '../runtime/mcp/index.ts'
import { CliError, EXIT_INTERRUPTED, EXIT_NO_INPUT, EXIT_REFUSED, EXIT_USAGE } from './exit.ts'
import { createHttpUpstream } from './gateway/http-upstream.ts'
import { createIntrospection } from './gateway/introspection.ts'
import { type GatewayOptions, type GatewaySettings, type KnownApprover, readSettings } from './gateway/settings.ts'
import { createStdioUpstream } from './gateway/stdio-upstream.ts'
import type { Terminal } from './terminal.ts'

/** How long requests that are under way may take to end. */
const GRACE_MS = 2000

export function gatewayCommand(terminal: Terminal): Command {
  return new Command('gateway')
    .description('guard an MCP server that cannot be changed: tokens, scopes, and the policy for each call')
    .argument('[command...]', 'after `--`: starts the server over stdio, one process for each session')
    .requiredOption('--policy <file>', 'compiled policy, .wasm or .img')
    .option('--upstream <url|command>', 'the server: its URL, or the command that starts it')
    .option('--listen <address>', 'where clients connect', '127.0.0.1:8787')
    .option('--url <url>', 'as clients call it from outside (default: http://LISTEN/mcp)')
    .option('--server <name>', 'its name in policies: tool `t` is `mcp:NAME:t` (default: upstream)')
    .option('--db, --database <file>', 'database of the host', 'kavach.db')
    .option('--config <file>', 'JSON with scopes, tools, clients and other options of `mcp`')
    .option('--issuer <url>', 'authorization server that clients are sent to (default: the gateway itself)')
    .option('--agent <id>', 'agent that acts for every user (default: one is made for each user and client)')
    .option('--dev-user <name>', 'login for trying things out')
    .option('--password-env <variable>', 'where its password is')
    .option('--introspect <url>', 'introspection endpoint of another authorization server, which makes the tokens')
    .option('--introspect-client <id>', 'who asks it')
    .option('--introspect-secret-env <variable>', 'where the secret for that is')
    .option('--upstream-token-env <variable>', 'where the credential is that the gateway itself shows to the server')
    .option('--env <variable>', 'NAME or NAME=VALUE handed to the command, may be repeated', collect, [])
    .addHelpText(
      'after',
      `
Examples:
  PASSWORD=... kavach gateway --policy policy.wasm --server files --dev-user alice --password-env PASSWORD \\
    -- npx my-mcp-server /srv/files
  kavach gateway --policy policy.wasm --upstream http://127.0.0.1:9000/mcp --url https://tools.example.com/mcp \\
    --issuer https://login.example.com --introspect https://login.example.com/oauth/introspect \\
    --introspect-client gateway --introspect-secret-env SECRET --agent desk

The token of a client never goes to the server. Calls that wait for an approval are approved over the HTTP API,
which the gateway answers below /v1, by the \`approvers\` of the configuration. Ctrl-C ends it.`,
    )
    .action(async (command: readonly string[], { database, ...options }: GatewayOptions & { database: string }) => {
      terminal.recordExit(await gateway(terminal, { ...options, db: database }, command))
    })
}

async function gateway(terminal: Terminal, options: GatewayOptions, command: readonly string[]): Promise<number> {
  const settings = readSettings(options, command, { cwd: terminal.cwd, env: process.env })
  const complain = (message: string) => terminal.note(`kavach: ${message}\n`)
  terminal.parts.takeInterrupts()
  const ending = new AbortController()
  process.once('SIGTERM', () => ending.abort())
  const kavach = await openHost(terminal, options, settings, complain)
  const { upstream, introspection, url } = settings
  const server =
    upstream.kind === 'http'
      ? { handle: createHttpUpstream(upstream, complain), close: async () => undefined }
      : createStdioUpstream({
          ...upstream,
          guard: (line) => kavach.mcp.guard(line, { resource: url }),
          complain,
          now: terminal.parts.now,
        })
  const verify = introspection && createIntrospection(introspection, terminal.parts.now)
  // Behind stdio the guard stands in the line to the process.
  const guarded = kavach.mcp.protect(url, server.handle satisfies ProtectedHandler, {
    decide: upstream.kind === 'http',
    verify,
  })
  const { pathname } = new URL(url)
  const document = `/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`
  try {
    const served = await serveNode(
      async (request, context) => {
        const path = new URL(request.url).pathname
        if (path === pathname || path === document) return guarded(request, context)
        // Where another server makes the tokens, ours has nothing to say.
        return path.startsWith('/v1/') || introspection === undefined ? kavach.fetch(request, context) : undefined
      },
      { host: settings.host, port: settings.port },
    ).catch((error: unknown) => {
      throw listenError(error, options.listen)
    })
    await terminal.print(`${introductionOf(settings)}\n`)
    await aborted(AbortSignal.any([ending.signal, terminal.parts.interrupt]))
    await served.close(GRACE_MS)
  } finally {
    await server.close()
    await kavach.close()
  }
  return EXIT_INTERRUPTED
}

async function openHost(
  terminal: Terminal,
  { policy, db }: GatewayOptions,
  { mcp, approvers }: GatewaySettings,
  warn: (message: string) => void,
) {
  try {
    return await createKavach({
      database: { provider: 'sqlite', url: resolve(terminal.cwd, db) },
      policy: resolve(terminal.cwd, policy),
      mcp,
      ...(approvers.length > 0 && { approvals: { authenticate: (shown) => approverOf(shown, approvers) } }),
      warn,
    })
  } catch (error) {
    if (!(error instanceof KavachError)) throw error
    const code =
      error.code === 'KVCH_E_CONFIG_INVALID'
        ? EXIT_USAGE
        : error.code === 'KVCH_E_POLICY_SOURCE'
          ? EXIT_NO_INPUT
          : EXIT_REFUSED
    const help =
      error.code === 'KVCH_E_CONFIG_INVALID' && error.message.startsWith('mcp.login')
        ? '--dev-user and --password-env bring a login for trying things out; --introspect trusts another server'
        : error.docs_url
    throw new CliError(code, error.message, help)
  }
}

/** Secrets are compared by their digests, which takes the same time whatever they have in common. */
function approverOf(shown: unknown, approvers: readonly KnownApprover[]): KnownApprover | undefined {
  if (typeof shown !== 'string') return undefined
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return approvers.find(({ secret }) => timingSafeEqual(digest(secret), digest(shown)))
}

function introductionOf({ url, mcp: { issuer }, upstream, introspection }: GatewaySettings): string {
  const behind = upstream.kind === 'http' ? upstream.url : [upstream.command, ...upstream.args].join(' ')
  const whose = introspection === undefined ? issuer : `${issuer}, asked at ${introspection.url}`
  return `guarding ${behind}\n  MCP server:           ${url}\n  authorization server: ${whose}`
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done()
    else signal.addEventListener('abort', () => done(), { once: true })
  })
}

function listenError(error: unknown, listen: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE')
    return new CliError(EXIT_USAGE, `somebody else listens at \`${listen}\``, 'give another --listen')
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new CliError(EXIT_USAGE, `nobody may listen at \`${listen}\`: ${String(code)}`, 'give another --listen')
  }
  return error
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}
