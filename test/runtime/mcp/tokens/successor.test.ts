import { expect, test } from 'vitest'
import { openSuccessor, sealSuccessor } from '../../../../runtime/mcp/tokens/successor.ts'
import { openPlace } from '../place.ts'

const ANSWER = { access_token: 'kva_a', token_type: 'Bearer', expires_in: 3600, scope: 'x' } as const
const OF = { token: 'kvr_t', clientId: 'app', jkt: undefined }

test('whoever holds the token opens its successor', async () => {
  const place = await openPlace()
  const sealed = await sealSuccessor(place, OF, ANSWER)
  expect(await openSuccessor(place, OF, sealed)).toEqual(ANSWER)
})

test.each([
  ['another token', { ...OF, token: 'kvr_u' }],
  ['another client', { ...OF, clientId: 'other' }],
  ['a key where there was none', { ...OF, jkt: 'k' }],
  ['a client and key that read alike', { ...OF, clientId: 'ap', jkt: 'p' }],
])('%s opens nothing', async (_, of) => {
  const place = await openPlace()
  expect(await openSuccessor(place, of, await sealSuccessor(place, OF, ANSWER))).toBeUndefined()
})

test('what was changed opens nothing', async () => {
  const place = await openPlace()
  const sealed = await sealSuccessor(place, OF, ANSWER)
  for (const at of [0, 11, 12, sealed.length - 1]) {
    const changed = sealed.map((byte, index) => (index === at ? byte ^ 1 : byte))
    expect(await openSuccessor(place, OF, changed)).toBeUndefined()
  }
  for (const bytes of [new Uint8Array(0), sealed.subarray(0, 12), sealed.subarray(0, -1)]) {
    expect(await openSuccessor(place, OF, bytes)).toBeUndefined()
  }
})

test('the secret is needed too, the newest or one before it', async () => {
  const [one, two] = ['a secret that is long enough to be one', 'the other secret that is long enough']
  const before = await openPlace({ hostOptions: { secret: one } })
  const sealed = await sealSuccessor(before, OF, ANSWER)
  const rotated = await openPlace({ hostOptions: { secret: undefined, secrets: [two, one] } })
  expect(await openSuccessor(rotated, OF, sealed)).toEqual(ANSWER)
  const other = await openPlace({ hostOptions: { secret: two } })
  expect(await openSuccessor(other, OF, sealed)).toBeUndefined()
})
