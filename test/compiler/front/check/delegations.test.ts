import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

it('nobody delegates to himself', () => {
  expect(
    findings(
      `policy p
autonomous agent a { may delegate depth 1 }
delegate a -> a { allow read on a }
`,
      {},
      ['KV1019'],
    ),
  ).toMatchInlineSnapshot(`
    "
    error KV1019: \`a\` delegates to itself
      a.kavach:3:15 "a" the delegator
      help: name another agent after \`->\`
    "
  `)
})

it('who delegates may delegate, or received a delegation with depth left', () => {
  expect(
    findings(
      `policy p
autonomous agent a {}
autonomous agent b { may delegate depth 0 }
autonomous agent c { may delegate depth 2 }
autonomous agent d {}
autonomous agent e {}
delegate a -> b { allow read on a }
delegate b -> c { allow read on a }
delegate c -> d { allow read on a depth 1 }
delegate c -> e { allow read on a }
delegate d -> e { allow read on a }
delegate e -> a { allow read on a }
`,
      {},
      ['KV4005'],
    ),
  ).toMatchInlineSnapshot(`
    "
    warning KV4005: \`a\` may not delegate, so this delegation grants nothing
      a.kavach:7:10 "a" has no \`may delegate\`, and nothing it received has depth left
      help: add \`may delegate depth 1\` to \`a\`, or remove the delegation
    warning KV4005: \`b\` may not delegate, so this delegation grants nothing
      a.kavach:8:10 "b" says \`may delegate depth 0\`
      help: add \`may delegate depth 1\` to \`b\`, or remove the delegation
    warning KV4005: \`e\` may not delegate, so this delegation grants nothing
      a.kavach:12:10 "e" has no \`may delegate\`, and nothing it received has depth left
      help: add \`may delegate depth 1\` to \`e\`, or remove the delegation
    "
  `)
})
