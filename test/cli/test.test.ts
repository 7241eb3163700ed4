import { expect, test } from 'vitest'
import { folderOf, kavach } from './command.ts'

const POLICY = `policy p generation 2

boundary runtime {
  allow read on z
}

autonomous agent a {
  allow read on x, y
  allow write on x
    when args.mode in ["append"]
}

forbid delete on **
`
const GOOD = `test "reads" as a {
  allow read on y
  allow read, write on x with { mode: "append" }
  deny  delete on x because forbidden
}

test "agents made at run time have nothing here" as runtime {
  deny read on x because no-grant
}
`
const BAD = `test "writes" as a at 2026-04-01T10:00:00Z {
  allow write on x with { mode: "append" }
  allow write on x with { mode: "truncate" }
  deny  read, write on x
    with { mode: "append" } because no-grant
  allow delete on x
  deny  write on x because no-grant
}
`

test('each test is printed with its rows, and a summary', async () => {
  const folder = folderOf({
    'p/p.kavach': POLICY,
    'p/a.test.kavach': GOOD,
  })
  expect(await kavach(folder, ['test', 'p'])).toEqual({
    code: 0,
    out: `reads  p/a.test.kavach
  ok      allow read on y
  ok      allow read, write on x with { mode: "append" }
  ok      deny  delete on x because forbidden

agents made at run time have nothing here  p/a.test.kavach
  ok      deny read on x because no-grant

2 tests, 5 questions: 5 passed, 0 failed
`,
    err: '',
  })
})

const NOW = '"now":"2026-04-01T10:00:00.000Z"'
const SINCE = '"since":"2026-04-01T10:00:00.000Z"'

test('a failed row is shown where it stands, with what came out, the rule to look at and the request', async () => {
  const folder = folderOf({ 'p.kavach': POLICY, 'p.test.kavach': BAD })
  expect(await kavach(folder, ['test', '.'])).toEqual({
    code: 1,
    out: `writes  p.test.kavach
  ok      allow write on x with { mode: "append" }
  FAILED  allow write on x with { mode: "truncate" }
  FAILED  deny  read, write on x with { mode: "append" } because no-grant
  FAILED  allow delete on x
  FAILED  deny  write on x because no-grant

error[KV8001]: expected \`allow\`, got \`deny\` because \`arg-mismatch\`
 ┌ p.test.kavach:3:3
3 │   allow write on x with { mode: "truncate" }
  │   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ of the test \`writes\`
 ┌ p.kavach:9:3
9 │   allow write on x   <- the nearest grant: arg-mismatch
  = request: {"agent":"a","action":"write","resource":"x",${NOW},"args":{"mode":"truncate"},${SINCE}}
  = help: mend the rule, or the row when the policy is right

error[KV8001]: expected \`deny\` because \`no-grant\`, got \`allow\` because \`allowed\`
 ┌ p.test.kavach:4:3
4 │   deny  read, write on x
  │   ^^^^^^^^^^^^^^^^^^^^^^ of the test \`writes\`
 ┌ p.kavach:8:3
8 │   allow read on x, y   <- this grant decided
  = request: {"agent":"a","action":"read","resource":"x",${NOW},"args":{"mode":"append"},${SINCE}}
  = help: mend the rule, or the row when the policy is right

error[KV8001]: expected \`deny\` because \`no-grant\`, got \`allow\` because \`allowed\`
 ┌ p.test.kavach:4:3
4 │   deny  read, write on x
  │   ^^^^^^^^^^^^^^^^^^^^^^ of the test \`writes\`
 ┌ p.kavach:9:3
9 │   allow write on x   <- this grant decided
  = request: {"agent":"a","action":"write","resource":"x",${NOW},"args":{"mode":"append"},${SINCE}}
  = help: mend the rule, or the row when the policy is right

error[KV8001]: expected \`allow\`, got \`deny\` because \`forbidden\`
  ┌ p.test.kavach:6:3
 6 │   allow delete on x
   │   ^^^^^^^^^^^^^^^^^ of the test \`writes\`
  ┌ p.kavach:13:1
13 │ forbid delete on **   <- this guardrail decided
   = request: {"agent":"a","action":"delete","resource":"x",${NOW},${SINCE}}
   = help: mend the rule, or the row when the policy is right

error[KV8001]: expected \`deny\` because \`no-grant\`, got \`deny\` because \`arg-mismatch\`
 ┌ p.test.kavach:7:3
7 │   deny  write on x because no-grant
  │   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ of the test \`writes\`
 ┌ p.kavach:9:3
9 │   allow write on x   <- the nearest grant: arg-mismatch
  = request: {"agent":"a","action":"write","resource":"x",${NOW},${SINCE}}
  = help: mend the rule, or the row when the policy is right

1 test, 6 questions: 1 passed, 5 failed
`,
    err: '',
  })
})

const ONE_BAD = `test "short" as a {
  allow read on x
  allow write on x
}
`

test('json has every row, whether it passed or not', async () => {
  const folder = folderOf({ 'p.kavach': POLICY, 'p.test.kavach': ONE_BAD })
  const { code, out, err } = await kavach(folder, ['test', '.', '--format', 'json'])
  expect({ code, err, out: JSON.parse(out) }).toEqual({
    code: 1,
    err: '',
    out: {
      policy: { name: 'p', generation: 2, rules: 4 },
      passed: 1,
      failed: 1,
      tests: [
        {
          path: 'p.test.kavach',
          title: 'short',
          rows: [
            {
              row: 'allow read on x',
              passed: true,
              request: { agent: 'a', action: 'read', resource: 'x' },
              expected: { decision: 'allow' },
              got: { decision: 'allow', reason: 'allowed' },
            },
            {
              row: 'allow write on x',
              passed: false,
              request: { agent: 'a', action: 'write', resource: 'x' },
              expected: { decision: 'allow' },
              got: { decision: 'deny', reason: 'arg-mismatch' },
              rule: { id: 2, path: 'p.kavach', line: 9 },
            },
          ],
        },
      ],
    },
  })
})

test('github annotates the failed rows alone', async () => {
  const folder = folderOf({ 'p.kavach': POLICY, 'p.test.kavach': ONE_BAD })
  expect(await kavach(folder, ['test', '.', '--format', 'github'])).toEqual({
    code: 1,
    err: '',
    out:
      '::error file=p.test.kavach,line=3,col=3,endLine=3,endColumn=19,title=KV8001::expected `allow`, got `deny` ' +
      'because `arg-mismatch`: of the test `short`%0Arequest: {"agent":"a","action":"write","resource":"x"}' +
      '%0Ahelp: mend the rule, or the row when the policy is right\n',
  })
})

test('a policy without tests says how to write one', async () => {
  const folder = folderOf({ 'p.kavach': POLICY })
  expect(await kavach(folder, ['test', 'p.kavach'])).toEqual({
    code: 0,
    out: `p.kavach: no tests
  = help: write \`test "what you expect" as AGENT { allow read on RESOURCE }\` into a file beside the policy
`,
    err: '',
  })
})

test('a policy with errors is not tested', async () => {
  const folder = folderOf({ 'p.kavach': `${POLICY}forbid\n`, 'p.test.kavach': GOOD })
  expect(await kavach(folder, ['test', '.'])).toEqual({
    code: 1,
    out: '',
    err: `error[KV0101]: expected an action, found the end of the file
  ┌ p.kavach:14:7
14 │ forbid
   │       ^ an action is missing here
kavach: the policy in \`.\` has 1 error, 0 warnings
  = help: mend what is printed above; \`kavach check .\` shows it again
`,
  })
})
