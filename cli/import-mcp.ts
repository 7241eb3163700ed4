/** `kavach import mcp`: reads `tools/list` from a real MCP server and writes the catalog that policies refer to. */
import { writeFile } from 'node:fs/promises'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { ListToolsResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { Command, Option } from 'commander'
import type { ToolMap } from '../runtime/index.ts'
import { type ListedTool, quote, toCatalog } from './catalog.ts'

/** `kavach import mcp [options] -- COMMAND ARGS...`, or with `--url` instead of a command. */
export function importMcpCommand(): Command {
  return new Command('mcp')
    .description("write a catalog from a running MCP server's tools/list")
    .argument('[command...]', 'command that starts the server over stdio, after `--`')
    .option('--name <name>', "name of the catalog and of its resources `mcp:NAME:TOOL` (default: the server's own)")
    .option('--out <file>', 'file to write (default: standard output)')
    .addOption(new Option('--map <mapping>', 'action of each tool').choices(['execute', 'hints']).default('execute'))
    .option('--url <url>', 'connect over Streamable HTTP instead of starting a command')
    .option('--header <header>', 'HTTP header `NAME: VALUE`, may be repeated', collect, [])
    .option('--env <variable>', 'NAME or NAME=VALUE handed to the server, may be repeated', collect, [])
    .option('--timeout <seconds>', 'longest wait for each answer', '30')
    .addHelpText(
      'after',
      `
Examples:
  kavach import mcp --name files --out policy/catalog/files.tools.json -- npx my-mcp-server /srv/files
  kavach import mcp --map hints --url https://mcp.example.com/mcp --header 'Authorization: Bearer TOKEN'

The server gets only the variables that every program needs, and those that --env names.`,
    )
    .action(async (command: string[], options: Omit<McpImport, 'command'>) => {
      process.exitCode = await importMcp({ ...options, command })
    })
}

interface McpImport {
  readonly command: readonly string[]
  readonly name?: string
  readonly out?: string
  readonly map: ToolMap
  readonly url?: string
  readonly header: readonly string[]
  readonly env: readonly string[]
  readonly timeout: string
}

const MAX_PAGES = 1000
const KEPT_STDERR_BYTES = 16_384

/** Runs the command and returns its exit code: 0 written, 1 the server cannot be a catalog, 64 usage, 66 no server. */
async function importMcp(options: McpImport): Promise<number> {
  const usage = usageFault(options)
  if (usage !== undefined) return fail(64, usage)
  const timeoutMs = Number(options.timeout) * 1000
  const heard = new StderrTail()
  const transport = options.url === undefined ? stdio(options, heard) : http(options.url, options.header)
  const client = new Client({ name: 'kavach', version: '0' })
  let interrupted: NodeJS.Signals | undefined
  const stop = (signal: NodeJS.Signals) => {
    interrupted = signal
    kill(transport, signal)
    void client.close()
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    await client.connect(transport, { timeout: timeoutMs })
    const server = options.name ?? client.getServerVersion()?.name ?? ''
    const catalog = toCatalog(server, await listTools(client, timeoutMs), options.map)
    if ('faults' in catalog) {
      for (const fault of catalog.faults) fail(1, fault.message, `= help: ${fault.help}`)
      return 1
    }
    if (options.out === undefined) process.stdout.write(catalog.text)
    else await writeCatalog(options.out, catalog.text)
    return 0
  } catch (error) {
    if (interrupted !== undefined) return fail(interrupted === 'SIGINT' ? 130 : 143, 'interrupted')
    // The client gives up waiting for a silent server before that has ended.
    kill(transport, 'SIGTERM')
    if (error instanceof OutputError) return fail(66, error.message)
    await heard.settled()
    const shown = heard.text() === '' ? [] : ['the server wrote to standard error:', indent(heard.text())]
    return fail(66, `${failure(options)}: ${reason(error)}`, ...shown)
  } finally {
    process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop)
    await client.close().catch(() => kill(transport, 'SIGKILL'))
  }
}

function usageFault(options: McpImport): string | undefined {
  if (options.url === undefined && options.command.length === 0) {
    return 'name the server: `kavach import mcp -- COMMAND ARGS...` or `--url URL`'
  }
  if (options.url !== undefined && options.command.length > 0) return 'give a command or --url, not both'
  if (options.url !== undefined && !/^https?:$/.test(URL.canParse(options.url) ? new URL(options.url).protocol : '')) {
    return `--url wants an http or https address, not ${quote(options.url)}`
  }
  if (!(Number(options.timeout) > 0 && Number(options.timeout) <= 3600)) {
    return `--timeout wants seconds between 0 and 3600, not ${quote(options.timeout)}`
  }
  const header = options.header.find((text) => !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+:/.test(text))
  if (header !== undefined) return `--header wants \`NAME: VALUE\`, not ${quote(header)}`
  return undefined
}

