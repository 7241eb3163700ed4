import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { folderOf, kavach } from './command.ts'

test('the catalog of a real server is written, and a policy that names it is checked against it', async () => {
  const folder = folderOf({
    'p.kavach': `policy p

catalog notes from "notes.tools.json"

autonomous agent a {
  allow execute on mcp:notes:read_note, mcp:notes:drop_nodes
}
`,
  })
  const server = resolve('test/fixtures/mcp/server.mjs')
  const args = ['import', 'mcp', '--out', 'notes.tools.json', '--', process.execPath, server]
  expect(await kavach(folder, args)).toEqual({ code: 0, out: '', err: 'wrote notes.tools.json\n' })
  const { tools } = JSON.parse(readFileSync(join(folder, 'notes.tools.json'), 'utf8'))
  expect(tools.map(({ name }: { readonly name: string }) => name)).toEqual(['drop_notes', 'read_note', 'write_note'])
  expect(await kavach(folder, ['check', 'p.kavach'])).toEqual({
    code: 1,
    out: `error[KV3003]: the catalog \`notes\` has no tool \`drop_nodes\`
 ┌ p.kavach:6:41
6 │   allow execute on mcp:notes:read_note, mcp:notes:drop_nodes
  │                                         ^^^^^^^^^^^^^^^^^^^^ not listed
 ┌ p.kavach:3:9
3 │ catalog notes from "notes.tools.json"   <- owns \`mcp:notes:...\`
  = help: did you mean \`drop_notes\`?
`,
    err: 'p.kavach: 1 file, 1 error, 0 warnings\n',
  })
})

test('a server that does not start is said with its remedy', async () => {
  const { code, out, err } = await kavach(folderOf(), ['import', 'mcp', '--', 'no-such-server'])
  expect({ code, out, first: err.split('\n')[0] }).toEqual({
    code: 66,
    out: '',
    first: 'kavach: could not read the tools of `no-such-server`: spawn no-such-server ENOENT',
  })
})

test('imported permissions are a policy: it passes the checks', async () => {
  const folder = folderOf({
    'agents.json': JSON.stringify({
      name: 'bot',
      type: 'autonomous',
      permissions: [{ resource: 'mcp:github:*', actions: ['read'], constraints: { maxCallsPerHour: 10 } }],
    }),
  })
  const { code, out } = await kavach(folder, ['import', 'permissions', 'agents.json', '--star=rest', '--name', 'bots'])
  expect({ code, out }).toEqual({
    code: 0,
    out: `policy bots

autonomous agent bot {
  allow read on mcp:github:**
    rate 10 per hour
}
`,
  })
  const bots = folderOf({ 'bots.kavach': out })
  expect((await kavach(bots, ['check', 'bots.kavach'])).code).toBe(0)
})

test('where a star has two readings one must be chosen', async () => {
  const folder = folderOf({ 'p.json': '[{"resource":"mcp:*","actions":["read"]}]' })
  expect(await kavach(folder, ['import', 'permissions', 'p.json'])).toEqual({
    code: 64,
    out: '',
    err: `$.permissions[0].resource: \`mcp:*\`
  one:  \`mcp:*\` grants mcp:a, not mcp:a:b
  rest: \`mcp:**\` grants mcp:a, and also mcp:a:b, mcp:a:b:c and everything below
kavach: resources end in \`*\`, which systems read in two ways: say --star=one or --star=rest
`,
  })
})
