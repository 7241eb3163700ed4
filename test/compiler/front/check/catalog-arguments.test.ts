import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

const CATALOG = JSON.stringify({
  tools: [
    {
      name: 'query',
      inputSchema: {
        type: 'object',
        properties: {
          sql: { type: 'string' },
          limit: { type: 'integer' },
          mode: { type: 'string', enum: ['fast', 'slow'] },
          deep: { type: 'object', properties: { flag: { type: 'boolean' } } },
          tags: { type: 'array', items: { type: 'string' } },
          any: { anyOf: [{ type: 'string' }, { type: 'number' }] },
          free: { type: 'object' },
        },
      },
    },
    {
      name: 'open',
      inputSchema: { type: 'object', properties: { path: { type: 'string' } }, additionalProperties: true },
    },
    { name: 'bare' },
  ],
})
const loadCatalog = (): string => CATALOG

it('conditions fit the input schema', () => {
  expect(
    findings(
      `policy p
catalog db from "db.json"
set office = cidr [::1]
service agent a {
  allow execute on mcp:db:query when args.sq1 matches /a/
  allow execute on mcp:db:query when args only [sql, limits]
  allow execute on mcp:db:query when args.deep.flags = true
  allow execute on mcp:db:query when args.limit = "5"
  allow execute on mcp:db:query when args.sql <= 5
  allow execute on mcp:db:query when args.tags = "a"
  allow execute on mcp:db:query when len.limit <= 4
  allow execute on mcp:db:query when args.limit in office
  allow execute on mcp:db:query when args.mode in ["fast", "slwo", "other"]
  allow execute on mcp:db:query when args.zzzzzz = 1
}
`,
      { loadCatalog },
    ),
  ).toMatchInlineSnapshot(`
    "
    error KV3005: the tool \`query\` has no argument \`sq1\`
      a.kavach:5:43 "sq1" not in the input schema
      help: did you mean \`sql\`?
    error KV3005: the tool \`query\` has no argument \`limits\`
      a.kavach:6:54 "limits" not in the input schema
      help: did you mean \`limit\`?
    error KV3005: the tool \`query\` has no argument \`flags\`
      a.kavach:7:48 "flags" not in the input schema
      help: did you mean \`flag\`?
    error KV3006: this argument is never a string
      a.kavach:8:38 "args.limit = \\"5\\"" the input schema says number
      help: compare it with a value of its type
    error KV3006: this argument is never a number
      a.kavach:9:38 "args.sql <= 5" the input schema says string
      help: compare it with a value of its type
    error KV3006: this argument is never a string
      a.kavach:10:38 "args.tags = \\"a\\"" the input schema says array
      help: compare it with a value of its type
    error KV3006: this argument is never a string
      a.kavach:11:38 "len.limit <= 4" the input schema says number
      help: compare it with a value of its type
    error KV3006: this argument is never a string
      a.kavach:12:38 "args.limit in office" the input schema says number
      help: compare it with a value of its type
    warning KV3007: the input schema does not accept \`slwo\` here
      a.kavach:13:60 "\\"slwo\\"" never sent by a caller that follows the schema
      help: did you mean \`slow\`?
    warning KV3007: the input schema does not accept \`other\` here
      a.kavach:13:68 "\\"other\\"" never sent by a caller that follows the schema
      help: it accepts \`fast\`, \`slow\`
    error KV3005: the tool \`query\` has no argument \`zzzzzz\`
      a.kavach:14:43 "zzzzzz" not in the input schema
      help: correct the name, or import the catalog again
    "
  `)
})

it('one tool that fits is enough, and other resources are not judged', () => {
  const policy = `policy p
catalog db from "db.json"
service agent a {
  allow execute on mcp:db:query when args.sql matches /a/ and len.sql <= 5 and args.limit <= 5 and args.mode = "fast"
  allow execute on mcp:db:query when args.deep.flag = true and args.any = 1 and args.free.x = 1
  allow execute on mcp:db:* when args.sql matches /a/ and args.path matches /b/
  allow execute on mcp:db:{query,open} when args.whatever = 1
  allow execute on mcp:db:bare when args.x = 1
  allow execute on mcp:db:query, mcp:other:query when args.nothing = 1
  allow read on mcp:db:query when args.nothing = 1
}
`
  expect(findings(policy, { loadCatalog })).toBe('\n\n')
})
