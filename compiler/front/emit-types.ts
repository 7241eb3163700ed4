/** NAME.d.ts: what a policy and its catalogs say about requests, as TypeScript. */
import { acceptsText, segmentAlternatives } from '../algebra/index.ts'
import type { PatternLiteral, PatternSegment, PolicyModel, ScopeModel } from '../model/index.ts'
import type { ArgumentSchema, Catalog, CatalogTool } from './catalog.ts'

/**
 * The text of NAME.d.ts: types of agents, actions, resources, tool arguments and requests. The same input gives the same
 * text: names are sorted by UTF-16 code units.
 */
export function emitTypes(model: PolicyModel, catalogs: ReadonlyMap<string, Catalog> = new Map()): string {
  const scopes = grantScopes(model)
  const anyAction = scopes.some((scope) => scope.actions === undefined)
  const actions = sorted(allScopes(model, scopes).flatMap((scope) => scope.actions ?? []))
  const agents = sorted(model.agents.map((agent) => agent.name))
  return [
    `// Types of policy ${model.name}, generation ${model.generation}. Written by \`kavach compile\`; changes are lost.`,
    '',
    '/** Agents that the policy declares. */',
    ...alias('DeclaredAgent', agents.map(quote)),
    '',
    model.boundary === undefined
      ? '/** Who may ask: this policy has no boundary, so nobody is made at run time. */'
      : '/** Who may ask: declared agents, and those made at run time. */',
    ...alias('Agent', ['DeclaredAgent', ...(model.boundary === undefined ? [] : [OPEN])]),
    '',
    anyAction
      ? '/** Actions that the policy names; some grants are for every action. */'
      : '/** Actions that the policy names. */',
    ...alias('Action', [...actions.map(quote), ...(anyAction ? [OPEN] : [])]),
    '',
    '/** Resources that some grant covers, those of the tools in the catalogs by name. */',
    ...alias('Resource', resourceTypes(scopes, catalogs)),
    '',
    '/** Arguments of the tools in the catalogs, by action and resource. */',
    ...toolArguments(catalogs),
    '',
    ...REQUEST,
    '',
  ].join('\n')
}

const OPEN = '(string & {})'
/** Beyond this editors become slow. */
const MAX_UNION = 2_000

const REQUEST = [
  "export type Window = 'minute' | 'hour' | 'day' | 'month'",
  '',
  '/** A question to the engine. `Request<A, R>` types the arguments of one tool. */',
  'export interface Request<A extends Action = Action, R extends Resource = Resource> {',
  '  readonly agent: Agent',
  '  readonly action: A',
  '  readonly resource: R',
  '  /** Delegators, root first. */',
  '  readonly via?: readonly (Agent | { readonly agent: Agent; readonly since?: string | number })[]',
  '  readonly args?: A extends keyof ToolArguments',
  '    ? R extends keyof ToolArguments[A]',
  '      ? ToolArguments[A][R]',
  '      : { readonly [name: string]: unknown }',
  '    : { readonly [name: string]: unknown }',
  '  readonly ip?: string',
  '  /** RFC 3339 with `Z`, or milliseconds since 1970. */',
  '  readonly now?: string | number',
  '  readonly since?: string | number',
  '  /** USD. */',
  '  readonly cost?: number',
  '  readonly trust?: number',
  '  readonly tenant?: string',
  '  readonly approvedBy?: string | readonly string[]',
  '  readonly approvedAt?: string | number',
  '  readonly readings?: {',
  '    readonly used?: { readonly [W in Window]?: number | string }',
  '    readonly spent?: { readonly [W in Window]?: number | string }',
  '    readonly meters?: { readonly [key: string]: number | string }',
  '  }',
  '}',
]

function grantScopes(model: PolicyModel): readonly ScopeModel[] {
  return [
    ...model.roles.flatMap((role) => role.grants),
    ...model.agents.flatMap((agent) => agent.grants),
    ...model.delegations.flatMap((delegation) => delegation.grants),
    ...(model.boundary?.grants ?? []),
  ]
}

function allScopes(model: PolicyModel, grants: readonly ScopeModel[]): readonly ScopeModel[] {
  return [...grants, ...model.forbids, ...model.requires, ...model.limits]
}

/**
 * Texts first, then what has a `*` in it. An open type stands in `(... & {})`, as otherwise TypeScript drops the texts that it
 * covers, and no editor offers them.
 */
function resourceTypes(scopes: readonly ScopeModel[], catalogs: ReadonlyMap<string, Catalog>): readonly string[] {
  const patterns = new Map(
    scopes.flatMap((scope) => scope.patterns.flatMap(alternatives)).map((one) => [typeOf(one), one]),
  )
  const automata = scopes.flatMap((scope) => scope.automata ?? [])
  const open = [...patterns].filter(([type]) => !type.startsWith("'"))
  const matchers = open.map(([, pattern]) => matcher(pattern))
  const tools = [...catalogs]
    .flatMap(([name, { tools }]) => [...tools.values()].map((tool) => mappingOf(name, tool).resource))
    .filter((name) => matchers.some((one) => one.test(name)) || automata.some((dfa) => acceptsText(dfa, name)))
  const texts = sorted([...[...patterns.keys()].filter((type) => type.startsWith("'")), ...tools.map(quote)])
  const types = [...sorted(open.map(([type]) => type)), ...(automata.length > 0 ? ['string'] : [])]
  if (texts.length + types.length > MAX_UNION) return ['string']
  return [...texts, ...(types.includes('string') ? [OPEN] : types.map((type) => `(${type} & {})`))]
}

