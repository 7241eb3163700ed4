/** Approvals over the memory store, and requests that wait for them. */
import { type ApprovalAsked, type Approvals, createApprovals } from '../../../runtime/approvals/index.ts'
import type { HostOptions } from '../../../runtime/options.ts'
import { createOutbox, type Outbox } from '../../../runtime/outbox/index.ts'
import type { Store } from '../../../runtime/store.ts'
import type { Row } from '../../../runtime/tables.ts'
import { siteOf, type TestHost, type TestSite } from '../site.ts'

export interface Desk {
  readonly site: TestSite
  readonly approvals: Approvals
  readonly outbox: Outbox
  /** Asks for an approval as a decision does; gives its id. */
  readonly ask: (asked?: Partial<ApprovalAsked>) => Promise<string>
  readonly granted: (digest?: string) => Promise<unknown>
}

export const ASKED: ApprovalAsked = {
  digest: 'd1',
  agentId: 'agt_payer',
  owner: 'user-1',
  request: {
    agent: 'agt_payer',
    chain: ['agt_boss', 'agt_payer'],
    action: 'execute',
    resource: 'mcp:payments:refund',
    args: { amount: 12 },
    generation: 3,
  },
  needs: [],
  requestId: 'req_1',
}

export function deskOf(
  approvals: HostOptions['approvals'] = {},
  parts: { readonly store?: Store; readonly host?: TestHost } = {},
): Desk {
  const site = siteOf({ options: { approvals }, ...parts })
  const outbox = createOutbox(site, async () => [new Uint8Array(32)])
  const made = createApprovals(site, outbox)
  return {
    site,
    outbox,
    approvals: made,
    ask: async (asked = {}) => (await site.change((change) => made.request(change, { ...ASKED, ...asked }))).id,
    granted: async (digest = ASKED.digest) => site.read((reader) => made.granted(reader, digest, site.host.now())),
  }
}

/** A row of an agent, for who may decide. */
export function agentRow(id: string, owner: string | null, name = id): Row<'agents'> {
  return {
    id,
    name,
    owner,
    type: 'autonomous',
    origin: 'runtime',
    status: 'active',
    statusReason: null,
    permissions: '[]',
    constraints: null,
    record: null,
    expiresAt: null,
    tokenTtlMs: null,
    metadata: null,
    createdAt: 0,
    updatedAt: 0,
    version: 0,
  }
}

export const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    ({ code }) => code,
  )
