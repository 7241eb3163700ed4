import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

const POLICY = `policy p
service agent old { expires at 2026-01-01T00:00:00Z }
service agent new { may delegate depth 1 expires at 2026-01-01T00:00:00.001Z }
delegate new -> old { expires at 2025-12-31T23:59:59Z }
delegate new -> old { expires in 1m }
`

it('reports agents and delegations whose time is over', () => {
  expect(findings(POLICY, { now: Date.UTC(2026, 0, 1) }, ['KV1032'])).toMatchInlineSnapshot(`
    "
    warning KV1032: the agent \`old\` has expired
      a.kavach:2:32 "2026-01-01T00:00:00Z" is in the past
      help: give it a later time, or remove it
    warning KV1032: the delegation \`new -> old\` has expired
      a.kavach:4:34 "2025-12-31T23:59:59Z" is in the past
      help: give it a later time, or remove it
    "
  `)
})

it('says nothing without a clock', () => {
  expect(findings(POLICY, {}, ['KV1032'])).toBe('\n\n')
})
