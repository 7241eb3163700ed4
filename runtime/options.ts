/** Options of `createKavach`, and the settings they become. */
import { assertKnownOptions, assertOptionKind, countOption, failOption, type Members } from './option-checks.ts'
import type { SessionOptions } from './sessions/index.ts'
import type { Json } from './site.ts'

/** The part of the options that has nothing to do with where data is kept; `createKavach` adds `database`. */
export interface HostOptions {
  /** Agents, owners, limits, logs and keys of one project are unknown to another. Default `default`. */
  readonly project?: string | undefined
  /** At least 32 bytes; keys for webhooks and page tokens are derived from it. Made at first boot when absent. */
  readonly secret?: string | undefined
  /** The newest first; older ones are still accepted. */
  readonly secrets?: readonly string[] | undefined
  readonly agents?: AgentOptions | undefined
  readonly audit?: 'durable' | 'process' | AuditOptions | undefined
  readonly approvals?: ApprovalOptions | undefined
  readonly limits?: LimitOptions | undefined
  /** Who people are that were signed in elsewhere. */
  readonly sessions?: SessionOptions | undefined
  readonly anomaly?: { readonly consecutiveDenials?: number | false | undefined } | undefined
  /** Milliseconds within which every call answers, with a denial or an error if need be. Default 2,000. */
  readonly deadlineMs?: number | undefined
  /** Where errors are explained. */
  readonly docsBaseUrl?: string | undefined
  /** True: the tables are there already, made by `kavach migrate`. */
  readonly skipMigrations?: boolean | undefined
  readonly warn?: ((message: string) => void) | undefined
}

export interface AgentOptions {
  /** False: no agents are made through the API. */
  readonly enabled?: boolean | undefined
  /** Agents an owner may have that are not revoked. */
  readonly maxPerUser?: number | undefined
  /** Every decision is recorded; `false` is refused. */
  readonly auditAll?: boolean | undefined
  /** Life of a token: seconds, or a text such as `30m`, `24h`, `7d`. Default 30 minutes; `service` agents have none. */
  readonly tokenExpiry?: string | number | undefined
}

export interface AuditOptions {
  readonly durability?: 'durable' | 'process' | undefined
  /** Names of arguments whose values are recorded; of all others there is a digest. */
  readonly args?: { readonly allow?: readonly string[] | undefined } | undefined
  readonly checkpoints?: CheckpointOptions | undefined
  /** Bodies of older rows are dropped; their leaves stay. */
  readonly retentionDays?: number | undefined
}

export interface CheckpointOptions {
  /** Name of the log in its checkpoints, without a scheme: `example.com/kavach`. */
  readonly origin?: string | undefined
  /** PKCS 8 of an Ed25519 key in PEM, or a port that signs. */
  readonly key?: string | CheckpointSigner | undefined
  /** Where checkpoints go; the database must not be able to change what is there. */
  readonly sinks?: readonly CheckpointSink[] | undefined
  readonly everyRows?: number | undefined
  readonly everyMs?: number | undefined
}

export interface CheckpointSigner {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  readonly sign: (bytes: Uint8Array) => Promise<Uint8Array>
}

export interface CheckpointSink {
  readonly name: string
  readonly write: (checkpoint: {
    readonly note: string
    readonly size: number
    readonly project: string
  }) => Promise<void>
}

export interface ApprovalOptions {
  /** Seconds that a request waits to be decided. Default one hour. */
  readonly ttlSeconds?: number | undefined
  /** Called once for each request that waits; what it throws is a warning. */
  readonly onRequest?:
    | ((approval: { readonly id: string; readonly [member: string]: Json | undefined }) => unknown)
    | undefined
  readonly webhook?: { readonly url: string; readonly maxAttempts?: number | undefined } | undefined
  /** Turns a credential into an approver; without it `approver` is taken from the caller, who is trusted. */
  readonly authenticate?: ((credential: unknown) => Promise<Approver | undefined> | Approver | undefined) | undefined
}

