/**
 * Rules that speak of an MCP server's tools speak of tools it has.
 *
 * A catalog NAME owns the resources `mcp:NAME:TOOL` for the action `execute`, and so for `*`. A tool may be listed by its
 * name or by the resource that its `x-kavach` entry maps it to. Tests are left alone: they may ask for what is not there.
 */
import type { ConditionNode, PatternNode, PolicyFile, ScopeNode } from '../../../grammar/index.ts'
import { nearest } from '../../../grammar/index.ts'
import { acceptsText, alternativeText, compilePattern, segmentAlternatives, segmentTexts } from '../../algebra/index.ts'
import { formatPattern, type PatternSegment } from '../../model/index.ts'
import type { Catalog, CatalogTool } from '../catalog.ts'
import { checkToolArguments } from './catalog-arguments.ts'
import { type CheckContext, type Rule, spanOf } from './context.ts'
import { walk } from './walk.ts'

/** KV3003 (unlisted tool), KV3004 (a wildcard without tools), and the rules of `catalog-arguments.ts`. */
export const checkCatalogTools: Rule = (context) => {
  const { catalogs, policy } = context
  if (catalogs.size === 0) return
  const owners = new Map([...catalogs].map(([name, catalog]) => [name, indexTools(name, catalog)]))
  walk(policy.files, {
    scope: (scope, conditions, { file }) => {
      const { any, names } = scope.actions
      if (any || names.some((name) => name.text === 'execute')) checkScope(context, owners, file, scope, conditions)
    },
  })
}

/** Tools by the last segment of the resource that calls them. */
interface Owner {
  readonly name: string
  readonly execute: ReadonlyMap<string, readonly CatalogTool[]>
  /** Those of `execute` and all resources of other actions, for `*`. */
  readonly any: ReadonlyMap<string, readonly CatalogTool[]>
}

function indexTools(name: string, catalog: Catalog): Owner {
  const execute = new Map<string, CatalogTool[]>()
  const any = new Map<string, CatalogTool[]>()
  const prefix = `mcp:${name}:`
  const add = (map: Map<string, CatalogTool[]>, segment: string, tool: CatalogTool) => {
    const tools = map.get(segment)
    if (tools === undefined) map.set(segment, [tool])
    else if (!tools.includes(tool)) tools.push(tool)
  }
  for (const tool of catalog.tools.values()) {
    add(execute, tool.name, tool)
    add(any, tool.name, tool)
    if (!tool.resource?.startsWith(prefix)) continue
    const segment = tool.resource.slice(prefix.length)
    if (segment.includes(':')) continue
    add(any, segment, tool)
    if (tool.action === 'execute') add(execute, segment, tool)
  }
  return { name, execute, any }
}

function checkScope(
  context: CheckContext,
  owners: ReadonlyMap<string, Owner>,
  file: PolicyFile,
  scope: ScopeNode,
  conditions: readonly ConditionNode[],
): void {
  const tools = new Set<CatalogTool>()
  let onlyTools = scope.actions.any || scope.actions.names.every((name) => name.text === 'execute')
  for (const pattern of scope.patterns) {
    const found = findTools(context, owners, file, scope, pattern)
    if (found === undefined) onlyTools = false
    else for (const tool of found) tools.add(tool)
  }
  // A condition that is also asked for something else may be meant for that.
  if (onlyTools && tools.size > 0) {
    for (const condition of conditions) checkToolArguments(context, file, condition, [...tools])
  }
}

