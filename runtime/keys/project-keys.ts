/** Keys of a project, `kvp_...`: what those show who use the host over HTTP. */
import { isWellFormed } from '../../compiler/model/index.ts'
import { entryOf } from '../audit/index.ts'
import { type Acting, actorOf } from '../authority/index.ts'
import { KavachError } from '../errors.ts'
import type { Change, Site } from '../site.ts'
import type { Row } from '../tables.ts'
import { checkToken, createToken, hashToken, KEY_TOKEN } from '../tokens/index.ts'
import { ulid } from '../ulid.ts'

/** None includes another one. */
export const KEY_SCOPES = ['decide', 'agents', 'delegate', 'approve', 'audit', 'policy'] as const

export type KeyScope = (typeof KEY_SCOPES)[number]

export interface ProjectKey {
  /** `key_...`; no secret. */
  readonly id: string
  readonly name: string
  readonly scopes: readonly KeyScope[]
  readonly createdAt: Date
  readonly expiresAt?: Date
  readonly revokedAt?: Date
}

export interface NewKey {
  readonly name: string
  /** At least one. */
  readonly scopes: readonly KeyScope[]
  /** Default: it does not expire. */
  readonly expiresAt?: Date | undefined
}

export interface Keys {
  /** `key` is shown once: only its SHA-256 is kept. @throws {KavachError} KVCH_E_REQUEST_INVALID */
  readonly create: (key: NewKey, acting?: Acting) => Promise<ProjectKey & { readonly key: string }>
  /** The oldest first, those that are dead included. */
  readonly list: () => Promise<readonly ProjectKey[]>
  /** Dead from the next request on. Once more changes nothing. @throws {KavachError} KVCH_E_KEY_INVALID when there is none */
  readonly revoke: (id: string, acting?: Acting) => Promise<ProjectKey>
  /**
   * Who has this key, if it may be used for this.
   *
   * @param source where it came from, such as an address, for the log
   * @throws {KavachError} KVCH_E_KEY_INVALID, which does not say why, KVCH_E_KEY_SCOPE, and KVCH_E_REQUEST_INVALID for what is no scope
   */
  readonly verify: (key: string, scope: KeyScope, source?: string) => Promise<ProjectKey>
}

export interface KeysPorts {
  /** Whether a failure of this source, at this time, gets a row of its own; others are counted by whoever says no. */
  readonly admitFailure: (source: string, now: number) => boolean
}

const MAX_NAME = 128
const MAX_SOURCE = 256
const PAGE = 1000

type KeysSite = Pick<Site, 'host' | 'sha256' | 'read' | 'change'>

export function createKeys(site: KeysSite, { admitFailure }: KeysPorts): Keys {
  const { host, sha256 } = site

  async function fail(error: KavachError, source: string, row: Row<'apiKeys'> | undefined): Promise<never> {
    if (admitFailure(source, host.now())) {
      const members = { code: error.code, key: row?.id, ...error.details }
      await site.change((change) => {
        change.record(entryOf({ kind: 'key.refuse', actor: 'host', result: 'denied', personal: { source }, members }))
      })
    }
    throw error
  }

  return {
    async create(given, acting) {
      const actor = actorOf(acting, 'KVCH_E_REQUEST_INVALID')
      const { name, scopes, expiresAt } = readNewKey(given, host.now())
      const { token, hash } = createToken(host.random, sha256, KEY_TOKEN)
      const row = await site.change(async (change) => {
        const made: Row<'apiKeys'> = {
          id: `key_${ulid(host, change.now)}`,
          name,
          hash,
          scopes: JSON.stringify(scopes),
          createdAt: change.now,
          expiresAt: expiresAt?.getTime() ?? null,
          revokedAt: null,
        }
        await change.insert('apiKeys', [made])
        record(change, 'key.create', made, actor)
        return made
      })
      return { ...viewOf(row), key: token }
    },

    list: () =>
      site.read(async (reader) => {
        const found: Row<'apiKeys'>[] = []
        for (;;) {
          const last = found.at(-1)?.id
          const page = await reader.find('apiKeys', 'key', last === undefined ? {} : { after: last })
          found.push(...page)
          if (page.length < PAGE) return found.map(viewOf)
        }
      }),

    async revoke(id, acting) {
      const actor = actorOf(acting, 'KVCH_E_REQUEST_INVALID')
      return site.change(async (change) => {
        const row = typeof id === 'string' ? await change.get('apiKeys', { id }) : undefined
        if (row === undefined) throw new KavachError('KVCH_E_KEY_INVALID', `there is no project key \`${id}\``)
        if (row.revokedAt !== null) return viewOf(row)
        const revoked = { ...row, revokedAt: change.now }
        await change.put('apiKeys', [revoked])
        record(change, 'key.revoke', revoked, actor)
        return viewOf(revoked)
      })
    },

    async verify(key, scope, from) {
      if (!KEY_SCOPES.includes(scope)) invalid('scope', `use one of ${KEY_SCOPES.join(', ')}`)
      const source = readSource(from)
      const row = isKey(key) ? await find(site, hashToken(key, sha256)) : undefined
      const now = host.now()
      if (row === undefined || row.revokedAt !== null || (row.expiresAt !== null && row.expiresAt <= now)) {
        return fail(new KavachError('KVCH_E_KEY_INVALID'), source, row)
      }
      const found = viewOf(row)
      if (found.scopes.includes(scope)) return found
      const message = `the project key lacks the scope \`${scope}\``
      return fail(new KavachError('KVCH_E_KEY_SCOPE', message, { details: { scope } }), source, row)
    },
  }
}

