/** The policies of a project: loaded, replaced, tried in the shadow and staged, alike in every process. */
import { type Acting, actorOf, assertKnown } from '../authority/index.ts'
import { after, isPromise } from '../awaitable.ts'
import { KavachError } from '../errors.ts'
import type { ActivePolicy, Change, Json } from '../site.ts'
import type { Awaitable, Reader } from '../store.ts'
import { builtInImage } from './built-in.ts'
import { loadPolicy, loadPolicySlowly, type PolicySource, type ReadFile, readPolicy } from './load.ts'
import { isStagedFor, NO_ROLLOUT, type Rollout, readKept, readRollout, writeRollout } from './rollout.ts'

/** What the rest of the host does for a policy that comes into force, in the same change. */
export interface PolicyPorts {
  readonly change: <T>(work: (change: Change) => Awaitable<T>) => Promise<T>
  /**
   * Brings rows of agents and delegations in line with what the policies declare that are in force beside each other. What the
   * first one says of an agent holds.
   */
  readonly declare: (change: Change, policies: readonly ActivePolicy[]) => Awaitable<void>
  readonly record: (change: Change, event: PolicyEvent) => void
  /** Lets others work while a large policy is verified. */
  readonly rest: () => Promise<unknown>
  readonly warn: (message: string) => void
  /** Where there are files. */
  readonly readFile?: ReadFile | undefined
}

export interface PolicyEvent {
  readonly kind: 'policy.load' | 'policy.shadow' | 'policy.stage'
  readonly actor: string
  readonly members: { readonly [member: string]: Json | undefined }
}

export interface PolicyIdentityOf {
  readonly name: string
  readonly generation: number
  readonly digest: string
}

/** For whom a staged policy decides; one of the two at least. */
export interface StageOptions {
  /** Of all agents, 0 to 100. */
  readonly percent?: number | undefined
  /** Ids, or names of agents of the policy. */
  readonly agents?: readonly string[] | undefined
}

export interface Policies {
  readonly current: () => ActivePolicy
  /** The policy that decides about this agent: the staged one where it is for it. */
  readonly forAgent: (agentId: string) => ActivePolicy
  readonly shadow: () => ActivePolicy | undefined
  /** All that decide now. Whatever one of them was told of an agent has to be taken back from each. */
  readonly all: () => readonly ActivePolicy[]
  /** Takes over what another process brought into force. */
  readonly refresh: (reader: Pick<Reader, 'get'>) => Awaitable<void>
  readonly open: (source: PolicySource | undefined) => Promise<void>
  readonly api: PolicyApi
}

export interface PolicyApi {
  /** The policy that the project enforces, as the store has it. */
  readonly current: () => Promise<PolicyIdentityOf>
  /**
   * Enforces another policy. Decisions go on meanwhile, by the old one; in every process the first one that begins after this
   * resolved is by the new one. It ends a stage of the same generation or an older one. What fails changes nothing.
   *
   * @throws {KavachError} KVCH_E_POLICY_INVALID, KVCH_E_POLICY_SOURCE, KVCH_E_POLICY_OUTDATED for an older generation or the same
   * with other bytes
   */
  readonly reload: (source: PolicySource, acting?: Acting) => Promise<PolicyIdentityOf>
  /**
   * Decides beside the enforced policy, which stands; rows say where they differ. Any generation will do. Nothing: no more shadow.
   *
   * @throws {KavachError} KVCH_E_POLICY_INVALID, KVCH_E_POLICY_SOURCE
   */
  readonly shadow: (source: PolicySource | undefined, acting?: Acting) => Promise<PolicyIdentityOf | undefined>
  /**
   * Decides for some agents, which are the same in every process; chosen is who asks, not who stands above it in a chain.
   * Nothing: no more stage.
   *
   * @throws {KavachError} as `reload`; KVCH_E_REQUEST_INVALID for options that say nobody
   */
  readonly stage: (
    source: PolicySource | undefined,
    options?: StageOptions,
    acting?: Acting,
  ) => Promise<PolicyIdentityOf | undefined>
}

interface State {
  readonly rollout: Rollout
  readonly current: ActivePolicy
  readonly shadow: ActivePolicy | undefined
  readonly staged: ActivePolicy | undefined
  readonly all: readonly ActivePolicy[]
}

interface Taken {
  readonly policy: ActivePolicy
  readonly image: Uint8Array
}