export interface Approver {
  readonly id: string
  readonly roles?: readonly string[] | undefined
}

/** Calls a minute; absent: no limit. */
export interface LimitOptions {
  readonly projectPerMinute?: number | undefined
  readonly agentPerMinute?: number | undefined
  readonly userPerMinute?: number | undefined
  readonly endpointPerMinute?: number | { readonly [endpoint: string]: number } | undefined
  /** Seconds until a reservation that was not completed counts as spent. Default 600. */
  readonly reservationSeconds?: number | undefined
  /** The documents' defaults: 50 an hour for a project, 5 in ten minutes and 10 a minute for a user. */
  readonly rates?:
    | { readonly [K in 'signup' | 'otp' | 'auth']?: { readonly count: number; readonly seconds: number } }
    | undefined
}

/** Options with every default in place. */
export interface Settings {
  readonly project: string
  readonly secrets: readonly string[]
  readonly maxPerUser: number
  readonly areAgentsEnabled: boolean
  readonly tokenTtlMs: number
  readonly audit: {
    readonly durability: 'durable' | 'process'
    readonly allowedArgs: ReadonlySet<string>
    readonly checkpoints: CheckpointOptions
    readonly retentionDays: number | undefined
  }
  readonly approvals: ApprovalOptions & { readonly ttlSeconds: number }
  readonly limits: LimitOptions & { readonly reservationSeconds: number }
  /** Infinity: nobody is suspended for denials. */
  readonly consecutiveDenials: number
  readonly deadlineMs: number
  readonly docsBaseUrl: string | undefined
  readonly areMigrationsSkipped: boolean
  readonly warn: (message: string) => void
}

const TOKEN_TTL_MS = 30 * 60_000
const SECRET_BYTES = 32

/** @throws {KavachError} KVCH_E_CONFIG_INVALID */
export function resolveSettings(options: HostOptions): Settings {
  const { project = 'default', secret, secrets, agents = {}, approvals = {}, limits = {}, anomaly = {} } = options
  const audit: AuditOptions = typeof options.audit === 'string' ? { durability: options.audit } : (options.audit ?? {})
  assertKnownOptions('', options, OPTIONS)
  assertKnownOptions('agents', agents, AGENTS)
  assertKnownOptions('audit', audit, AUDIT)
  assertKnownOptions('audit.args', audit.args ?? {}, { allow: true })
  assertKnownOptions('audit.checkpoints', audit.checkpoints ?? {}, CHECKPOINTS)
  assertKnownOptions('approvals', approvals, APPROVALS)
  assertKnownOptions('approvals.webhook', approvals.webhook ?? {}, { url: true, maxAttempts: true })
  assertKnownOptions('limits', limits, LIMITS)
  assertKnownOptions('anomaly', anomaly, { consecutiveDenials: true })
  assertOptionKind('secrets', secrets, 'list')
  assertOptionKind('agents.enabled', agents.enabled, 'boolean')
  assertOptionKind('audit.args.allow', audit.args?.allow, 'list')
  assertOptionKind('audit.checkpoints.sinks', audit.checkpoints?.sinks, 'list')
  assertOptionKind('approvals.onRequest', approvals.onRequest, 'function')
  assertOptionKind('approvals.authenticate', approvals.authenticate, 'function')
  assertOptionKind('docsBaseUrl', options.docsBaseUrl, 'string')
  assertOptionKind('skipMigrations', options.skipMigrations, 'boolean')
  assertOptionKind('warn', options.warn, 'function')
  for (const name of ['everyRows', 'everyMs'] as const) {
    countOption(audit.checkpoints?.[name], `audit.checkpoints.${name}`, 1)
  }
  if (audit.durability !== undefined && audit.durability !== 'durable' && audit.durability !== 'process') {
    failOption('audit', `\`${audit.durability}\` is no durability: use \`durable\` or \`process\``)
  }
  if (typeof project !== 'string' || !/^[A-Za-z0-9_.@-]{1,128}$/.test(project)) {
    failOption('project', `\`${project}\` is no name: use 1 to 128 of A-Z a-z 0-9 _ . @ -`)
  }
  if (secret !== undefined && secrets !== undefined) failOption('secret', 'give `secret` or `secrets`, not both')
  const keys = secrets ?? (secret === undefined ? [] : [secret])
  for (const key of keys) {
    if (typeof key !== 'string' || new TextEncoder().encode(key).length < SECRET_BYTES) {
      failOption('secret', 'a secret has at least 32 bytes; `openssl rand -base64 32` makes one')
    }
  }
  if (agents.auditAll === false) {
    failOption('agents.auditAll', 'every decision is recorded; use `kavachos/engine` to decide without a record')
  }
  return {
    project,
    secrets: keys,
    maxPerUser: countOption(agents.maxPerUser, 'agents.maxPerUser', Number.POSITIVE_INFINITY),
    areAgentsEnabled: agents.enabled !== false,
    tokenTtlMs: agents.tokenExpiry === undefined ? TOKEN_TTL_MS : parseTtl(agents.tokenExpiry, 'agents.tokenExpiry'),
    audit: {
      durability: audit.durability ?? 'durable',
      allowedArgs: new Set(audit.args?.allow),
      checkpoints: audit.checkpoints ?? {},
      retentionDays:
        audit.retentionDays === undefined ? undefined : countOption(audit.retentionDays, 'audit.retentionDays', 1),
    },
    approvals: { ...approvals, ttlSeconds: countOption(approvals.ttlSeconds, 'approvals.ttlSeconds', 3600) },
    limits: { ...limits, reservationSeconds: countOption(limits.reservationSeconds, 'limits.reservationSeconds', 600) },
    consecutiveDenials:
      anomaly.consecutiveDenials === false
        ? Number.POSITIVE_INFINITY
        : countOption(anomaly.consecutiveDenials, 'anomaly.consecutiveDenials', 50),
    deadlineMs: countOption(options.deadlineMs, 'deadlineMs', 2000),
    docsBaseUrl: options.docsBaseUrl,
    areMigrationsSkipped: options.skipMigrations === true,
    warn: options.warn ?? (() => undefined),
  }
}

