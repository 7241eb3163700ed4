/**
 * What an agent could do: the question behind lists of tools. It is a question for showing and hiding, never for a call.
 *
 * It has its own look at the store, of one state, and takes nothing from what decisions remember. Engines are shared with
 * decisions, though, and keep the records that they were lent: whoever lends one here takes it back before anybody else is
 * decided about, because decisions forget only those whom they read themselves.
 */
import type { RecordSource } from '../../engine-wasm/host/index.ts'
import {
  assertKnown,
  type Closure,
  delegationRecord,
  incomingPaths,
  incomingThrough,
  loadClosure,
  loadHops,
  type Path,
  pathsThrough,
} from '../authority/index.ts'
import { KavachError } from '../errors.ts'
import type { ActivePolicy, Site } from '../site.ts'
import type { Awaitable, Reader } from '../store.ts'
import type { Row } from '../tables.ts'

/** Something that could be asked for. */
export interface PossibleRequest {
  readonly action: string
  readonly resource: string
}

export interface PossibleOptions {
  /** The delegation through which alone the agent acts. */
  readonly delegation?: string | undefined
  /** Address of the caller; a condition on it counts against access where it is not known. */
  readonly ip?: string | undefined
}

/**
 * For each request whether some call of it could be allowed: arguments that nobody knows yet count for access, and so do
 * approvals and limits that are not exhausted by nature. Nothing is recorded, charged or queued. All are false for an agent that
 * does not exist, or is suspended, revoked or expired.
 *
 * @throws {KavachError} KVCH_E_REQUEST_INVALID for what is no list of requests; KVCH_E_STORE_... when the store does not answer
 */
export type Possible = (
  agentId: string,
  requests: readonly PossibleRequest[],
  options?: PossibleOptions,
) => Promise<readonly boolean[]>

export interface PossiblePorts {
  readonly policyFor: (agentId: string) => ActivePolicy
  /** The trust in an agent, 0 to 100. */
  readonly trustOf: (reader: Reader, agentId: string, now: number) => Awaitable<number>
}

export function createPossible(site: Pick<Site, 'host' | 'project' | 'read'>, ports: PossiblePorts): Possible {
  return async (agentId, asked, given = {}) => {
    const { requests, options } = readAsked(asked, given)
    if (typeof agentId !== 'string' || agentId === '') return requests.map(() => false)
    return site.read(async (reader) => {
      const now = site.host.now()
      const { delegation } = options
      const hops = delegation === undefined ? undefined : ((await loadHops(reader, agentId, delegation, now)) ?? [])
      const closure = await loadClosure(reader, [agentId, ...(hops ?? []).map(({ from }) => from)], now)
      const policy = ports.policyFor(agentId)
      const trust = new Map<string, number>()
      if (policy.needsTrust) {
        for (const id of closure.agents.keys()) trust.set(id, await ports.trustOf(reader, id, now))
      }
      const { ways, incoming } = waysOf(agentId, closure, now, hops)
      const subject = { agentId, ways, incoming, closure, policy, trust, now, project: site.project, ip: options.ip }
      // From here on nobody else has a turn.
      return judge(subject, requests)
    })
  }
}

const MAX_REQUESTS = 10_000

/** A request that says something else can never be allowed; what is no list of them is a fault of the caller. */
function readAsked(
  requests: unknown,
  options: unknown,
): { requests: readonly PossibleRequest[]; options: PossibleOptions } {
  if (!Array.isArray(requests) || requests.length > MAX_REQUESTS) {
    invalid('requests', `must be a list of at most ${MAX_REQUESTS} objects with \`action\` and \`resource\``)
  }
  if (typeof options !== 'object' || options === null) invalid('options', 'must be an object')
  assertKnown(options, ['delegation', 'ip'], 'KVCH_E_REQUEST_INVALID')
  const { delegation, ip }: { delegation?: unknown; ip?: unknown } = options
  if (delegation !== undefined && typeof delegation !== 'string') invalid('delegation', 'must be an id, `dlg_...`')
  if (ip !== undefined && typeof ip !== 'string') invalid('ip', 'must be a text')
  const read = requests.map((request: unknown, at) => {
    if (typeof request !== 'object' || request === null) return invalid(`requests[${at}]`, 'must be an object')
    const { action, resource }: { action?: unknown; resource?: unknown } = request
    if (typeof action !== 'string' || typeof resource !== 'string') {
      return invalid(`requests[${at}]`, 'must have texts in `action` and `resource`')
    }
    return { action, resource }
  })
  return { requests: read, options: { delegation, ip } }
}

