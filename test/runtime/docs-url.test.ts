import { expect, test } from 'vitest'
import { createKavach } from '../../index.ts'
import { explainAt, leadTo } from '../../runtime/docs-url.ts'
import { KavachError } from '../../runtime/errors.ts'

const BASE = 'https://example.com/errors'
const fail = () => {
  throw new KavachError('KVCH_E_AGENT_NOT_FOUND')
}
const part = { get: async () => fail(), list: async () => ['a'] }
const api = {
  agents: part,
  agent: part,
  now: fail,
  guard: () => ({ tool: async () => fail() }),
  async *stream() {
    yield 1
    fail()
  },
  get db() {
    return 'instance'
  },
}

async function urlOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error instanceof KavachError ? error.docs_url : error
  }
  return undefined
}

test('whatever an API throws leads below the base of its host', async () => {
  const explained = explainAt(api, BASE)
  const expected = `${BASE}#KVCH_E_AGENT_NOT_FOUND`
  const drain = async () => {
    for await (const _ of explained.stream());
  }
  const urls = [explained.agents.get, explained.now, explained.guard().tool, drain].map(urlOf)
  expect(await Promise.all(urls)).toEqual([expected, expected, expected, expected])
})

test('what an API gives is as it was', async () => {
  const explained = explainAt(api, BASE)
  expect([await explained.agents.list(), explained.db, explained.agent === explained.agents]).toEqual([
    ['a'],
    'instance',
    true,
  ])
  expect(explainAt(api, undefined)).toBe(api)
})

test('errors of others are left alone', () => {
  const error = new Error('mine')
  expect(leadTo(error, BASE)).toBe(error)
})

test('a host leads to its own pages, opened or not', async () => {
  const database = { provider: 'memory' } as const
  const kavach = createKavach({ database, docsBaseUrl: BASE, warn: () => undefined })
  const tool = { action: 'read', resource: 'x', run: () => 'done' }
  const denied = `${BASE}#KVCH_E_AGENT_NOT_FOUND`
  expect(await urlOf(kavach.guard('agt_nobody', { tool }).tool)).toBe(denied)
  const opened = await kavach
  expect(await urlOf(() => opened.agents.get('agt_nobody'))).toBe(denied)
  expect(await urlOf(() => opened.agents.call('agt_nobody', tool))).toBe(denied)
  expect(await urlOf(opened.guard('agt_nobody', { tool }).tool)).toBe(denied)
  await opened.close()
  expect(await urlOf(() => createKavach({ database, docsBaseUrl: BASE, project: '' }))).toBe(
    `${BASE}#KVCH_E_CONFIG_INVALID`,
  )
})
