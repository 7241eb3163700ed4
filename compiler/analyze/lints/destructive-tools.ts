/** Wildcards that cover a tool which its catalog calls destructive: whoever wrote `*` may not have meant that one. */
import type { GrantNode, PatternNode, PolicyFile } from '../../../grammar/index.ts'
import { scopeBox, type Universe } from '../../algebra/index.ts'
import { type ForbidModel, formatPattern } from '../../model/index.ts'
import type { Lint, LintContext } from './lint.ts'

/** KV4306, at the pattern. A tool that is forbidden to everybody, or that the pattern names, is not meant. */
export const lintDestructiveTools: Lint = (context) => {
  const { catalogs, model } = context.analyzed
  const destructive = [...catalogs].flatMap(([name, { tools }]) =>
    [...tools.values()]
      .filter(({ hints }) => hints?.destructive === true)
      .map((tool) => ({
        name: tool.name,
        action: tool.action ?? 'execute',
        resource: tool.resource ?? `mcp:${name}:${tool.name}`,
      })),
  )
  const forbids = model.forbids.filter(({ when, unless }) => when === undefined && unless === undefined)
  const open = context.ask(({ universe }) =>
    destructive.filter((tool) => !forbids.some((forbid) => isInScope(tool, forbid, universe))),
  )
  if (open === undefined || open.length === 0) return
  const seen = new Set<GrantNode>()
  for (const { own } of context.holders) {
    for (const grant of own) {
      const located = context.nodeOf(grant)
      if (located === undefined || seen.has(located.node)) continue
      seen.add(located.node)
      lintGrant(context, located.file, located.node, open)
    }
  }
}

interface Tool {
  readonly name: string
  readonly action: string
  readonly resource: string
}

function isInScope({ action, resource }: Tool, scope: ForbidModel, universe: Universe): boolean {
  if (scope.actions?.includes(action) === false) return false
  const set = scopeBox(scope, universe)?.get('resource')
  return set?.kind === 'text' && universe.languages.accepts(set.language, resource)
}

function lintGrant(context: LintContext, file: PolicyFile, node: GrantNode, tools: readonly Tool[]): void {
  const { any, names } = node.scope.actions
  for (const pattern of node.scope.patterns) {
    if (!isWildcard(pattern)) continue
    const covered = context.ask(({ universe: { languages } }) => {
      const language = languages.ofPattern(pattern.value)
      return tools.filter(
        ({ action, resource }) =>
          (any || names.some(({ text }) => text === action)) &&
          languages.accepts(language, resource) &&
          !isNamed(pattern, resource),
      )
    })
    const [first, ...others] = covered ?? []
    if (first === undefined) continue
    const more = others.length === 0 ? '' : ` and ${others.length} more`
    context.report({
      code: 'KV4306',
      severity: 'warning',
      message: 'this wildcard covers a destructive tool',
      path: file.path,
      span: { start: pattern.start, end: pattern.end },
      label: `\`${formatPattern(pattern.value)}\` covers \`${first.name}\`${more}`,
      help: 'name the tools that are meant, or `forbid` the destructive ones',
    })
  }
}

function isWildcard({ value }: PatternNode): boolean {
  return value.rest || value.segments.some((segment) => segment.some(isGlob))
}

/** Whether the segment of the pattern that stands for the tool has its name among its alternatives. */
function isNamed({ value: { segments, rest } }: PatternNode, resource: string): boolean {
  const [part, ...others] = segments.at(-1) ?? []
  if (rest || part === undefined || others.length > 0) return false
  const name = resource.split(':').at(-1)
  const options = part.kind === 'choice' ? part.options : [[part]]
  return options.some((option) => {
    const texts = option.map((item) => (item.kind === 'text' ? item.text : undefined))
    return !texts.includes(undefined) && texts.join('') === name
  })
}

function isGlob(part: PatternNode['value']['segments'][number][number]): boolean {
  return part.kind === 'any' || (part.kind === 'choice' && part.options.some((option) => option.some(isGlob)))
}