function invalid(path: string, message: string): never {
  throw new KavachError('KVCH_E_REQUEST_INVALID', `${path}: ${message}`, { details: { path } })
}

interface Subject {
  readonly agentId: string
  readonly ways: readonly Path[]
  /** What counts; `closure` has what was remembered. */
  readonly incoming: Closure['incoming']
  readonly closure: Closure
  readonly policy: ActivePolicy
  readonly trust: ReadonlyMap<string, number>
  readonly now: number
  readonly project: string
  readonly ip: string | undefined
}

const OWN: Path = { chain: [], delegations: [] }

function waysOf(
  agentId: string,
  { isLive, incoming }: Closure,
  now: number,
  hops: readonly Row<'delegations'>[] | undefined,
): Pick<Subject, 'ways' | 'incoming'> {
  if (!isLive(agentId)) return { ways: [], incoming }
  if (hops === undefined) return { ways: [OWN, ...incomingPaths(agentId, incoming, now)], incoming }
  return { ways: pathsThrough(hops, incoming, now), incoming: incomingThrough(hops, incoming) }
}

function judge(subject: Subject, requests: readonly PossibleRequest[]): readonly boolean[] {
  const { agentId, ways, closure, policy } = subject
  const { engine } = policy
  const drop = () => {
    for (const id of closure.agents.keys()) {
      engine.dropRecord(id)
      for (const { from } of closure.incoming(id)) engine.dropRecord({ from, to: id })
    }
  }
  const trusts = ways.map(({ chain }) => leastTrust([...chain, agentId], subject))
  drop()
  try {
    return requests.map((request) => ways.some((way, i) => isPossible(request, way, trusts[i] ?? null, subject)))
  } finally {
    drop()
  }
}

function leastTrust(names: readonly string[], { policy, trust }: Subject): number | null {
  return policy.needsTrust ? Math.min(...names.map((name) => trust.get(name) ?? 0)) : null
}

function isPossible(
  { action, resource }: PossibleRequest,
  { chain, delegations }: Path,
  trust: number | null,
  { agentId, closure, incoming, policy, now, project, ip }: Subject,
): boolean {
  const records: RecordSource = {
    agent: (name) => closure.agents.get(name)?.record ?? undefined,
    delegations(from, to) {
      const receiver = closure.agents.get(to)
      const rows = incoming(to).filter((row) => row.from === from && row.origin === 'runtime')
      return receiver === undefined || rows.length === 0 ? undefined : delegationRecord(rows, receiver)
    },
  }
  const { decision } = policy.engine.decide(
    {
      agent: agentId,
      action,
      resource,
      via:
        chain.length === 0 ? null : chain.map((agent, hop) => ({ agent, since: delegations[hop]?.createdAt ?? null })),
      args: null,
      ip: ip ?? null,
      now,
      since: null,
      cost: null,
      trust,
      tenant: project,
      approvedBy: null,
      approvedAt: null,
      readings: null,
    },
    { records, counters: UNUSED, charge: 'caller', possible: true },
  )
  // `limited` remains for a rate of 0, which never lets anything through.
  return decision === 'allow' || decision === 'throttle' || decision === 'approval'
}

const UNUSED = { read: () => 0 }
