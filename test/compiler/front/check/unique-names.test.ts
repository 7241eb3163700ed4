import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

it('names are unique for each kind, over all files', () => {
  expect(
    findings(
      {
        'a.kavach': `policy p
set x = cidr [::1]
role x {}
catalog x from "c.json"
service agent x {}
boundary runtime {}
`,
        'b.kavach': `set x = regex /a/
role x {}
catalog x from "c.json"
autonomous agent x {}
boundary runtime {}
`,
      },
      {},
      ['KV1005', 'KV1011'],
    ),
  ).toMatchInlineSnapshot(`
    "
    error KV1005: set \`x\` is declared twice
      b.kavach:1:5 "x" declared again here
      a.kavach:2:5 "x" first declared here
      help: rename one of the two, or join them
    error KV1005: role \`x\` is declared twice
      b.kavach:2:6 "x" declared again here
      a.kavach:3:6 "x" first declared here
      help: rename one of the two, or join them
    error KV1005: catalog \`x\` is declared twice
      b.kavach:3:9 "x" declared again here
      a.kavach:4:9 "x" first declared here
      help: rename one of the two, or join them
    error KV1005: agent \`x\` is declared twice
      b.kavach:4:18 "x" declared again here
      a.kavach:5:15 "x" first declared here
      help: rename one of the two, or join them
    error KV1011: the boundary is declared twice
      b.kavach:5:1 "boundary" declared again here
      a.kavach:6:1 "boundary" first declared here
      help: keep one \`boundary runtime\` with all grants and limits
    "
  `)
})

it('no agent is called `runtime`', () => {
  expect(
    findings(
      `policy p
service agent runtime {}
role runtime {}
set runtime = cidr [::1]
`,
      {},
      ['KV1005', 'KV1010'],
    ),
  ).toMatchInlineSnapshot(`
    "
    error KV1010: \`runtime\` cannot be the name of an agent
      a.kavach:2:15 "runtime" means every agent made at run time
      help: choose another name
    "
  `)
})
