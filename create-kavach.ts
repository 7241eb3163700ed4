/** `createKavach`: options become a store and a host. */
import { createDigest } from './engine-wasm/host/index.ts'
import { type Face, type FaceOptions, type OpenedFaces, ownedByFaces, prepareFaces } from './runtime/adapters/index.ts'
import {
  type AgentsApi,
  type AuditOptions,
  createGuard,
  createHost,
  explainAt,
  type Hashing,
  type HostOptions,
  hashingOf,
  type Kavach,
  KavachError,
  leadTo,
  openHost,
  type PolicySource,
  pendingObject,
  type Shape,
  takeBytes,
} from './runtime/index.ts'
import type { Mcp, PinnedFetch } from './runtime/mcp/index.ts'
import { type DatabaseOption, developmentKey, openStore, pathOfUrl, type SqliteDrizzle } from './storage/index.ts'

export interface KavachOptions extends HostOptions, FaceOptions {
  /** Where everything is kept: `{ provider: 'sqlite', url }`, or a driver's or Drizzle's own instance. */
  readonly database?: DatabaseOption | undefined
  /** The same as `database`. */
  readonly db?: DatabaseOption | undefined
  /**
   * A compiled policy: an image or a module, its bytes, or the path or URL of an `.img` or `.wasm`. Without one the policy that
   * the store enforces stands, and where there is none, agents may do what they were given.
   */
  readonly policy?: PolicySource | undefined
}

/** A host with its faces: what `createKavach` gives. */
export interface OpenedKavach<Db = unknown> extends Kavach<Db>, Face {
  /**
   * The authorization server, and what guards MCP servers. To be read after `createKavach` was awaited.
   *
   * @throws {KavachError} KVCH_E_CONFIG_INVALID where the option `mcp` is missing
   */
  readonly mcp: Mcp
}

/**
 * Opens a host. It can be used at once, and be awaited: what cannot be opened rejects it, and every method.
 *
 * @throws {KavachError} when it is awaited: KVCH_E_CONFIG_INVALID, KVCH_E_STORE_..., KVCH_E_POLICY_...
 */
export function createKavach(
  options: KavachOptions,
): OpenedKavach<SqliteDrizzle> & PromiseLike<OpenedKavach<SqliteDrizzle>> {
  // Every store that `openStore` opens is SQLite under a Drizzle instance.
  const opening = (open(options ?? {}) as Promise<OpenedKavach<SqliteDrizzle>>).catch((error: unknown) => {
    throw leadTo(error, options?.docsBaseUrl)
  })
  const warn = options?.warn ?? printWarning
  const later = async () => opening
  const shape: Shape<OpenedKavach<SqliteDrizzle>> = {
    project: 'later',
    authorize: 'method',
    authorizeByToken: 'method',
    complete: 'method',
    possible: 'method',
    agents: AGENTS,
    agent: AGENTS,
    delegate: 'method',
    delegation: {
      delegate: 'method',
      get: 'method',
      list: 'method',
      listChains: 'method',
      revoke: 'method',
      getEffectivePermissions: 'method',
    },
    approvals: {
      list: 'method',
      get: 'method',
      approve: 'method',
      deny: 'method',
      wait: 'method',
      expireDue: 'method',
    },
    audit: {
      query: 'method',
      get: 'method',
      export: 'method',
      exportStream: 'stream',
      prove: 'method',
      verify: 'method',
      erase: 'method',
      prune: 'method',
    },
    policy: { current: 'method', reload: 'method', shadow: 'method', stage: 'method' },
    rates: { take: 'method' },
    keys: { create: 'method', list: 'method', revoke: 'method', verify: 'method' },
    sessions: { verify: 'method', list: 'method', end: 'method' },
    trust: { score: 'method' },
    usage: { count: 'method' },
    // It gives its tools at once, and each of them waits.
    ...explainAt(
      {
        guard: createGuard({
          authorize: async (...call) => (await later()).authorize(...call),
          authorizeByToken: async (...call) => (await later()).authorizeByToken(...call),
          complete: async (...call) => (await later()).complete(...call),
          warn,
        }),
      },
      options?.docsBaseUrl,
    ),
    fetch: 'method',
    // It answers at once, for adapters that are mounted before anything is open.
    owns: ownedByFaces(options ?? {}),
    mcp: 'later',
    webhookSecret: 'method',
    db: 'later',
    close: 'method',
  }
  return pendingObject<OpenedKavach<SqliteDrizzle>>(shape, opening, (member) => {
    return new KavachError('KVCH_E_CONFIG_INVALID', `await \`createKavach(...)\` before \`${member}\` is read`)
  })
}

