/** Agents and delegations over the memory store, and the engine that decides about them. */
import type { Decision, EngineRequest } from '../../../engine-wasm/host/index.ts'
import { type Agents, createAgents, type NewAgent } from '../../../runtime/agents/index.ts'
import { delegationRecord } from '../../../runtime/authority/index.ts'
import { createDelegations, type Delegations } from '../../../runtime/delegation/index.ts'
import type { KavachError } from '../../../runtime/errors.ts'
import type { HostOptions } from '../../../runtime/options.ts'
import type { ActivePolicy, Change } from '../../../runtime/site.ts'
import type { Store } from '../../../runtime/store.ts'
import { hashToken } from '../../../runtime/tokens/index.ts'
import { sha256, siteOf, type TestHost, type TestSite } from '../site.ts'

export interface AgentSite {
  readonly site: TestSite
  readonly agents: Agents
  readonly delegations: Delegations
  /** Makes an agent, and gives its id. */
  readonly make: (agent?: Partial<NewAgent>) => Promise<string>
  /** What the engine says, with the records of the chain as they are in the store, and meters that have room. */
  readonly decide: (request: EngineRequest) => Promise<Decision>
  /** Whose token it is, when it is one that counts now. */
  readonly whose: (token: string) => Promise<string | undefined>
  /** Agents whose denials were forgotten. */
  readonly cleared: readonly string[]
}

interface Parts {
  readonly options?: HostOptions
  readonly policy?: ActivePolicy
  readonly store?: Store
  readonly host?: TestHost
}

export function agentSite({ options = {}, ...parts }: Parts = {}): AgentSite {
  const site = siteOf({ options, ...parts })
  const cleared: string[] = []
  const { api: agents } = createAgents(site, {
    clearAnomaly(_change: Change, id) {
      cleared.push(id)
    },
  })
  const delegations = createDelegations(site)
  let made = 0
  return {
    site,
    agents,
    delegations,
    cleared,
    async make(agent = {}) {
      const { id } = await agents.create({
        ownerId: 'user-1',
        name: `agent-${made++}`,
        type: 'autonomous',
        permissions: agent.type === 'delegated' ? [] : [{ resource: '**', actions: ['*'] }],
        ...agent,
      })
      return id
    },
    decide: (request) =>
      site.read(async (reader) => {
        const { engine } = site.policy()
        const names = [...(request.via ?? []).map((hop) => (typeof hop === 'string' ? hop : hop.agent)), request.agent]
        for (const [hop, id] of names.entries()) {
          const row = await reader.get('agents', { id })
          if (row === undefined) continue
          if (row.record !== null) engine.putRecord(row.record)
          engine.setFlag(id, 'revoked', row.status === 'revoked')
          engine.setFlag(id, 'suspended', row.status === 'suspended')
          const from = names[hop - 1]
          if (from === undefined) continue
          const rows = (await reader.find('delegations', 'byReceiver', { equal: [id] })).filter(
            (one) => one.from === from,
          )
          const record = delegationRecord(rows, row)
          if (record === undefined) engine.dropRecord({ from, to: id })
          else engine.putRecord(record)
        }
        return engine.decide({ now: site.host.now(), ...request }, { meters: { read: () => ({}), take: () => true } })
      }),
    whose: (token) =>
      site.read(async (reader) => {
        const row = await reader.get('tokens', { hash: hashToken(token, sha256) })
        const isLive = row !== undefined && (row.expiresAt === null || row.expiresAt > site.host.now())
        return isLive ? row.agent : undefined
      }),
  }
}

/** Code, message and details of what it rejects with. */
export async function refusalOf(promise: Promise<unknown>): Promise<Pick<KavachError, 'code' | 'message' | 'details'>> {
  const error = await promise.then(
    () => undefined,
    // Everything that the host rejects with is one.
    (thrown: unknown) => thrown as KavachError,
  )
  if (error === undefined) throw new TypeError('it was not refused')
  if (error.code === undefined) throw error
  const { code, message, details } = error
  return { code, message, details }
}
