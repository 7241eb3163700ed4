/**
 * What the host keeps, as data: the tables, their columns, keys and indexes. Every store builds its schema from this list.
 *
 * The first column of every table is `project`, and it is the first part of every key and index, so it is not repeated here.
 * Instants are milliseconds since 1970, money is nano-USD below 2^53, lists and objects are JSON in a text.
 */

/** `T` narrows what the database calls a text, an integer or bytes. */
export interface Column<T> {
  readonly kind: 'text' | 'integer' | 'bytes'
  readonly isNullable: boolean
  /** Never there; carries the type. */
  readonly type?: T
}

interface Table {
  readonly columns: { readonly [name: string]: Column<unknown> }
  /** Unique together with the project. */
  readonly key: readonly string[]
  /** Each ends in the whole key, after the project and these columns. */
  readonly indexes: { readonly [name: string]: readonly string[] }
  /** The indexes whose columns no two rows of a project have alike. */
  readonly unique?: readonly string[]
}

const text = <T extends string = string>(): Column<T> => ({ kind: 'text', isNullable: false })
const integer = (): Column<number> => ({ kind: 'integer', isNullable: false })
const bytes = (): Column<Uint8Array> => ({ kind: 'bytes', isNullable: false })
const orNull = <T>({ kind }: Column<T>): Column<T | null> => ({ kind, isNullable: true })

export type AgentStatus = 'active' | 'suspended' | 'revoked'
/** Who made an agent or a delegation: the policy, or somebody through the API. */
export type Origin = 'policy' | 'runtime'
/** Where a client comes from: it registered itself, or it publishes a document at the URL that is its id. */
export type ClientOrigin = 'registered' | 'document'
export type ApprovalStatus = 'pending' | 'approved' | 'denied' | 'expired' | 'used'

