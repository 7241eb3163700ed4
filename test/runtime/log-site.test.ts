import { expect, test } from 'vitest'
import { entryOf } from '../../runtime/audit/index.ts'
import { createLogSite } from '../../runtime/log-site.ts'
import { createMemoryStore } from '../../storage/index.ts'
import { hostAt, NOW, sha256 } from './site.ts'

test('a site without a policy reads and writes the log of its project, and decides nothing', async () => {
  const store = createMemoryStore()
  const site = createLogSite({ store, host: hostAt(NOW), sha256, options: { project: 'shop' } })
  await site.change((change) => {
    change.record(entryOf({ kind: 'prune', actor: 'host' }))
  })
  const sizes = await Promise.all(
    ['shop', 'default'].map((project) => store.read(project, (reader) => reader.get('heads', {}))),
  )
  expect(sizes.map((head) => head?.size)).toEqual([1, undefined])
  expect(() => site.policy()).toThrow(expect.objectContaining({ code: 'KVCH_E_POLICY_INVALID' }))
})