/** The tools that a pattern names, or `undefined` when it names other things too. */
function findTools(
  context: CheckContext,
  owners: ReadonlyMap<string, Owner>,
  file: PolicyFile,
  scope: ScopeNode,
  pattern: PatternNode,
): readonly CatalogTool[] | undefined {
  const { segments, rest } = pattern.value
  const [root, server, tool] = segments
  if (root === undefined || server === undefined || alternativeText(root) !== 'mcp') return undefined
  const servers = segmentTexts(server)
  if (servers === undefined || (tool !== undefined && (rest || segments.length > 3))) return undefined
  const tools: CatalogTool[] = []
  let onlyTools = tool !== undefined
  for (const name of servers) {
    const owner = owners.get(name)
    if (owner === undefined) {
      onlyTools = false
      continue
    }
    const listed = scope.actions.any ? owner.any : owner.execute
    if (tool !== undefined) tools.push(...matchTools(context, file, pattern, owner, { tool, listed }))
    else if (rest && listed.size === 0) reportEmpty(context, file, pattern, owner.name)
  }
  return onlyTools ? tools : undefined
}

function matchTools(
  context: CheckContext,
  file: PolicyFile,
  pattern: PatternNode,
  owner: Owner,
  { tool, listed }: { readonly tool: PatternSegment; readonly listed: Owner['execute'] },
): readonly CatalogTool[] {
  const found: CatalogTool[] = []
  for (const alternative of segmentAlternatives(tool) ?? [tool]) {
    const text = alternativeText(alternative)
    if (text !== undefined) {
      const tools = listed.get(text)
      if (tools === undefined) reportUnlisted(context, file, pattern, { text, owner, listed })
      else found.push(...tools)
      continue
    }
    const { isMatch } = createMatcher(alternative)
    const tools = [...listed].flatMap(([name, candidates]) => (isMatch(name) ? candidates : []))
    if (tools.length === 0) reportEmpty(context, file, pattern, owner.name)
    found.push(...tools)
  }
  return found
}

/** Matching is asked of the automaton, so that no second reading of patterns can differ from the first. */
function createMatcher(segment: PatternSegment): { readonly isMatch: (name: string) => boolean } {
  const isAny = segment.length === 1 && segment[0]?.kind === 'any'
  if (isAny) return { isMatch: () => true }
  const dfa = compilePattern({ segments: [segment], rest: false })
  return { isMatch: (name) => acceptsText(dfa, name) }
}

function reportUnlisted(
  { policy, report }: CheckContext,
  file: PolicyFile,
  pattern: PatternNode,
  { text, owner, listed }: { readonly text: string; readonly owner: Owner; readonly listed: Owner['execute'] },
): void {
  const suggestion = nearest(text, [...listed.keys()])
  const catalog = policy.catalogs.get(owner.name)
  const at = pattern.text.lastIndexOf(text)
  const isCertain =
    suggestion !== undefined && /^[A-Za-z0-9_.@-]+$/.test(suggestion) && pattern.text === `mcp:${owner.name}:${text}`
  report({
    code: 'KV3003',
    severity: 'error',
    message: `the catalog \`${owner.name}\` has no tool \`${text}\``,
    path: file.path,
    span: spanOf(pattern),
    label: 'not listed',
    ...(catalog !== undefined && {
      secondary: [
        { path: catalog.file.path, span: spanOf(catalog.node.name), label: `owns \`mcp:${owner.name}:...\`` },
      ],
    }),
    help:
      suggestion === undefined
        ? 'import the catalog again if the server has it now, or correct the name'
        : `did you mean \`${suggestion}\`?`,
    ...(isCertain && {
      fix: {
        title: `replace with \`${suggestion}\``,
        edits: [
          {
            path: file.path,
            span: { start: pattern.start + at, end: pattern.start + at + text.length },
            text: suggestion,
          },
        ],
      },
    }),
  })
}

function reportEmpty({ policy, report }: CheckContext, file: PolicyFile, pattern: PatternNode, name: string): void {
  const catalog = policy.catalogs.get(name)
  report({
    code: 'KV3004',
    severity: 'warning',
    message: `\`${formatPattern(pattern.value)}\` matches no tool of the catalog \`${name}\``,
    path: file.path,
    span: spanOf(pattern),
    label: 'matches nothing today',
    ...(catalog !== undefined && {
      secondary: [{ path: catalog.file.path, span: spanOf(catalog.node.name), label: 'declared here' }],
    }),
    help: 'correct the pattern, or import the catalog again',
  })
}
