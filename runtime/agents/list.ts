/** Pages of agents. */
import { assertKnown, readLimit } from '../authority/index.ts'
import { KavachError } from '../errors.ts'
import type { Reader } from '../store.ts'
import type { AgentStatus, Row } from '../tables.ts'
import { type AgentPage, viewOf } from './view.ts'

export interface AgentFilter {
  readonly ownerId?: string | undefined
  readonly userId?: string | undefined
  readonly name?: string | undefined
  readonly status?: AgentStatus | undefined
  readonly type?: Row<'agents'>['type'] | undefined
  /** 1 to 1,000; default 100. */
  readonly limit?: number | undefined
  /** Of the page before. */
  readonly cursor?: string | undefined
}

const FILTERS = ['ownerId', 'userId', 'name', 'status', 'type', 'limit', 'cursor']
const PAGE = 1000

/** @throws {KavachError} KVCH_E_REQUEST_INVALID */
export async function listAgents(reader: Reader, filter: AgentFilter): Promise<AgentPage> {
  assertKnown(filter, FILTERS, 'KVCH_E_REQUEST_INVALID')
  const { name, status, type, cursor } = filter
  const owner = filter.ownerId ?? filter.userId
  for (const [member, value] of Object.entries({ owner, name, status, type, cursor })) {
    if (value === undefined || typeof value === 'string') continue
    throw new KavachError('KVCH_E_REQUEST_INVALID', `${member}: must be a text`, { details: { path: member } })
  }
  const limit = readLimit(filter.limit, 'KVCH_E_REQUEST_INVALID')
  const found: Row<'agents'>[] = []
  for (let after = cursor; ; ) {
    const page = await pageOf(reader, owner, name, after)
    found.push(
      ...page.filter(
        (row) =>
          (owner === undefined || row.owner === owner) &&
          (name === undefined || row.name === name) &&
          (status === undefined || row.status === status) &&
          (type === undefined || row.type === type),
      ),
    )
    after = page.at(-1)?.id
    if (found.length > limit || page.length < PAGE || after === undefined) break
  }
  const agents = found.slice(0, limit)
  const last = agents.at(-1)
  return { agents: agents.map(viewOf), ...(found.length > limit && last !== undefined && { cursor: last.id }) }
}

/** A page in the order of ids, by the index that leaves out most. */
export async function pageOf(
  reader: Reader,
  owner: string | undefined,
  name: string | undefined,
  after: string | undefined,
): Promise<readonly Row<'agents'>[]> {
  const range = { limit: PAGE, ...(after !== undefined && { after }) }
  if (owner !== undefined) return reader.find('agents', 'byOwner', { ...range, equal: [owner] })
  if (name !== undefined) return reader.find('agents', 'byName', { ...range, equal: [name] })
  return reader.find('agents', 'key', range)
}
