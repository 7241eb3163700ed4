import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

it('depths are at most 5, durations last, and approvers have a name', () => {
  expect(
    findings(
      `policy p
autonomous agent a {
  may delegate depth 6
  allow read on a needs approval by "" within 0s
}
autonomous agent b {}
delegate a -> b { depth 6 expires in 0m }
boundary runtime { may delegate depth 99 }
require approval by "" within 0d for read on a
test "t" as a { deny read on a approved by "" }
`,
      {},
      ['KV1021', 'KV1024', 'KV1025'],
    ),
  ).toMatchInlineSnapshot(`
    "
    error KV1021: depth \`6\` is out of range
      a.kavach:3:22 "6" from 0 to 5
      help: a chain has at most 5 hops
    error KV1025: the approver has no name
      a.kavach:4:37 "\\"\\"" nobody can give this approval
      help: name an approver or a role, or leave \`by\` out so that anyone will do
    error KV1024: the duration \`0s\` is over at once
      a.kavach:4:47 "0s" grants nothing
      help: write a duration such as \`30m\` or \`7d\`
    error KV1021: depth \`6\` is out of range
      a.kavach:7:25 "6" from 0 to 5
      help: a chain has at most 5 hops
    error KV1024: the duration \`0m\` is over at once
      a.kavach:7:38 "0m" grants nothing
      help: write a duration such as \`30m\` or \`7d\`
    error KV1021: depth \`99\` is out of range
      a.kavach:8:39 "99" from 0 to 5
      help: a chain has at most 5 hops
    error KV1025: the approver has no name
      a.kavach:9:21 "\\"\\"" nobody can give this approval
      help: name an approver or a role, or leave \`by\` out so that anyone will do
    error KV1024: the duration \`0d\` is over at once
      a.kavach:9:31 "0d" grants nothing
      help: write a duration such as \`30m\` or \`7d\`
    error KV1025: the approver has no name
      a.kavach:10:44 "\\"\\"" nobody can give this approval
      help: name an approver or a role, or leave \`by\` out so that anyone will do
    "
  `)
})

it('stores count money exactly up to 2^53 nano-USD', () => {
  expect(
    findings(`policy p
autonomous agent a { limit budget 9_007_199.254740991 USD per day, 9_007_199.254740992 USD per month }
`),
  ).toMatchInlineSnapshot(`
    "
    warning KV4004: no store can count up to \`9_007_199.254740992\` USD exactly
      a.kavach:2:68 "9_007_199.254740992" hosts refuse to load this policy
      help: stay below 9_007_199 USD
    "
  `)
})

it('the ends of the ranges are fine', () => {
  expect(
    findings(`policy p
autonomous agent a {
  may delegate depth 5
  allow read on a needs approval within 1s estimate 9_000_000_000 USD
  limit budget 0 USD per day throttle at 100% to 0 per minute
}
boundary runtime { may delegate depth 0 }
`),
  ).toMatchInlineSnapshot(`
    "

    "
  `)
})
