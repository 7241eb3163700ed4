import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

it('files of tests and proofs hold nothing else', () => {
  expect(
    findings(
      {
        'a.kavach': `policy p
service agent x {}
`,
        'b.test.kavach': `policy p
catalog c from "c.json"
set s = hours daily 09:00-10:00
role r { allow read on a }
autonomous agent y { roles r }
delegate x -> y { allow read on a }
boundary runtime { allow read on a }
forbid read on a when time in s
require approval for read on a
limit rate 1 per day for read on a
assert never y can read on a
test "t" as y { deny read on b }
`,
        'c.proof.kavach': `role q {}
assert never x can read on a
`,
      },
      {},
      ['KV1013'],
    ),
  ).toMatchInlineSnapshot(`
    "
    error KV1013: \`policy\` may not stand in a file of tests or proofs
      b.test.kavach:1:1 "policy" only \`test\` and \`assert\` may stand here
      help: move it to a file whose name ends in \`.kavach\` alone
    error KV1013: \`catalog\` may not stand in a file of tests or proofs
      b.test.kavach:2:1 "catalog" only \`test\` and \`assert\` may stand here
      help: move it to a file whose name ends in \`.kavach\` alone
    error KV1013: \`set\` may not stand in a file of tests or proofs
      b.test.kavach:3:1 "set" only \`test\` and \`assert\` may stand here
      help: move it to a file whose name ends in \`.kavach\` alone
    error KV1013: \`role\` may not stand in a file of tests or proofs
      b.test.kavach:4:1 "role" only \`test\` and \`assert\` may stand here
      help: move it to a file whose name ends in \`.kavach\` alone
    error KV1013: \`autonomous agent\` may not stand in a file of tests or proofs
      b.test.kavach:5:1 "autonomous agent" only \`test\` and \`assert\` may stand here
      help: move it to a file whose name ends in \`.kavach\` alone
    error KV1013: \`delegate\` may not stand in a file of tests or proofs
      b.test.kavach:6:1 "delegate" only \`test\` and \`assert\` may stand here
      help: move it to a file whose name ends in \`.kavach\` alone
    error KV1013: \`boundary\` may not stand in a file of tests or proofs
      b.test.kavach:7:1 "boundary" only \`test\` and \`assert\` may stand here
      help: move it to a file whose name ends in \`.kavach\` alone
    error KV1013: \`forbid\` may not stand in a file of tests or proofs
      b.test.kavach:8:1 "forbid" only \`test\` and \`assert\` may stand here
      help: move it to a file whose name ends in \`.kavach\` alone
    error KV1013: \`require\` may not stand in a file of tests or proofs
      b.test.kavach:9:1 "require" only \`test\` and \`assert\` may stand here
      help: move it to a file whose name ends in \`.kavach\` alone
    error KV1013: \`limit\` may not stand in a file of tests or proofs
      b.test.kavach:10:1 "limit" only \`test\` and \`assert\` may stand here
      help: move it to a file whose name ends in \`.kavach\` alone
    error KV1013: \`role\` may not stand in a file of tests or proofs
      c.proof.kavach:1:1 "role" only \`test\` and \`assert\` may stand here
      help: move it to a file whose name ends in \`.kavach\` alone
    "
  `)
})
