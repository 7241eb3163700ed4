/** The floors of ARCHITECTURE.md as data, and the one judge of an import. */
import { dirname, join } from 'node:path/posix'

interface Cell {
  /** A folder, or a single file. The longest match owns a file. */
  readonly path: string
  /** Packages that its files may import. */
  readonly packages: readonly string[]
  /** Cells below that it must not use all the same. */
  readonly not?: readonly string[]
  /** `node:` modules are allowed. */
  readonly node?: true
  /** Doors beside `index.ts`, for what must not have behind it what that one has. */
  readonly doors?: readonly string[]
  /** Its files are imported one by one: constants that the AssemblyScript compiler reads too, which has no use for a door. */
  readonly doorless?: true
}

/** From the ground up; within a row a cell may use those to its left. */
export const FLOORS: readonly (readonly Cell[])[] = [
  [
    { path: 'engine-wasm/format', packages: [], doorless: true },
    { path: 'engine-wasm/assembly', packages: [] },
    { path: 'compiler/algebra', packages: [] },
    { path: 'compiler/model', packages: [] },
  ],
  [
    // Of the package itself it may name the engine, which Workers import as a module.
    {
      path: 'engine-wasm/host',
      packages: ['kavachos'],
      not: ['compiler/algebra', 'compiler/model', 'engine-wasm/assembly'],
    },
    { path: 'compiler/emit', packages: [] },
    { path: 'grammar', packages: ['chevrotain'] },
  ],
  [
    { path: 'runtime', packages: [], not: ['grammar'] },
    {
      path: 'compiler/reference',
      packages: [],
      not: ['compiler/emit', 'engine-wasm/format', 'engine-wasm/host', 'runtime'],
    },
    { path: 'compiler/front', packages: [], not: ['runtime'] },
    { path: 'compiler/analyze', packages: [], not: ['runtime'] },
    { path: 'compiler', packages: [], not: ['runtime'] },
  ],
  [
    {
      path: 'storage',
      packages: ['better-sqlite3', 'drizzle-orm'],
      node: true,
      doors: ['storage/worker.ts'],
      not: ['grammar', 'compiler', 'compiler/front'],
    },
    { path: 'runtime/http', packages: ['hono', 'zod'], not: ['grammar', 'compiler', 'compiler/front', 'storage'] },
    { path: 'runtime/mcp', packages: ['hono', 'jose'], not: ['grammar', 'compiler', 'compiler/front', 'storage'] },
    {
      path: 'runtime/adapters/node',
      packages: ['hono', '@hono/node-server'],
      node: true,
      not: ['grammar', 'compiler', 'compiler/front', 'storage'],
    },
    {
      path: 'runtime/adapters',
      packages: ['hono', 'express', 'fastify'],
      not: ['grammar', 'compiler', 'compiler/front', 'storage'],
    },
    // What calls the HTTP API: it has nothing of the host but the types of its answers.
    { path: 'client', packages: [], not: ['grammar', 'compiler', 'compiler/front', 'storage', 'runtime/mcp'] },
  ],
  [
    { path: 'open-kavach.ts', packages: [] },
    { path: 'create-kavach.ts', packages: [], node: true },
    { path: 'worker-kavach.ts', packages: [] },
    { path: 'index.ts', packages: [] },
    { path: 'worker.ts', packages: [] },
    { path: 'browser.ts', packages: [] },
    { path: 'cli', packages: ['commander', '@modelcontextprotocol/sdk'], node: true },
  ],
]

/** One of two files of `engine-wasm/host`; which one, the conditions of the platform say. */
export const CARRIED = '#carried'

/** Cells that import each other's literals and automata; they are one idea in two folders. */
const PEERS: readonly (readonly [string, string])[] = [['compiler/algebra', 'compiler/model']]

/** Everything above the floors may use anything, and nothing uses it. */
export const ROOF: readonly string[] = ['test', 'bench', 'examples', 'policies', 'scripts', 'site', 'vitest.config.ts']

interface Place {
  readonly cell: Cell
  readonly floor: number
  readonly column: number
}

/** The cell that owns a file, or `undefined` for the roof. */
export function placeOf(path: string): Place | undefined {
  const places = FLOORS.flatMap((row, floor) => row.map((cell, column): Place => ({ cell, floor, column })))
  return places
    .filter(({ cell }) => path === cell.path || path.startsWith(`${cell.path}/`))
    .sort((a, b) => b.cell.path.length - a.cell.path.length)[0]
}

