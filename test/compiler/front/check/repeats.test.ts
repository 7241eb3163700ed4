import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

it('lists say nothing twice', () => {
  expect(
    findings(
      `policy p
role a {}
role b includes a, a {}
service agent x {
  roles a, b
  roles b
  allow read, write, read on a, b, a when args only [p, q, p]
}
`,
      {},
      ['KV4006'],
    ),
  ).toMatchInlineSnapshot(`
    "
    warning KV4006: \`a\` stands twice in this list
      a.kavach:3:20 "a" said again here
      a.kavach:3:17 "a" first said here
      help: remove one of the two, or correct it
    warning KV4006: \`b\` stands twice in this list
      a.kavach:6:9 "b" said again here
      a.kavach:5:12 "b" first said here
      help: remove one of the two, or correct it
    warning KV4006: \`read\` stands twice in this list
      a.kavach:7:22 "read" said again here
      a.kavach:7:9 "read" first said here
      help: remove one of the two, or correct it
    warning KV4006: \`a\` stands twice in this list
      a.kavach:7:36 "a" said again here
      a.kavach:7:30 "a" first said here
      help: remove one of the two, or correct it
    warning KV4006: \`p\` stands twice in this list
      a.kavach:7:60 "p" said again here
      a.kavach:7:54 "p" first said here
      help: remove one of the two, or correct it
    "
  `)
})
