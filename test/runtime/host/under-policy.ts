/** A host over the memory store, with a clock that is set, under a policy that is compiled from text. */

import { hashingOf } from '../../../runtime/hashing.ts'
import { type AuthorizeRequest, type AuthorizeResult, type Kavach, openKavach } from '../../../runtime/index.ts'
import type { HostOptions } from '../../../runtime/options.ts'
import type { Store } from '../../../runtime/store.ts'
import { createMemoryStore } from '../../../storage/index.ts'
import { policyImage } from '../../fixtures/policy-image.ts'
import { hostAt, NOW, sha256, type TestHost } from '../site.ts'

export interface HostUnderPolicy {
  readonly kavach: Kavach
  readonly host: TestHost
  readonly store: Store
  readonly warnings: readonly string[]
  /** `agent`: the id of an agent, or the name of one of the policy. Gives the reason. */
  readonly ask: (agent: string, action: string, resource: string, more?: Partial<AuthorizeRequest>) => Promise<string>
  readonly authorize: (
    agent: string,
    action: string,
    resource: string,
    more?: Partial<AuthorizeRequest>,
  ) => Promise<AuthorizeResult>
  /** Makes an agent at run time that asks for everything unless it is said otherwise. */
  readonly make: (agent?: object) => Promise<string>
  /** Enforces text as the next generation. */
  readonly enforce: (text: string) => Promise<void>
}

interface Parts {
  readonly store?: Store
  readonly host?: TestHost
  readonly options?: HostOptions
  readonly generation?: number
}

export async function hostUnder(
  text: string | undefined,
  { store = createMemoryStore(), host = hostAt(NOW), options = {}, generation = 1 }: Parts = {},
): Promise<HostUnderPolicy> {
  const warnings: string[] = []
  const policy = text === undefined ? undefined : policyImage(text, { generation })
  const kavach = await openKavach(
    { warn: (message) => void warnings.push(message), ...options, policy },
    { host, store, hashing: hashingOf(sha256), isProduction: false },
  )
  let made = 0
  const authorize: HostUnderPolicy['authorize'] = (agent, action, resource, more = {}) =>
    kavach.authorize(agent, { action, resource, ...more })
  return {
    kavach,
    host,
    store,
    warnings,
    authorize,
    ask: async (...call) => (await authorize(...call)).reason,
    async make(agent = {}) {
      const { id } = await kavach.agents.create({
        ownerId: 'ann',
        name: `made-${made++}`,
        type: 'autonomous',
        permissions: [{ resource: '**', actions: ['*'] }],
        ...agent,
      })
      return id
    },
    async enforce(next) {
      const current = await kavach.policy.current()
      await kavach.policy.reload(policyImage(next, { generation: current.generation + 1 }))
    },
  }
}
