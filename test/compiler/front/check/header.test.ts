import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

it('a policy needs a header', () => {
  expect(
    findings({
      'a.test.kavach': ``,
      'b.kavach': `service agent x {}
`,
    }),
  ).toMatchInlineSnapshot(`
    "
    error KV1001: the policy has no header
      b.kavach:1:1 "" expected \`policy NAME\` here, or at the top of one other file
      help: begin one file with \`policy NAME generation 1\`
    "
  `)
})

it('a policy has one header', () => {
  expect(
    findings({
      'a.kavach': `policy p
`,
      'b.kavach': `policy p
`,
    }),
  ).toMatchInlineSnapshot(`
    "
    error KV1002: the policy has a second header
      b.kavach:1:1 "policy p" all files of a folder are one policy
      a.kavach:1:1 "policy p" first declared here
      help: keep one \`policy\` line
    "
  `)
})

it('the header stands first', () => {
  expect(
    findings(`service agent x {}
policy p
`),
  ).toMatchInlineSnapshot(`
    "
    error KV1003: the header is not the first statement of its file
      a.kavach:2:1 "policy p" must stand before all declarations
      a.kavach:1:1 "s" the first declaration
      help: move the \`policy\` line to the top of the file
    "
  `)
})

it('generations run from 1 to 2^53 - 1', () => {
  expect(
    findings({
      'a.kavach': `policy p generation 0
`,
    }),
  ).toMatchInlineSnapshot(`
    "
    error KV1004: generation \`0\` is out of range
      a.kavach:1:21 "0" from 1 to 9007199254740991
      help: generations begin at 1 and grow by one with every published change
    "
  `)
})

it('a generation is at most 2^53 - 1', () => {
  expect(
    findings(`policy p generation 9_007_199_254_740_992
`),
  ).toMatchInlineSnapshot(`
    "
    error KV1004: generation \`9007199254740992\` is out of range
      a.kavach:1:21 "9_007_199_254_740_992" from 1 to 9007199254740991
      help: generations begin at 1 and grow by one with every published change
    "
  `)
})

it.each([1, 9_007_199_254_740_991])('generation %d is fine', (generation) => {
  expect(findings(`policy p generation ${generation}\n`)).toBe('\n\n')
})
