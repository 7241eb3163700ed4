/** Grants: what a user agreed to for a client, a set of scopes and one server, and what was exchanged for. */
import {
  type Acting,
  actorOf,
  assertKnown,
  type Change,
  entryOf,
  type Json,
  KavachError,
  type Reader,
  type Row,
  readLimit,
  readReason,
  revokeDelegation,
  ulid,
} from '../../index.ts'
import { OAuthError } from '../oauth-error.ts'
import type { McpPlace } from '../place.ts'
import type { Actor } from '../principal.ts'
import type { NewGrant } from './tokens.ts'

export interface Grants {
  /** In the order of user, client and age, those that are over included. @throws {KavachError} KVCH_E_REQUEST_INVALID */
  readonly list: (filter?: GrantFilter) => Promise<GrantPage>
  /** Ends it, with all tokens and all that was exchanged from it. Nothing when there is none. Once more changes nothing. */
  readonly revoke: (id: string, options?: GrantRevocation) => Promise<Grant | undefined>
}

export interface Grant {
  /** `grt_...` */
  readonly id: string
  readonly clientId: string
  readonly userId?: string
  readonly agentId: string
  readonly scopes: readonly string[]
  readonly resource: string
  readonly parent?: string
  readonly delegation?: string
  readonly actor?: Actor
  readonly createdAt: Date
  /** Absent where it was revoked before. */
  readonly expiresAt?: Date
  readonly revokedAt?: Date
}

export interface GrantFilter {
  readonly user?: string | undefined
  readonly client?: string | undefined
  /** Only those that count now. */
  readonly isLive?: boolean | undefined
  /** 1 to 1,000; default 100. */
  readonly limit?: number | undefined
  /** Of the page before. */
  readonly cursor?: string | undefined
}

export interface GrantPage {
  readonly grants: readonly Grant[]
  /** There is more. */
  readonly cursor?: string
}

export interface GrantRevocation extends Acting {
  readonly reason?: string | undefined
}

const INVALID = 'KVCH_E_REQUEST_INVALID'
const PAGE = 1000
const DAY_MS = 86_400_000
/** A grant that was revoked is listed for so long. */
const KEPT_MS = 30 * DAY_MS

export function createGrants({ site }: Pick<McpPlace, 'site'>): Grants {
  return {
    list: async (filter = {}) => site.read((reader) => listGrants(reader, filter, site.host.now())),
    async revoke(id, options) {
      const actor = actorOf(options, INVALID, ['reason'])
      const reason = readReason(options?.reason, INVALID)
      return site.change(async (change) => {
        if (typeof id !== 'string' || id === '') return undefined
        await revokeGrant(change, id, { reason, actor })
        const row = await change.get('oauthGrants', { id })
        return row && viewOf(row)
      })
    },
  }
}

/** What is issued under it counts. */
export function isLive({ revokedAt, expiresAt }: Row<'oauthGrants'>, now: number): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > now)
}

/** @throws {OAuthError} `invalid_grant` when the parent is dead */
export async function openGrant(
  { site: { host } }: Pick<McpPlace, 'site'>,
  change: Change,
  { client, user, agentId, scopes, resource, parent, delegation, actor, expiresAt }: NewGrant,
): Promise<Row<'oauthGrants'>> {
  const row: Row<'oauthGrants'> = {
    id: `grt_${ulid(host, change.now)}`,
    client: client.id,
    user: user?.id ?? null,
    agent: agentId,
    scopes: JSON.stringify(scopes),
    resource,
    parent: parent ?? null,
    delegation: delegation ?? null,
    actor: actor === undefined ? null : JSON.stringify(actor),
    createdAt: change.now,
    expiresAt: parent === undefined ? expiresAt : earlier(expiresAt, await endOf(change, parent)),
    revokedAt: null,
  }
  await change.insert('oauthGrants', [row])
  change.record(
    entryOf({
      kind: 'oauth.grant',
      agent: agentId,
      actor: client.id,
      personal: { user: user?.id },
      members: {
        grant: row.id,
        client: client.id,
        scopes,
        resource,
        parent,
        delegation,
        act: actor && toJson(actor),
        expires_at: row.expiresAt === null ? null : new Date(row.expiresAt).toISOString(),
      },
    }),
  )
  return row
}

function toJson({ sub, act }: Actor): Json {
  return { sub, act: act && toJson(act) }
}

/** When a living grant ends. */
async function endOf(change: Change, id: string): Promise<number | null> {
  const row = await change.get('oauthGrants', { id })
  if (row !== undefined && isLive(row, change.now)) return row.expiresAt
  throw new OAuthError('invalid_grant', 'what it was exchanged for is not good any more', {
    code: 'KVCH_E_OAUTH_TOKEN_REVOKED',
  })
}

function earlier(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.min(one, other)
}

/**
 * Revokes a grant and everything below it, with the delegations.
 *
 * The agents stay, those too that were made for the user and the client: nobody has a token of theirs, so without a grant they
 * can do nothing, and the next consent of the same user finds its agent with its trust and its history.
 */
