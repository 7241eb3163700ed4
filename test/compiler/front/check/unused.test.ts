import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

it('sets and roles are used', () => {
  expect(
    findings({
      'a.kavach': `policy p
set used = cidr [::1]
set idle = cidr [::1]
set matched = regex /a/
role base {}
role top includes base { allow read on a when ip in used and args.x matches matched }
role held {}
`,
      'b.kavach': `service agent x { roles held }
`,
    }),
  ).toMatchInlineSnapshot(`
    "
    warning KV4001: set \`idle\` is never used
      a.kavach:3:5 "idle" no condition names it
      help: use it in a condition, or remove it
    warning KV4002: role \`top\` is never used
      a.kavach:6:6 "top" no agent has it and no role includes it
      help: give it to an agent with \`roles\`, or remove it
    "
  `)
})
