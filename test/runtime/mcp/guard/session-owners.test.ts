import { expect, test } from 'vitest'
import { createSessionOwners } from '../../../../runtime/mcp/guard/session-owners.ts'
import { PRINCIPAL } from './guarded.ts'

test('a session belongs to the first who claims it, and to all tokens of that user and client', () => {
  const owners = createSessionOwners()
  owners.claim('s', PRINCIPAL)
  owners.claim('s', { ...PRINCIPAL, userId: 'bob' })
  const refreshed = { ...PRINCIPAL, grantId: 'another', scopes: [] }
  const others = [{ userId: 'bob' }, { clientId: 'c' }, { agentId: 'a' }, { delegation: 'd' }]
  expect(owners.isOthers('s', refreshed)).toBe(false)
  expect(others.map((other) => owners.isOthers('s', { ...PRINCIPAL, ...other }))).toEqual([true, true, true, true])
  expect(owners.isOthers('unknown', PRINCIPAL)).toBe(false)
})

test('of many sessions the oldest are forgotten', () => {
  const owners = createSessionOwners()
  for (let i = 0; i <= 10_000; i++) owners.claim(`s-${i}`, PRINCIPAL)
  const bob = { ...PRINCIPAL, userId: 'bob' }
  expect([owners.isOthers('s-0', bob), owners.isOthers('s-1', bob), owners.isOthers('s-10000', bob)]).toEqual([
    false,
    true,
    true,
  ])
})
