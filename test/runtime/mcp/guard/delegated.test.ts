import { expect, test } from 'vitest'
import { call, openGuard, post, seen, URL_ONE } from './guarded.ts'

test('RFC 8693: a token that was exchanged acts through its delegation alone, and no more once that is revoked', async () => {
  const { guard, kavach, token } = await openGuard()
  const helper = await kavach.agents.create({ ownerId: 'ann', name: 'helper', type: 'autonomous', permissions: [] })
  const lender = await kavach.agents.create({
    ownerId: 'ann',
    name: 'lender',
    type: 'autonomous',
    permissions: [{ resource: 'mcp:one:{whoami,small}', actions: ['execute'] }],
  })
  const lend = (tool: string) =>
    kavach.delegate({
      fromAgent: lender.id,
      toAgent: helper.id,
      permissions: [{ resource: `mcp:one:${tool}`, actions: ['execute'] }],
    })
  const [first] = [await lend('whoami'), await lend('small')]
  const fetch = guard.protect(URL_ONE, () => Response.json({ jsonrpc: '2.0', id: 1, result: { tools } }), {
    decide: true,
  })
  const tools = [{ name: 'whoami' }, { name: 'small' }]
  const sent = token({ agentId: helper.id, delegation: first?.id })
  const isDenied = async (name: string) =>
    JSON.stringify((await seen(await fetch(post(sent, call(name, { size: 1 }))))).body).includes('isError')
  expect((await seen(await fetch(post(sent, { jsonrpc: '2.0', id: 1, method: 'tools/list' })))).body).toMatchObject({
    result: { tools: [{ name: 'whoami' }] },
  })
  expect([await isDenied('whoami'), await isDenied('small')]).toEqual([false, true])
  await kavach.delegation.revoke(first?.id ?? '')
  expect([await isDenied('whoami'), await isDenied('small')]).toEqual([true, true])
})
