import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

it('reports names that nothing declares, with the nearest one', () => {
  expect(
    findings(`policy p
set office = cidr [10.0.0.0/8]
role reader { allow read on a when ip in ofice }
role writer includes reeder { allow write on a }
service agent bot { roles writter may delegate depth 1 }
delegate bott -> planner { allow read on a }
assert never bott can read on a
assert bot within nobody
test "t" as bot via bota { deny read on a via zzz }
`),
  ).toMatchInlineSnapshot(`
    "
    error KV1008: unknown set \`ofice\`
      a.kavach:3:42 "ofice" no set has this name
      a.kavach:2:5 "office" \`office\` is declared here
      help: did you mean \`office\`?
      fix: replace with \`office\`: a.kavach:3:42 "ofice" -> "office"
    error KV1007: unknown role \`reeder\`
      a.kavach:4:22 "reeder" no role has this name
      a.kavach:3:6 "reader" \`reader\` is declared here
      help: did you mean \`reader\`?
      fix: replace with \`reader\`: a.kavach:4:22 "reeder" -> "reader"
    error KV1007: unknown role \`writter\`
      a.kavach:5:27 "writter" no role has this name
      a.kavach:4:6 "writer" \`writer\` is declared here
      help: did you mean \`writer\`?
      fix: replace with \`writer\`: a.kavach:5:27 "writter" -> "writer"
    error KV1006: unknown agent \`bott\`
      a.kavach:6:10 "bott" no agent has this name
      a.kavach:5:15 "bot" \`bot\` is declared here
      help: did you mean \`bot\`?
      fix: replace with \`bot\`: a.kavach:6:10 "bott" -> "bot"
    error KV1006: unknown agent \`planner\`
      a.kavach:6:18 "planner" no agent has this name
      help: declare it, or correct the name
    error KV1006: unknown agent \`bott\`
      a.kavach:7:14 "bott" no agent has this name
      a.kavach:5:15 "bot" \`bot\` is declared here
      help: did you mean \`bot\`?
      fix: replace with \`bot\`: a.kavach:7:14 "bott" -> "bot"
    error KV1006: unknown agent \`nobody\`
      a.kavach:8:19 "nobody" no agent has this name
      help: declare it, or correct the name
    error KV1006: unknown agent \`bota\`
      a.kavach:9:21 "bota" no agent has this name
      a.kavach:5:15 "bot" \`bot\` is declared here
      help: did you mean \`bot\`?
      fix: replace with \`bot\`: a.kavach:9:21 "bota" -> "bot"
    error KV1006: unknown agent \`zzz\`
      a.kavach:9:47 "zzz" no agent has this name
      help: declare it, or correct the name
    "
  `)
})

it('`runtime` stands for agents in tests and assertions only', () => {
  expect(
    findings(
      `policy p
autonomous agent a { may delegate depth 1 }
boundary runtime {}
delegate a -> runtime { allow read on a }
assert a within runtime
assert never runtime can read on a
test "t" as runtime via a { deny read on a }
`,
      {},
      ['KV1006'],
    ),
  ).toMatchInlineSnapshot(`
    "
    error KV1006: \`runtime\` is no agent that can be named here
      a.kavach:4:15 "runtime" means every agent made at run time
      help: name a declared agent; what these may do is said in \`boundary runtime\`
    error KV1006: \`runtime\` is no agent that can be named here
      a.kavach:5:17 "runtime" means every agent made at run time
      help: name a declared agent; what these may do is said in \`boundary runtime\`
    "
  `)
})
