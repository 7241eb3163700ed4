/** A place for parts of the authorization server, over a host in memory whose clock stands still until it is moved. */
import { onTestFinished } from 'vitest'
import { hashingOf, type Kavach, type OpenOptions, openHost, type Store } from '../../../runtime/index.ts'
import type { ClientMetadataOptions, McpOptions } from '../../../runtime/mcp/options.ts'
import type { McpPlace, PinnedFetch } from '../../../runtime/mcp/place.ts'
import { resolveMcp } from '../../../runtime/mcp/settings.ts'
import { createMemoryStore } from '../../../storage/memory.ts'
import { hostAt, type LoggedBody, NOW, sha256, type TestHost } from '../site.ts'

export { NOW } from '../site.ts'

export const ISSUER = 'https://as.example.com'
export const RESOURCE = 'https://tools.example.com/mcp'
export const OTHER_RESOURCE = 'https://files.example.com/mcp'

/** Two servers, and three scopes; whoever names a user in the header `x-user` is signed in. */
export const OPTIONS: McpOptions = {
  issuer: ISSUER,
  resources: [
    { url: RESOURCE, server: 'tools', title: 'Tools' },
    { url: OTHER_RESOURCE, server: 'files' },
  ],
  scopes: {
    'mcp:tools': {
      description: 'Use the tools',
      permissions: [{ resource: 'mcp:tools:*', actions: ['execute'] }],
    },
    'mcp:files': {
      description: 'Read your files',
      permissions: [{ resource: 'mcp:files:**', actions: ['read'] }],
    },
    'mcp:admin': {
      description: 'Administer everything',
      permissions: [{ resource: 'mcp:**', actions: ['*'] }],
      includes: ['mcp:tools', 'mcp:files'],
    },
  },
  login: {
    user: (request) => {
      const id = request.headers.get('x-user')
      return id === null ? undefined : { id, name: `User ${id}` }
    },
    loginUrl: (returnTo) => `https://app.example.com/login?next=${encodeURIComponent(returnTo)}`,
  },
}

export interface TestPlace extends McpPlace {
  readonly host: TestHost
  readonly store: Store
  readonly kavach: Kavach
  /** The bodies of all rows of the log, oldest first. */
  readonly log: () => Promise<readonly LoggedBody[]>
}

export interface PlaceParts {
  /** What differs from `OPTIONS`. */
  readonly options?: Partial<McpOptions>
  readonly hostOptions?: OpenOptions
  /** Another process over the same store, or another kind of store. */
  readonly store?: Store
  readonly host?: TestHost
  readonly isProduction?: boolean
  readonly fetchDocument?: PinnedFetch
}

/** The host is closed when the test ends. */
export async function openPlace(parts: PlaceParts = {}): Promise<TestPlace> {
  const { options, hostOptions = {}, store = createMemoryStore(), host = hostAt(NOW), isProduction = false } = parts
  const settings = resolveMcp({ ...OPTIONS, ...options }, { isProduction })
  const opened = await openHost(
    { secret: 'a secret that is used by tests alone', ...hostOptions },
    { host, store, hashing: hashingOf(sha256), isProduction },
  )
  onTestFinished(() => opened.kavach.close())
  return {
    ...opened,
    host,
    store,
    settings,
    isProduction,
    fetchDocument: parts.fetchDocument,
    log: () =>
      opened.site.read(async (reader) =>
        (await reader.find('audit', 'key')).map(({ body }) => JSON.parse(body ?? '{}')),
      ),
  }
}

/** On loopback over http, where a client may publish its metadata on loopback too. */
export const LOOPBACK: Partial<McpOptions> & { readonly clientMetadata: ClientMetadataOptions } = {
  issuer: 'http://127.0.0.1:4000',
  resources: [
    { url: 'http://127.0.0.1:4001/mcp', server: 'tools', title: 'Tools' },
    { url: 'http://127.0.0.1:4002/mcp', server: 'files' },
  ],
  clientMetadata: { allowLoopback: true },
}
