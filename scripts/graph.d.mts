/** Types of what a bundler finds behind a door. */
export type Platform = 'node' | 'worker' | 'browser'

/** Paths are relative to the root of the package. */
export interface Graph {
  readonly modules: readonly string[]
  /** Packages of others. */
  readonly packages: readonly string[]
  /** Modules of Node, without `node:`. */
  readonly builtins: readonly string[]
  /** Optional peers that are imported otherwise than with `import()`, so that bundles do not start without them. */
  readonly eagerPeers: readonly string[]
  /** Modules that await at top level. */
  readonly awaits: readonly string[]
  /** Bundled and minified, with the `.wasm` files that are imported. */
  readonly bytes: number
  readonly gzippedBytes: number
}

export interface GraphQuestion {
  readonly platform: Platform
  readonly door?: string
  /** In place of `door`: a module that imports it. */
  readonly text?: string
  readonly without?: RegExp
}

export function graphOf(question: GraphQuestion): Promise<Graph>

export function awaitsAtTop(code: string): boolean
