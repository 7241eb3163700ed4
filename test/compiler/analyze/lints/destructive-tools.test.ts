import { expect, it } from 'vitest'
import { lintBot, NOTHING } from './findings.ts'

const CATALOG = JSON.stringify({
  tools: [
    { name: 'read_file', annotations: { readOnlyHint: true } },
    { name: 'delete_file', annotations: { destructiveHint: true } },
    { name: 'drop', annotations: { destructiveHint: true }, 'x-kavach': { action: 'write', resource: 'db:main:drop' } },
    { name: 'unknown' },
  ],
})

const lint = (grants: readonly string[], beside: readonly string[] = []) =>
  lintBot(grants, ['catalog fs from "fs.json"', ...beside], { loadCatalog: () => CATALOG })

it('a wildcard names the tool that it covers, at the pattern', () => {
  expect(lint(['allow execute on mcp:fs:*'])).toMatchInlineSnapshot(`
    "
    warning KV4306: this wildcard covers a destructive tool
      a.kavach:3:20 "mcp:fs:*" \`mcp:fs:*\` covers \`delete_file\`
      help: name the tools that are meant, or \`forbid\` the destructive ones
    "
  `)
})

it('counts those that it covers beside the first', () => {
  expect(lint(['allow * on **'])).toMatchInlineSnapshot(`
    "
    warning KV4306: this wildcard covers a destructive tool
      a.kavach:3:14 "**" \`**\` covers \`delete_file\` and 1 more
      help: name the tools that are meant, or \`forbid\` the destructive ones
    "
  `)
})

it('is about the action and the resource of the tool', () => {
  expect(lint(['allow write on db:*:*'])).toMatchInlineSnapshot(`
    "
    warning KV4306: this wildcard covers a destructive tool
      a.kavach:3:18 "db:*:*" \`db:*:*\` covers \`drop\`
      help: name the tools that are meant, or \`forbid\` the destructive ones
    "
  `)
  expect(lint(['allow execute on db:**', 'allow write on mcp:fs:*', 'allow execute on mcp:fs:read_*'])).toBe(NOTHING)
})

it('says nothing of a tool that is named', () => {
  expect(lint(['allow execute on mcp:fs:delete_file'])).toBe(NOTHING)
  expect(lint(['allow execute on mcp:*:delete_file'])).toBe(NOTHING)
  expect(lint(['allow execute on mcp:fs:{read_*,delete_file}'])).toBe(NOTHING)
  expect(lint(['allow execute on mcp:fs:{read_file,delete_*}'])).toContain('KV4306')
})

it('says nothing of a tool that is forbidden to everybody', () => {
  expect(lint(['allow execute on mcp:fs:*'], ['forbid execute on mcp:fs:delete_*'])).toBe(NOTHING)
  expect(lint(['allow execute on mcp:fs:*'], ['forbid write on mcp:fs:delete_*'])).toContain('KV4306')
  expect(lint(['allow execute on mcp:fs:*'], ['forbid execute on mcp:fs:delete_* when trust >= 5'])).toContain('KV4306')
})
