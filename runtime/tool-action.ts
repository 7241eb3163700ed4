/** How a tool of an MCP server becomes an action on a resource: what catalogs write down, and what the guard asks for. */
import { nameFault } from '../compiler/model/index.ts'

/**
 * `execute` for all tools, or by the server's own hints (`read`, `delete`, else `write`). Hints are claims of the server: a policy
 * that trusts them trusts the server.
 */
export type ToolMap = 'execute' | 'hints'

/** What a server says of a tool, as far as it matters here. */
export interface ToolHints {
  readonly readOnlyHint?: boolean | undefined
  readonly destructiveHint?: boolean | undefined
}

export function toolAction(hints: ToolHints | undefined, map: ToolMap): string {
  if (map === 'execute') return 'execute'
  if (hints?.readOnlyHint === true) return 'read'
  return hints?.destructiveHint === true ? 'delete' : 'write'
}

/** `mcp:SERVER:TOOL`, or nothing when the name of the tool cannot be a segment: a policy could not name it without ambiguity. */
export function toolResource(server: string, tool: string): string | undefined {
  return nameFault(tool) === undefined ? `mcp:${server}:${tool}` : undefined
}
