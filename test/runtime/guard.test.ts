import { expect, test } from 'vitest'
import { KavachError } from '../../runtime/errors.ts'
import { createGuard, type GuardPorts } from '../../runtime/guard.ts'
import type { AuthorizeRequest, AuthorizeResult, Completion } from '../../runtime/request.ts'

const policy = { name: 'built-in', generation: 0, digest: '' }
const ALLOWED: AuthorizeResult = {
  allowed: true,
  reason: 'allowed',
  verdict: 'allow',
  auditId: 'aud_7',
  requestId: 'req_1',
  policy,
}

/** A host that gives one answer and keeps what it was asked. */
function hostOf(answer: AuthorizeResult, complete: GuardPorts['complete'] = async () => undefined) {
  const asked: (readonly [how: string, who: string, request: AuthorizeRequest])[] = []
  const completed: (readonly [string, Completion])[] = []
  const warnings: string[] = []
  const guard = createGuard({
    authorize: async (agentId, request) => {
      asked.push(['id', agentId, request])
      return answer
    },
    authorizeByToken: async (token, request) => {
      asked.push(['token', token, request])
      return answer
    },
    complete: async (auditId, completion) => {
      completed.push([auditId, completion])
      return complete(auditId, completion)
    },
    warn: (message) => warnings.push(message),
  })
  return { guard, asked, completed, warnings }
}

test('a tool is authorized with its arguments, run, and completed with what it did cost', async () => {
  const { guard, asked, completed } = hostOf(ALLOWED)
  const tools = guard(
    'agt_1',
    {
      search: {
        action: 'execute',
        resource: ({ engine }: { engine: string; words: string }) => `tool:search:${engine}`,
        cost: ({ words }: { engine: string; words: string }) => words.length / 100,
        costOf: ({ usd }: { hits: number; usd: number }) => usd,
        run: async ({ words }: { engine: string; words: string }) => ({ hits: words.length, usd: 0.02 }),
      },
    },
    { ip: '10.0.0.1' },
  )
  const found = await tools.search({ engine: 'web', words: 'bears' })
  expect(found).toEqual({ hits: 5, usd: 0.02 })
  expect(asked).toEqual([
    [
      'id',
      'agt_1',
      {
        ip: '10.0.0.1',
        action: 'execute',
        resource: 'tool:search:web',
        args: { engine: 'web', words: 'bears' },
        cost: 0.05,
      },
    ],
  ])
  expect(completed).toEqual([['aud_7', { outcome: 'success', costUsd: 0.02 }]])
})

test('an agent that is named by its token is authorized by its token', async () => {
  const { guard, asked } = hostOf(ALLOWED)
  const tools = guard('kv_secret', { list: { action: 'read', resource: 'tool:list', run: async () => [1, 2] } })
  expect(await tools.list()).toEqual([1, 2])
  expect(asked).toEqual([['token', 'kv_secret', { action: 'read', resource: 'tool:list', args: {} }]])
})

test('a denial is an error with the code of the denial, and the tool does not run', async () => {
  const { guard, completed } = hostOf({
    ...ALLOWED,
    allowed: false,
    reason: 'approval-required',
    verdict: 'approval',
    code: 'KVCH_E_APPROVAL_REQUIRED',
    message: 'This needs to be approved first.',
    approvalId: 'apr_3',
    agentId: 'agt_1',
  })
  let ran = 0
  const tools = guard('agt_1', { pay: { action: 'write', resource: 'payments', run: () => ran++ } })
  const error = await tools.pay().catch((caught: unknown) => caught)
  if (!(error instanceof KavachError)) throw error
  const { code, message, request_id, details } = error
  expect({ code, message, request_id, details, ran, completed }).toEqual({
    code: 'KVCH_E_APPROVAL_REQUIRED',
    message: 'This needs to be approved first.',
    request_id: 'req_1',
    details: {
      auditId: 'aud_7',
      reason: 'approval-required',
      verdict: 'approval',
      approvalId: 'apr_3',
      agentId: 'agt_1',
    },
    ran: 0,
    completed: [],
  })
})

test('a limit says when to try again', async () => {
  const { guard } = hostOf({
    ...ALLOWED,
    allowed: false,
    reason: 'rate-limited',
    verdict: 'limited',
    code: 'KVCH_E_RATE_AGENT_EXCEEDED',
    retryAfter: 12,
  })
  const tools = guard('agt_1', { list: { action: 'read', resource: 'tool:list', run: () => 1 } })
  await expect(tools.list()).rejects.toMatchObject({ code: 'KVCH_E_RATE_AGENT_EXCEEDED', retryAfter: 12 })
})

test('a tool that fails is completed as a failure, and its own error comes back', async () => {
  const { guard, completed } = hostOf(ALLOWED)
  const broken = new Error('no route to host')
  const tools = guard('agt_1', {
    fetch: { action: 'read', resource: 'tool:fetch', costOf: () => 1, run: () => Promise.reject(broken) },
  })
  await expect(tools.fetch()).rejects.toBe(broken)
  expect(completed).toEqual([['aud_7', { outcome: 'failure' }]])
})

test('what a tool gave is kept when its end cannot be recorded', async () => {
  const { guard, warnings } = hostOf(ALLOWED, () => Promise.reject(new KavachError('KVCH_E_STORE_TIMEOUT')))
  const tools = guard('agt_1', { list: { action: 'read', resource: 'tool:list', run: () => 'done' } })
  expect(await tools.list()).toBe('done')
  expect(warnings).toEqual(['the end of the call aud_7 was not recorded: the database did not answer in time'])
})

test('arguments that change while the decision is under way do not reach the tool', async () => {
  const { guard, asked } = hostOf(ALLOWED)
  const tools = guard('agt_1', {
    remove: { action: 'delete', resource: 'files', run: ({ path }: { path: string }) => path },
  })
  const args = { path: '/tmp/a' }
  const removed = tools.remove(args)
  args.path = '/etc/passwd'
  expect([await removed, asked[0]?.[2].args]).toEqual(['/tmp/a', { path: '/tmp/a' }])
})

test('a tool whose resource cannot be told is neither authorized nor run', async () => {
  const { guard, asked } = hostOf(ALLOWED)
  let ran = 0
  const tools = guard('agt_1', {
    open: {
      action: 'read',
      resource: ({ path }: { path: string }) => path.trim(),
      run: (_: { path: string }) => ran++,
    },
  })
  // What a model sends is not what the types say.
  const args: { path: string } = JSON.parse('{}')
  await expect(tools.open(args)).rejects.toThrow(TypeError)
  expect([asked, ran]).toEqual([[], 0])
})
