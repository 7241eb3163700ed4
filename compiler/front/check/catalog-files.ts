/** Reads the catalogs that a policy declares. */
import type { Diagnostic } from '../../../grammar/index.ts'
import { type Catalog, parseCatalog } from '../catalog.ts'
import type { ResolvedPolicy } from '../resolve.ts'
import { spanOf } from './context.ts'

/** Text of a catalog file, or `undefined` when there is none. `path` is as written, relative to the policy file. */
export type LoadCatalog = (path: string, fromFile: string) => string | undefined

/** Catalogs by name. Reports KV3001 (no such file) and KV3002 (no catalog); such a catalog is left out. */
export function readCatalogs(
  policy: ResolvedPolicy,
  loadCatalog: LoadCatalog,
  report: (diagnostic: Diagnostic) => void,
): ReadonlyMap<string, Catalog> {
  const catalogs = new Map<string, Catalog>()
  for (const [name, { file, node }] of policy.catalogs) {
    const text = loadCatalog(node.file.value, file.path)
    if (text === undefined) {
      report({
        code: 'KV3001',
        severity: 'error',
        message: `the catalog file \`${node.file.value}\` does not exist`,
        path: file.path,
        span: spanOf(node.file),
        label: 'not found from this file',
        help: 'make it with `kavach import mcp`, or correct the path',
      })
      continue
    }
    const parsed = parseCatalog(text)
    if (parsed.ok) {
      catalogs.set(name, parsed.catalog)
      continue
    }
    report({
      code: 'KV3002',
      severity: 'error',
      message: `\`${node.file.value}\` is not a catalog`,
      path: file.path,
      span: spanOf(node.file),
      label: parsed.message,
      help: 'a catalog is the answer to `tools/list`: `{"tools": [{"name": "...", "inputSchema": {...}}]}`',
    })
  }
  return catalogs
}
