/** What a project enforces, for those who look at its store without being a host. */
import type { ActivePolicy } from '../site.ts'
import type { Reader } from '../store.ts'
import type { Row } from '../tables.ts'
import { builtInImage } from './built-in.ts'
import { loadPolicy } from './load.ts'
import { readKept, readRollout } from './rollout.ts'

export interface PolicyStatus {
  /** Absent: no policy was ever given, and what is made at run time may do what it was given. */
  readonly enforced?: KeptPolicy
  /** Decides beside it. */
  readonly shadow?: KeptPolicy
  /** Decides for these agents already. */
  readonly staged?: KeptPolicy & { readonly percent: number; readonly agents: readonly string[] }
}

export interface KeptPolicy {
  readonly name: string
  readonly generation: number
  /** SHA-256, hex. */
  readonly digest: string
  /** When it was first enforced. */
  readonly enforcedSince?: Date
}

/** @throws {KavachError} KVCH_E_POLICY_INVALID when an image is gone */
export async function policyStatus(reader: Pick<Reader, 'get'>): Promise<PolicyStatus> {
  const { enforced, shadow, staged } = await readRollout(reader)
  return {
    ...(enforced && { enforced: keptOf(await readKept(reader, enforced.digest)) }),
    ...(shadow !== undefined && { shadow: keptOf(await readKept(reader, shadow)) }),
    ...(staged && {
      staged: { ...keptOf(await readKept(reader, staged.digest)), percent: staged.percent, agents: staged.agents },
    }),
  }
}

/** The enforced policy, ready to be asked. @throws {KavachError} KVCH_E_POLICY_INVALID when its image is gone or damaged */
export async function enforcedPolicy(reader: Pick<Reader, 'get'>): Promise<ActivePolicy> {
  const { enforced } = await readRollout(reader)
  return loadPolicy(enforced === undefined ? builtInImage() : (await readKept(reader, enforced.digest)).image)
}

function keptOf({ name, generation, digest, activatedAt }: Row<'policies'>): KeptPolicy {
  return { name, generation, digest, ...(activatedAt !== null && { enforcedSince: new Date(activatedAt) }) }
}
