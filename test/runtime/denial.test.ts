import { expect, test } from 'vitest'
import { toError } from '../../runtime/denial.ts'

const policy = { name: 'built-in', generation: 0, digest: '' }

test('a denial becomes an error that says the same', () => {
  const { name, code, message, request_id, retryAfter, details, docs_url } = toError({
    allowed: false,
    reason: 'budget-exhausted',
    verdict: 'deny',
    code: 'KVCH_E_RATE_BUDGET_EXCEEDED',
    message: 'The budget is used up.',
    auditId: 'aud_1',
    requestId: 'req_1',
    retryAfter: 60,
    policy,
  })
  expect({ name, code, message, request_id, retryAfter, details, docs_url }).toEqual({
    name: 'KavachError',
    code: 'KVCH_E_RATE_BUDGET_EXCEEDED',
    message: 'The budget is used up.',
    request_id: 'req_1',
    retryAfter: 60,
    details: { auditId: 'aud_1', reason: 'budget-exhausted', verdict: 'deny' },
    docs_url: 'https://docs.kavachos.com/errors#KVCH_E_RATE_BUDGET_EXCEEDED',
  })
})
