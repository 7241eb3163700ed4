/** `kavach prove` from outside. */
import { expect, test } from 'vitest'
import { folderOf, kavach } from './command.ts'

const POLICY = `policy p
autonomous agent planner {
  allow read on docs:**
  may delegate depth 1
}
delegated agent helper {}
delegate planner -> helper { allow read on docs:public:* }
boundary runtime { allow read on docs:public:* }
assert never * can write on **
assert helper within planner
`

test('every statement is listed with what became of it', async () => {
  const folder = folderOf({ 'p.kavach': POLICY })
  expect(await kavach(folder, ['prove', 'p.kavach'])).toEqual({
    code: 0,
    out: `✓ proved  delegate planner -> helper
✓ proved  assert never * can write on **
✓ proved  assert helper within planner
`,
    err: 'p.kavach: 3 of 3 statements proved\n',
  })
})

test('an assertion of the command line is proved alone, and refuted with a request', async () => {
  const folder = folderOf({ 'p.kavach': POLICY })
  expect(await kavach(folder, ['prove', 'p.kavach', 'only planner can read on docs:private'])).toEqual({
    code: 0,
    out: '✓ proved  assert only planner can read on docs:private\n',
    err: 'p.kavach: 1 of 1 statement proved\n',
  })
  const { code, out, err } = await kavach(folder, ['prove', 'p.kavach', 'assert only planner can read on docs:**'])
  expect({ code, err }).toEqual({ code: 1, err: 'p.kavach: 0 of 1 statement proved, 1 refuted\n' })
  expect(out).toContain('✗ refuted assert only planner can read on docs:**\n')
  expect(out).toContain('error[KV4110]: this assertion does not hold\n')
  expect(out).toContain('  = witness: helper via planner  read  docs:public:a')
})

test('what an agent made through the API could do counts, and is said', async () => {
  const folder = folderOf({ 'p.kavach': POLICY })
  const { code, out } = await kavach(folder, ['prove', 'p.kavach', 'never runtime can read on docs:public:x'])
  expect(code).toBe(1)
  expect(out).toContain('  = witness: runtime  read  docs:public:x\n')
  expect(out).toContain('  = made through the API: autonomous agent `runtime`\n')
})

test('json gives the request, the state it needs, and the decision of the engine', async () => {
  const folder = folderOf({ 'p.kavach': POLICY })
  const asked = ['prove', 'p.kavach', 'never runtime can read on docs:**', '--format', 'json']
  const { code, out } = await kavach(folder, asked)
  const { proofs } = JSON.parse(out)
  expect(code).toBe(1)
  expect(proofs).toMatchObject([
    {
      kind: 'refuted',
      because: 'allowed',
      counterexample: {
        request: { agent: 'runtime', action: 'read', resource: 'docs:public:a' },
        state: { agents: [{ name: 'runtime', type: 'autonomous' }] },
        decision: { decision: 'allow', allowed: true },
      },
    },
  ])
})

test('the counterexample is one that `eval` allows too', async () => {
  const folder = folderOf({ 'p.kavach': POLICY })
  const proved = await kavach(folder, ['prove', 'p.kavach', 'never helper can read on **', '--format', 'json'])
  const [{ counterexample }] = JSON.parse(proved.out).proofs
  await kavach(folder, ['compile', 'p.kavach', '-o', 'out'])
  const line = JSON.stringify(counterexample.request)
  const state = JSON.stringify(counterexample.state ?? {})
  const other = folderOf({ 'r.ndjson': `${line}\n`, 's.json': state })
  const asked = ['eval', '--module', `${folder}/out/p.wasm`, '--requests', 'r.ndjson', '--state', 's.json']
  const { out } = await kavach(other, asked)
  expect(JSON.parse(out)).toMatchObject({ decision: 'allow', allowed: true })
})

test('a policy with errors proves nothing, and an assertion that is none is shown where it is wrong', async () => {
  const folder = folderOf({ 'p.kavach': POLICY })
  const { code, out } = await kavach(folder, ['prove', 'p.kavach', 'never nobody can read on docs'])
  expect(code).toBe(1)
  expect(out).toContain('error[KV1006]: unknown agent `nobody`')
  expect((await kavach(folder, ['prove', 'p.kavach', 'gibberish'])).code).toBe(1)
})

test('what takes too much work is unknown, with an exit code of its own', async () => {
  const folder = folderOf({
    'p.kavach': `policy p
autonomous agent giver { allow read on docs when args.q matches /[abcd]*[ab][abcd]{10}/ may delegate depth 1 }
delegated agent taker {}
delegate giver -> taker { allow read on docs when args.q matches /[abcd]*[ac][abcd]{10}/ }
`,
  })
  const { code, out, err } = await kavach(folder, ['prove', 'p.kavach'])
  expect({ code, err }).toEqual({ code: 3, err: 'p.kavach: 0 of 1 statement proved, 1 unknown\n' })
  expect(out).toContain('? unknown delegate giver -> taker\n')
  expect(out).toContain('warning[KV9001]: not proved')
})