/** The pattern without `{...}`: as many as it stands for, or where that is too many, itself. */
function alternatives(pattern: PatternLiteral): readonly PatternLiteral[] {
  let runs: readonly PatternSegment[][] = [[]]
  for (const segment of pattern.segments) {
    const options = segmentAlternatives(segment)
    if (options === undefined || options.length * runs.length > MAX_ALTERNATIVES) return [pattern]
    runs = runs.flatMap((run) => options.map((option) => [...run, option]))
  }
  return runs.map((segments) => ({ segments, rest: pattern.rest }))
}

const MAX_ALTERNATIVES = 64

function typeOf({ segments, rest }: PatternLiteral): string {
  if (segments.every((segment) => segment.every((part) => part.kind === 'text')) && !rest) {
    return quote(segments.map((segment) => segment.map(partText).join('')).join(':'))
  }
  const texts = segments.map((segment) => segment.map(partType).join(''))
  if (rest) texts.push(ANY)
  const text = texts.join(':')
  return text === ANY ? 'string' : `\`${text}\``
}

/** Fits what the pattern does, among names of tools. */
function matcher({ segments, rest }: PatternLiteral): RegExp {
  const texts = segments.map((segment) => segment.map(partSource).join(''))
  if (rest) texts.push('.+')
  return new RegExp(`^${texts.join(':')}$`, 'su')
}

function partSource(part: PatternSegment[number]): string {
  switch (part.kind) {
    case 'text':
      return part.text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
    case 'any':
      return '[^:]*'
    case 'choice':
      return `(?:${part.options.map((option) => option.map(partSource).join('')).join('|')})`
  }
}

/** Zero or more characters inside a template literal type. */
const ANY = '$' + '{string}'

function partText(part: PatternSegment[number]): string {
  return part.kind === 'text' ? part.text : ''
}

function partType(part: PatternSegment[number]): string {
  switch (part.kind) {
    case 'text':
      return part.text.replace(/[\\`]|\$\{/g, '\\$&')
    case 'any':
      return ANY
    case 'choice':
      return `\${${part.options.map(optionType).join(' | ')}}`
  }
}

function optionType(option: PatternSegment): string {
  return option.every((part) => part.kind === 'text')
    ? quote(option.map(partText).join(''))
    : `\`${option.map(partType).join('')}\``
}

function toolArguments(catalogs: ReadonlyMap<string, Catalog>): readonly string[] {
  const actions = new Map<string, Map<string, Set<string>>>()
  for (const name of sorted([...catalogs.keys()])) {
    for (const tool of catalogs.get(name)?.tools.values() ?? []) {
      const { action, resource } = mappingOf(name, tool)
      const resources = actions.get(action) ?? new Map<string, Set<string>>()
      actions.set(action, resources)
      const types = resources.get(resource) ?? new Set<string>()
      resources.set(resource, types)
      types.add(tool.input.kind === 'unknown' ? ANY_ARGUMENTS : schemaType(tool.input, '    '))
    }
  }
  if (actions.size === 0)
    return ['// biome-ignore lint/complexity/noBannedTypes: no catalog, no tools.', 'export type ToolArguments = {}']
  const lines = ['export interface ToolArguments {']
  for (const action of sorted([...actions.keys()])) {
    lines.push(`  readonly ${quote(action)}: {`)
    const resources = actions.get(action) ?? new Map<string, Set<string>>()
    for (const resource of sorted([...resources.keys()])) {
      const types = sorted([...(resources.get(resource) ?? [])])
      lines.push(`    readonly ${quote(resource)}: ${types.join(' | ')}`)
    }
    lines.push('  }')
  }
  return [...lines, '}']
}

const ANY_ARGUMENTS = '{ readonly [name: string]: unknown }'

/** A tool without an `x-kavach` entry is executed under its own name. */
function mappingOf(catalog: string, tool: CatalogTool): { readonly action: string; readonly resource: string } {
  return { action: tool.action ?? 'execute', resource: tool.resource ?? `mcp:${catalog}:${tool.name}` }
}

function schemaType(schema: ArgumentSchema, indent: string): string {
  switch (schema.kind) {
    case 'unknown':
      return 'unknown'
    case 'scalar':
      return schema.values === undefined ? schema.types.join(' | ') : union(schema.values.map(quote))
    case 'array':
      return `readonly (${schemaType(schema.items, indent)})[]`
    case 'object': {
      if (schema.properties === undefined) return ANY_ARGUMENTS
      const inner = `${indent}  `
      const lines = sorted([...schema.properties.keys()]).map((name) => {
        const optional = schema.required.has(name) ? '' : '?'
        return `${inner}readonly ${quote(name)}${optional}: ${schemaType(schema.properties?.get(name) ?? { kind: 'unknown' }, inner)}`
      })
      if (schema.open) lines.push(`${inner}readonly [name: string]: unknown`)
      return lines.length === 0 ? '{ readonly [name: string]: never }' : `{\n${lines.join('\n')}\n${indent}}`
    }
  }
}

/** A line, or where that is long, a line for each member. */
function alias(name: string, members: readonly string[]): readonly string[] {
  const line = `export type ${name} = ${union(members)}`
  return line.length <= MAX_LINE ? [line] : [`export type ${name} =`, ...members.map((member) => `  | ${member}`)]
}

const MAX_LINE = 120

function union(members: readonly string[]): string {
  return members.length === 0 ? 'never' : members.join(' | ')
}

function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replace(/\\"/g, '"').replace(/'/g, "\\'")}'`
}

function sorted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort()
}
