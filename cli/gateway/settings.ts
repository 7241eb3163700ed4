/** What a gateway is told, from its command line, a file and the environment, as one value. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { McpOptions } from '../../runtime/mcp/index.ts'
import { CliError, EXIT_USAGE } from '../exit.ts'
import { inputError } from '../files.ts'
import type { Introspection } from './introspection.ts'
import { wordsOf } from './words.ts'

export interface GatewayOptions {
  readonly policy: string
  readonly upstream?: string
  readonly listen: string
  readonly url?: string
  readonly server?: string
  readonly db: string
  readonly config?: string
  readonly issuer?: string
  readonly agent?: string
  readonly devUser?: string
  readonly passwordEnv?: string
  readonly introspect?: string
  readonly introspectClient?: string
  readonly introspectSecretEnv?: string
  readonly upstreamTokenEnv?: string
  readonly env: readonly string[]
}

export type Upstream =
  | { readonly kind: 'http'; readonly url: string; readonly token: string | undefined }
  | { readonly kind: 'command'; readonly command: string; readonly args: readonly string[]; readonly env: Env }

type Env = { readonly [name: string]: string }

export interface GatewaySettings {
  readonly upstream: Upstream
  readonly host: string
  readonly port: number
  /** As clients call it. */
  readonly url: string
  readonly mcp: McpOptions
  /** Whom tokens speak for, where another authorization server makes them. */
  readonly introspection: Introspection | undefined
  readonly approvers: readonly KnownApprover[]
}

/** A person who may approve, and what that person shows: the header `X-Kavach-Approver` of the HTTP API. */
export interface KnownApprover {
  readonly id: string
  readonly roles: readonly string[]
  readonly secret: string
}

/** @throws {CliError} 64 for what does not fit together, 66 for a file that cannot be read */
export function readSettings(
  options: GatewayOptions,
  command: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): GatewaySettings {
  const { host, port } = readListen(options.listen)
  const { approvers = [], ...config } =
    options.config === undefined ? {} : readConfig(resolve(cwd, options.config), options.config)
  const own = `http://${host}:${port}`
  const url = options.url ?? config.resources?.[0]?.url ?? `${own}/mcp`
  const server = options.server ?? config.resources?.[0]?.server ?? 'upstream'
  const introspection = readIntrospection(options, env)
  const { agent } = options
  const mcp: McpOptions = {
    ...DEFAULTS(server),
    ...config,
    resources: [{ title: server, ...config.resources?.[0], url, server }],
    issuer: options.issuer ?? config.issuer ?? originOf(url),
    ...(agent !== undefined && { agent: () => agent }),
    ...(introspection === undefined ? loginOf(options, env) : NO_LOGIN),
  }
  return {
    upstream: readUpstream(options, command, env),
    host,
    port,
    url,
    mcp,
    introspection,
    approvers: readApprovers(approvers, env),
  }
}

/** Without scopes of its own there is one, for all that the server has. */
const DEFAULTS = (server: string): Pick<McpOptions, 'scopes'> => ({
  scopes: {
    mcp: {
      description: `Use ${server}, as far as its policy allows`,
      permissions: [{ resource: `mcp:${server}:**`, actions: ['*'] }],
    },
  },
})

/** Nobody signs in here. */
const NO_LOGIN: Pick<McpOptions, 'login'> = {
  login: { user: () => undefined, loginUrl: (returnTo) => returnTo },
}

function readListen(text: string): { readonly host: string; readonly port: number } {
  const [, host = '', digits = ''] = /^(.*):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (host === '' || port > 65_535) {
    throw new CliError(EXIT_USAGE, `--listen wants an address and a port, not \`${text}\``, 'such as 127.0.0.1:8787')
  }
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port }
}

function originOf(url: string): string {
  if (URL.canParse(url)) return new URL(url).origin
  throw new CliError(EXIT_USAGE, `--url wants an absolute URL, not \`${url}\``, 'such as https://tools.example.com/mcp')
}

/** What JSON can say of the options; functions are none of it. */
type Config = Partial<Omit<McpOptions, 'login' | 'consent' | 'agent'>> & {
  /** Each with the variable in which the secret is that the approver shows. */
  readonly approvers?: readonly {
    readonly id: string
    readonly roles?: readonly string[]
    readonly secretEnv: string
  }[]
}

const CONFIG: { readonly [K in keyof Required<Config>]: true } = {
  issuer: true,
  resources: true,
  scopes: true,
  defaultScopes: true,
  clients: true,
  registration: true,
  clientMetadata: true,
  tokens: true,
  development: true,
  allowedOrigins: true,
  ratePerMinute: true,
  approvers: true,
}

function readConfig(path: string, shown: string): Config {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw inputError(error, shown)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new CliError(EXIT_USAGE, `\`${shown}\` is no JSON: ${why}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CliError(EXIT_USAGE, `\`${shown}\` must hold an object`, 'with `scopes`, `resources`, `clients`')
  }
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(CONFIG, name))
  if (unknown !== undefined) {
    const known = Object.keys(CONFIG).join(', ')
    throw new CliError(EXIT_USAGE, `\`${shown}\` has an unknown member \`${unknown}\``, `known are ${known}`)
  }
  const config: Config = value
  if (config.resources !== undefined && (!Array.isArray(config.resources) || config.resources.length !== 1)) {
    throw new CliError(EXIT_USAGE, `\`resources\` in \`${shown}\` must be a list of one`, 'a gateway guards one server')
  }
  return config
}

