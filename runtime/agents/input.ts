/** What an agent is made of, and what may be changed about it. */
import type { JsonPlace } from '../../compiler/model/index.ts'
import {
  type AgentConstraintsJson,
  copyOf,
  type Permission,
  readExpiry,
  readMetadata,
  refusing,
} from '../authority/index.ts'
import { KavachError } from '../errors.ts'
import { parseTtl } from '../options.ts'
import type { Json } from '../site.ts'
import type { Row } from '../tables.ts'

export interface NewAgent {
  /** Any text: the id of a user of yours. One of the two; both are accepted, because the product's documents use both. */
  readonly ownerId?: string | undefined
  readonly userId?: string | undefined
  readonly name: string
  readonly type: Row<'agents'>['type']
  /** A `delegated` agent has none of its own: it lives by what others delegate to it. */
  readonly permissions?: readonly Permission[] | undefined
  /** They hold for everything that the agent does. Its rates and budgets are one meter for all of it. */
  readonly constraints?: AgentConstraintsJson | undefined
  readonly expiresAt?: Date | string | number | null | undefined
  readonly metadata?: { readonly [name: string]: Json } | undefined
  /** Life of its tokens: seconds, a text such as `24h`, or `never`. Default: that of the host; `never` for a `service`. */
  readonly tokenExpiry?: string | number | undefined
}

/** What is left out stays as it is; `null` takes away. */
export interface AgentChanges {
  readonly name?: string | undefined
  readonly permissions?: readonly Permission[] | undefined
  readonly constraints?: AgentConstraintsJson | null | undefined
  readonly expiresAt?: Date | string | number | null | undefined
  readonly metadata?: { readonly [name: string]: Json } | null | undefined
  readonly tokenExpiry?: string | number | undefined
}

/** What was read, as columns; `permissions` and `constraints` have not been looked into. */
export interface ReadAgent {
  readonly owner: string
  readonly name: string
  readonly type: Row<'agents'>['type']
  readonly permissions: readonly unknown[]
  readonly constraints: unknown
  readonly expiresAt: number | null
  readonly metadata: string | null
  readonly tokenTtlMs: number | null
}

/** `null` takes away; what is absent stays. */
export type ReadChanges = Partial<Omit<ReadAgent, 'owner' | 'type'>>

const TYPES = ['autonomous', 'delegated', 'service'] as const
const CHANGES = ['name', 'permissions', 'constraints', 'expiresAt', 'metadata', 'tokenExpiry'] as const
const MEMBERS = ['ownerId', 'userId', 'type', ...CHANGES] as const

/** @throws {KavachError} KVCH_E_AGENT_INVALID with the path of what is wrong */
export function readNewAgent(input: NewAgent, now: number, tokenTtlMs: number): ReadAgent {
  return refusing('KVCH_E_AGENT_INVALID', () => {
    const place = copyOf(input)
    const members = place.object(MEMBERS)
    const { ownerId, userId } = members
    const type = readType(members.type ?? place.missing('type'))
    const permissions = members.permissions?.list() ?? []
    if (type === 'delegated' && permissions.length > 0) {
      members.permissions?.fail('a `delegated` agent has none of its own; make it without, and delegate to it')
    }
    const owner = (ownerId ?? userId ?? place.missing('ownerId')).text()
    if (userId !== undefined && userId.text() !== owner) userId.fail('names another owner than `ownerId`')
    return {
      owner: readText(ownerId ?? userId ?? place.missing('ownerId'), MAX_OWNER),
      name: readName(members.name ?? place.missing('name')),
      type,
      permissions: permissions.map(({ value }) => value),
      constraints: members.constraints?.value,
      expiresAt: members.expiresAt === undefined ? null : readExpiry(members.expiresAt, now),
      metadata: members.metadata === undefined ? null : readMetadata(members.metadata),
      tokenTtlMs:
        members.tokenExpiry === undefined ? (type === 'service' ? null : tokenTtlMs) : readTtl(members.tokenExpiry),
    }
  })
}

/** @throws {KavachError} KVCH_E_AGENT_INVALID with the path of what is wrong */
export function readChanges(input: AgentChanges, now: number): ReadChanges {
  return refusing('KVCH_E_AGENT_INVALID', () => {
    const place = copyOf(input)
    const { name, permissions, constraints, expiresAt, metadata, tokenExpiry } = place.object(CHANGES)
    // `copyOf` made it an object; a member that is null takes away what was there.
    const isTaken = (member: string) => (place.value as { readonly [name: string]: unknown })[member] === null
    return {
      ...(name && { name: readName(name) }),
      ...(permissions && { permissions: permissions.list().map(({ value }) => value) }),
      ...(constraints ? { constraints: constraints.value } : isTaken('constraints') && { constraints: null }),
      ...(expiresAt ? { expiresAt: readExpiry(expiresAt, now) } : isTaken('expiresAt') && { expiresAt: null }),
      ...(metadata ? { metadata: readMetadata(metadata) } : isTaken('metadata') && { metadata: null }),
      ...(tokenExpiry && { tokenTtlMs: readTtl(tokenExpiry) }),
    }
  })
}

const MAX_OWNER = 256
const MAX_NAME = 128
const CONTROLS = /\p{Cc}/u

function readType(place: JsonPlace): Row<'agents'>['type'] {
  return TYPES.find((type) => type === place.value) ?? place.fail('must be `autonomous`, `delegated` or `service`')
}

function readText(place: JsonPlace, most: number): string {
  const text = place.text()
  return text.length <= most ? text : place.fail(`must not be longer than ${most} characters`)
}

function readName(place: JsonPlace): string {
  const name = readText(place, MAX_NAME)
  return CONTROLS.test(name) ? place.fail('must not hold control characters') : name
}

function readTtl(place: JsonPlace): number | null {
  const { value } = place
  if (value === 'never') return null
  if (typeof value !== 'string' && typeof value !== 'number') return place.fail('must be a text or a number')
  try {
    return parseTtl(value, 'tokenExpiry')
  } catch (error) {
    if (error instanceof KavachError) return place.fail(error.message.replace('tokenExpiry: ', ''))
    throw error
  }
}
