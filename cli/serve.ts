/** `kavach serve`: a host that answers over HTTP. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Command } from 'commander'
import { createKavach, type KavachOptions } from '../create-kavach.ts'
import { type Served, serveNode } from '../runtime/adapters/node/index.ts'
import { KavachError } from '../runtime/index.ts'
import { PROJECT } from './audit-source.ts'
import { CliError, EXIT_FINE, EXIT_NO_INPUT, EXIT_USAGE } from './exit.ts'
import { type Listen, parseListen } from './listen.ts'
import type { Terminal } from './terminal.ts'

interface ServeOptions {
  readonly policy?: string
  readonly database?: string
  readonly listen?: Listen
  readonly config?: string
  readonly project?: string
}

const DATABASE = 'kavach.db'
const LISTEN = '127.0.0.1:7411'

export function serveCommand(terminal: Terminal): Command {
  return new Command('serve')
    .description('open a host and answer over HTTP')
    .option('--policy <file>', 'a compiled policy, .wasm or .img; default: what the database enforces')
    .option('--db, --database <file>', `database of the host, made where there is none; default: ${DATABASE}`)
    .option('--listen <address>', `address and port; default: ${LISTEN}`, parseListen)
    .option('--config <file>', 'options of the host as JSON; those of the command line stand over them')
    .option('--project <name>', `${PROJECT[1]}; default: ${PROJECT[2]}`)
    .addHelpText(
      'after',
      `
Examples:
  kavach serve --policy build/acme.wasm
  kavach serve --config kavach.json --listen 0.0.0.0:7411

The configuration has what \`createKavach\` takes, as far as JSON can say it; paths in it start from its folder.
KAVACH_SECRET is the secret of the host. SIGINT and SIGTERM end it: what is under way is finished first.`,
    )
    .action(async (options: ServeOptions) => {
      terminal.recordExit(await serve(terminal, options))
    })
}

async function serve(terminal: Terminal, { listen = parseListen(LISTEN), ...options }: ServeOptions): Promise<number> {
  const { cwd, parts } = terminal
  const stopping = new AbortController()
  const signal = AbortSignal.any([stopping.signal, parts.interrupt])
  // Whoever asks us to end while the host opens is heard as well.
  parts.takeInterrupts()
  process.once('SIGTERM', () => stopping.abort())
  const named = options.database ?? DATABASE
  const hostOptions = readOptions(cwd, options)
  const kavach = await opened(hostOptions, terminal)
  try {
    const served = await listening(kavach.fetch, listen)
    try {
      await terminal.print(`${served.url}\n`)
      if (!listen.isLoopback) terminal.note(NO_TLS)
      if ((await kavach.keys.list()).length === 0) terminal.note(noKeys(named))
      if (!signal.aborted) await new Promise((done) => signal.addEventListener('abort', done, { once: true }))
      terminal.note('kavach: finishing what is under way\n')
    } finally {
      await served.close()
    }
  } finally {
    await kavach.close()
  }
  return EXIT_FINE
}

const NO_TLS =
  'kavach: everybody who reaches this address can read keys and tokens on their way\n' +
  '  = help: put a proxy with TLS in front, and name it in `http.trustProxy` of the configuration\n'

function noKeys(database: string): string {
  return (
    'kavach: there is no project key yet, so nobody can manage anything over HTTP\n' +
    `  = help: \`kavach keys create --db ${database} --name admin --scope agents --scope audit\` makes one\n`
  )
}

/** The configuration, with what the command line says over it. */
function readOptions(cwd: string, { policy, database, config, project }: Omit<ServeOptions, 'listen'>): KavachOptions {
  const { database: ownDatabase, ...given } = config === undefined ? {} : readConfig(resolve(cwd, config), config)
  const url = database === undefined ? undefined : pathOf(cwd, database)
  const secret = process.env.KAVACH_SECRET
  return {
    ...(secret !== undefined && given.secret === undefined && given.secrets === undefined && { secret }),
    ...given,
    ...(policy !== undefined && { policy: resolve(cwd, policy) }),
    ...(project !== undefined && { project }),
    database:
      url === undefined
        ? (ownDatabase ?? { provider: 'sqlite', url: resolve(cwd, DATABASE) })
        : { provider: 'sqlite', url },
  }
}

/** Everything in it is looked at by `createKavach`, which knows no other members than its own. */
function readConfig(path: string, named: string): KavachOptions {
  const folder = dirname(path)
  const json = parseConfig(path, named)
  const { database, policy } = json
  return {
    ...json,
    ...(typeof policy === 'string' && { policy: resolve(folder, policy) }),
    ...(isFile(database) && { database: { ...database, url: pathOf(folder, database.url) } }),
  }
}

function parseConfig(path: string, named: string): KavachOptions {
  try {
    const json: unknown = JSON.parse(readFileSync(path, 'utf8'))
    // What it holds is not looked at here.
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as KavachOptions
  } catch (error) {
    if (!(error instanceof SyntaxError))
      throw new CliError(EXIT_NO_INPUT, `\`${named}\` cannot be read`, 'check the path')
  }
  throw new CliError(EXIT_USAGE, `\`${named}\` is no JSON object`, 'docs/http.md shows one')
}

function isFile(database: unknown): database is { readonly provider: 'sqlite'; readonly url: string } {
  return typeof database === 'object' && database !== null && 'url' in database && typeof database.url === 'string'
}

/** A database may be in memory. */
function pathOf(folder: string, url: string): string {
  return url === ':memory:' || url.startsWith('file:') ? url : resolve(folder, url)
}

async function opened(options: KavachOptions, terminal: Terminal) {
  const warn = (message: string) => terminal.note(`kavach: ${message}\n`)
  try {
    return await createKavach({ ...options, warn })
  } catch (error) {
    if (!(error instanceof KavachError)) throw error
    const { code, message } = error
    throw new CliError(code === 'KVCH_E_CONFIG_INVALID' ? EXIT_USAGE : EXIT_NO_INPUT, message, `${code} has a page`)
  }
}

async function listening(fetch: Parameters<typeof serveNode>[0], { host, port }: Listen): Promise<Served> {
  try {
    return await serveNode(fetch, { host, port })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (!Object.hasOwn(REASONS, code)) throw error
    throw new CliError(EXIT_USAGE, `cannot listen on ${host}:${port}: ${REASONS[code]}`, 'say another `--listen`')
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program does',
  EADDRNOTAVAIL: 'this machine does not have the address',
  EACCES: 'that is not allowed',
  ENOTFOUND: 'nobody knows the name',
}
