/**
 * One decision: token, agent, chains, engine. It reads and writes nothing but what it is given, and what it takes from meters
 * it only says; `settle.ts` does what follows from it.
 */
import { isWellFormed } from '../../compiler/model/index.ts'
import type {
  CounterCharge,
  Decision,
  EngineRequest,
  LiveDecideOptions,
  LiveEngine,
  Outcome,
  Reason,
  RecordSource,
} from '../../engine-wasm/host/index.ts'
import type { GrantedApproval } from '../approvals/index.ts'
import { hopsThrough, pathsThrough } from '../authority/index.ts'
import type { LevelMeter, Levels } from '../limits/index.ts'
import type { AuthorizeRequest, HostReason } from '../request.ts'
import type { ActivePolicy, Change } from '../site.ts'
import type { Awaitable, Reader } from '../store.ts'
import type { Row } from '../tables.ts'
import { decideIsolated } from './isolate.ts'
import type { Job } from './job.ts'
import type { BatchMeters } from './meters.ts'
import type { Known, World } from './world.ts'

/** What a decision needs of the other parts of the host. */
export interface JudgePorts {
  readonly project: string
  readonly policyFor: (agentId: string) => ActivePolicy
  readonly shadow: () => ActivePolicy | undefined
  /** Chains that end in the agent, by hops and then by delegation. */
  readonly pathsTo: (
    agentId: string,
    incoming: (id: string) => readonly Row<'delegations'>[],
    now: number,
  ) => readonly Path[]
  /** The engine's record of the live delegations of one pair. What they give is under the constraints of the receiver. */
  readonly delegationRecord: (rows: readonly Row<'delegations'>[], receiver: Row<'agents'>) => Uint8Array | undefined
  /** The approval that stands for this digest. */
  readonly granted: (reader: Reader, digest: string, now: number) => Awaitable<GrantedApproval | undefined>
  /** The trust in an agent, 0 to 100. */
  readonly trustOf: (reader: Reader, agentId: string, now: number) => Awaitable<number>
  readonly levels: Levels
}

export interface Path {
  /** Delegators, root first. */
  readonly chain: readonly string[]
  /** The delegations between them and the agent, as many; nothing where there is none. */
  readonly delegations: readonly (Row<'delegations'> | undefined)[]
  /** How many of them, at the end, count by themselves: nothing else that was lent between the same agents does. */
  readonly isolated?: number
}

/** What was decided, and what has to follow if it is to hold. */
export interface Judgement {
  readonly agentId: string | undefined
  readonly owner: string | null
  readonly verdict: Outcome
  readonly reason: Reason | HostReason
  readonly retryAfter: number | undefined
  readonly policy: ActivePolicy
  /** The chain that was chosen. */
  readonly via: readonly string[]
  readonly decision: Decision | undefined
  readonly charges: readonly CounterCharge[]
  readonly levels: readonly LevelMeter[]
  readonly approval: GrantedApproval | undefined
  /** Where the shadow differs. */
  readonly shadow: { readonly digest: string; readonly verdict: Outcome; readonly reason: Reason } | undefined
}

const NO_PATH: Path = { chain: [], delegations: [] }
const NOTHING: readonly never[] = []
const RANK: { readonly [O in Outcome]: number } = { allow: 4, throttle: 3, approval: 2, limited: 1, deny: 0 }

/** A class for the sake of speed: one for each transaction. */
export class Judge {
  private readonly ports: JudgePorts
  private readonly world: World
  private readonly change: Change
  private readonly meters: BatchMeters
  private readonly options: LiveDecideOptions & { readonly records: RecordSource }

  constructor(ports: JudgePorts, world: World, change: Change, meters: BatchMeters) {
    this.ports = ports
    this.world = world
    this.change = change
    this.meters = meters
    this.options = {
      records: this.records,
      counters: { read: (key, windowStart) => meters.read(key, windowStart) },
      // What the chosen chain takes is charged when it is settled, in the same transaction.
      charge: 'caller',
    }
  }

