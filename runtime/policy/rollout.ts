/** Which policies a project runs: the one that is enforced, one in its shadow, and one that some agents get already. */

import { after } from '../awaitable.ts'
import { KavachError } from '../errors.ts'
import { fnv1a } from '../fnv.ts'
import type { Change } from '../site.ts'
import type { Awaitable, Reader } from '../store.ts'
import type { Row } from '../tables.ts'

/** As it is kept in the store, for all processes. Policies are named by digest; their images are in table `policies`. */
export interface Rollout {
  /** The epoch at which it was written: of two rollouts the one with the higher version came later. 0: none was written. */
  readonly version: number
  readonly enforced: { readonly digest: string; readonly generation: number } | undefined
  /** Decides beside the enforced one; where they differ it is recorded. */
  readonly shadow: string | undefined
  readonly staged: Stage | undefined
}

export interface Stage {
  readonly digest: string
  readonly generation: number
  /** Of all agents, chosen by their ids: an agent that is in at 10 is in at 20. */
  readonly percent: number
  readonly agents: readonly string[]
}

export const NO_ROLLOUT: Rollout = { version: 0, enforced: undefined, shadow: undefined, staged: undefined }

const SETTING = 'policy.rollout'

export function readRollout(reader: Pick<Reader, 'get'>): Awaitable<Rollout> {
  return after(reader.get('settings', { name: SETTING }), (row) => {
    // Nobody else writes this setting.
    return row === undefined ? NO_ROLLOUT : { ...NO_ROLLOUT, ...(JSON.parse(row.value) as Partial<Rollout>) }
  })
}

/** Every process reads it before its next decision. */
export function writeRollout(change: Change, rollout: Omit<Rollout, 'version'>): Awaitable<Rollout> {
  const written = { ...rollout, version: change.epoch() }
  return after(change.put('settings', [{ name: SETTING, value: JSON.stringify(written) }]), () => written)
}

/** A policy that is kept, by the digest that rollouts and rows of the log name. @throws {KavachError} KVCH_E_POLICY_INVALID when it is gone */
export function readKept(reader: Pick<Reader, 'get'>, digest: string): Awaitable<Row<'policies'>> {
  return after(reader.get('policies', { digest }), (row) => {
    if (row === undefined) throw new KavachError('KVCH_E_POLICY_INVALID', `the image of policy ${digest} is gone`)
    return row
  })
}

/** True when the stage is for this agent. */
export function isStagedFor({ percent, agents, digest }: Stage, agentId: string): boolean {
  return agents.includes(agentId) || hundredth(`${digest}\0${agentId}`) < percent
}

/** 0 .. 99, evenly over names. */
function hundredth(name: string): number {
  let hash = fnv1a(name)
  // Its low bits alone are not even; a last mix spreads them.
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  return (hash >>> 0) % 100
}