/** Why the file `from` may not import `specifier`, or `undefined` when it may. */
export function faultOfImport(from: string, specifier: string): string | undefined {
  const here = placeOf(from)
  if (here === undefined) return isRoof(from) ? undefined : `${from} stands on no floor`
  const { cell } = here
  if (specifier === CARRIED)
    return cell.path === 'engine-wasm/host' ? undefined : `${cell.path} may not use ${specifier}`
  if (specifier.startsWith('node:')) return cell.node ? undefined : `${cell.path} may not use ${specifier}`
  if (!specifier.startsWith('.')) {
    return cell.packages.includes(packageOf(specifier))
      ? undefined
      : `${cell.path} may not use the package ${specifier}`
  }
  const target = join(dirname(from), specifier)
  if (isRoof(target)) return `nothing below may use ${target}`
  const there = placeOf(target)
  if (there === undefined) return `${target} stands on no floor`
  if (there.cell === cell) return undefined
  if (cell.not?.includes(there.cell.path)) return `${cell.path} may not use ${there.cell.path}`
  const isPeer = PEERS.some((pair) => pair.includes(cell.path) && pair.includes(there.cell.path))
  const isBelow = there.floor < here.floor || (there.floor === here.floor && there.column < here.column)
  if (!isBelow && !isPeer) return `${cell.path} may not use ${there.cell.path}: an import points down`
  const isDoor =
    target === there.cell.path || target === `${there.cell.path}/index.ts` || there.cell.doors?.includes(target)
  return isDoor || there.cell.doorless ? undefined : `${target} is behind the door ${there.cell.path}/index.ts`
}

function isRoof(path: string): boolean {
  return ROOF.some((roof) => path === roof || path.startsWith(`${roof}/`))
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Words that a file of a small floor may not say, because clock, randomness and machine are arguments. */
const BANNED: readonly (readonly [RegExp, string])[] = [
  [/['"]node:/, 'node:'],
  [/\bBuffer\b/, 'Buffer'],
  [/\bprocess\s*[.[]|\bglobalThis\s*\.\s*process\b/, 'process'],
  [/\bDate\s*\.\s*now\b|\bnew Date\(\s*\)|\bperformance\s*\.\s*now\b/, 'the clock'],
  [/\bMath\s*\.\s*random\b|\bgetRandomValues\b|\brandomUUID\b/, 'randomness'],
  [
    /(?<![.\w])fetch\s*\(|\b(?:globalThis|self|window)\s*\.\s*fetch\b|\bnew (WebSocket|EventSource|XMLHttpRequest)\b/,
    'a socket',
  ],
]

/** What a file of `grammar`, `compiler`, `engine-wasm` or `runtime` says that it may not; `runtime/host.ts` owns the clock. */
export function faultsOfText(path: string, text: string): readonly string[] {
  if (!/^(grammar|compiler|engine-wasm|runtime)\//.test(path) || path === 'runtime/host.ts') return []
  if (placeOf(path)?.cell.node) return []
  const code = withoutComments(text)
  return BANNED.filter(([pattern]) => pattern.test(code)).map(([, what]) => `${path} names ${what}`)
}

/** Specifiers of all imports and re-exports, types included, and of `import()`. */
export function importsOf(text: string): readonly string[] {
  const code = withoutComments(text)
  const statements = code.matchAll(/^\s*(?:import|export)\b(?:[^'";]*?\bfrom)?\s*['"]([^'"\n]+)['"]/gm)
  const calls = code.matchAll(/\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g)
  return [...statements, ...calls].flatMap(([, specifier]) => (specifier === undefined ? [] : [specifier]))
}

/** As `importsOf`, without what TypeScript erases. */
export function valueImportsOf(text: string): readonly string[] {
  return importsOf(text.replace(/^\s*(?:import|export) type\b[^'"]*?\bfrom\s*['"][^'"\n]+['"]/gm, ''))
}

/** Comments become blanks; strings stay, and a `//` inside one is no comment. */
function withoutComments(text: string): string {
  return text.replace(/('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (_, literal: string) =>
    literal === undefined ? ' ' : literal,
  )
}
