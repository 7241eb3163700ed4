/** One call from parsed files to a model, or to everything that is wrong with them. */
import type { Diagnostic, PolicyFile } from '../../grammar/index.ts'
import type { PolicyModel } from '../model/index.ts'
import type { Catalog } from './catalog.ts'
import { RULES } from './check/all-rules.ts'
import { type LoadCatalog, readCatalogs } from './check/catalog-files.ts'
import type { CheckContext } from './check/context.ts'
import { lowerPolicy } from './lower.ts'
import { type LocatedAssertion, lowerAssertions } from './lower-assertion.ts'
import { createRegexPool } from './regex-pool.ts'
import { resolvePolicy } from './resolve.ts'
import { numberRules, type SourceMap } from './rules.ts'
import { inTextOrder } from './text-order.ts'

export interface CheckOptions {
  /** Without it catalogs are not read, and nothing is checked against them. */
  readonly loadCatalog?: LoadCatalog
  /** Lints (KV4...) are errors. */
  readonly strict?: boolean
  /** Milliseconds since 1970; with it, what has expired is reported. */
  readonly now?: number
  /** `false` leaves the model out, for callers that only want to know what is wrong. */
  readonly lower?: boolean
}

export interface CheckResult {
  /** `undefined` when there is an error, in `diagnostics` or among the statements that the parser dropped, or on request. */
  readonly model: PolicyModel | undefined
  /** In source order; empty where there is no model. */
  readonly assertions: readonly LocatedAssertion[]
  /** Sorted by file, offset and code. Syntax errors are not among them: the parser returned those. */
  readonly diagnostics: readonly Diagnostic[]
  readonly map: SourceMap
  /** Catalogs that could be read, by name. */
  readonly catalogs: ReadonlyMap<string, Catalog>
}

/** Resolves, checks and lowers a policy. `files` are sorted by the bytes of their paths, all parsed. */
export function checkPolicy(files: readonly PolicyFile[], options: CheckOptions = {}): CheckResult {
  const diagnostics: Diagnostic[] = []
  const report = (diagnostic: Diagnostic): void => {
    const isLint = options.strict === true && diagnostic.code.startsWith('KV4')
    diagnostics.push(isLint ? { ...diagnostic, severity: 'error' } : diagnostic)
  }
  const policy = resolvePolicy(files)
  const regexes = createRegexPool()
  const catalogs = options.loadCatalog === undefined ? new Map() : readCatalogs(policy, options.loadCatalog, report)
  const context: CheckContext = { policy, regexes, catalogs, now: options.now, report }
  for (const rule of RULES) rule(context)
  const { map, idOf } = numberRules(files)
  const isBroken = policy.broken.any || diagnostics.some((diagnostic) => diagnostic.severity === 'error')
  const model = isBroken || options.lower === false ? undefined : lowerPolicy({ policy, regexes, idOf })
  const assertions = model === undefined ? [] : lowerAssertions({ policy, regexes })
  return { model, assertions, diagnostics: inTextOrder(files, diagnostics), map, catalogs }
}
