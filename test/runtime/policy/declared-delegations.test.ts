import { expect, test } from 'vitest'
import { declareDelegations } from '../../../runtime/policy/declared-delegations.ts'
import { loadPolicy } from '../../../runtime/policy/load.ts'
import type { Row } from '../../../runtime/tables.ts'
import { policyImage } from '../../fixtures/policy-image.ts'
import { NOW, siteOf, type TestSite } from '../site.ts'

const AGENTS = `
autonomous agent planner { allow read on ** may delegate depth 5 }
delegated agent worker { }
delegated agent helper { }
`

function policyOf(text: string) {
  return loadPolicy(policyImage(`${AGENTS}${text}`))
}

async function declare(site: TestSite, ...texts: readonly string[]): Promise<readonly Partial<Row<'delegations'>>[]> {
  await site.change((change) => declareDelegations(change, texts.map(policyOf)))
  const rows = await site.read((reader) => reader.find('delegations', 'key'))
  return rows.map(({ id, depth, expiresAt, createdAt, revokedAt }) => ({ id, depth, expiresAt, createdAt, revokedAt }))
}

const WORKER = 'dlg_policy:planner:worker'
const LENT = 'delegate planner -> worker { allow read on a depth 1 }'

test('what a policy declares is a row, open since it was first declared', async () => {
  const site = siteOf()
  const row = { id: WORKER, depth: 1, expiresAt: null, createdAt: NOW, revokedAt: null }
  expect(await declare(site, LENT)).toEqual([row])
  site.host.setNow(NOW + 1000)
  expect(await declare(site, LENT)).toEqual([row])
  expect(await declare(site, `${LENT} forbid write on a`)).toEqual([row])
})

test('what is no longer declared is revoked, and when it comes back it is open since then', async () => {
  const site = siteOf()
  await declare(site, LENT)
  site.host.setNow(NOW + 1000)
  const gone = { id: WORKER, depth: 1, expiresAt: null, createdAt: NOW, revokedAt: NOW + 1000 }
  expect(await declare(site, '')).toEqual([gone])
  site.host.setNow(NOW + 2000)
  expect(await declare(site, '')).toEqual([gone])
  expect(await declare(site, LENT)).toEqual([{ ...gone, createdAt: NOW + 2000, revokedAt: null }])
})

test('several for one pair are one hop, as deep and as long as the widest of them; so are those of two policies', async () => {
  const site = siteOf()
  const soon = 'delegate planner -> worker { allow read on a expires at 2026-05-01T00:00:00Z depth 2 }'
  const late = 'delegate planner -> worker { allow read on b expires at 2026-06-01T00:00:00Z }'
  const june = Date.UTC(2026, 5, 1)
  expect(await declare(site, `${soon}\n${late}`)).toMatchObject([{ id: WORKER, depth: 2, expiresAt: june }])
  expect(await declare(site, soon, late)).toMatchObject([{ id: WORKER, depth: 2, expiresAt: june }])
  expect(await declare(site, soon, LENT)).toMatchObject([{ id: WORKER, depth: 2, expiresAt: null }])
  expect(await declare(site, late)).toMatchObject([{ id: WORKER, depth: 0, expiresAt: june, createdAt: NOW }])
})

test('the receivers of what changed are read anew by every process, and nobody else', async () => {
  const site = siteOf()
  await site.change(async (change) => {
    const version = change.epoch()
    await change.put(
      'agents',
      ['planner', 'worker', 'helper'].map((id) => agentRow(id, version)),
    )
  })
  const versions = async () =>
    Object.fromEntries(
      (await site.read((reader) => reader.find('agents', 'key'))).map(({ id, version }) => [id, version]),
    )
  await declare(site, LENT)
  expect(await versions()).toEqual({ planner: 1, worker: 2, helper: 1 })
  await declare(site, `${LENT} delegate planner -> helper { allow read on a }`)
  expect(await versions()).toEqual({ planner: 1, worker: 2, helper: 3 })
  await declare(site, 'delegate planner -> helper { allow read on a }')
  expect(await versions()).toEqual({ planner: 1, worker: 4, helper: 3 })
})

function agentRow(id: string, version: number): Row<'agents'> {
  return {
    id,
    name: id,
    owner: null,
    type: 'autonomous',
    origin: 'policy',
    status: 'active',
    statusReason: null,
    permissions: '[]',
    constraints: null,
    record: null,
    expiresAt: null,
    tokenTtlMs: null,
    metadata: null,
    createdAt: NOW,
    updatedAt: NOW,
    version,
  }
}
