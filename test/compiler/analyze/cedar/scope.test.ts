import { expect, test } from 'vitest'
import { acceptsText, compilePattern } from '../../../../compiler/algebra/index.ts'
import { toResource } from '../../../../compiler/analyze/cedar/resource.ts'
import { toScope } from '../../../../compiler/analyze/cedar/scope.ts'
import { type PatternLiteral, parsePattern } from '../../../../compiler/model/index.ts'
import { evaluate } from './evaluate.ts'

function patternOf(text: string): PatternLiteral {
  const parsed = parsePattern(text)
  if (!parsed.ok) throw new TypeError(text)
  return parsed.value
}

function scopeOf(...texts: readonly string[]) {
  return toScope({ actions: ['read'], patterns: texts.map(patternOf) })
}

const RESOURCES = [
  'mcp',
  'mcp:github',
  'mcp:github:issues',
  'mcp:github:issues:1',
  'mcp:gitlab:issues',
  'mcp:git',
  'mcp:hub',
  'mcp:github-issues',
  'a',
  'a:b',
  'ab:b',
  'aab:b',
  'b:a',
  'é:x y',
  'MCP:github',
  'mcp:githubx',
  'a-b',
  'mcp:x:github',
  'aXb:b',
  'a:b:c:d',
]
const PATTERNS = [
  'mcp:github',
  'mcp:*',
  'mcp:**',
  'mcp:git*',
  'mcp:*hub',
  'mcp:git*:issues',
  '*:github',
  '*:*',
  '*:**',
  'a*b:b',
  'a*a*b:b',
  '{a,ab}:b',
  '{a,*b}:b',
  'a{b,*}:b',
  '{a*,*b}*:b',
  '{a,b}{a,b}:b',
  '*-*',
  '"é":"x y"',
  'mcp:{git,hub}:**',
  '{mcp,a}:*:{issues,c}:**',
]

test('a pattern of Cedar matches the resources that ours matches', () => {
  for (const text of PATTERNS) {
    const dfa = compilePattern(patternOf(text))
    const { resource, when } = scopeOf(text, 'never:x')
    expect(resource).toBe('resource')
    const found = RESOURCES.filter((id) => {
      // The entity of an expression is called `x`, so that a whole resource is compared with its text.
      const expression = when.join(' && ').replaceAll(/resource == Resource::("[^"]*")/g, 'context.id == $1')
      return evaluate(expression, { id }, toResource(id)?.attrs) === true
    })
    expect([text, found]).toEqual([text, RESOURCES.filter((id) => acceptsText(dfa, id))])
  }
})

test('one resource is the resource of the head, `**` asks nothing', () => {
  expect(scopeOf('mcp:"odd \\"name":a')).toEqual({
    action: 'action == Action::"read"',
    resource: 'resource == Resource::"mcp:odd \\"name:a"',
    when: [],
  })
  expect(scopeOf('a:b', '**')).toMatchObject({ resource: 'resource', when: [] })
})

test('`**` stands for at least one segment', () => {
  expect(scopeOf('mcp:**').when).toEqual(['resource.count > 1 && resource.s0 == "mcp"'])
})

test('several actions are a list, `*` is every action', () => {
  const patterns = [patternOf('**')]
  expect(toScope({ actions: ['read', 'é "x"'], patterns }).action).toBe(
    'action in [Action::"read", Action::"é \\"x\\""]',
  )
  expect(toScope({ actions: undefined, patterns }).action).toBe('action')
})
