import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

it('assertions and delegations are not proved yet', () => {
  expect(
    findings({
      'a.kavach': `policy p
autonomous agent a { may delegate depth 1 }
delegated agent b {}
delegate a -> b { allow read on a }
`,
      'b.proof.kavach': `assert never a can read on a
assert never b can read on a
`,
    }),
  ).toMatchInlineSnapshot(`
    "
    warning KV9001: not proved: 2 assertions and 1 delegation
      a.kavach:4:1 "delegate" the first of them
      help: this version checks and runs the policy, but proves nothing about it; \`--require-proofs\` refuses it
    "
  `)
})