function stdio(options: McpImport, heard: StderrTail): StdioClientTransport {
  const [command = '', ...args] = options.command
  // The server gets only what the SDK deems safe and what --env names: it is a stranger's program.
  const env = { ...getDefaultEnvironment(), ...Object.fromEntries(options.env.flatMap(toVariable)) }
  const transport = new ServerProcess({ command, args, env, stderr: 'pipe' })
  heard.follow(transport.stderr)
  return transport
}

function toVariable(text: string): [string, string][] {
  const at = text.indexOf('=')
  if (at > 0) return [[text.slice(0, at), text.slice(at + 1)]]
  const value = process.env[text]
  return value === undefined ? [] : [[text, value]]
}

// The SDK declares the session id of this transport as possibly undefined, that of Transport as absent: same thing.
function http(url: string, headers: readonly string[]): Transport {
  const pairs = headers.map((text): [string, string] => {
    const at = text.indexOf(':')
    return [text.slice(0, at), text.slice(at + 1).trim()]
  })
  return new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: pairs } }) as Transport
}

async function listTools(client: Client, timeoutMs: number): Promise<ListedTool[]> {
  const tools: ListedTool[] = []
  const cursors = new Set<string>()
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    // Not client.listTools(): that compiles every output schema, and one odd schema would hide all tools.
    const params = cursor === undefined ? {} : { cursor }
    const answer = await client.request({ method: 'tools/list', params }, ListToolsResultSchema, { timeout: timeoutMs })
    for (const { name, description, inputSchema, annotations } of answer.tools) {
      tools.push({ name, description, inputSchema, ...(annotations === undefined ? {} : { annotations }) })
    }
    cursor = answer.nextCursor
    if (cursor === undefined) return tools
    if (cursors.has(cursor)) throw new Error(`tools/list gave the cursor ${quote(cursor)} twice`)
    cursors.add(cursor)
  }
  throw new Error(`tools/list has more than ${MAX_PAGES} pages`)
}

/** The last part of what the server writes to standard error. */
class StderrTail {
  private chunks: Buffer[] = []
  private done: Promise<void> = Promise.resolve()

  follow(stream: NodeJS.EventEmitter | null): void {
    if (stream === null) return
    stream.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk)
      if (this.chunks.length > 256) this.chunks = [Buffer.concat(this.chunks).subarray(-KEPT_STDERR_BYTES)]
    })
    this.done = new Promise((resolve) => stream.once('end', resolve).once('close', resolve))
  }

  /** A crashing server's last words may arrive after the news of its death. */
  async settled(): Promise<void> {
    await Promise.race([this.done, new Promise((resolve) => setTimeout(resolve, 200))])
  }

  text(): string {
    return Buffer.concat(this.chunks).subarray(-KEPT_STDERR_BYTES).toString('utf8').trimEnd()
  }
}

/** A server over stdio whose process id is known after the transport was closed, too. */
class ServerProcess extends StdioClientTransport {
  startedPid: number | null = null

  override async start(): Promise<void> {
    await super.start()
    this.startedPid = this.pid
  }
}

function kill(transport: Transport, signal: NodeJS.Signals): void {
  if (!(transport instanceof ServerProcess) || transport.startedPid === null) return
  try {
    process.kill(transport.startedPid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

class OutputError extends Error {}

async function writeCatalog(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text)
  } catch (error) {
    throw new OutputError(`cannot write ${quote(file)}: ${reason(error)}`)
  }
  process.stderr.write(`wrote ${file}\n`)
}

function failure(options: McpImport): string {
  const server = options.url === undefined ? options.command.join(' ') : options.url
  return `could not read the tools of ${quote(server)}`
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error && error.cause.message !== '' ? ` (${error.cause.message})` : ''
  return `${error.message}${cause}`
}

function fail(code: number, message: string, ...more: string[]): number {
  process.stderr.write(`kavach: ${message}\n${more.map((line) => `  ${line}\n`).join('')}`)
  return code
}

function indent(text: string): string {
  return text.replaceAll('\n', '\n    ').replace(/^/, '  ')
}

function collect(value: string, before: string[]): string[] {
  return [...before, value]
}
