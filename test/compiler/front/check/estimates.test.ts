import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

it('what a budget covers has an estimate', () => {
  expect(
    findings(
      `policy p
role r { allow read on a allow write on b estimate 1 USD }
role s { allow list on c }
service agent x { roles r limit budget 1 USD per day allow read on d estimate 1 USD }
service agent y { allow read on mcp:a:* limit rate 1 per day }
service agent z { allow pay on bank estimate 1 USD limit budget 1 USD per day }
service agent w { roles s, r }
boundary runtime { allow * on ** limit budget 1 USD per day }
limit budget 5 USD per day for read on mcp:{a,b}:x
limit budget 5 USD per day for pay on bank:**
`,
      {},
      ['KV4003'],
    ),
  ).toMatchInlineSnapshot(`
    "
    warning KV4003: this budget covers a grant without \`estimate\`
      a.kavach:4:33 "budget 1 USD per day" is charged nothing for a request without \`cost\`
      a.kavach:2:16 "read on a" has no \`estimate\`
      help: add \`estimate N USD\` to the grant, or send \`cost\` with every request
    warning KV4003: this budget covers a grant without \`estimate\`
      a.kavach:8:40 "budget 1 USD per day" is charged nothing for a request without \`cost\`
      a.kavach:8:26 "* on **" has no \`estimate\`
      help: add \`estimate N USD\` to the grant, or send \`cost\` with every request
    warning KV4003: this budget covers 2 grants without \`estimate\`
      a.kavach:9:7 "budget 5 USD per day" is charged nothing for a request without \`cost\`
      a.kavach:5:25 "read on mcp:a:*" has no \`estimate\`
      help: add \`estimate N USD\` to the grant, or send \`cost\` with every request
    warning KV4003: this budget covers a grant without \`estimate\`
      a.kavach:10:7 "budget 5 USD per day" is charged nothing for a request without \`cost\`
      a.kavach:8:26 "* on **" has no \`estimate\`
      help: add \`estimate N USD\` to the grant, or send \`cost\` with every request
    "
  `)
})
