/** Actions and resources, and patterns that were made out of a resource by letting go of parts of it. */
import type { Random } from './random.ts'

export const ACTIONS = ['read', 'write', 'execute', 'delete', 'é x']

export const RESOURCES = [
  'mcp:github:issues',
  'mcp:github:pr-12',
  'mcp:linear:a',
  'mcp:github:repos:1',
  'tool:file_write',
  'mcp',
  'pay:x@y.z:-:0',
  'mcp:odd name:é',
]

/** As many segments as there may be. */
const LONGEST = Array.from({ length: 32 }, (_, index) => `s${index % 3}`).join(':')

/** What a policy is about: a few actions on a few resources, so that scopes meet. */
export interface Theme {
  readonly action: string
  readonly resource: string
}

export type Themes = readonly [Theme, ...Theme[]]

/** The first is what most of a policy is about. */
export function generateThemes(random: Random): Themes {
  const make = () => ({
    action: random.chance(0.06) ? random.pick(MANY_ACTIONS) : random.pick(ACTIONS),
    resource: random.chance(0.04) ? LONGEST : random.pick(RESOURCES),
  })
  return [make(), ...Array.from({ length: random.between(0, 2) }, make)]
}

/** Names beyond those that a rule keeps as bits of one word. */
export const MANY_ACTIONS = Array.from({ length: 45 }, (_, index) => `act${index}`)

/** Action texts; most cover the theme. */
export function generateActions(random: Random, { action }: Theme): readonly string[] {
  const actions = random.some(ACTIONS, 1, 2)
  if (!actions.includes(action) && random.chance(0.95)) actions.push(action)
  return random
    .shuffle(actions)
    .map((name) => (/^[a-z]+[0-9]*$/.test(name) && random.chance(0.9) ? name : JSON.stringify(name)))
}

/** Pattern texts; most cover the theme. */
export function generatePatterns(random: Random, { resource }: Theme): readonly string[] {
  const covering = random.chance(0.96) ? [generatePattern(random, resource)] : []
  const others = Array.from({ length: random.chance(0.3) ? random.between(1, 2) : 0 }, () =>
    generatePattern(random, random.pick(RESOURCES)),
  )
  const patterns = random.shuffle([...covering, ...others])
  return patterns.length > 0 ? patterns : [generatePattern(random, random.pick(RESOURCES))]
}

/** A pattern that matches the resource. */
function generatePattern(random: Random, resource: string): string {
  if (random.chance(0.2)) return '**'
  const segments = resource.split(':')
  const kept = random.chance(0.35) ? random.between(0, segments.length - 1) : segments.length
  const parts = segments.slice(0, kept).map((segment) => generateSegment(random, segment))
  if (kept < segments.length) parts.push('**')
  // A lone `*` is an error of the language.
  return parts.length === 1 && parts[0] === '*' ? '**' : parts.join(':')
}

function generateSegment(random: Random, segment: string): string {
  const isPlain = /^[A-Za-z0-9_.@-]+$/.test(segment)
  const quoted = JSON.stringify(segment)
  if (random.chance(0.15)) return '*'
  if (!isPlain) return quoted
  if (random.chance(0.55)) return random.chance(0.1) ? quoted : segment
  const cut = random.between(0, segment.length)
  const head = segment.slice(0, cut)
  const tail = segment.slice(cut)
  switch (random.below(6)) {
    case 0:
      return head === '' ? `${segment}*` : `${head}*`
    case 1:
      return tail === '' ? `*${segment}` : `*${tail}`
    case 2:
      return `{${random.shuffle([segment, 'other', 'x*']).join(',')}}`
    case 3:
      return head === '' || tail === '' ? segment : `${head}*${tail}`
    case 4:
      return head === '' ? `{a,${segment}}` : `${head}{${random.shuffle(['zz', tail === '' ? '*' : tail]).join(',')}}`
    default:
      return `{${segment},*-*}`
  }
}

/** A resource near a theme's: equal mostly, else a segment more, less or different. */
export function generateResource(random: Random, { resource }: Theme): string {
  if (random.chance(0.86)) return resource
  if (random.chance(0.1)) return `x:r${random.below(50)}`
  const segments = resource.split(':')
  const at = random.below(segments.length)
  switch (random.below(5)) {
    case 0:
      return segments.length < 32 ? `${resource}:x` : segments.slice(1).join(':')
    case 1:
      return segments.length > 1 ? segments.slice(0, -1).join(':') : `${resource}x`
    case 2:
      return segments.with(at, random.pick(['other', 'xa', 'a', 'zz', 'A', 'é-ü', '😀'])).join(':')
    case 3:
      return resource.toUpperCase()
    default:
      return random.pick(RESOURCES)
  }
}
