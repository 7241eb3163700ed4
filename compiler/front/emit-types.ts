/** NAME.d.ts: what a policy and its catalogs say about requests, as TypeScript. */
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
  const resources = sorted(scopes.flatMap(resourceTypes))
  const isOpen = resources.includes('string') || resources.length > MAX_UNION
  return [
    `// Types of policy ${model.name}, generation ${model.generation}. Written by \`kavach compile\`; changes are lost.`,
    '',
    '/** Agents that the policy declares. */',
    `export type DeclaredAgent = ${union(agents.map(quote))}`,
    '',
    model.boundary === undefined
      ? '/** Who may ask: this policy has no boundary, so nobody is made at run time. */'
      : '/** Who may ask: declared agents, and those made at run time. */',
    `export type Agent = ${union(['DeclaredAgent', ...(model.boundary === undefined ? [] : [OPEN])])}`,
    '',
    anyAction
      ? '/** Actions that the policy names; some grants are for every action. */'
      : '/** Actions that the policy names. */',
    `export type Action = ${union([...actions.map(quote), ...(anyAction ? [OPEN] : [])])}`,
    '',
    '/** Resources that some grant covers. */',
    `export type Resource = ${isOpen ? 'string' : union(resources)}`,
    '',
    '/** Arguments of the tools in the catalogs, by action and resource. */',
    ...toolArguments(catalogs),
    '',
    ...REQUEST,
    '',
  ].join('\n')
}

const OPEN = '(string & {})'
/** Beyond this TypeScript itself gives up on unions of template literals. */
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

/** What is only an automaton may be any text. */
function resourceTypes({ patterns, automata = [] }: ScopeModel): readonly string[] {
  return [...patterns.map(resourceType), ...automata.map(() => 'string')]
}

function resourceType({ segments, rest }: PatternLiteral): string {
  if (segments.every((segment) => segment.every((part) => part.kind === 'text')) && !rest) {
    return quote(segments.map((segment) => segment.map(partText).join('')).join(':'))
  }
  const texts = segments.map((segment) => segment.map(partType).join(''))
  if (rest) texts.push(ANY)
  const text = texts.join(':')
  return text === ANY ? 'string' : `\`${text}\``
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
      types.add(schemaType(tool.input, '    '))
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
      if (schema.properties === undefined) return '{ readonly [name: string]: unknown }'
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

function union(members: readonly string[]): string {
  return members.length === 0 ? 'never' : members.join(' | ')
}

function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replace(/\\"/g, '"').replace(/'/g, "\\'")}'`
}

function sorted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort()
}
