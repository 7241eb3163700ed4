/**
 * The part of the graph of delegations that matters to one agent: it, and everybody above it. Whoever is revoked, suspended or
 * expired holds nothing, and neither do those who hold something through it.
 */
import type { RuntimeAuthority } from '../../compiler/algebra/index.ts'
import type { PolicyModel } from '../../compiler/model/index.ts'
import type { Reader } from '../store.ts'
import type { Row } from '../tables.ts'
import { lowerAgentRow, lowerDelegations } from './lower.ts'
import { MAX_HOPS } from './paths.ts'

export interface Closure {
  readonly agents: ReadonlyMap<string, Row<'agents'>>
  /** Delegations that end in an agent and count now. */
  readonly incoming: (id: string) => readonly Row<'delegations'>[]
  readonly isLive: (id: string) => boolean
}

const PAGE = 1000

/** Everybody from whom these agents may have received something, themselves included. */
export async function loadClosure(reader: Reader, ids: readonly string[], now: number): Promise<Closure> {
  const agents = new Map<string, Row<'agents'>>()
  const incoming = new Map<string, readonly Row<'delegations'>[]>()
  let level = ids
  for (let hop = 0; hop <= MAX_HOPS && level.length > 0; hop++) {
    const above = new Set<string>()
    for (const id of level) {
      const row = await reader.get('agents', { id })
      if (row !== undefined) agents.set(id, row)
      const rows = (await delegationsTo(reader, id)).filter((row) => countsUnnamed(row, now))
      incoming.set(id, rows)
      for (const { from } of rows) above.add(from)
    }
    level = [...above].filter((id) => !incoming.has(id))
  }
  const isLive = (id: string): boolean => {
    const row = agents.get(id)
    return row !== undefined && row.status === 'active' && (row.expiresAt === null || row.expiresAt > now)
  }
  return { agents, incoming: (id) => (incoming.get(id) ?? []).filter(({ from }) => isLive(from)), isLive }
}

/** All delegations that end in the agent, dead ones too. */
export async function delegationsTo(reader: Reader, id: string): Promise<readonly Row<'delegations'>[]> {
  return allOf(reader, 'byReceiver', id)
}

/** All delegations that begin at the agent, dead ones too. */
export async function delegationsFrom(reader: Reader, id: string): Promise<readonly Row<'delegations'>[]> {
  return allOf(reader, 'byDelegator', id)
}

async function allOf(reader: Reader, index: 'byReceiver' | 'byDelegator', id: string) {
  const all: Row<'delegations'>[] = []
  for (let after: string | undefined; ; ) {
    const page = await reader.find('delegations', index, {
      equal: [id],
      limit: PAGE,
      ...(after !== undefined && { after }),
    })
    all.push(...page)
    after = page.at(-1)?.id
    if (page.length < PAGE || after === undefined) return all
  }
}

/** Neither revoked nor expired. */
export function counts({ revokedAt, expiresAt }: Row<'delegations'>, now: number): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > now)
}

/** The same, and it counts for requests that do not name it too. */
export function countsUnnamed(row: Row<'delegations'>, now: number): boolean {
  return row.named === null && counts(row, now)
}

/** What the algebra is asked about: the policy and what was made at run time, as far as it is in the closure and alive. */
export function authorityOf(
  { agents, incoming, isLive }: Closure,
  model: PolicyModel,
): { readonly model: PolicyModel; readonly made: RuntimeAuthority } {
  const live = [...agents.values()].filter(({ id }) => isLive(id))
  const names = new Set(live.map(({ id }) => id))
  return {
    model: {
      ...model,
      agents: model.agents.filter(({ name }) => names.has(name)),
      delegations: model.delegations.filter(({ from, to }) => names.has(from) && names.has(to)),
    },
    made: {
      agents: live.filter(({ origin }) => origin === 'runtime').map(lowerAgentRow),
      delegations: live.flatMap((receiver) =>
        pairsOf(incoming(receiver.id)).flatMap((rows) => lowerDelegations(rows, receiver)),
      ),
    },
  }
}

/** Clauses are numbered for each pair by itself, as in the engine's records. */
function pairsOf(rows: readonly Row<'delegations'>[]): readonly (readonly Row<'delegations'>[])[] {
  const pairs = new Map<string, Row<'delegations'>[]>()
  for (const row of rows) {
    const known = pairs.get(row.from)
    if (known === undefined) pairs.set(row.from, [row])
    else known.push(row)
  }
  return [...pairs.values()]
}
