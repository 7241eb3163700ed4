/** A log with rows of several kinds, and the parts of the host that read it. */

import { generateKeyPairSync } from 'node:crypto'
import { createAudit, createCheckpointer, createDecisionEntry, entryOf } from '../../../runtime/audit/index.ts'
import { hashingOf } from '../../../runtime/hashing.ts'
import type { CheckpointSink } from '../../../runtime/options.ts'
import type { Entry } from '../../../runtime/site.ts'
import type { Store } from '../../../runtime/store.ts'
import { hostAt, NOW, sha256, siteOf, type TestHost } from '../site.ts'

export const KEY = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

const decisionEntry = createDecisionEntry({ hex: hashingOf(sha256).hex, allowedArgs: new Set(['to']) })

/** Row `i`: agents, owners and results take turns. */
export function entryAt(i: number): Entry {
  const agent = `agt_${i % 3}`
  if (i % 10 === 0) {
    return entryOf({
      kind: 'agent.create',
      agent,
      actor: 'host',
      personal: { owner: 'ann' },
      members: { type: 'service' },
    })
  }
  const isAllowed = i % 4 !== 1
  return decisionEntry({
    requestId: `req_${i}`,
    agent,
    by: 'id',
    owner: i % 2 === 0 ? 'ann' : 'bob',
    action: i % 5 === 0 ? 'write' : 'read',
    resource: `mcp:docs:${i}`,
    via: i % 7 === 0 ? ['root'] : [],
    args: { to: 'ann', body: `${i}` },
    ip: '10.0.0.1',
    isAllowed,
    verdict: isAllowed ? 'allow' : 'deny',
    reason: isAllowed ? 'allowed' : 'no-grant',
    code: isAllowed ? undefined : 'KVCH_E_AGENT_PERMISSION_DENIED',
    policy: { name: 'acme', generation: 1, digest: '00'.repeat(32) },
    grant: isAllowed ? 1 : undefined,
    reservations: [],
    durationUs: 100 + i,
  })
}

export function keepingSink(): CheckpointSink & { readonly notes: string[] } {
  const notes: string[] = []
  return {
    name: 'kept',
    notes,
    async write({ note }) {
      notes.push(note)
    },
  }
}

interface LogParts {
  readonly store?: Store
  readonly host?: TestHost
  readonly key?: string | undefined
  readonly sinks?: readonly CheckpointSink[]
  /** Rows that the store has already. */
  readonly from?: number
}

/** An empty log; `fill` adds rows, a second apart each time. */
export function logOf({ store, host = hostAt(NOW), sinks = [], from = 0, ...rest }: LogParts = {}) {
  const key = 'key' in rest ? rest.key : KEY
  const site = siteOf({
    ...(store !== undefined && { store }),
    host,
    options: { audit: { checkpoints: { origin: 'example.com/log', key, sinks } } },
  })
  const checkpointer = createCheckpointer(site)
  const audit = createAudit(site)
  let count = from
  async function fill(rows: number, perChange = 64): Promise<void> {
    for (const end = count + rows; count < end; ) {
      const batch = Math.min(perChange, end - count)
      await site.change((change) => {
        for (let i = 0; i < batch; i++) change.record(entryAt(count + i))
      })
      count += batch
      await host.advance(1000)
    }
  }
  return { site, host, checkpointer, audit, fill }
}
