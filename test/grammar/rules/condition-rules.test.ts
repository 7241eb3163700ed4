import { describe, expect, test } from 'vitest'
import { outline } from '../outline.ts'

function condition(text: string): string {
  return outline(`require ${text} for * on **`).replace(
    /^require\(requirement: condition\(atoms: \[(.*)\]\), scope: .*$/,
    '$1',
  )
}

function scope(text: string): string {
  return outline(`forbid ${text}`)
}

describe('conditions', () => {
  const CASES = [
    'ip in office',
    'ip in cidr [10.0.0.0/8, ::1]',
    'time in hours mon-fri 09:00-18:00, sat 10:00-12:00',
    'not time in night and trust >= 60 and cost <= 0.50',
    'args.path matches safe',
    'args.path matches /a\\/b/i',
    'args."odd name".deep.in = -1.5',
    'args.mode in ["append", "create"]',
    'args.n in [1, -2_000, 0.5]',
    'args.flag = true and args.flag = false',
    'args only []',
    'not args only [path, "odd name", only]',
    'args.only = 1',
    'len.sql <= 4_000',
    'agent.type in [autonomous, delegated, service] and agent . type = service',
    'agent.owner = "o" and agent.owner matches /o+/ and agent.owner in ["a"]',
  ]
  for (const text of CASES) test(text, () => expect(condition(text)).toMatchSnapshot())
})

describe('scopes', () => {
  const CASES = [
    '* on **',
    'read, "odd action", on on x',
    '"on" on on:on',
    'read on mcp:github:**, "odd, segment {}":*, pr-*:{a,b-*}:x.y_z@1',
    'read on a// a comment ends the pattern',
  ]
  for (const text of CASES) test(text, () => expect(scope(text)).toMatchSnapshot())
})
