/** Trust in agents, as the log gives reason for it. */
import { after } from '../awaitable.ts'
import { KavachError } from '../errors.ts'
import type { Site } from '../site.ts'
import type { Awaitable, Reader } from '../store.ts'
import type { Row } from '../tables.ts'
import { scoreOf, type TrustScore } from './factors.ts'
import { factsOf } from './facts.ts'

export interface TrustPorts {
  /** The last rows about an agent. */
  readonly rowsOf: (reader: Reader, agentId: string, limit: number) => Awaitable<readonly Row<'audit'>[]>
}

export interface Trust {
  /** @throws {KavachError} KVCH_E_AGENT_NOT_FOUND */
  readonly score: (agentId: string) => Promise<TrustScore>
  /** 0 to 100, as policies compare it; 0 for an agent that does not exist. Up to 60 seconds old. */
  readonly trustOf: (reader: Reader, agentId: string, now: number) => Awaitable<number>
}

const ROWS = 1000
const FRESH_MS = 60_000
const MAX_CACHED = 10_000

export function createTrust(site: Pick<Site, 'host' | 'read'>, { rowsOf }: TrustPorts): Trust {
  const cache = new Map<string, { readonly at: number; readonly score: TrustScore }>()

  function scoreIn(reader: Reader, agentId: string, now: number): Awaitable<TrustScore | undefined> {
    const cached = cache.get(agentId)
    if (cached !== undefined && cached.at <= now && now - cached.at < FRESH_MS) return cached.score
    return after(reader.get('agents', { id: agentId }), (agent) =>
      agent === undefined
        ? undefined
        : after(rowsOf(reader, agentId, ROWS), (rows) => {
            const score = scoreOf(factsOf(agent.createdAt, rows, now))
            if (cache.size >= MAX_CACHED) cache.clear()
            cache.set(agentId, { at: now, score })
            return score
          }),
    )
  }

  return {
    async score(agentId) {
      const isName = typeof agentId === 'string' && agentId !== ''
      const score = isName ? await site.read((reader) => scoreIn(reader, agentId, site.host.now())) : undefined
      if (score === undefined) throw new KavachError('KVCH_E_AGENT_NOT_FOUND')
      return score
    },
    trustOf: (reader, agentId, now) => after(scoreIn(reader, agentId, now), (score) => score?.trust ?? 0),
  }
}