export async function revokeGrant(
  change: Change,
  id: string,
  { reason, actor }: { readonly reason: string; readonly actor: string },
): Promise<void> {
  const open = [id]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const row = await change.get('oauthGrants', { id: next })
    if (row === undefined || row.revokedAt !== null) continue
    // From now on it matters to readers of lists alone, and not for ever.
    const expiresAt = earlier(row.expiresAt, change.now + KEPT_MS)
    await change.put('oauthGrants', [{ ...row, revokedAt: change.now, expiresAt }])
    if (!(await isOfParent(change, row))) await endDelegation(change, row.delegation, actor)
    change.record(
      entryOf({
        kind: 'oauth.revoke',
        agent: row.agent,
        actor,
        personal: { user: row.user ?? undefined },
        members: { grant: row.id, client: row.client, reason, delegation: row.delegation ?? undefined },
      }),
    )
    open.push(...(await childrenOf(change, row.id)))
  }
}

/** Revokes whatever was exchanged from a grant, and not the grant. */
export async function revokeChildren(
  change: Change,
  id: string,
  why: { readonly reason: string; readonly actor: string },
): Promise<void> {
  for (const child of await childrenOf(change, id)) await revokeGrant(change, child, why)
}

/** A token that was narrowed for the same agent acts by the delegation of the one above, which goes on without it. */
async function isOfParent(reader: Reader, { parent, delegation }: Row<'oauthGrants'>): Promise<boolean> {
  if (parent === null || delegation === null) return false
  return (await reader.get('oauthGrants', { id: parent }))?.delegation === delegation
}

/** One that cannot be taken back, because it is gone or the policy's, must not keep a grant alive. */
async function endDelegation(change: Change, id: string | null, actor: string): Promise<void> {
  const row = id === null ? undefined : await change.get('delegations', { id })
  if (row?.origin === 'runtime') await revokeDelegation(change, row.id, actor)
}

async function childrenOf(reader: Reader, id: string): Promise<readonly string[]> {
  const found: string[] = []
  for (;;) {
    const page = await reader.find('oauthGrants', 'byParent', { equal: [id], ...afterOf(found.at(-1)), limit: PAGE })
    found.push(...page.map((row) => row.id))
    if (page.length < PAGE) return found
  }
}

const FILTERS = ['user', 'client', 'isLive', 'limit', 'cursor']

async function listGrants(reader: Reader, filter: GrantFilter, now: number): Promise<GrantPage> {
  assertKnown(filter, FILTERS, INVALID)
  const limit = readLimit(filter.limit, INVALID)
  for (const name of ['user', 'client', 'cursor'] as const) {
    if (filter[name] !== undefined && typeof filter[name] !== 'string') invalid(name, 'must be a text')
  }
  const found: Row<'oauthGrants'>[] = []
  for await (const row of walk(reader, filter)) {
    if (filter.isLive !== undefined && isLive(row, now) !== filter.isLive) continue
    found.push(row)
    if (found.length > limit) break
  }
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  return { grants: shown.map(viewOf), ...(found.length > limit && last !== undefined && { cursor: last.id }) }
}

/** All grants of a user, of a client, of both, or all there are; behind the cursor. */
async function* walk(reader: Reader, { user, client, cursor }: GrantFilter): AsyncGenerator<Row<'oauthGrants'>> {
  const since = cursor === undefined ? undefined : await reader.get('oauthGrants', { id: cursor })
  if (cursor !== undefined && since === undefined) invalid('cursor', 'is none that was given')
  if (user === undefined) {
    yield* pagesOf(reader, client === undefined ? 'key' : 'byClient', client === undefined ? [] : [client], cursor)
    return
  }
  if (client !== undefined) {
    yield* pagesOf(reader, 'byUser', [user, client], cursor)
    return
  }
  // The index goes by client first, so an id is a place in it together with its client only.
  for (let at = since; ; ) {
    if (at !== undefined) yield* pagesOf(reader, 'byUser', [user, at.client], at.id)
    const [next] = await reader.find('oauthGrants', 'byUser', { equal: [user], ...afterOf(at?.client), limit: 1 })
    if (next === undefined) return
    yield next
    at = next
  }
}

async function* pagesOf(
  reader: Reader,
  index: 'key' | 'byClient' | 'byUser',
  equal: readonly string[],
  cursor: string | undefined,
): AsyncGenerator<Row<'oauthGrants'>> {
  for (let at = cursor; ; ) {
    const page = await reader.find('oauthGrants', index, { equal, ...afterOf(at), limit: PAGE })
    yield* page
    at = page.at(-1)?.id
    if (page.length < PAGE) return
  }
}

function afterOf(value: string | undefined): { readonly after?: string } {
  return value === undefined ? {} : { after: value }
}

function viewOf(row: Row<'oauthGrants'>): Grant {
  const { id, client, user, agent, resource, parent, delegation, actor, createdAt, expiresAt, revokedAt } = row
  return {
    id,
    clientId: client,
    ...(user !== null && { userId: user }),
    agentId: agent,
    scopes: scopesOf(row),
    resource,
    ...(parent !== null && { parent }),
    ...(delegation !== null && { delegation }),
    ...(actor !== null && { actor: actorIn(actor) }),
    createdAt: new Date(createdAt),
    ...(revokedAt === null && expiresAt !== null && { expiresAt: new Date(expiresAt) }),
    ...(revokedAt !== null && { revokedAt: new Date(revokedAt) }),
  }
}

export function scopesOf({ scopes }: { readonly scopes: string }): readonly string[] {
  // Grants, codes and tokens are written by this folder alone, with a list of texts.
  return JSON.parse(scopes) as readonly string[]
}

export function actorIn(actor: string): Actor {
  // `openGrant` wrote it.
  return JSON.parse(actor) as Actor
}

function invalid(path: string, message: string): never {
  throw new KavachError(INVALID, `${path}: ${message}`, { details: { path } })
}
