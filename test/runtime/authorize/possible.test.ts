import { describe, expect, test } from 'vitest'
import { hashingOf } from '../../../runtime/hashing.ts'
import { openKavach } from '../../../runtime/index.ts'
import { createMemoryStore } from '../../../storage/index.ts'
import { hostUnder } from '../host/under-policy.ts'
import { hostAt, NOW, sha256 } from '../site.ts'
import { slowly } from '../slow-store.ts'

const POLICY = `
set office = cidr [10.0.0.0/8]

autonomous agent clerk {
  allow read on doc:**
  allow write on doc:note when args.size <= 10
  allow send on mail:** needs approval
  allow pay on bank:out rate 3 per day
  allow freeze on bank:out rate 0 per day
  allow visit on site:** when ip in office
  allow open on vault:** when trust >= 101
  may delegate depth 1
}

forbid write on doc:note when args.kind = "secret"
forbid * on doc:sealed

boundary runtime {
  allow * on ** may delegate depth 5
}
`

const CASES: readonly (readonly [string, string, boolean])[] = [
  ['read', 'doc:note', true],
  ['read', 'doc:sealed', false],
  ['write', 'doc:note', true],
  ['write', 'doc:other', false],
  ['send', 'mail:ann', true],
  ['pay', 'bank:out', true],
  ['freeze', 'bank:out', false],
  ['visit', 'site:a', false],
  ['open', 'vault:a', false],
]
const REQUESTS = CASES.map(([action, resource]) => ({ action, resource }))
const EXPECTED = CASES.map(([, , answer]) => answer)

