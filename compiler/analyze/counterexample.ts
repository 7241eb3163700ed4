/** A concrete request that shows something, and the engine's own word for it: nothing is printed that was not replayed. */
import type { Decision, LiveEngine } from '../../engine-wasm/host/index.ts'
import {
  type Box,
  findWitness,
  type Universe,
  type Witness,
  type WitnessHints,
  type WitnessPrincipal,
} from '../algebra/index.ts'
import type { PolicyModel } from '../model/index.ts'
import type { Chain } from './chain.ts'
import { decideWith, engineWith, lastingImage } from './engine-of.ts'

/** A request as `kavach eval` reads it, what must have been made at run time for it, and the engine's decision. */
export interface Counterexample {
  readonly request: WitnessRequest
  /** JSON of `--state`; absent when the policy declares everybody in the chain. */
  readonly state?: WitnessState
  readonly decision: Decision
}

/** Members in the order in which people read them. */
export interface WitnessRequest extends Omit<Witness, 'acting' | 'root' | 'now'> {
  readonly agent: string
  readonly via?: readonly string[]
  /** Milliseconds since 1970; RFC 3339 before. */
  readonly now?: number | string
  /** When the hops were opened. */
  readonly since?: number | string
}

export interface WitnessState {
  readonly agents: readonly {
    readonly name: string
    readonly type: 'autonomous' | 'delegated' | 'service'
    readonly owner?: string
    readonly permissions: typeof EVERYTHING
    readonly mayDelegate: number
  }[]
  readonly delegations: readonly {
    readonly from: string
    readonly to: string
    readonly permissions: typeof EVERYTHING
    readonly depth: number
  }[]
}

const EVERYTHING = [{ resource: '**', actions: ['*'] }] as const
const MAX_HOPS = 5

/** Decides requests of one policy. The engine starts with the first question. */
export interface Replayer {
  /** The decision with fresh meters. */
  readonly decide: (request: WitnessRequest, state: WitnessState | undefined) => Decision
}

export function createReplayer(model: PolicyModel): Replayer {
  let engine: LiveEngine | undefined
  let image: Uint8Array | undefined
  return {
    decide: (request, state) => {
      image ??= lastingImage(model)
      // What is made at run time belongs to one counterexample.
      if (state !== undefined) return decideWith(engineWith(image, state), request)
      engine ??= engineWith(image, {})
      return decideWith(engine, request)
    },
  }
}

/** The request of a box, made by a chain; `undefined` when none was found. */
export function toRequest(
  chain: Chain,
  box: Box,
  universe: Universe,
  hints: WitnessHints,
): { readonly request: WitnessRequest; readonly state: WitnessState | undefined } | undefined {
  const witness = findWitness(box, universe, hints)
  if (witness === undefined) return undefined
  const { acting, root, ...facts } = witness
  const names = chain.principals.map(({ name }) => name)
  const agent = names.at(-1)
  if (agent === undefined) return undefined
  const via = names.slice(0, -1)
  const { action, resource, ...others } = facts
  const now = facts.now !== undefined && facts.now < 0 ? new Date(facts.now).toISOString() : facts.now
  const request = {
    agent,
    ...(via.length > 0 && { via }),
    action,
    resource,
    ...others,
    ...(now !== undefined && { now, ...(via.length > 0 && { since: now }) }),
  }
  return { request, state: toState(chain, { acting, root }) }
}

function toState(
  chain: Chain,
  { acting, root }: { readonly acting: WitnessPrincipal | undefined; readonly root: WitnessPrincipal | undefined },
): WitnessState | undefined {
  const made = chain.principals.filter(({ isRuntime }) => isRuntime)
  const agents = made.map(({ name, subject }) => {
    const facts = subject.kind === 'any' && subject.place === 'root' ? root : acting
    const type = facts?.type ?? 'autonomous'
    return {
      name,
      type,
      ...(facts?.owner !== undefined && { owner: facts.owner }),
      permissions: EVERYTHING,
      mayDelegate: MAX_HOPS,
    }
  })
  const delegations = chain.runtimeHops.flatMap((isRuntime, hop) => {
    const from = chain.principals[hop]?.name
    const to = chain.principals[hop + 1]?.name
    if (!isRuntime || from === undefined || to === undefined) return []
    return [{ from, to, permissions: EVERYTHING, depth: MAX_HOPS }]
  })
  return agents.length === 0 && delegations.length === 0 ? undefined : { agents, delegations }
}
