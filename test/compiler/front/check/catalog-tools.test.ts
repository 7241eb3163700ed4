import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

const CATALOG = JSON.stringify({
  tools: [
    { name: 'read_file' },
    { name: 'write_file' },
    { name: 'list', 'x-kavach': { action: 'read', resource: 'mcp:fs:folder' } },
    { name: 'far', 'x-kavach': { action: 'execute', resource: 'elsewhere:far' } },
  ],
})
const loadCatalog = (): string => CATALOG

it('rules name tools that the server has', () => {
  expect(
    findings(
      `policy p
catalog fs from "fs.json"
service agent a {
  allow execute on mcp:fs:read_fil
  allow execute on mcp:fs:{read_file,writ_file,nothing_like_it}
  allow execute on mcp:{fs,other}:rename
  allow execute on mcp:fs:del*
  allow execute on mcp:fs:*_file, mcp:fs:*, mcp:fs:**
  allow * on mcp:fs:folder
  allow execute on mcp:fs:folder
  allow read on mcp:fs:anything
  allow execute on mcp:other:anything, mcp:fs, mcp:fs:read_file:more
}
test "t" as a { deny execute on mcp:fs:gone }
`,
      { loadCatalog },
    ),
  ).toMatchInlineSnapshot(`
    "
    error KV3003: the catalog \`fs\` has no tool \`read_fil\`
      a.kavach:4:20 "mcp:fs:read_fil" not listed
      a.kavach:2:9 "fs" owns \`mcp:fs:...\`
      help: did you mean \`read_file\`?
      fix: replace with \`read_file\`: a.kavach:4:27 "read_fil" -> "read_file"
    error KV3003: the catalog \`fs\` has no tool \`writ_file\`
      a.kavach:5:20 "mcp:fs:{read_file,writ_file,nothing_like_it}" not listed
      a.kavach:2:9 "fs" owns \`mcp:fs:...\`
      help: did you mean \`write_file\`?
    error KV3003: the catalog \`fs\` has no tool \`nothing_like_it\`
      a.kavach:5:20 "mcp:fs:{read_file,writ_file,nothing_like_it}" not listed
      a.kavach:2:9 "fs" owns \`mcp:fs:...\`
      help: import the catalog again if the server has it now, or correct the name
    error KV3003: the catalog \`fs\` has no tool \`rename\`
      a.kavach:6:20 "mcp:{fs,other}:rename" not listed
      a.kavach:2:9 "fs" owns \`mcp:fs:...\`
      help: import the catalog again if the server has it now, or correct the name
    warning KV3004: \`mcp:fs:del*\` matches no tool of the catalog \`fs\`
      a.kavach:7:20 "mcp:fs:del*" matches nothing today
      a.kavach:2:9 "fs" declared here
      help: correct the pattern, or import the catalog again
    error KV3003: the catalog \`fs\` has no tool \`folder\`
      a.kavach:10:20 "mcp:fs:folder" not listed
      a.kavach:2:9 "fs" owns \`mcp:fs:...\`
      help: import the catalog again if the server has it now, or correct the name
    "
  `)
})

it('a wildcard over a server without tools is reported', () => {
  const policy = 'policy p\ncatalog fs from "fs.json"\nforbid execute on mcp:fs:**\n'
  expect(findings(policy, { loadCatalog: () => '{"tools": []}' })).toMatchInlineSnapshot(`
    "
    warning KV3004: \`mcp:fs:**\` matches no tool of the catalog \`fs\`
      a.kavach:3:19 "mcp:fs:**" matches nothing today
      a.kavach:2:9 "fs" declared here
      help: correct the pattern, or import the catalog again
    "
  `)
})