function readApprovers(given: unknown, env: NodeJS.ProcessEnv): readonly KnownApprover[] {
  if (!Array.isArray(given)) throw new CliError(EXIT_USAGE, '`approvers` must be a list')
  return given.map((approver: unknown, at) => {
    const { id, roles = [], secretEnv } = typeof approver === 'object' ? { ...EMPTY, ...approver } : EMPTY
    const areRoles = Array.isArray(roles) && roles.every((role) => typeof role === 'string')
    if (typeof id !== 'string' || typeof secretEnv !== 'string' || !areRoles) throw badApprover(at)
    return { id, roles, secret: secretOf(secretEnv, `\`approvers[${at}].secretEnv\``, env) }
  })
}

/** Of JSON nothing is known. */
const EMPTY: { readonly [member: string]: unknown } = {}

function badApprover(at: number): CliError {
  return new CliError(
    EXIT_USAGE,
    `\`approvers[${at}]\` is no approver`,
    'such as {"id": "eve", "roles": ["role:finance"], "secretEnv": "EVE_SECRET"}',
  )
}

function loginOf({ devUser, passwordEnv }: GatewayOptions, env: NodeJS.ProcessEnv): Pick<McpOptions, 'development'> {
  if (devUser === undefined && passwordEnv === undefined) return {}
  if (devUser === undefined || passwordEnv === undefined) {
    throw new CliError(
      EXIT_USAGE,
      '--dev-user and --password-env go together',
      'the password is read from that variable',
    )
  }
  return { development: { users: { [devUser]: secretOf(passwordEnv, '--password-env', env) } } }
}

function readIntrospection(options: GatewayOptions, env: NodeJS.ProcessEnv): Introspection | undefined {
  const { introspect, introspectClient, introspectSecretEnv, agent, issuer } = options
  if (introspect === undefined) return undefined
  if (
    introspectClient === undefined ||
    introspectSecretEnv === undefined ||
    agent === undefined ||
    issuer === undefined
  ) {
    throw new CliError(
      EXIT_USAGE,
      '--introspect needs --introspect-client, --introspect-secret-env, --issuer and --agent',
      'the other authorization server says whether a token is good, and the policy what that agent may do',
    )
  }
  if (!/^https:$/.test(protocolOf(introspect)) && !isLoopback(introspect)) {
    throw new CliError(
      EXIT_USAGE,
      `--introspect wants an https URL, not \`${introspect}\``,
      'http is for loopback alone',
    )
  }
  const secret = secretOf(introspectSecretEnv, '--introspect-secret-env', env)
  return { url: introspect, clientId: introspectClient, secret, issuer, agentId: agent }
}

function readUpstream(options: GatewayOptions, command: readonly string[], env: NodeJS.ProcessEnv): Upstream {
  const { upstream, upstreamTokenEnv } = options
  if (upstream !== undefined && command.length > 0) {
    throw new CliError(EXIT_USAGE, 'give --upstream or a command after `--`, not both')
  }
  if (upstream !== undefined && /^https?:$/.test(protocolOf(upstream))) {
    const token = upstreamTokenEnv === undefined ? undefined : secretOf(upstreamTokenEnv, '--upstream-token-env', env)
    return { kind: 'http', url: upstream, token }
  }
  const words = upstream === undefined ? command : wordsOf(upstream)
  const [file, ...args] = words ?? []
  if (file === undefined) {
    throw new CliError(
      EXIT_USAGE,
      'there is no upstream to guard',
      'give --upstream with a URL or a command, or a command after `--`',
    )
  }
  if (upstreamTokenEnv !== undefined) {
    throw new CliError(
      EXIT_USAGE,
      '--upstream-token-env is for an upstream with a URL',
      'hand variables to a command with --env',
    )
  }
  return {
    kind: 'command',
    command: file,
    args,
    env: Object.fromEntries(options.env.map((one) => toVariable(one, env))),
  }
}

function toVariable(text: string, env: NodeJS.ProcessEnv): [string, string] {
  const at = text.indexOf('=')
  return at > 0 ? [text.slice(0, at), text.slice(at + 1)] : [text, secretOf(text, '--env', env)]
}

/** Secrets come from the environment: command lines are seen by everybody on a machine. */
function secretOf(name: string, option: string, env: NodeJS.ProcessEnv): string {
  const value = env[name]
  if (value !== undefined && value !== '') return value
  throw new CliError(EXIT_USAGE, `${option} names the variable \`${name}\`, which is not set`)
}

function protocolOf(text: string): string {
  return URL.canParse(text) ? new URL(text).protocol : ''
}

function isLoopback(text: string): boolean {
  return protocolOf(text) === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(text).hostname)
}
