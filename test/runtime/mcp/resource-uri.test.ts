import { expect, test } from 'vitest'
import { canonicalResource } from '../../../runtime/mcp/resource-uri.ts'

test.each([
  ['HTTPS://Tools.Example.COM/mcp', 'https://tools.example.com/mcp'],
  ['https://tools.example.com/', 'https://tools.example.com'],
  ['https://tools.example.com/MCP', 'https://tools.example.com/MCP'],
])('MCP canonical server URI: %s is %s', (given, canonical) => {
  expect(canonicalResource(given)).toBe(canonical)
})

test.each([
  'https://tools.example.com/mcp/',
  'https://tools.example.com/x/../mcp',
  'https://tools.example.com/%6dcp',
  'https://tools.example.com:443/mcp',
  'https://tools.example.com/mcp#',
  'https://tools.example.com/mcp?',
  'https://tools.example.com\\mcp',
  'https://tools.example.com/mcp\n',
  'https:tools.example.com/mcp',
  'tools.example.com/mcp',
  '',
])('RFC 8707 section 2: the look-alike %j is changed into nothing else', (given) => {
  expect(canonicalResource(given)).toBe(given)
})
