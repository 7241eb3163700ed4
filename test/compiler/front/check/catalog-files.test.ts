import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

const POLICY = `policy p
catalog good from "good.json"
catalog gone from "gone.json"
catalog list from "list.json"
catalog text from "text.json"
catalog noname from "noname.json"
catalog twice from "twice.json"
catalog mapping from "mapping.json"
`
const FILES: Readonly<Record<string, string>> = {
  'good.json': '{"tools": [{"name": "t"}]}',
  'list.json': '[]',
  'text.json': '{',
  'noname.json': '{"tools": [{"name": ""}]}',
  'twice.json': '{"tools": [{"name": "t"}, {"name": "t"}]}',
  'mapping.json': '{"tools": [{"name": "t", "x-kavach": {"action": "read"}}]}',
}

it('reports files that are not there, or hold no catalog', () => {
  expect(findings(POLICY, { loadCatalog: (path) => FILES[path] })).toMatchInlineSnapshot(`
    "
    error KV3001: the catalog file \`gone.json\` does not exist
      a.kavach:3:19 "\\"gone.json\\"" not found from this file
      help: make it with \`kavach import mcp\`, or correct the path
    error KV3002: \`list.json\` is not a catalog
      a.kavach:4:19 "\\"list.json\\"" it has no list \`tools\`
      help: a catalog is the answer to \`tools/list\`: \`{"tools": [{"name": "...", "inputSchema": {...}}]}\`
    error KV3002: \`text.json\` is not a catalog
      a.kavach:5:19 "\\"text.json\\"" it is not JSON
      help: a catalog is the answer to \`tools/list\`: \`{"tools": [{"name": "...", "inputSchema": {...}}]}\`
    error KV3002: \`noname.json\` is not a catalog
      a.kavach:6:21 "\\"noname.json\\"" \`tools[0]\` has no \`name\`
      help: a catalog is the answer to \`tools/list\`: \`{"tools": [{"name": "...", "inputSchema": {...}}]}\`
    error KV3002: \`twice.json\` is not a catalog
      a.kavach:7:20 "\\"twice.json\\"" it lists the tool \`t\` twice
      help: a catalog is the answer to \`tools/list\`: \`{"tools": [{"name": "...", "inputSchema": {...}}]}\`
    error KV3002: \`mapping.json\` is not a catalog
      a.kavach:8:22 "\\"mapping.json\\"" \`x-kavach\` of the tool \`t\` is not an object with \`action\` and \`resource\`
      help: a catalog is the answer to \`tools/list\`: \`{"tools": [{"name": "...", "inputSchema": {...}}]}\`
    "
  `)
})

it('asks for each file from where it is declared, and for none without a loader', () => {
  const asked: string[] = []
  const loadCatalog = (path: string, from: string): string => {
    asked.push(`${from} ${path}`)
    return '{"tools": []}'
  }
  const sources = { 'a.kavach': 'policy p\ncatalog a from "x.json"\n', 'sub/b.kavach': 'catalog b from "x.json"\n' }
  expect([findings(sources, { loadCatalog }), asked, findings(sources)]).toEqual([
    '\n\n',
    ['a.kavach x.json', 'sub/b.kavach x.json'],
    '\n\n',
  ])
})