  /** @throws {Suspension} when the store has to be waited for; it is then to be asked again */
  judge(job: Job): Judgement {
    job.reads.restart()
    const { world, change } = this
    const { now } = change
    let { agentId } = job
    if (job.tokenHash !== undefined) {
      const { tokenHash } = job
      const token = tokenHash === '' ? undefined : job.reads.read(() => world.token(change, tokenHash))
      if (token === undefined) return this.refuse('token-invalid', undefined, null)
      if (token.expiresAt !== null && token.expiresAt <= now) return this.refuse('token-expired', token.agent, null)
      agentId = token.agent
    }
    if (typeof agentId !== 'string' || agentId === '') return this.refuse('invalid-request', undefined, null)
    const id = agentId
    const known = this.known(job, id)
    if (known === undefined) return this.refuse('agent-unknown', id, null)
    const { owner } = known.row
    const fault = this.faultOf(known.row)
    if (fault !== undefined) return this.refuse(fault, id, owner)
    const { request } = job
    if (
      typeof request !== 'object' ||
      request === null ||
      typeof request.action !== 'string' ||
      typeof request.resource !== 'string' ||
      hasUnknown(request) ||
      hasOddMember(request)
    ) {
      return this.refuse('invalid-request', id, owner)
    }
    const levels = this.ports.levels.metersFor({ now, agentId: id, owner, endpoint: request.endpoint })
    if (levels.length > 0) {
      const exceeded = this.ports.levels.firstExceeded(levels, now, (meter) =>
        this.meters.read(meter.key, meter.windowStart),
      )
      if (exceeded !== undefined) {
        const refused = this.refuse(exceeded.reason, id, owner)
        return { ...refused, verdict: 'limited', retryAfter: exceeded.retryAfter }
      }
    }
    return this.judgeAgent(job, known, levels)
  }

  /** As the transaction has it by now: what was read before a wait may have changed meanwhile. */
  private known(job: Job, id: string): Known | undefined {
    const read = job.reads.read(() => this.world.agent(this.change, id))
    return read && (this.world.peek(id) ?? read)
  }

  private judgeAgent(job: Job, known: Known, levels: readonly LevelMeter[]): Judgement {
    const { id, owner } = known.row
    const policy = this.ports.policyFor(id)
    const paths = this.pathsOf(job, known)
    let best: Judgement | undefined
    for (const path of paths) {
      const judged = this.judgePath(job, known, path, policy, levels)
      if (best === undefined || RANK[judged.verdict] > RANK[best.verdict]) best = judged
      if (RANK[best.verdict] === RANK.allow) break
    }
    const chosen = best ?? this.refuse('no-grant', id, owner)
    const shadow = this.ports.shadow()
    return shadow === undefined ? chosen : { ...chosen, shadow: this.compare(job, known, paths, chosen, shadow) }
  }

  /** The ways to try, the agent's own authority first. */
  private pathsOf(job: Job, known: Known): readonly Path[] {
    const { via, delegation } = job.request
    if (delegation !== undefined) return this.isolatedPaths(job, known, delegation)
    if (via !== undefined && via !== null && via.length > 0) return [this.statedPath(job, via, known.row.id)]
    if (known.incoming.length === 0) return OWN
    const incoming = (id: string) => this.known(job, id)?.incoming ?? NOTHING
    // What begins at an agent that holds nothing itself allows nothing, and its reason says nothing.
    const paths = this.ports.pathsTo(known.row.id, incoming, this.change.now).filter(({ chain: [root = ''] }) => {
      const first = this.known(job, root)
      return first === undefined || hasOwn(first.row)
    })
    return hasOwn(known.row) || paths.length === 0 ? [NO_PATH, ...paths] : paths
  }

