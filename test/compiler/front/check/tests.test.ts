import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

it('tests ask what a request can ask', () => {
  expect(
    findings(
      `policy p
autonomous agent a {}
autonomous agent b {}
test "t" as runtime via runtime because no-such-thing {
  deny * on a
  deny read on a:*
  deny read on {a,b}
  deny read on **
  deny read on a via b with [1]
  deny read on a via b, a, b with "x"
  deny read on a because allowed
  deny read on a because no-grnat
  limited read on a because rate-limited
}
`,
      {},
      ['KV1026', 'KV1027', 'KV1028', 'KV1029', 'KV2008', 'KV4009'],
    ),
  ).toMatchInlineSnapshot(`
    "
    error KV1026: a policy without a boundary has no \`runtime\` agents
      a.kavach:4:13 "runtime" nobody can be made at run time
      help: declare \`boundary runtime { ... }\`, or test another agent
    error KV1026: a policy without a boundary has no \`runtime\` agents
      a.kavach:4:25 "runtime" nobody can be made at run time
      help: declare \`boundary runtime { ... }\`, or test another agent
    error KV1029: \`runtime\` is in the chain twice
      a.kavach:4:25 "runtime" named again here
      a.kavach:4:13 "runtime" first named here
      help: a chain goes through each principal once and ends with the agent of \`as\`
    error KV1027: unknown reason \`no-such-thing\`
      a.kavach:4:41 "no-such-thing" no decision has this reason
      help: reasons are invalid-request, agent-unknown, agent-revoked, agent-suspended, agent-expired, delegation-expired, delegation-revoked, delegation-depth, forbidden, no-grant, ip-not-allowed, outside-hours, arg-mismatch, unexpected-arg, trust-too-low, cost-too-high, approval-required, rate-limited, budget-exhausted, throttled, allowed
    error KV1028: a test row has wildcards or alternatives
      a.kavach:5:8 "*" a test names the actions it asks for
      help: write each case out; lists are separated by commas
    error KV1028: a test row has wildcards or alternatives
      a.kavach:6:16 "a:*" a test asks for one resource
      help: write each case out; lists are separated by commas
    error KV1028: a test row has wildcards or alternatives
      a.kavach:7:16 "{a,b}" a test asks for one resource
      help: write each case out; lists are separated by commas
    error KV1028: a test row has wildcards or alternatives
      a.kavach:8:16 "**" a test asks for one resource
      help: write each case out; lists are separated by commas
    error KV2008: \`with\` takes an object of arguments
      a.kavach:9:24 "with [1]" not an object
      help: write \`with { name: value }\`
    error KV1029: \`b\` is in the chain twice
      a.kavach:10:28 "b" named again here
      a.kavach:10:22 "b" first named here
      help: a chain goes through each principal once and ends with the agent of \`as\`
    error KV2008: \`with\` takes an object of arguments
      a.kavach:10:30 "with \\"x\\"" not an object
      help: write \`with { name: value }\`
    warning KV4009: \`deny\` never has the reason \`allowed\`
      a.kavach:11:26 "allowed" comes with \`allow\`
      help: this row can never pass: expect \`allow\`, or another reason
    error KV1027: unknown reason \`no-grnat\`
      a.kavach:12:26 "no-grnat" no decision has this reason
      help: did you mean \`no-grant\`?
      fix: replace with \`no-grant\`: a.kavach:12:26 "no-grnat" -> "no-grant"
    "
  `)
})

it('a request has at most 63 delegators', () => {
  const names = Array.from({ length: 64 }, (_, i) => `x${i}`)
  const policy = (via: readonly string[]) =>
    `policy p\n${names.map((name) => `service agent ${name} {}`).join('\n')}\nservice agent a {}\ntest "t" as a { deny read on a via ${via.join()} }\n`
  expect(findings(policy(names.slice(0, 63)))).toBe('\n\n')
  expect(findings(policy(names))).toMatchInlineSnapshot(`
    "
    error KV1030: a chain of 64 delegators is no request
      a.kavach:67:278 "x63" at most 63
      help: chains of more than 5 hops are denied anyway
    "
  `)
})

it('`runtime` is somebody where there is a boundary', () => {
  expect(
    findings(`policy p
boundary runtime {}
test "t" as runtime { deny read on a because no-grant }
`),
  ).toMatchInlineSnapshot(`
    "

    "
  `)
})
