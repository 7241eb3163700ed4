import { expect, test } from 'vitest'
import { folderOf, kavach } from './command.ts'

const POLICY = `policy p generation 2

autonomous agent a {
  allow read on x, y
  allow write on x
    when args.mode in ["append"]
}

forbid delete on **
`
const GOOD = `test "reads" as a {
  allow read on x, y
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
    'p/p.kavach': POLICY.replace(/^forbid/m, 'boundary runtime {\n  allow read on z\n}\n\nforbid'),
    'p/a.test.kavach': GOOD,
  })
  expect(await kavach(folder, ['test', 'p'])).toEqual({
    code: 0,
    out: `reads  p/a.test.kavach
  ok      allow read on x, y
  ok      deny  delete on x because forbidden

agents made at run time have nothing here  p/a.test.kavach
  ok      deny read on x because no-grant

2 tests, 4 questions: 4 passed, 0 failed
`,
    err: '',
  })
})

test('a failed row is shown where it stands, with what came out, the rule that decided and the request', async () => {
  const folder = folderOf({ 'p.kavach': POLICY, 'p.test.kavach': BAD })
  expect(await kavach(folder, ['test', '.'])).toEqual({ code: 1, out: '', err: '' })
})

test('json has every row, whether it passed or not', async () => {
  const folder = folderOf({ 'p.kavach': POLICY, 'p.test.kavach': BAD })
  const { code, out, err } = await kavach(folder, ['test', '.', '--format', 'json'])
  expect({ code, err, out: JSON.parse(out) }).toEqual({ code: 1, err: '', out: {} })
})

test('github annotates the failed rows alone', async () => {
  const folder = folderOf({ 'p.kavach': POLICY, 'p.test.kavach': BAD })
  expect(await kavach(folder, ['test', '.', '--format', 'github'])).toEqual({ code: 1, err: '', out: '' })
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
  expect(await kavach(folder, ['test', '.'])).toEqual({ code: 1, out: '', err: '' })
})
