import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderOf, kavach } from './command.ts'

const COMMON = `policy p generation 3

service agent a {
  owner "ann"
  allow read on x
}
`
const METERED = `${COMMON}
service agent b {
  allow read on y rate 5 per minute
}
`
const GUARDED = `${COMMON}
delegated agent d {
}
delegate a -> d {
  allow read on x
}
boundary runtime {
}
require approval for read on z
service agent b {
  limit rate 5 per minute
}
`

test('a policy becomes policies, a schema and entities', async () => {
  const folder = folderOf({ 'policy/p.kavach': COMMON })
  const { code, out, err } = await kavach(folder, ['export', 'cedar', 'policy', '-o', 'out'])
  const read = (name: string) => readFileSync(join(folder, 'out', name), 'utf8')
  const names = ['p.cedar', 'p.cedarschema', 'p.entities.json']
  const lines = names.map((name) => `  out/${name}  ${Buffer.byteLength(read(name))} bytes\n`)
  expect({ code, out, err }).toEqual({ code: 0, out: `p generation 3, for Cedar\n${lines.join('')}`, err: '' })
  expect(read('p.cedar')).toContain(`@id("allow-0")
@from("p.kavach:5:3")
permit (principal == Agent::"a", action == Action::"read", resource == Resource::"x");
`)
  expect(read('p.cedarschema')).toContain('action "read", "*" appliesTo {')
  expect(JSON.parse(read('p.entities.json'))).toEqual([
    { uid: { type: 'Agent', id: 'a' }, attrs: { type: 'service', owner: 'ann' }, parents: [] },
  ])
})

test('a grant that Cedar cannot say is left out, and listed with its line', async () => {
  const folder = folderOf({ 'policy/p.kavach': METERED })
  const { code, out } = await kavach(folder, ['export', 'cedar', 'policy'])
  expect(code).toBe(0)
  expect(out.split('\n').slice(4)).toEqual([
    'not exported as it is, so that Cedar denies more:',
    '  policy/p.kavach:9:3  allow 1 is dropped: limit: Cedar counts neither calls nor money',
    '',
  ])
  expect(readFileSync(join(folder, 'p.cedar'), 'utf8')).not.toContain('allow-1')
})

test('a guardrail that Cedar cannot say is refused, and nothing is written', async () => {
  const folder = folderOf({ 'policy/p.kavach': GUARDED })
  expect(await kavach(folder, ['export', 'cedar', 'policy', '-o', 'out'])).toEqual({
    code: 1,
    out: '',
    err: `not exported as it is, so that Cedar denies more:
  policy/p.kavach:16:1  agent b forbids more than it should: limit: Cedar counts neither calls nor money
  policy/p.kavach:15:1  require 2 forbids more than it should: approval: Cedar knows no approvals
  policy/p.kavach:10:1  delegate a -> d has no part in it: delegation: an export is about agents that act alone
  policy/p.kavach:13:1  boundary runtime has no part in it: boundary: an export is about agents that act alone
kavach: nothing written: 2 restrictions of \`policy\` cannot be said in Cedar
  = help: with --partial each of them forbids all that it is about, so that Cedar denies more than the policy
`,
  })
  expect(existsSync(join(folder, 'out'))).toBe(false)
})

test('`--partial` writes what forbids more', async () => {
  const folder = folderOf({ 'policy/p.kavach': GUARDED })
  const { code, out } = await kavach(folder, ['export', 'cedar', 'policy', '--partial'])
  expect(code).toBe(0)
  expect(out).toContain('  policy/p.kavach:16:1  agent b forbids more than it should')
  const text = readFileSync(join(folder, 'p.cedar'), 'utf8')
  expect(text).toContain('forbid (principal == Agent::"b", action, resource);\n')
  expect(text).toContain('forbid (principal, action == Action::"read", resource == Resource::"z");\n')
})

test('`--format json` is one object, also where nothing is written', async () => {
  const folder = folderOf({ 'policy/p.kavach': GUARDED, 'metered/m.kavach': METERED })
  const written = await kavach(folder, ['export', 'cedar', 'metered', '--format', 'json'])
  expect({ code: written.code, out: JSON.parse(written.out) }).toEqual({
    code: 0,
    out: {
      name: 'p',
      generation: 3,
      files: ['p.cedar', 'p.cedarschema', 'p.entities.json'].map((path) => ({
        path,
        bytes: readFileSync(join(folder, path)).length,
      })),
      skipped: [
        {
          path: 'metered/m.kavach',
          line: 9,
          column: 3,
          subject: 'allow 1',
          rule: 1,
          effect: 'dropped',
          construct: 'limit',
          why: 'Cedar counts neither calls nor money',
        },
      ],
    },
  })
  const refused = await kavach(folder, ['export', 'cedar', 'policy', '--format', 'json'])
  expect(refused.code).toBe(1)
  expect(JSON.parse(refused.out)).toMatchObject({
    files: [],
    skipped: [{ effect: 'widened' }, { effect: 'widened' }, {}, {}],
  })
})

test('a policy with errors is not exported, one that is not there is missing', async () => {
  const folder = folderOf({ 'policy/p.kavach': 'policy p\nservice agent a {\n  roles nobody\n}\n' })
  const broken = await kavach(folder, ['export', 'cedar', 'policy'])
  expect(broken.code).toBe(1)
  expect(broken.err).toContain('KV1007')
  expect((await kavach(folder, ['export', 'cedar', 'nowhere'])).code).toBe(66)
  expect((await kavach(folder, ['export', 'cedar', 'policy', '--format', 'sarif'])).code).toBe(64)
})
