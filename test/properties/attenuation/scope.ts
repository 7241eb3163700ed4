/** Actions and resources, and what a pattern means, told by a regex over the whole resource. */
import fc from 'fast-check'
import { mostly } from './arbitrary.ts'

/** `undefined` is every action. */
export interface Scope {
  readonly actions: readonly string[] | undefined
  readonly patterns: readonly string[]
}

export const ACTIONS = ['write', 'execute', 'é x']

export const RESOURCES = [
  'mcp:github:pr-12',
  'mcp:github:repos:1',
  'mcp:github',
  'mcp:linear:issues',
  'mcp:github:issues:x',
  'tool:issues',
]

const USUAL_PATTERNS = [
  '**',
  'mcp:**',
  'mcp:github:**',
  'mcp:github:*',
  'mcp:github:issues',
  'mcp:*:issues',
  'mcp:{github,linear}:*',
  'mcp:github:iss*',
  'mcp:*:{issues,pr-*}',
  'mcp:git*:*ues',
]

const OTHER_PATTERNS = ['mcp:linear:*', 'tool:*', 'mcp:github:issues:*', 'mcp:github:pr-*', 'mcp:*']

export const scope: fc.Arbitrary<Scope> = fc.record({
  actions: mostly(3, undefined, [['read'], ['read', 'write'], ['execute', 'read', 'é x'], ['write']]),
  patterns: fc.array(
    fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...USUAL_PATTERNS) },
      { weight: 1, arbitrary: fc.constantFrom(...OTHER_PATTERNS) },
    ),
    { minLength: 1, maxLength: 2 },
  ),
})

export function covers({ actions, patterns }: Scope, action: string, resource: string): boolean {
  if (actions !== undefined && !actions.includes(action)) return false
  return patterns.some((pattern) => regexOf(pattern).test(resource))
}

/** A scope within this one, when there is a smaller one at hand. */
export function narrowed(scope: Scope, pick: number): Scope | undefined {
  const { actions, patterns } = scope
  if (pick % 3 === 0) {
    if (actions === undefined) return { ...scope, actions: ['read', 'write'] }
    return actions.length > 1 ? { ...scope, actions: actions.slice(1) } : undefined
  }
  if (patterns.length > 1 && pick % 3 === 1) return { ...scope, patterns: patterns.slice(1) }
  const wide = patterns.findIndex((pattern) => /[*{]/.test(pattern))
  const inner = [...RESOURCES, 'mcp:github:issues'].filter((resource) => regexOf(patterns[wide] ?? '').test(resource))
  const resource = inner[pick % Math.max(1, inner.length)]
  return wide < 0 || resource === undefined ? undefined : { ...scope, patterns: patterns.with(wide, resource) }
}

const regexes = new Map<string, RegExp>()

function regexOf(pattern: string): RegExp {
  const known = regexes.get(pattern)
  if (known !== undefined) return known
  const segments = pattern.split(':').map((segment) => {
    if (segment === '**') return '[^:]+(?::[^:]+)*'
    if (segment === '*') return '[^:]+'
    return segment.replaceAll('*', '[^:]*').replaceAll('{', '(?:').replaceAll('}', ')').replaceAll(',', '|')
  })
  const made = new RegExp(`^${segments.join(':')}$`, 'u')
  regexes.set(pattern, made)
  return made
}