export const TABLES = {
  agents: {
    columns: {
      /** `agt_...`, or the name of an agent that the policy declares. It is the name that the engine knows. */
      id: text(),
      name: text(),
      owner: orNull(text()),
      type: text<'autonomous' | 'delegated' | 'service'>(),
      origin: text<Origin>(),
      status: text<AgentStatus>(),
      /** Why it is suspended or revoked. */
      statusReason: orNull(text()),
      /** JSON permissions, as given; `[]` for an agent of the policy. */
      permissions: text(),
      /** JSON constraints of the whole agent, or null. */
      constraints: orNull(text()),
      /** What the engine is given; null for an agent of the policy, which its image holds. */
      record: orNull(bytes()),
      expiresAt: orNull(integer()),
      /** Life of its tokens; null: they do not expire. */
      tokenTtlMs: orNull(integer()),
      metadata: orNull(text()),
      createdAt: integer(),
      updatedAt: integer(),
      /** The epoch of its last change, tokens and delegations that end in it included. */
      version: integer(),
    },
    key: ['id'],
    indexes: { byOwner: ['owner'], byName: ['name'], byVersion: ['version'] },
  },
  tokens: {
    columns: {
      /** SHA-256, hex. The token itself is nowhere. */
      hash: text(),
      agent: text(),
      issuedAt: integer(),
      /** Null: never. */
      expiresAt: orNull(integer()),
    },
    key: ['hash'],
    indexes: { byAgent: ['agent'] },
  },
  delegations: {
    columns: {
      /** `dlg_...`; ascends with the time at which it was made. */
      id: text(),
      from: text(),
      to: text(),
      origin: text<Origin>(),
      /** JSON permissions, cut to what the delegator held; `[]` for one of the policy. */
      permissions: text(),
      /** Further hops. */
      depth: integer(),
      expiresAt: orNull(integer()),
      createdAt: integer(),
      revokedAt: orNull(integer()),
      /** The delegation by which alone the delegator holds what it gives; null: however it holds it. */
      through: orNull(text()),
      /** 1: it counts only for requests that name it, as those do that are made with a token. */
      named: orNull(integer()),
    },
    key: ['id'],
    indexes: { byReceiver: ['to'], byDelegator: ['from'] },
  },
  meters: {
    columns: { key: text(), windowStart: integer(), used: integer() },
    key: ['key', 'windowStart'],
    indexes: { byWindow: ['windowStart'] },
  },
  reservations: {
    columns: {
      /** The row of the log whose decision reserved it. */
      seq: integer(),
      agent: text(),
      /** JSON list of `{ key, windowStart, amount, limit }`. */
      amounts: text(),
      expiresAt: integer(),
      state: text<'open' | 'settled' | 'released' | 'expired'>(),
    },
    key: ['seq'],
    indexes: { byState: ['state', 'expiresAt'] },
  },
  approvals: {
    columns: {
      id: text(),
      digest: text(),
      agent: text(),
      /** JSON of agent, chain, action, resource, args, generation: what an approver sees. */
      request: text(),
      /** JSON list of what is needed: `{ by?, withinMs? }`. */
      needs: text(),
      /** JSON list of `{ id, roles, at }`. */
      votes: text(),
      status: text<ApprovalStatus>(),
      requestedAt: integer(),
      expiresAt: integer(),
      decidedAt: orNull(integer()),
      note: orNull(text()),
    },
    key: ['id'],
    indexes: { byDigest: ['digest'], byStatus: ['status'], byAgent: ['agent'] },
  },
  answers: {
    columns: {
      agent: text(),
      /** The idempotency key of the caller. */
      key: text(),
      /** SHA-256, hex, of the request: another one under the same key is refused. */
      digest: text(),
      answer: text(),
      expiresAt: integer(),
    },
    key: ['agent', 'key'],
    indexes: { byExpiry: ['expiresAt'] },
  },
  audit: {
    columns: {
      /** Index of the leaf, from 0 without a gap. */
      seq: integer(),
      time: integer(),
      /** Whom the row is about; null when nobody is known. */
      agent: orNull(text()),
      kind: text(),
      result: orNull(text<'allowed' | 'denied'>()),
      /** Canonical JSON (RFC 8785); null when it was pruned. */
      body: orNull(text()),
      /** SHA-256(0x00 || body). */
      leaf: bytes(),
      /** JSON `{ salt, ... }` that the body commits to; null when there is none or it was erased. */
      personal: orNull(text()),
    },
    key: ['seq'],
    // No index by agent: every row of a batch would touch a page of its own, which costs more than all else together, and more
    // the longer the log is. `postings` says where an agent's rows are.
    indexes: {},
  },
  /** For each whole block of 1,024 rows of the log, which rows are about whom; written when the block is full. */
  postings: {
    columns: {
      /** The block of rows `1024 * block` to `1024 * block + 1023`. */
      block: integer(),
      /** For each row about an agent: 4 bytes of the hash of its id, and 2 of the row's place in the block; in that order. */
      entries: bytes(),
    },
    key: ['block'],
    indexes: {},
  },
  heads: {
    columns: {
      /** Leaves in the log. */
      size: integer(),
      /** Roots of the perfect subtrees, largest first, 32 bytes each. */
      frontier: bytes(),
      /** Time of the last row; no row is earlier. */
      time: integer(),
      /** Ascends with every change that a decision could notice: agents, tokens, delegations, policies. */
      epoch: integer(),
    },
    key: [],
    indexes: {},
  },
  checkpoints: {
    columns: { size: integer(), note: text(), time: integer() },
    key: ['size'],
    indexes: {},
  },
  policies: {
    columns: {
      digest: text(),
      name: text(),
      generation: integer(),
      image: bytes(),
      /** When it was first enforced; null for one that was only a shadow or staged. */
      activatedAt: orNull(integer()),
    },
    key: ['digest'],
    indexes: { byGeneration: ['generation'] },
  },
  settings: { columns: { name: text(), value: text() }, key: ['name'], indexes: {} },
  apiKeys: {
    columns: {
      id: text(),
      name: text(),
      hash: text(),
      /** JSON list. */
      scopes: text(),
      createdAt: integer(),
      expiresAt: orNull(integer()),
      revokedAt: orNull(integer()),
    },
    key: ['id'],
    indexes: { byHash: ['hash'] },
    unique: ['byHash'],
  },
  outbox: {
    columns: {
      id: text(),
      kind: text(),
      /** JSON to be sent. */
      payload: text(),
      attempts: integer(),
      /** When it is tried next; null when it was sent or given up. */
      nextAt: orNull(integer()),
      lastError: orNull(text()),
    },
    key: ['id'],
    indexes: { byNext: ['nextAt'] },
  },
  users: {
    columns: {
      id: text(),
      email: orNull(text()),
      name: orNull(text()),
      createdAt: integer(),
      updatedAt: integer(),
    },
    key: ['id'],
    indexes: { byEmail: ['email'] },
  },
  oauthClients: {
    columns: {
      /** `mcp_...`, or the https URL of a client that publishes its metadata. */
      id: text(),
      origin: text<ClientOrigin>(),
      /** SHA-256, hex, of its secret; null for one that has none. */
      secretHash: orNull(text()),
      /** JSON of the metadata as registered, names of RFC 7591. */
      metadata: text(),
      createdAt: integer(),
      /** When it is forgotten: a document when it must be fetched again, a registration when nobody uses it. */
      expiresAt: orNull(integer()),
    },
    key: ['id'],
    indexes: { byExpiry: ['expiresAt'] },
  },
  oauthGrants: {
    columns: {
      /** `grt_...`: what a user agreed to, or what was exchanged for; every token belongs to one and dies with it. */
      id: text(),
      client: text(),
      /** Null for a client that speaks for itself. */
      user: orNull(text()),
      /** The agent that is asked about when a token of it is used. */
      agent: text(),
      /** JSON list: all that was agreed to. */
      scopes: text(),
      /** URL of the server that its tokens are for. */
      resource: text(),
      /** The grant that this one was exchanged for. */
      parent: orNull(text()),
      /** The delegation through which alone it acts. */
      delegation: orNull(text()),
      /** JSON of the `act` claim (RFC 8693 section 4.1). */
      actor: orNull(text()),
      createdAt: integer(),
      expiresAt: orNull(integer()),
      revokedAt: orNull(integer()),
    },
    key: ['id'],
    indexes: { byUser: ['user', 'client'], byClient: ['client'], byParent: ['parent'], byExpiry: ['expiresAt'] },
  },
  oauthCodes: {
    columns: {
      /** SHA-256, hex. */
      hash: text(),
      grant: text(),
      client: text(),
      redirectUri: text(),
      /** S256, base64url. */
      challenge: text(),
      /** JSON list. */
      scopes: text(),
      resource: text(),
      /** Thumbprint of the DPoP key that it is bound to. */
      jkt: orNull(text()),
      expiresAt: integer(),
      usedAt: orNull(integer()),
    },
    key: ['hash'],
    indexes: { byExpiry: ['expiresAt'] },
  },
  oauthTokens: {
    columns: {
      /** SHA-256, hex. */
      hash: text(),
      kind: text<'access' | 'refresh'>(),
      grant: text(),
      /** JSON list; of a refresh token all that the grant has. */
      scopes: text(),
      resource: text(),
      jkt: orNull(text()),
      issuedAt: integer(),
      expiresAt: integer(),
      /** When a refresh token was superseded. */
      usedAt: orNull(integer()),
      /** The answer that superseded it, encrypted under a key that only its holder can derive; kept for a short while. */
      successor: orNull(bytes()),
    },
    key: ['hash'],
    indexes: { byGrant: ['grant'], byExpiry: ['expiresAt'] },
  },
  /** What may be used once: proofs and assertions that were seen. */
  oauthReplays: {
    columns: { id: text(), expiresAt: integer() },
    key: ['id'],
    indexes: { byExpiry: ['expiresAt'] },
  },
  /** Keys that sign access tokens. */
  oauthKeys: {
    columns: {
      kid: text(),
      /** JSON of the public JWK. */
      publicJwk: text(),
      /** PKCS 8, encrypted under a key that is derived from the secret of the project. */
      privateKey: bytes(),
      createdAt: integer(),
      /** From then on it signs nothing; it verifies until it expires. */
      retiredAt: orNull(integer()),
      expiresAt: orNull(integer()),
    },
    key: ['kid'],
    indexes: {},
  },
  /** Sessions of people, as far as they were seen. The application that signs them in has the sessions themselves. */
  sessions: {
    columns: {
      /** SHA-256, hex, of the id that the application gave. */
      id: text(),
      user: text(),
      kind: text<'web' | 'mobile'>(),
      /** SHA-256, hex, of what is known of the device. */
      device: orNull(text()),
      issuedAt: integer(),
      seenAt: integer(),
      expiresAt: integer(),
      endedAt: orNull(integer()),
    },
    key: ['id'],
    indexes: { byUser: ['user'], byExpiry: ['expiresAt'] },
  },
} as const satisfies { readonly [name: string]: Table }

export type TableName = keyof typeof TABLES

type Columns<T extends TableName> = (typeof TABLES)[T]['columns']

/** A row without its project, which the transaction knows. */
export type Row<T extends TableName> = {
  readonly [C in keyof Columns<T>]: Columns<T>[C] extends Column<infer Value> ? Value : never
}

export type KeyColumn<T extends TableName> = (typeof TABLES)[T]['key'][number] & keyof Row<T>

/** The values of the key columns, by name. */
export type Key<T extends TableName> = { readonly [C in KeyColumn<T>]: Row<T>[C] }

/** `key` itself, or one of the indexes. */
export type IndexName<T extends TableName> = 'key' | (keyof (typeof TABLES)[T]['indexes'] & string)

/** The columns of an index or of the key, the project left out. */
export function columnsOfIndex(table: TableName, index: string): readonly string[] {
  const { key, indexes }: Table = TABLES[table]
  return index === 'key'
    ? key
    : [...(indexes[index] ?? []), ...key.filter((column) => !indexes[index]?.includes(column))]
}

/** True when no two rows of a project have the columns of this index alike. */
export function isUniqueIndex(table: TableName, index: string): boolean {
  const { unique = [] }: Table = TABLES[table]
  return index === 'key' || unique.includes(index)
}