async function open({ database, db, policy, http, mcp, ...options }: KavachOptions): Promise<OpenedKavach> {
  if (database !== undefined && db !== undefined) fail('give `database` or `db`, not both')
  const given = database ?? db
  if (given === undefined) fail('`database` is missing: `{ provider: "sqlite", url: "kavach.db" }` is a good start')
  const host = createHost()
  const durability = typeof options.audit === 'string' ? options.audit : options.audit?.durability
  const { deadlineMs = 2000 } = options
  const store = await openStore(given, { host, deadlineMs, durability: durability ?? 'durable' })
  const surroundings = { host, store, hashing: createHashing(), isProduction: isProduction(), readFile }
  const warn = options.warn ?? printWarning
  try {
    const audit = withDevelopmentKey(options.audit, given, warn)
    const openFaces = prepareFaces(
      { http, mcp },
      { isProduction: isProduction(), fetchDocument: await pinnedFetch(mcp) },
    )
    const opened = await openHost({ ...options, audit, warn, policy }, surroundings)
    return withFaces(opened.kavach, openFaces(opened))
  } catch (error) {
    await store.close()
    throw error
  }
}

/** The host answers requests as well. */
function withFaces(kavach: Kavach, { face, mcp, close }: OpenedFaces): OpenedKavach {
  async function closeAll(): Promise<void> {
    await close()
    await kavach.close()
  }
  // All that the host has, its getters as getters; `close` is that of both.
  const members = { ...Object.getOwnPropertyDescriptors(kavach), ...Object.getOwnPropertyDescriptors(face) }
  const closing = { ...members.close, value: closeAll }
  return Object.defineProperties({}, { ...members, close: closing, mcp: mcpMember(mcp) }) as OpenedKavach
}

/** Whoever lists the members of a host without it does not meet it; whoever asks for it is told what is missing. */
function mcpMember(mcp: Mcp | undefined): PropertyDescriptor {
  if (mcp !== undefined) return { value: mcp, enumerable: true, configurable: true }
  return {
    get() {
      throw new KavachError('KVCH_E_CONFIG_INVALID', 'mcp: give this option to guard MCP servers')
    },
    configurable: true,
  }
}

/** Where there is Node, or something like it, names can be resolved before anything is connected to. */
async function pinnedFetch(mcp: KavachOptions['mcp']): Promise<PinnedFetch | undefined> {
  if (mcp === undefined || globalThis.process?.versions?.node === undefined) return undefined
  const { createPinnedFetch } = await import('./runtime/adapters/node/index.ts')
  return createPinnedFetch()
}

/** All that can be called before the host is open. */
const AGENTS: Shape<AgentsApi> = {
  create: 'method',
  get: 'method',
  list: 'method',
  update: 'method',
  rotate: 'method',
  refreshToken: 'method',
  issueToken: 'method',
  revoke: 'method',
  suspend: 'method',
  unsuspend: 'method',
  suspendAll: 'method',
  authorize: 'method',
  call: 'method',
  delegate: 'method',
}

/** A log that nobody signs cannot be told from one that was written anew, so while somebody tries things out we sign it. */
function withDevelopmentKey(
  audit: KavachOptions['audit'],
  database: DatabaseOption,
  warn: (message: string) => void,
): KavachOptions['audit'] {
  const options: AuditOptions = typeof audit === 'string' ? { durability: audit } : (audit ?? {})
  if (options.checkpoints?.key !== undefined || isProduction()) return audit
  const file = fileOf(database)
  if (file === undefined) return audit
  const path = `${file}.checkpoint-key.pem`
  warn(`checkpoints are signed with ${path}, which is for development; give \`audit.checkpoints.key\` in production`)
  return { ...options, checkpoints: { ...options.checkpoints, key: developmentKey(path) } }
}

function fileOf(database: DatabaseOption): string | undefined {
  if (!('provider' in database) || database.provider !== 'sqlite' || !('url' in database)) return undefined
  return pathOfUrl(database.url)
}

function printWarning(message: string): void {
  console.warn(`kavachos: ${message}`)
}

async function readFile(path: string | URL): Promise<Uint8Array> {
  const files = await import('node:fs/promises')
  return files.readFile(path)
}

/**
 * SHA-256 that answers at once: the engine's, and Node's where its calls cost less (a leaf of 450 bytes: 1.0 us against 2.0; the
 * hex of a short text: 0.3 against 1.2; 65 bytes to 32: 0.9 against 0.6, so nodes of trees are the engine's).
 */
function createHashing(): Hashing {
  const { digest } = createDigest()
  const hash = globalThis.process?.getBuiltinModule?.('node:crypto')?.hash
  if (hash === undefined) return hashingOf(digest)
  return {
    bytes: (bytes) => (bytes.length < LONG_BYTES ? digest(bytes) : hash('sha256', bytes, 'buffer')),
    hex: (text) => hash('sha256', text, 'hex'),
    leaf: (text) => bytesOf(hash('sha256', `\0${text}`, 'binary')),
  }
}

/** A Buffer of its own would cost half as much again as the hash, and one for each row keeps the garbage collector busy. */
function bytesOf(binary: string): Uint8Array {
  const bytes = takeBytes(binary.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

const LONG_BYTES = 192

function isProduction(): boolean {
  return globalThis.process?.env?.NODE_ENV === 'production'
}

function fail(message: string): never {
  throw new KavachError('KVCH_E_CONFIG_INVALID', message)
}