export function createPolicies(ports: PolicyPorts): Policies {
  const builtIn = loadPolicy(builtInImage())
  let state = stateWith(NO_ROLLOUT, builtIn, undefined, undefined)
  /** Policies that were loaded for a change which is being made. */
  const loaded = new Map<string, ActivePolicy>()

  function known(digest: string): ActivePolicy | undefined {
    return state.all.find((policy) => policy.digest === digest) ?? loaded.get(digest)
  }

  function policyOf(reader: Pick<Reader, 'get'>, digest: string): Awaitable<ActivePolicy> {
    return known(digest) ?? after(readKept(reader, digest), (row) => loadPolicy(row.image))
  }

  function currentOf(reader: Pick<Reader, 'get'>, { enforced }: Rollout): Awaitable<ActivePolicy> {
    return enforced === undefined ? builtIn : policyOf(reader, enforced.digest)
  }

  /** A shadow that this process cannot load, say for a newer version has brought it in, must not deny anything. */
  function shadowOf(reader: Pick<Reader, 'get'>, { shadow }: Rollout): Awaitable<ActivePolicy | undefined> {
    function pass(error: unknown): undefined {
      if (!(error instanceof KavachError) || error.code !== 'KVCH_E_POLICY_INVALID') throw error
      ports.warn(`the shadow is left out: ${error.message}`)
    }
    if (shadow === undefined) return undefined
    try {
      const policy = policyOf(reader, shadow)
      return isPromise(policy) ? policy.catch(pass) : policy
    } catch (error) {
      return pass(error)
    }
  }

  function stateOf(reader: Pick<Reader, 'get'>, rollout: Rollout): Awaitable<State> {
    const { staged } = rollout
    return after(currentOf(reader, rollout), (current) =>
      after(shadowOf(reader, rollout), (shadow) =>
        after(staged && policyOf(reader, staged.digest), (policy) => stateWith(rollout, current, shadow, policy)),
      ),
    )
  }

  /** INVARIANT: a process never goes back to an older rollout, though it may learn of two in the other order. */
  function adopt(next: State): void {
    if (next.rollout.version >= state.rollout.version) state = next
  }

  function refresh(reader: Pick<Reader, 'get'>): Awaitable<void> {
    return after(readRollout(reader), (rollout) =>
      rollout.version === state.rollout.version ? undefined : after(stateOf(reader, rollout), adopt),
    )
  }

  /** Loads a source; `work` changes the rollout in the store, and only then is it changed here. */
  async function roll(
    source: PolicySource | undefined,
    work: (change: Change, now: Rollout, taken: Taken | undefined) => Awaitable<Omit<Rollout, 'version'>>,
  ): Promise<PolicyIdentityOf | undefined> {
    const taken = source === undefined ? undefined : await take(source)
    try {
      const next = await ports.change(async (change) => {
        const now = await readRollout(change)
        const rollout = await work(change, now, taken)
        return stateOf(change, rollout === now ? now : await writeRollout(change, rollout))
      })
      adopt(next)
    } finally {
      // Another change may be made with the same policy.
      if (taken !== undefined && loaded.get(taken.policy.digest) === taken.policy) loaded.delete(taken.policy.digest)
    }
    return taken && identityOf(taken.policy)
  }

  async function take(source: PolicySource): Promise<Taken> {
    const image = await readPolicy(source, ports.readFile)
    const policy = await loadPolicySlowly(image, ports.rest)
    loaded.set(policy.digest, policy)
    return { policy, image }
  }

  async function enforce(source: PolicySource, actor: string, isStart: boolean): Promise<PolicyIdentityOf> {
    const given = await roll(source, async (change, now, taken) => {
      if (taken === undefined) return now
      const { policy } = taken
      const { digest, generation } = policy
      const refusal = refusalOf(policy, now.enforced)
      if (refusal !== undefined && isStart && isOlder(policy, now.enforced)) {
        // Nobody brings an old policy back by starting again, and a machine that is behind may start.
        ports.warn(`${refusal.message}; the enforced one stands`)
        return now
      }
      if (refusal !== undefined) throw refusal
      if (now.enforced?.digest === digest) return now
      const staged = now.staged !== undefined && now.staged.generation > generation ? now.staged : undefined
      await keep(change, taken, true)
      await ports.declare(change, staged === undefined ? [policy] : [policy, await policyOf(change, staged.digest)])
      const members = eventOf(policy, {
        previous: now.enforced?.digest,
        ended_stage: staged === undefined ? now.staged?.digest : undefined,
      })
      ports.record(change, { kind: 'policy.load', actor, members })
      return { enforced: { digest, generation }, shadow: now.shadow === digest ? undefined : now.shadow, staged }
    })
    return given ?? identityOf(state.current)
  }

  function shadow(source: PolicySource | undefined, actor: string): Promise<PolicyIdentityOf | undefined> {
    return roll(source, async (change, now, taken) => {
      if (taken === undefined && now.shadow === undefined) return now
      if (taken !== undefined) await keep(change, taken, false)
      const members = taken === undefined ? { ended: now.shadow } : eventOf(taken.policy, {})
      ports.record(change, { kind: 'policy.shadow', actor, members })
      return { ...now, shadow: taken?.policy.digest }
    })
  }

  async function stage(
    source: PolicySource | undefined,
    options: StageOptions,
    actor: string,
  ): Promise<PolicyIdentityOf | undefined> {
    const stagedFor = source === undefined ? undefined : readStageOptions(options)
    return roll(source, async (change, now, taken) => {
      const current = await currentOf(change, now)
      if (taken === undefined || stagedFor === undefined) {
        if (now.staged === undefined) return now
        await ports.declare(change, [current])
        ports.record(change, { kind: 'policy.stage', actor, members: { ended: now.staged.digest } })
        return { ...now, staged: undefined }
      }
      const { policy } = taken
      const refusal = refusalOf(policy, now.enforced)
      if (refusal !== undefined) throw refusal
      await keep(change, taken, false)
      // The others must not notice the stage, so what the enforced policy says of an agent holds.
      await ports.declare(change, [current, policy])
      ports.record(change, { kind: 'policy.stage', actor, members: eventOf(policy, stagedFor) })
      const { digest, generation } = policy
      return { ...now, staged: { digest, generation, ...stagedFor } }
    })
  }

  async function open(source: PolicySource | undefined): Promise<void> {
    if (source !== undefined) {
      await enforce(source, 'host', true)
      return
    }
    const next = await ports.change(async (change) => {
      const rollout = await readRollout(change)
      // Its rows must be explained later, by versions that may build another one in.
      if (rollout.enforced === undefined) await keep(change, { policy: builtIn, image: builtInImage() }, false)
      return stateOf(change, rollout)
    })
    adopt(next)
  }

  return {
    current: () => state.current,
    forAgent(agentId) {
      const { staged, current, rollout } = state
      return staged !== undefined && rollout.staged !== undefined && isStagedFor(rollout.staged, agentId)
        ? staged
        : current
    },
    shadow: () => state.shadow,
    all: () => state.all,
    refresh,
    open,
    api: {
      current: () => ports.change((change) => after(refresh(change), () => identityOf(state.current))),
      reload: async (source, acting) => enforce(source, actorOf(acting, INVALID), false),
      shadow: async (source, acting) => shadow(source, actorOf(acting, INVALID)),
      stage: async (source, options = {}, acting) => stage(source, options, actorOf(acting, INVALID)),
    },
  }
}