for (const [what, open] of [
  ['that answers at once', createMemoryStore],
  ['that has to be waited for', () => slowly(createMemoryStore())],
] as const) {
  describe(`with a store ${what}`, () => {
    test('unknown arguments, approvals and limits count for access, and whatever never helps does not', async () => {
      const { kavach } = await hostUnder(POLICY, { store: open() })
      expect(await kavach.possible('clerk', REQUESTS)).toEqual(EXPECTED)
      expect(await kavach.possible('clerk', [{ action: 'visit', resource: 'site:a' }], { ip: '10.1.2.3' })).toEqual([
        true,
      ])
    })

    test('an exhausted limit still counts for access, because it begins anew', async () => {
      const { kavach, ask } = await hostUnder(POLICY, { store: open() })
      for (let call = 0; call < 3; call++) expect(await ask('clerk', 'pay', 'bank:out')).toBe('allowed')
      expect(await ask('clerk', 'pay', 'bank:out')).toBe('rate-limited')
      expect(await kavach.possible('clerk', [{ action: 'pay', resource: 'bank:out' }])).toEqual([true])
    })

    test('nothing is recorded, charged or queued', async () => {
      const { kavach } = await hostUnder(POLICY, { store: open() })
      const rows = async () => (await kavach.audit.query()).length
      const before = await rows()
      await kavach.possible('clerk', REQUESTS)
      expect(await rows()).toBe(before)
      expect((await kavach.approvals.list()).approvals).toEqual([])
    })

    test('what is delegated counts, and through a stated delegation nothing else does', async () => {
      const { kavach, make } = await hostUnder(POLICY, { store: open() })
      const worker = await make({ permissions: [{ resource: 'tool:a', actions: ['run'] }] })
      const { id: first } = await kavach.delegate({
        fromAgent: 'clerk',
        toAgent: worker,
        permissions: [{ resource: 'doc:x', actions: ['read'] }],
      })
      const lender = await make({ permissions: [{ resource: 'tool:b', actions: ['run'] }] })
      const { id: second } = await kavach.delegate({
        fromAgent: lender,
        toAgent: worker,
        permissions: [{ resource: 'tool:b', actions: ['run'] }],
      })
      const asked = [
        { action: 'run', resource: 'tool:a' },
        { action: 'read', resource: 'doc:x' },
        { action: 'read', resource: 'doc:y' },
        { action: 'run', resource: 'tool:b' },
      ]
      expect(await kavach.possible(worker, asked)).toEqual([true, true, false, true])
      expect(await kavach.possible(worker, asked, { delegation: first })).toEqual([false, true, false, false])
      expect(await kavach.possible(worker, asked, { delegation: second })).toEqual([false, false, false, true])
      expect(await kavach.possible(worker, asked, { delegation: 'del_unknown' })).toEqual([false, false, false, false])
      await kavach.delegation.revoke(first)
      expect(await kavach.possible(worker, asked)).toEqual([true, false, false, true])
      await kavach.agents.suspend(lender)
      expect(await kavach.possible(worker, asked)).toEqual([true, false, false, false])
    })

    test('nothing is possible for an agent that is unknown, suspended, expired or revoked', async () => {
      const { kavach, make, host } = await hostUnder(undefined, { store: open() })
      const asked = [{ action: 'read', resource: 'doc:1' }]
      expect(await kavach.possible('agt_unknown', asked)).toEqual([false])
      expect(await kavach.possible('', asked)).toEqual([false])
      const id = await make({ expiresAt: new Date(NOW + 60_000) })
      expect(await kavach.possible(id, asked)).toEqual([true])
      await kavach.agents.suspend(id)
      expect(await kavach.possible(id, asked)).toEqual([false])
      await kavach.agents.unsuspend(id)
      expect(await kavach.possible(id, asked)).toEqual([true])
      host.setNow(NOW + 60_000)
      expect(await kavach.possible(id, asked)).toEqual([false])
      const other = await make()
      await kavach.agents.revoke(other)
      expect(await kavach.possible(other, asked)).toEqual([false])
    })

    test('what it lent to the engine is gone when another process changes the agent', async () => {
      const store = open()
      const host = hostAt(NOW)
      const place = { host, store, hashing: hashingOf(sha256), isProduction: false }
      const [one, two] = [await openKavach({}, place), await openKavach({}, place)]
      const { id } = await one.agents.create({
        ownerId: 'ann',
        name: 'a',
        type: 'autonomous',
        permissions: [{ resource: 'doc:**', actions: ['read', 'write'] }],
      })
      // Another agent is decided about first, so that the process remembers somebody, and forgets one by one.
      const { id: other } = await one.agents.create({ ownerId: 'ann', name: 'b', type: 'autonomous', permissions: [] })
      await one.authorize(other, { action: 'read', resource: 'doc:1' })
      const asked = [{ action: 'write', resource: 'doc:1' }]
      expect(await one.possible(id, asked)).toEqual([true])
      await two.agents.update(id, { permissions: [{ resource: 'doc:**', actions: ['read'] }] })
      expect((await one.authorize(id, { action: 'write', resource: 'doc:1' })).reason).toBe('no-grant')
      expect(await one.possible(id, asked)).toEqual([false])
      expect(await two.possible(id, asked)).toEqual([false])
    })

    test('whatever is allowed was possible', async () => {
      const { kavach, ask } = await hostUnder(POLICY, { store: open() })
      const possible = await kavach.possible('clerk', REQUESTS)
      for (const [i, { action, resource }] of REQUESTS.entries()) {
        const reason = await ask('clerk', action, resource, { args: { size: 1, kind: 'plain' } })
        if (reason === 'allowed' || reason === 'approval-required')
          expect([action, resource, possible[i]]).toEqual([action, resource, true])
      }
    })
  })
}

test('a request that is none is not possible', async () => {
  const { kavach } = await hostUnder(POLICY)
  const odd = [
    { action: '', resource: 'doc:1' },
    { action: 'read', resource: 'doc::1' },
    { action: 'read', resource: 'doc:*' },
    { action: 'read', resource: '' },
  ]
  expect(await kavach.possible('clerk', odd)).toEqual([false, false, false, false])
})
