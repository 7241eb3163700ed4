/** The policies of a project: loaded, replaced, tried in the shadow and staged, alike in every process. */
import { after } from '../awaitable.ts'
import { KavachError } from '../errors.ts'
import type { ActivePolicy, Change, Json } from '../site.ts'
import type { Awaitable, Reader } from '../store.ts'
import { builtInImage } from './built-in.ts'
import { loadPolicy, loadPolicySlowly, type PolicySource, readPolicy } from './load.ts'
import { isStagedFor, type Rollout, readRollout, type Stage, writeRollout } from './rollout.ts'

/** What the rest of the host does for a policy that comes into force, in the same change. */
export interface PolicyPorts {
  readonly change: <T>(work: (change: Change) => Awaitable<T>) => Promise<T>
  /** Brings rows of agents and delegations in line with what the policy declares, and with what another one does beside it. */
  readonly declare: (change: Change, policy: ActivePolicy, beside?: ActivePolicy) => Awaitable<void>
  readonly record: (change: Change, event: PolicyEvent) => void
  /** Lets others work while a large policy is verified. */
  readonly rest: () => Promise<unknown>
  readonly warn: (message: string) => void
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

export interface StageOptions {
  readonly percent?: number | undefined
  readonly agents?: readonly string[] | undefined
}

export interface Acting {
  /** Who does it, for the log. Default `host`. */
  readonly actor?: string | undefined
}

export interface Policies {
  readonly current: () => ActivePolicy
  /** The policy that decides about this agent: the staged one where it is for it. */
  readonly forAgent: (agentId: string) => ActivePolicy
  readonly shadow: () => ActivePolicy | undefined
  /** Takes over what another process brought into force. */
  readonly refresh: (reader: Pick<Reader, 'get'>) => Awaitable<void>
  readonly open: (source: PolicySource | undefined) => Promise<void>
  readonly api: PolicyApi
}

export interface PolicyApi {
  readonly current: () => Promise<PolicyIdentityOf>
  /**
   * Enforces another policy. Decisions go on meanwhile, by the old one.
   *
   * @throws {KavachError} KVCH_E_POLICY_INVALID, KVCH_E_POLICY_OUTDATED for an older generation or the same with other bytes
   */
  readonly reload: (source: PolicySource, acting?: Acting) => Promise<PolicyIdentityOf>
  /** Decides beside the enforced policy, which stands; rows say where they differ. Nothing: no more shadow. */
  readonly shadow: (source: PolicySource | undefined, acting?: Acting) => Promise<PolicyIdentityOf | undefined>
  /** Decides for some agents. A policy that is enforced with `reload` ends its stage. Nothing: no more stage. */
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
}

export function createPolicies(ports: PolicyPorts): Policies {
  const builtIn = loadPolicy(builtInImage())
  let state: State = {
    rollout: { enforced: undefined, shadow: undefined, staged: undefined },
    current: builtIn,
    shadow: undefined,
    staged: undefined,
  }
  /** Policies that were loaded for a change which is being made. */
  const loaded = new Map<string, ActivePolicy>()

  function known(digest: string): ActivePolicy | undefined {
    return [state.current, state.shadow, state.staged, loaded.get(digest)].find((policy) => policy?.digest === digest)
  }

  function policyOf(reader: Pick<Reader, 'get'>, digest: string | undefined): Awaitable<ActivePolicy | undefined> {
    if (digest === undefined) return undefined
    return (
      known(digest) ??
      after(reader.get('policies', { digest }), (row) => {
        if (row === undefined) throw new KavachError('KVCH_E_POLICY_INVALID', `the image of policy ${digest} is gone`)
        return loadPolicy(row.image)
      })
    )
  }

  function stateOf(reader: Pick<Reader, 'get'>, rollout: Rollout): Awaitable<State> {
    return after(policyOf(reader, rollout.enforced?.digest), (current = builtIn) =>
      after(policyOf(reader, rollout.shadow), (shadow) =>
        after(policyOf(reader, rollout.staged?.digest), (staged) => ({ rollout, current, shadow, staged })),
      ),
    )
  }

  async function take(source: PolicySource): Promise<{ policy: ActivePolicy; image: Uint8Array }> {
    const image = readPolicy(source)
    const policy = await loadPolicySlowly(image, ports.rest)
    loaded.set(policy.digest, policy)
    return { policy, image }
  }

  /** Changes the rollout in the store first, then here: no process enforces what is not in the store. */
  async function roll(policies: readonly ActivePolicy[], next: (change: Change, now: Rollout) => Awaitable<Rollout>) {
    try {
      state = await ports.change(async (change) => {
        const rollout = await next(change, await readRollout(change))
        await writeRollout(change, rollout)
        return stateOf(change, rollout)
      })
    } finally {
      for (const { digest } of policies) loaded.delete(digest)
    }
  }

  async function keep(change: Change, policy: ActivePolicy, image: Uint8Array, isEnforced: boolean): Promise<void> {
    const { digest, name, generation } = policy
    const row = await change.get('policies', { digest })
    const activatedAt = row?.activatedAt ?? (isEnforced ? change.now : null)
    await change.put('policies', [{ digest, name, generation, image, activatedAt }])
  }

  async function enforce(source: PolicySource, actor: string, isFirst: boolean): Promise<PolicyIdentityOf> {
    const { policy, image } = await take(source)
    const { digest, generation } = policy
    await roll([policy], async (change, now) => {
      const refusal = refusalOf(policy, now.enforced)
      if (refusal !== undefined && !isFirst) throw refusal
      if (refusal !== undefined || now.enforced?.digest === digest) {
        // At the start a newer policy that is enforced already stands: nobody brings an old one back by starting again.
        if (refusal !== undefined) ports.warn(`${refusal.message}; the enforced one stands`)
        return now
      }
      await keep(change, policy, image, true)
      await ports.declare(change, policy)
      ports.record(change, { kind: 'policy.load', actor, members: eventOf(policy, { previous: now.enforced?.digest }) })
      const isStaged = now.staged?.digest === digest
      const isShadow = now.shadow === digest
      return {
        enforced: { digest, generation },
        shadow: isShadow ? undefined : now.shadow,
        staged: isStaged ? undefined : now.staged,
      }
    })
    return identityOf(state.current)
  }

  async function shadow(source: PolicySource | undefined, actor: string): Promise<PolicyIdentityOf | undefined> {
    const taken = source === undefined ? undefined : await take(source)
    await roll(taken === undefined ? [] : [taken.policy], async (change, now) => {
      if (taken !== undefined) await keep(change, taken.policy, taken.image, false)
      const members = taken === undefined ? { ended: now.shadow ?? null } : eventOf(taken.policy, {})
      ports.record(change, { kind: 'policy.shadow', actor, members })
      return { ...now, shadow: taken?.policy.digest }
    })
    return taken && identityOf(taken.policy)
  }

  async function stage(
    source: PolicySource | undefined,
    { percent = 0, agents = [] }: StageOptions,
    actor: string,
  ): Promise<PolicyIdentityOf | undefined> {
    if (!(percent >= 0 && percent <= 100)) {
      throw new KavachError('KVCH_E_POLICY_INVALID', 'a stage is for 0 to 100 percent of the agents')
    }
    const taken = source === undefined ? undefined : await take(source)
    await roll(taken === undefined ? [] : [taken.policy], async (change, now) => {
      if (taken === undefined) {
        ports.record(change, { kind: 'policy.stage', actor, members: { ended: now.staged?.digest ?? null } })
        return { ...now, staged: undefined }
      }
      const refusal = refusalOf(taken.policy, now.enforced)
      if (refusal !== undefined) throw refusal
      await keep(change, taken.policy, taken.image, false)
      await ports.declare(change, taken.policy, state.current)
      const staged: Stage = { digest: taken.policy.digest, percent, agents }
      ports.record(change, { kind: 'policy.stage', actor, members: eventOf(taken.policy, { percent, agents }) })
      return { ...now, staged }
    })
    return taken && identityOf(taken.policy)
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
    refresh: (reader) =>
      after(readRollout(reader), (rollout) => {
        if (JSON.stringify(rollout) === JSON.stringify(state.rollout)) return undefined
        return after(stateOf(reader, rollout), (next) => {
          state = next
        })
      }),
    async open(source) {
      if (source !== undefined) await enforce(source, 'host', true)
      else state = await ports.change((change) => after(readRollout(change), (rollout) => stateOf(change, rollout)))
    },
    api: {
      current: async () => identityOf(state.current),
      reload: (source, { actor = 'host' } = {}) => enforce(source, actor, false),
      shadow: (source, { actor = 'host' } = {}) => shadow(source, actor),
      stage: (source, options = {}, { actor = 'host' } = {}) => stage(source, options, actor),
    },
  }
}

function refusalOf(policy: ActivePolicy, enforced: Rollout['enforced']): KavachError | undefined {
  if (enforced === undefined || policy.generation > enforced.generation || policy.digest === enforced.digest)
    return undefined
  const fault = policy.generation < enforced.generation ? 'is older than' : 'has other bytes than'
  return new KavachError(
    'KVCH_E_POLICY_OUTDATED',
    `generation ${policy.generation} ${fault} generation ${enforced.generation}, which is enforced; compile with a higher generation`,
    { details: { generation: policy.generation, enforced: enforced.generation } },
  )
}

function identityOf({ name, generation, digest }: ActivePolicy): PolicyIdentityOf {
  return { name, generation, digest }
}

function eventOf(policy: ActivePolicy, members: PolicyEvent['members']): PolicyEvent['members'] {
  return { policy: { ...identityOf(policy) }, ...members }
}