const INVALID = 'KVCH_E_REQUEST_INVALID'

function stateWith(
  rollout: Rollout,
  current: ActivePolicy,
  shadow: ActivePolicy | undefined,
  staged: ActivePolicy | undefined,
): State {
  const all = [...new Set([current, shadow, staged])].filter((policy) => policy !== undefined)
  return { rollout, current, shadow, staged, all }
}

/** Keeps the image under its digest, so that every row of the log can be decided again. */
async function keep(change: Change, { policy, image }: Taken, isEnforced: boolean): Promise<void> {
  const { digest, name, generation } = policy
  const row = await change.get('policies', { digest })
  const activatedAt = row?.activatedAt ?? (isEnforced ? change.now : null)
  if (row?.activatedAt === activatedAt) return
  await change.put('policies', [{ digest, name, generation, image, activatedAt }])
}

function isOlder({ generation }: ActivePolicy, enforced: Rollout['enforced']): boolean {
  return enforced !== undefined && generation < enforced.generation
}

function refusalOf(policy: ActivePolicy, enforced: Rollout['enforced']): KavachError | undefined {
  if (enforced === undefined || policy.generation > enforced.generation || policy.digest === enforced.digest) {
    return undefined
  }
  const fault = isOlder(policy, enforced) ? 'is older than' : 'has other bytes than'
  return new KavachError(
    'KVCH_E_POLICY_OUTDATED',
    `generation ${policy.generation} ${fault} generation ${enforced.generation}, which is enforced; compile with a higher generation`,
    { details: { generation: policy.generation, enforced: enforced.generation } },
  )
}

/** @throws {KavachError} KVCH_E_REQUEST_INVALID */
function readStageOptions(options: StageOptions): { readonly percent: number; readonly agents: readonly string[] } {
  assertKnown(options, ['percent', 'agents'], INVALID)
  const { percent, agents } = options
  const fail = (path: string, message: string): never => {
    throw new KavachError(INVALID, `${path}: ${message}`, { details: { path } })
  }
  if (percent === undefined && agents === undefined) fail('percent', 'say which agents the stage is for')
  if (percent !== undefined && !(typeof percent === 'number' && percent >= 0 && percent <= 100)) {
    fail('percent', 'must be a number from 0 to 100')
  }
  if (agents === undefined) return { percent: percent ?? 0, agents: [] }
  if (!Array.isArray(agents) || agents.some((id) => typeof id !== 'string' || id === '')) {
    fail('agents', 'must be a list of ids of agents')
  }
  return { percent: percent ?? 0, agents: [...agents] }
}

function identityOf({ name, generation, digest }: ActivePolicy): PolicyIdentityOf {
  return { name, generation, digest }
}

function eventOf(policy: ActivePolicy, members: PolicyEvent['members']): PolicyEvent['members'] {
  return { policy: { ...identityOf(policy) }, ...members }
}
