/** What every `createKavach` does: options become a store and a host, on the machine that the entry describes. */
import { type Face, type FaceOptions, type OpenedFaces, ownedByFaces, prepareFaces } from './runtime/adapters/index.ts'
import {
  type AgentsApi,
  createGuard,
  createHost,
  explainAt,
  type Hashing,
  type HostOptions,
  type Kavach,
  KavachError,
  leadTo,
  openHost,
  type PolicySource,
  pendingObject,
  type ReadFile,
  type Shape,
  type Store,
} from './runtime/index.ts'
import type { Mcp, PinnedFetch } from './runtime/mcp/index.ts'
import type { D1Drizzle, D1Option, DatabaseOption, OpenOptions, SqliteDrizzle } from './storage/index.ts'

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

/** The machine that a host runs on, and what it has: each entry of the package says it of its own. */
export interface Platform {
  readonly openStore: (database: DatabaseOption, options: OpenOptions) => Promise<Store>
  readonly createHashing: () => Hashing
  /** What is for trying things out is warned about then, or refused. */
  readonly isProduction: () => boolean
  /** Where there are files: policies may be given as paths then. */
  readonly readFile?: ReadFile | undefined
  /** A host lives for one request, and nothing goes on behind it. */
  readonly isBrief?: boolean | undefined
  /** How documents of strangers are fetched, where names can be resolved before anything is connected to. */
  readonly createFetch?: (() => Promise<PinnedFetch | undefined>) | undefined
  /** The options of the log, with a key for whoever tries things out. */
  readonly withDevelopmentKey?: ((audit: Audit, database: DatabaseOption, warn: Warn) => Audit) | undefined
}

type Audit = KavachOptions['audit']
type Warn = (message: string) => void

/** A host with its faces: what `createKavach` gives. */
export interface OpenedKavach<Db = unknown> extends Kavach<Db>, Face {
  /**
   * The authorization server, and what guards MCP servers. To be read after `createKavach` was awaited.
   *
   * @throws {KavachError} KVCH_E_CONFIG_INVALID where the option `mcp` is missing
   */
  readonly mcp: Mcp
}

/** A host that can be used at once, and awaited; `Db` is what `kavach.db` is. */
export type CreatedKavach<Db> = OpenedKavach<Db> & PromiseLike<OpenedKavach<Db>>

/** `createKavach` as every entry has it. */
export interface CreateKavach {
  (options: KavachOptions & ({ readonly database: D1Option } | { readonly db: D1Option })): CreatedKavach<D1Drizzle>
  (options: KavachOptions): CreatedKavach<SqliteDrizzle>
}

/** `createKavach` on a platform. */
export function createKavachOn(platform: Platform): CreateKavach {
  // What `kavach.db` is follows from the option that names the database.
  return ((options: KavachOptions) => openLater(platform, options)) as CreateKavach
}

function openLater(platform: Platform, options: KavachOptions): CreatedKavach<unknown> {
  const opening = open(platform, options ?? {}).catch((error: unknown) => {
    throw leadTo(error, options?.docsBaseUrl)
  })
  const warn = options?.warn ?? printWarning
  const later = async () => opening
  const shape: Shape<OpenedKavach> = {
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
    maintain: 'method',
    close: 'method',
  }
  return pendingObject<OpenedKavach>(shape, opening, (member) => {
    return new KavachError('KVCH_E_CONFIG_INVALID', `await \`createKavach(...)\` before \`${member}\` is read`)
  })
}

async function open(
  platform: Platform,
  { database, db, policy, http, mcp, ...options }: KavachOptions,
): Promise<OpenedKavach> {
  if (database !== undefined && db !== undefined) fail('give `database` or `db`, not both')
  const given = database ?? db
  if (given === undefined) fail('`database` is missing: `{ provider: "sqlite", url: "kavach.db" }` is a good start')
  const host = createHost()
  const durability = typeof options.audit === 'string' ? options.audit : options.audit?.durability
  const { deadlineMs = 2000 } = options
  const store = await platform.openStore(given, { host, deadlineMs, durability: durability ?? 'durable' })
  const isProduction = platform.isProduction()
  const { readFile, isBrief } = platform
  const surroundings = { host, store, hashing: platform.createHashing(), isProduction, readFile, isBrief }
  const warn = options.warn ?? printWarning
  if (isBrief === true && store.provider === 'memory') {
    warn('database: here the memory lasts for one request; no limit and no revocation outlives it')
  }
  try {
    const audit = platform.withDevelopmentKey?.(options.audit, given, warn) ?? options.audit
    const fetchDocument = mcp === undefined ? undefined : await platform.createFetch?.()
    const openFaces = prepareFaces({ http, mcp }, { isProduction, fetchDocument })
    const opened = await openHost({ ...options, audit, warn, policy }, surroundings)
    return withFaces(opened.kavach, openFaces(opened))
  } catch (error) {
    await store.close()
    throw error
  }
}

/** The host answers requests as well. */
function withFaces(kavach: Kavach, { face, mcp, maintain, close }: OpenedFaces): OpenedKavach {
  async function closeAll(): Promise<void> {
    await close()
    await kavach.close()
  }
  async function maintainAll(): Promise<void> {
    await kavach.maintain()
    await maintain()
  }
  // All that the host has, its getters as getters; `close` and `maintain` are those of both.
  const members = { ...Object.getOwnPropertyDescriptors(kavach), ...Object.getOwnPropertyDescriptors(face) }
  const all = {
    close: { ...members.close, value: closeAll },
    maintain: { ...members.maintain, value: maintainAll },
  }
  return Object.defineProperties({}, { ...members, ...all, mcp: mcpMember(mcp) }) as OpenedKavach
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

function printWarning(message: string): void {
  console.warn(`kavachos: ${message}`)
}

function fail(message: string): never {
  throw new KavachError('KVCH_E_CONFIG_INVALID', message)
}
