import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

it('a delegated agent has nothing of its own', () => {
  expect(
    findings(
      `policy p
role r { allow read on a }
delegated agent d { owner "o" allow read on a roles r limit rate 1 per day may delegate depth 1 }
autonomous agent a { may delegate depth 1 }
delegate a -> d { allow read on a }
`,
      {},
      ['KV1018'],
    ),
  ).toMatchInlineSnapshot(`
    "
    error KV1018: the delegated agent \`d\` has a grant of its own
      a.kavach:3:31 "allow read on a" may stand in a \`delegate\` to it
      a.kavach:3:17 "d" declared \`delegated\` here
      help: declare the agent \`autonomous\` or \`service\`, or move this to a \`delegate\`
    error KV1018: the delegated agent \`d\` has roles of its own
      a.kavach:3:47 "roles r" may stand in a \`delegate\` to it
      a.kavach:3:17 "d" declared \`delegated\` here
      help: declare the agent \`autonomous\` or \`service\`, or move this to a \`delegate\`
    "
  `)
})

it('somebody delegates to a delegated agent', () => {
  expect(
    findings(`policy p
delegated agent d {}
`),
  ).toMatchInlineSnapshot(`
    "
    warning KV4007: nobody delegates to the delegated agent \`d\`
      a.kavach:2:17 "d" it can do nothing until somebody delegates to it at run time
      help: write \`delegate SOMEBODY -> d { ... }\`, or remove the agent
    "
  `)
})
