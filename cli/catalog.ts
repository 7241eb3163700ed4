/**
 * The catalog: what a policy knows about an MCP server, as a JSON file beside the policy.
 *
 * The text depends on the tools alone: tools are sorted by name and members by key (Unicode order), so that the same
 * server gives the same bytes whatever order it answers in, and a change in the file is a change of the server.
 */
import { type ToolHints, type ToolMap, toolAction } from '../runtime/index.ts'

/** What `tools/list` says of one tool, as far as a policy can use it. */
export interface ListedTool {
  readonly name: string
  readonly description?: string | undefined
  readonly inputSchema: unknown
  readonly annotations?: ToolHints
}

/** Why a server or tool cannot be in a catalog; lower case, with the remedy in `help`. */
export interface CatalogFault {
  readonly message: string
  readonly help: string
}

/**
 * Builds the catalog text, or names every fault that stands in its way.
 *
 * Each tool stands for `mcp:SERVER:TOOL`, so both names must be segments, and no two tools may share one.
 */
export function toCatalog(
  server: string,
  tools: readonly ListedTool[],
  mapping: ToolMap,
): { readonly text: string } | { readonly faults: readonly CatalogFault[] } {
  const faults: CatalogFault[] = []
  if (!isIdentifier(server)) {
    faults.push({
      message: `the server calls itself ${quote(server)}, which is no name for a catalog`,
      help: `give it one with --name, such as --name ${toIdentifier(server)}`,
    })
  }
  const seen = new Set<string>()
  for (const tool of tools) {
    const flaw = segmentFlaw(tool.name)
    if (flaw !== undefined) {
      faults.push({
        message: `tool ${quote(tool.name)} cannot be a segment of a resource: ${flaw}`,
        help: 'ask the author of the server to rename the tool; a policy could not name it without ambiguity',
      })
    } else if (seen.has(tool.name)) {
      faults.push({
        message: `the server lists tool ${quote(tool.name)} twice`,
        help: 'a policy cannot tell the two apart; ask the author of the server to rename one',
      })
    }
    seen.add(tool.name)
  }
  if (faults.length > 0) return { faults }
  const entries = [...tools]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((tool) => ({
      name: tool.name,
      ...(tool.description === undefined ? {} : { description: tool.description }),
      inputSchema: sorted(tool.inputSchema),
      annotations: sorted(tool.annotations ?? {}),
      'x-kavach': { action: toolAction(tool.annotations, mapping), resource: `mcp:${server}:${tool.name}` },
    }))
  return { text: `${JSON.stringify({ server, tools: entries }, null, 2)}\n` }
}

/** Whether `text` may name a catalog, a role or an agent in policy text. */
export function isIdentifier(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z_][A-Za-z0-9_]*)*$/.test(text) && text.length <= 128
}

/** The nearest name: what cannot stand in one becomes `-`, or `_` before a digit, because no part starts with one. */
export function toIdentifier(text: string): string {
  const parts = text.split(/[^A-Za-z0-9_]+/).filter((part) => part !== '')
  const joined = parts
    .join('-')
    .replace(/-(?=[0-9])/g, '_')
    .slice(0, 64)
    .replace(/-+$/, '')
  if (joined === '') return 'server'
  return /^[A-Za-z_]/.test(joined) ? joined : `_${joined}`
}

/** Why `text` cannot be one segment of a resource, or `undefined` when it can. */
export function segmentFlaw(text: string): string | undefined {
  if (text === '') return 'it is empty'
  if (new TextEncoder().encode(text).length > 128) return 'it is longer than 128 bytes'
  if (text.includes(':')) return 'it holds `:`, which separates segments'
  if (text.includes('*')) return 'it holds `*`, which is a wildcard'
  if (/\p{Cc}/u.test(text)) return 'it holds a control character'
  if (/[\u{fffd}\p{Cs}]/u.test(text)) return 'it is not well-formed Unicode'
  if (text.normalize('NFC') !== text) return 'it is not in Unicode normal form C'
  return undefined
}

/** User input in a message: shortened, with control characters made visible. */
export function quote(text: string): string {
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text).slice(1, -1)
  return `\`${shown.replace(/[\p{Cc}\p{Cf}]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)}\``
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([key, member]) => [key, sorted(member)]))
}
