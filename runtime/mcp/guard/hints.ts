/** What the server of a resource says of its tools, learnt from its lists as they pass. */
import type { ToolHints } from '../../index.ts'
import type { KnownHints } from './operation.ts'
import { isObject } from './rpc.ts'

export interface Hints {
  readonly of: KnownHints
  /** Takes over what a list says, before anybody has shortened it. */
  readonly learn: (tools: readonly unknown[]) => void
  /** The server has said that its tools are others now. */
  readonly forget: () => void
}

const MAX_TOOLS = 10_000

export function createHints(): Hints {
  const known = new Map<string, ToolHints>()
  return {
    of: (tool) => known.get(tool),
    learn(tools) {
      for (const tool of tools) {
        if (!isObject(tool) || typeof tool.name !== 'string' || known.size >= MAX_TOOLS) continue
        const { readOnlyHint, destructiveHint } = isObject(tool.annotations) ? tool.annotations : {}
        known.set(tool.name, { readOnlyHint: readOnlyHint === true, destructiveHint: destructiveHint === true })
      }
    },
    forget: () => known.clear(),
  }
}