// `policy` is an option of those who open a host, and stands here with the others.
const OPTIONS: Members<HostOptions & { readonly policy?: unknown }> = {
  project: true,
  secret: true,
  secrets: true,
  agents: true,
  audit: true,
  approvals: true,
  limits: true,
  anomaly: true,
  sessions: true,
  deadlineMs: true,
  docsBaseUrl: true,
  skipMigrations: true,
  warn: true,
  policy: true,
}
const AGENTS: Members<AgentOptions> = { enabled: true, maxPerUser: true, auditAll: true, tokenExpiry: true }
const AUDIT: Members<AuditOptions> = { durability: true, args: true, checkpoints: true, retentionDays: true }
const CHECKPOINTS: Members<CheckpointOptions> = { origin: true, key: true, sinks: true, everyRows: true, everyMs: true }
const APPROVALS: Members<ApprovalOptions> = { ttlSeconds: true, onRequest: true, webhook: true, authenticate: true }
const LIMITS: Members<LimitOptions> = {
  projectPerMinute: true,
  agentPerMinute: true,
  userPerMinute: true,
  endpointPerMinute: true,
  reservationSeconds: true,
  rates: true,
}

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of seconds, or of a text such as `24h`. @throws {KavachError} KVCH_E_CONFIG_INVALID */
export function parseTtl(value: string | number, path: string): number {
  const [, digits, unit] = (typeof value === 'string' ? /^([1-9]\d{0,8})([smhd])$/.exec(value) : null) ?? []
  if (digits !== undefined) return Number(digits) * UNITS[unit as keyof typeof UNITS] // The regex lets no other unit in.
  if (typeof value === 'number' && Number.isSafeInteger(value * 1000) && value > 0) return value * 1000
  return failOption(path, `\`${value}\` is no duration: give seconds, or a text such as \`30m\`, \`24h\`, \`7d\``)
}
