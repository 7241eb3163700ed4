import { expect, it } from 'vitest'
import { analyzed } from '../findings.ts'

const POLICY = `policy p
service agent bot {
  allow read on a when trust >= 5 and trust >= 4
  allow read on a:**
  allow read on a:b needs approval
  allow read on a:c
  allow read on m:x
}
forbid * on m:**
`

it('all lints look at a policy, and are told apart by their codes', () => {
  expect(analyzed(POLICY).diagnostics.map(({ code, span }) => [code, POLICY.slice(span.start, span.end)])).toEqual([
    ['KV4305', 'trust >= 4'],
    ['KV4302', 'needs approval'],
    ['KV4301', 'read on a:c'],
    ['KV4303', 'read on m:x'],
  ])
})

it('a question that takes too much work leaves its finding out', () => {
  expect(analyzed(POLICY, { steps: 0 }).diagnostics).toEqual([])
})
