/** The agent that acts for a user through a client. */
import type { Permission, Row } from '../index.ts'
import type { Client } from './client.ts'
import type { SignedIn } from './options.ts'
import type { McpPlace } from './place.ts'

export interface AgentSubject {
  readonly user: SignedIn
  readonly client: Client
  /** All that is agreed to. */
  readonly scopes: readonly string[]
  readonly resource: string
}

/**
 * The id of the agent that a grant will name: the one that the option `agent` says, or else the one that acts already for this user
 * through this client, made when there is none and given what it lacks of what the scopes stand for.
 *
 * An agent that is suspended stays the one, so that nobody gets rid of a suspension by agreeing once more.
 *
 * @throws {KavachError} KVCH_E_AGENT_NOT_FOUND for an id that the option made up, KVCH_E_AGENT_LIMIT_EXCEEDED and what else
 * `agents.create` and `agents.update` throw
 */
export async function actingAgent(
  place: Pick<McpPlace, 'site' | 'kavach' | 'settings'>,
  subject: AgentSubject,
): Promise<string> {
  const { kavach, settings } = place
  const { user, client, scopes, resource } = subject
  if (settings.options.agent !== undefined) {
    const id = await settings.options.agent({ user, clientId: client.id, scopes, resource })
    return (await kavach.agents.get(id)).id
  }
  const permissions = permissionsOf(scopes, settings)
  const known = await findAgent(place, subject)
  if (known === undefined) {
    const { id } = await kavach.agents.create({
      ownerId: user.id,
      name: nameOf(client),
      type: 'service',
      permissions,
      metadata: { [CLIENT]: client.id },
    })
    return id
  }
  const held: readonly Permission[] = JSON.parse(known.permissions)
  const union = unite(held, permissions)
  if (union.length > held.length) await kavach.agents.update(known.id, { permissions: union })
  return known.id
}

/** Tells an agent that was made here from one of the same owner that was not. */
const CLIENT = 'oauth_client'
const MAX_NAME = 128
const PAGE = 100

/** The newest grant whose agent lives says which. */
function findAgent(
  { site }: Pick<McpPlace, 'site'>,
  { user, client }: AgentSubject,
): Promise<Row<'agents'> | undefined> {
  return site.read(async (reader) => {
    const looked = new Set<string>()
    const range = { equal: [user.id, client.id], isReversed: true, limit: PAGE }
    for (const { agent: id, parent } of await reader.find('oauthGrants', 'byUser', range)) {
      if (parent !== null || looked.has(id)) continue
      looked.add(id)
      const row = await reader.get('agents', { id })
      if (row?.status !== 'revoked' && row?.owner === user.id && clientOf(row) === client.id) return row
    }
    return undefined
  })
}

function clientOf({ metadata }: Row<'agents'>): unknown {
  return metadata === null ? undefined : JSON.parse(metadata)[CLIENT]
}

function permissionsOf(scopes: readonly string[], { closureOf, scopes: known }: McpPlace['settings']) {
  return unite(
    [],
    [...closureOf(scopes)].flatMap((scope) => known[scope]?.permissions ?? []),
  )
}

/** All of `held`, and behind it what of `others` is not there word for word. */
function unite(held: readonly Permission[], others: readonly Permission[]): readonly Permission[] {
  const texts = new Set(held.map((permission) => JSON.stringify(permission)))
  const added = others.filter((permission) => {
    const text = JSON.stringify(permission)
    return !texts.has(text) && texts.add(text)
  })
  return [...held, ...added]
}

/** What the client calls itself, as far as an agent may be called that. */
function nameOf({ name, id }: Client): string {
  const text = name
    .replace(/[\p{Cc}\p{Cs}]/gu, ' ')
    .trim()
    .slice(0, MAX_NAME)
  return text === '' ? id.slice(0, MAX_NAME) : text.replace(/\p{Cs}$/u, '')
}