/** An address that the log can say. */
function readSource(source: unknown): string {
  return typeof source === 'string' && source.length <= MAX_SOURCE && isWellFormed(source) ? source : 'unknown'
}

function isKey(key: unknown): key is string {
  return typeof key === 'string' && checkToken(key, KEY_TOKEN)
}

function find(site: KeysSite, hash: string): Promise<Row<'apiKeys'> | undefined> {
  return site.read(async (reader) => (await reader.find('apiKeys', 'byHash', { equal: [hash], limit: 1 }))[0])
}

function record(change: Change, kind: string, { id, name, scopes, expiresAt }: Row<'apiKeys'>, actor: string): void {
  const expires_at = expiresAt === null ? undefined : new Date(expiresAt).toISOString()
  change.record(entryOf({ kind, actor, members: { key: id, name, scopes: readScopes(scopes), expires_at } }))
}

function viewOf({ id, name, scopes, createdAt, expiresAt, revokedAt }: Row<'apiKeys'>): ProjectKey {
  return {
    id,
    name,
    scopes: readScopes(scopes),
    createdAt: new Date(createdAt),
    ...(expiresAt !== null && { expiresAt: new Date(expiresAt) }),
    ...(revokedAt !== null && { revokedAt: new Date(revokedAt) }),
  }
}

function readScopes(scopes: string): readonly KeyScope[] {
  // `create` wrote it.
  return JSON.parse(scopes) as readonly KeyScope[]
}

const MEMBERS: ReadonlySet<string> = new Set(['name', 'scopes', 'expiresAt'])

function readNewKey(given: NewKey, now: number): NewKey {
  if (typeof given !== 'object' || given === null) invalid('key', 'must be an object with `name` and `scopes`')
  for (const name of Object.keys(given)) if (!MEMBERS.has(name)) invalid(name, 'there is no such member')
  const { name, scopes, expiresAt } = given
  if (
    typeof name !== 'string' ||
    name === '' ||
    name.length > MAX_NAME ||
    !isWellFormed(name) ||
    /\p{Control}/u.test(name)
  ) {
    invalid('name', `must be a text of 1 to ${MAX_NAME} characters`)
  }
  if (!Array.isArray(scopes) || scopes.length === 0) invalid('scopes', `give at least one of ${KEY_SCOPES.join(', ')}`)
  for (const [at, scope] of scopes.entries()) {
    if (!KEY_SCOPES.includes(scope)) {
      invalid(`scopes[${at}]`, `\`${scope}\` is no scope: use ${KEY_SCOPES.join(', ')}`)
    }
  }
  if (expiresAt !== undefined && !(expiresAt instanceof Date && expiresAt.getTime() > now)) {
    invalid('expiresAt', 'must be a date to come')
  }
  return { name, scopes: KEY_SCOPES.filter((scope) => scopes.includes(scope)), expiresAt }
}

function invalid(path: string, message: string): never {
  throw new KavachError('KVCH_E_REQUEST_INVALID', `${path}: ${message}`, { details: { path } })
}
