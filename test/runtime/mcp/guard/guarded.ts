/** Guarded servers over a host in memory, with tokens that a test hands out. */
import { onTestFinished } from 'vitest'
import { hashingOf, type Kavach, openHost } from '../../../../runtime/index.ts'
import type { Dpop } from '../../../../runtime/mcp/dpop/index.ts'
import { createMcpGuard, type McpGuard } from '../../../../runtime/mcp/guard/index.ts'
import type { McpOptions } from '../../../../runtime/mcp/options.ts'
import type { Principal } from '../../../../runtime/mcp/principal.ts'
import { resolveMcp } from '../../../../runtime/mcp/settings.ts'
import { createMemoryStore } from '../../../../storage/index.ts'
import { policyImage } from '../../../fixtures/policy-image.ts'
import { hostAt, type LoggedBody, NOW, sha256, type TestHost } from '../../site.ts'

export const URL_ONE = 'http://127.0.0.1:4001/mcp'
export const URL_TWO = 'http://127.0.0.1:4002/mcp'

/** What the agent of every token may do: `ann-agent` most, `bob-agent` one thing. */
export const POLICY = `
autonomous agent ann-agent {
  owner "ann"
  allow execute on mcp:one:{whoami,odd-name,admin_op,wipe,unheard}
  allow execute on mcp:two:*
  allow execute on mcp:one:pay needs approval
  allow execute on mcp:one:limited rate 1 per hour
  allow execute on mcp:one:small when args.size <= 10
  allow read, write, delete on mcp:hinted:*
  allow read on mcp:one:resource:"file%3A///pub/a"
  allow read on mcp:one:prompt:greet
}

autonomous agent bob-agent {
  owner "bob"
  allow execute on mcp:one:whoami
}

boundary runtime {
  allow execute on mcp:one:{whoami,small} may delegate depth 1
}

forbid execute on mcp:one:wipe
forbid execute on mcp:one:small when args.size >= 11
`

export const MCP: McpOptions = {
  issuer: 'http://127.0.0.1:4000',
  resources: [
    {
      url: URL_ONE,
      server: 'one',
      title: 'One',
      tools: { 'odd:name': { action: 'execute', resource: 'mcp:one:odd-name' } },
    },
    { url: URL_TWO, server: 'two', scopes: ['mcp:tools', 'offline_access'] },
    { url: 'http://127.0.0.1:4003/mcp', server: 'hinted', map: 'hints' },
  ],
  scopes: {
    'mcp:tools': {
      description: 'Use the tools',
      permissions: [
        { resource: 'mcp:one:{whoami,pay,limited,small,wipe,odd-name,fails,costs}', actions: ['execute'] },
        { resource: 'mcp:two:*', actions: ['execute'] },
        { resource: 'mcp:hinted:**', actions: ['*'] },
        { resource: 'mcp:one:resource:**', actions: ['read'] },
        { resource: 'mcp:one:prompt:*', actions: ['read'] },
      ],
    },
    'mcp:admin': {
      description: 'Administer',
      permissions: [{ resource: 'mcp:one:admin_op', actions: ['execute'] }],
      includes: ['mcp:tools'],
    },
    offline_access: { description: 'Stay', permissions: [] },
  },
  allowedOrigins: ['https://app.example.com'],
  development: { users: { ann: 'pass' } },
}

export interface Guarded {
  readonly guard: McpGuard
  readonly kavach: Kavach
  readonly host: TestHost
  /** Makes a token, for `ann-agent` at the first server with `mcp:tools` unless it is said otherwise. */
  readonly token: (principal?: Partial<Principal>) => string
  readonly revoke: (token: string) => void
  readonly log: () => Promise<readonly LoggedBody[]>
  readonly warnings: readonly string[]
}

interface Parts {
  readonly dpop?: Dpop
  readonly options?: Partial<McpOptions>
  readonly verify?: (token: string) => Promise<Principal | undefined>
}

/** The host is closed when the test ends. */
export async function openGuard({ dpop = NO_DPOP, options = {}, verify }: Parts = {}): Promise<Guarded> {
  const host = hostAt(NOW)
  const warnings: string[] = []
  const opened = await openHost(
    {
      secret: 'a secret that is used by tests alone',
      policy: policyImage(POLICY, { generation: 1 }),
      warn: (message) => void warnings.push(message),
      anomaly: { consecutiveDenials: false },
    },
    { host, store: createMemoryStore(), hashing: hashingOf(sha256), isProduction: false },
  )
  onTestFinished(() => opened.kavach.close())
  const settings = resolveMcp({ ...MCP, ...options }, { isProduction: false })
  const tokens = new Map<string, Principal>()
  const guard = createMcpGuard(
    { ...opened, settings },
    { verify: verify ?? (async (token) => tokens.get(token)), dpop },
  )
  return {
    guard,
    host,
    warnings,
    kavach: opened.kavach,
    token(principal = {}) {
      const token = `kva_${tokens.size}`
      tokens.set(token, { ...PRINCIPAL, grantId: `grant-${tokens.size}`, ...principal })
      return token
    },
    revoke: (token) => void tokens.delete(token),
    log: () =>
      opened.site.read(async (reader) =>
        (await reader.find('audit', 'key')).map(({ body }) => JSON.parse(body ?? '{}')),
      ),
  }
}

export const PRINCIPAL: Principal = {
  agentId: 'ann-agent',
  grantId: 'grant',
  clientId: 'client-1',
  userId: 'ann',
  scopes: ['mcp:tools'],
  resource: URL_ONE,
  expiresAt: NOW + 3_600_000,
  issuedAt: NOW,
}

const NO_DPOP: Dpop = { check: async () => undefined }

/** A request with a message of JSON-RPC. */
export function post(
  token: string | undefined,
  message: unknown,
  {
    url = URL_ONE,
    headers = {},
  }: { readonly url?: string; readonly headers?: { readonly [name: string]: string } } = {},
): Request {
  return new Request(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: typeof message === 'string' ? message : JSON.stringify(message),
  })
}

export function call(name: string, args?: object, id: unknown = 1): object {
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name, ...(args !== undefined && { arguments: args }) } }
}

/** Status, challenge and body. */
export async function seen(response: Response): Promise<{
  readonly status: number
  readonly challenge: string | null
  readonly body: unknown
}> {
  const text = await response.text()
  return {
    status: response.status,
    challenge: response.headers.get('www-authenticate'),
    body: text === '' ? undefined : JSON.parse(text),
  }
}