  /** Chains through one delegation, cut to the one that the caller named where it named one. */
  private isolatedPaths(job: Job, known: Known, delegation: string): readonly Path[] {
    const { change } = this
    // Read anew each time: it need not be among what is remembered of the agent.
    const rowOf = (id: string) => job.reads.read(() => change.get('delegations', { id }))
    const hops = hopsThrough(known.row.id, delegation, rowOf, change.now)
    if (hops === undefined) return NOTHING
    const incoming = (id: string) => this.known(job, id)?.incoming ?? NOTHING
    const { via } = job.request
    return pathsThrough(hops, incoming, this.change.now)
      .filter(({ chain }) => !via?.length || isSame(chain, via))
      .map((path) => ({ ...path, isolated: hops.length }))
  }

  /** The chain that the caller named, with the delegations between its members; of several for one hop the policy's. */
  private statedPath(job: Job, via: readonly string[], agentId: string): Path {
    const delegations = via.map((from, hop) => {
      const to = via[hop + 1] ?? agentId
      const known = typeof to === 'string' ? this.known(job, to) : undefined
      const between = known?.incoming.filter((row) => row.from === from) ?? NOTHING
      return between.find(({ origin }) => origin === 'policy') ?? between[0]
    })
    return { chain: via, delegations }
  }

  private judgePath(
    job: Job,
    known: Known,
    path: Path,
    policy: ActivePolicy,
    levels: readonly LevelMeter[],
  ): Judgement {
    const { id, owner } = known.row
    for (const name of path.chain) {
      const above = typeof name === 'string' ? this.known(job, name) : undefined
      const fault = above === undefined ? 'agent-unknown' : this.faultOf(above.row)
      if (fault !== undefined) return { ...this.refuse(fault, id, owner), via: path.chain }
    }
    const request = this.requestOf(job, known, path, policy)
    let decision = this.decide(policy.engine, request, path)
    let approval: GrantedApproval | undefined
    const digest = decision.approvalDigest
    if (decision.decision === 'approval' && digest !== undefined) {
      approval = job.reads.read(() => this.ports.granted(this.change, digest, this.change.now))
      if (approval !== undefined) {
        const { approvedBy, approvedAt } = approval
        decision = this.decide(policy.engine, { ...request, approvedBy, approvedAt }, path)
        if (!decision.allowed) approval = undefined
      }
    }
    return {
      agentId: id,
      owner,
      verdict: decision.decision,
      reason: decision.reason,
      retryAfter: decision.retryAfter,
      policy,
      via: path.chain,
      decision,
      charges: (decision.allowed ? decision.charges : undefined) ?? NOTHING,
      levels: decision.allowed ? levels : NOTHING,
      approval,
      shadow: undefined,
    }
  }

  private decide(engine: LiveEngine, request: EngineRequest, { delegations, isolated }: Path): Decision {
    const { options } = this
    if (isolated === undefined) return engine.decide(request, options)
    const hops = delegations.slice(-isolated).filter((hop) => hop !== undefined)
    return decideIsolated({ engine, options, hops, recordOf: this.recordOf }, request)
  }

  private requestOf(job: Job, known: Known, path: Path, policy: ActivePolicy): EngineRequest {
    const { action, resource, args, ip, cost } = job.request
    const { now } = this.change
    const { chain, delegations } = path
    // Every member is there, so that all requests have one shape.
    return {
      agent: known.row.id,
      action,
      resource,
      via:
        chain.length === 0 ? null : chain.map((agent, hop) => ({ agent, since: delegations[hop]?.createdAt ?? null })),
      args: args ?? null,
      ip: ip ?? null,
      now,
      since: null,
      cost: cost ?? null,
      trust: policy.needsTrust ? this.trustOf(job, [...chain, known.row.id]) : null,
      tenant: this.ports.project,
      approvedBy: null,
      approvedAt: null,
      readings: null,
    }
  }

