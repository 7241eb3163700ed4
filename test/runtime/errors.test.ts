import { expect, test } from 'vitest'
import { ERROR_CODES, KavachError } from '../../runtime/errors.ts'

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

test('an error is written as a caller may see it, without stack and cause', () => {
  const error = new KavachError('KVCH_E_RATE_AGENT_EXCEEDED', undefined, {
    requestId: 'req_1',
    retryAfter: 5,
    details: { path: 'a' },
    cause: new Error('secret'),
  })
  const { timestamp, ...written } = JSON.parse(JSON.stringify(error))
  expect(timestamp).toMatch(RFC_3339)
  expect(written).toEqual({
    code: 'KVCH_E_RATE_AGENT_EXCEEDED',
    message: 'the agent has made as many calls as it may make',
    docs_url: 'https://docs.kavachos.com/errors#KVCH_E_RATE_AGENT_EXCEEDED',
    request_id: 'req_1',
    retryAfter: 5,
    details: { path: 'a' },
  })
})

test('what an error does not know is left out', () => {
  const error = new KavachError('KVCH_E_AGENT_NOT_FOUND', 'no agent `a`')
  expect(Object.keys(error.toJSON())).toEqual(['code', 'message', 'docs_url', 'timestamp'])
})

test('an error has the status of its code', () => {
  expect([new KavachError('KVCH_E_STORE_FULL').status, new KavachError('KVCH_E_AGENT_NOT_FOUND').status]).toEqual([
    507, 404,
  ])
})

test('every status is one of an error, and every message begins small and has no final stop', () => {
  const wrong = Object.entries(ERROR_CODES).filter(
    ([, { status, message }]) => status < 400 || status > 599 || !/^(?:[a-z]|MCP).*[^.]$/.test(message),
  )
  expect(wrong).toEqual([])
})
