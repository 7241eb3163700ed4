/** Agents and delegations made at run time, as the small images that the engine takes into its overlay. */
import { KIND_AGENT, KIND_DELEGATIONS } from '../../engine-wasm/format/layout.ts'
import type { AgentModel, DelegationModel, State } from '../model/index.ts'
import { createImageWriter } from './image.ts'

/** The record of an agent; its roles must already be spelled out as grants. */
export function emitAgentRecord(agent: AgentModel): Uint8Array {
  const writer = createImageWriter(agent.grants)
  writer.agent({ ...agent, roles: [] }, [])
  return writer.finish({ kind: KIND_AGENT, name: agent.name, generation: 0n })
}

/**
 * The record of all delegations of one pair. Grant ids ascend over the list: the order in which they were added breaks
 * ties.
 *
 * @throws {RangeError} when the list is empty or holds more than one pair
 */
export function emitDelegationsRecord(delegations: readonly DelegationModel[]): Uint8Array {
  const [first] = delegations
  if (first === undefined || delegations.some(({ from, to }) => from !== first.from || to !== first.to)) {
    throw new RangeError('a record holds the delegations of one pair of agents')
  }
  const writer = createImageWriter(delegations.flatMap(({ grants }) => grants))
  const from = writer.pools.string(first.from)
  const to = writer.pools.string(first.to)
  for (const delegation of delegations) writer.delegation(delegation, from, to)
  return writer.finish({ kind: KIND_DELEGATIONS, name: first.from, generation: 0n })
}

/** The records of everything made at run time: one for each agent, then one for each pair that delegations join. */
export function emitState(state: State): readonly Uint8Array[] {
  const pairs = new Map<string, DelegationModel[]>()
  for (const delegation of state.delegations) {
    // Names hold no control characters, so the pair is told apart.
    const pair = `${delegation.from}\0${delegation.to}`
    const known = pairs.get(pair)
    if (known === undefined) pairs.set(pair, [delegation])
    else known.push(delegation)
  }
  return [...state.agents.map(emitAgentRecord), ...[...pairs.values()].map(emitDelegationsRecord)]
}