  /** The least of the chain. */
  private trustOf(job: Job, names: readonly string[]): number {
    return Math.min(
      ...names.map((name) => job.reads.read(() => this.ports.trustOf(this.change, name, this.change.now))),
    )
  }

  private compare(job: Job, known: Known, paths: readonly Path[], chosen: Judgement, shadow: ActivePolicy) {
    let best: Judgement | undefined
    for (const path of paths) {
      const judged = this.judgePath(job, known, path, shadow, NOTHING)
      if (best === undefined || RANK[judged.verdict] > RANK[best.verdict]) best = judged
    }
    const decision = best?.decision
    if (best === undefined || decision === undefined) return undefined
    const isSame = best.verdict === chosen.verdict && best.reason === chosen.reason
    return isSame ? undefined : { digest: shadow.digest, verdict: best.verdict, reason: decision.reason }
  }

  private faultOf({ status, expiresAt }: Row<'agents'>): Reason | undefined {
    if (status === 'revoked') return 'agent-revoked'
    if (status === 'suspended') return 'agent-suspended'
    return expiresAt !== null && expiresAt <= this.change.now ? 'agent-expired' : undefined
  }

  /** A denial that the engine was not asked about. */
  refuse(reason: Reason | HostReason, agentId: string | undefined, owner: string | null): Judgement {
    return {
      agentId,
      owner,
      verdict: 'deny',
      reason,
      retryAfter: undefined,
      policy: this.ports.policyFor(agentId ?? ''),
      via: NOTHING,
      decision: undefined,
      charges: NOTHING,
      levels: NOTHING,
      approval: undefined,
      shadow: undefined,
    }
  }

  private readonly recordOf = (hop: Row<'delegations'>): Uint8Array | undefined => {
    const receiver = this.world.peek(hop.to)
    return receiver && this.ports.delegationRecord([hop], receiver.row)
  }

  /** What the engine asks for is remembered: every agent of a chain was read before the engine is asked. */
  private readonly records: RecordSource = {
    agent: (name) => this.world.peek(name)?.row.record ?? undefined,
    delegations: (from, to) => {
      const receiver = this.world.peek(to)
      const rows = receiver?.incoming.filter((row) => row.from === from && row.origin === 'runtime') ?? []
      return receiver === undefined || rows.length === 0 ? undefined : this.ports.delegationRecord(rows, receiver.row)
    },
  }
}

const OWN: readonly Path[] = [NO_PATH]

function isSame(chain: readonly string[], via: readonly string[]): boolean {
  return chain.length === via.length && chain.every((name, hop) => name === via[hop])
}

/** Whether it may hold something that nobody lent to it. */
function hasOwn({ origin, type, permissions }: Row<'agents'>): boolean {
  return origin === 'policy' ? type !== 'delegated' : permissions !== '[]'
}

const MEMBERS = {
  action: true,
  resource: true,
  args: true,
  ip: true,
  cost: true,
  via: true,
  delegation: true,
  idempotencyKey: true,
  endpoint: true,
  requestId: true,
} satisfies { readonly [K in keyof Required<AuthorizeRequest>]: true }

const MAX_LABEL = 1024

/** What the engine is not asked about. A key that is no text would be no key, and a retry be charged twice. */
function hasOddMember({ via, delegation, idempotencyKey, endpoint }: AuthorizeRequest): boolean {
  const isList = via === undefined || via === null || Array.isArray(via)
  return !isList || !isLabel(delegation) || !isLabel(idempotencyKey) || !isLabel(endpoint)
}

/** What can be a key of a table, or is not there. */
function isLabel(text: unknown): boolean {
  if (text === undefined) return true
  return typeof text === 'string' && text.length <= MAX_LABEL && isWellFormed(text)
}

/** A member that is misspelt would be none: a `costs` would be charged to nobody. */
function hasUnknown(request: AuthorizeRequest): boolean {
  for (const name in request) if (!Object.hasOwn(MEMBERS, name)) return true
  return false
}
