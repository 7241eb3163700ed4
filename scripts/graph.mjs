// What a bundler finds behind the doors of the package: modules, packages, built-in modules, awaits at top level, and bytes.
import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { parseAst } from 'rolldown/parseAst'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const APPLICATION = '\0application'

/** Conditions of `exports` that the bundlers of a platform set, beside `import` and `default`. */
const PLATFORMS = {
  node: ['node'],
  worker: ['workerd', 'worker', 'edge-light', 'browser'],
  browser: ['browser'],
}

/**
 * The graph of `door` (`kavachos/engine`) for a platform, or of `text`, a module in the root of the package.
 *
 * Everything is counted that is imported, and what is imported later with `import()` too. Optional peers stay outside, as they do
 * for users who do not have them, but are listed among the packages. What `without` fits stays outside as well.
 */
export async function graphOf({ door, text = `export * from ${JSON.stringify(door)}`, platform, without }) {
  const packages = new Set()
  const builtins = new Set()
  const eagerPeers = new Set()
  const awaits = new Set()
  const modules = new Set()
  const files = new Set()
  const { peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const watch = {
    name: 'watch',
    async resolveId(id, importer, { kind }) {
      if (id === APPLICATION) return id
      if (without?.test(id)) return { id, external: true }
      if (isBuiltin(id)) {
        // What the bundler itself puts in front of `require` is not ours.
        if (!importer.startsWith('\0rolldown')) builtins.add(id.replace(/^node:/, ''))
        return { id, external: true }
      }
      const name = packageOf(id)
      if (name !== undefined && name in peerDependencies) {
        packages.add(name)
        if (kind !== 'dynamic-import') eagerPeers.add(name)
        return { id, external: true }
      }
      if (!id.endsWith('.wasm')) return
      const found = await this.resolve(id, importer, { skipSelf: true })
      files.add(found.id)
      return { id: found.id, external: true, moduleSideEffects: false }
    },
    load: (id) => (id === APPLICATION ? { code: text, moduleType: 'js' } : undefined),
    transform(code, id) {
      if (id.startsWith('\0')) return
      const path = relative(root, id).split(sep).join('/')
      modules.add(path)
      const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]
      if (name !== undefined) packages.add(name)
      if (/\.m?js$/.test(path) && awaitsAtTop(code)) awaits.add(path)
    },
  }
  const build = await rolldown({
    input: APPLICATION,
    cwd: root,
    platform: platform === 'node' ? 'node' : 'browser',
    plugins: [watch],
    resolve: { conditionNames: [...PLATFORMS[platform], 'import', 'default'] },
    // What cannot be found would be left out in silence.
    onLog(_, log) {
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message)
    },
  })
  const { output } = await build.generate({ format: 'esm', minify: true })
  await build.close()
  const imported = output.flatMap(({ imports = [] }) => imports)
  const isUsed = (path) => imported.some((id) => resolve(root, id) === path)
  const parts = [
    ...output.map((chunk) => Buffer.from(chunk.code ?? chunk.source)),
    ...[...files].filter(isUsed).map((path) => readFileSync(path)),
  ]
  return {
    modules: [...modules].sort(),
    packages: [...packages].sort(),
    builtins: [...builtins].sort(),
    eagerPeers: [...eagerPeers].sort(),
    awaits: [...awaits].sort(),
    bytes: sum(parts.map((part) => part.length)),
    gzippedBytes: sum(parts.map((part) => gzipSync(part, { level: 9 }).length)),
  }
}

/** Whether a module waits before those that import it go on. */
export function awaitsAtTop(code) {
  return /\bawait\b/.test(code) && waits(parseAst(code, { sourceType: 'module' }))
}

function waits(node) {
  if (Array.isArray(node)) return node.some(waits)
  if (typeof node !== 'object' || node === null) return false
  if (INSIDE.has(node.type)) return false
  if (node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node.await)) return true
  // Methods and fields run later; computed keys, `extends` and static blocks run at once.
  if (node.type === 'MethodDefinition') return node.computed && waits(node.key)
  if (node.type === 'PropertyDefinition')
    return (node.computed && waits(node.key)) || (node.static && waits(node.value))
  if (node.type === 'VariableDeclaration' && node.kind === 'await using') return true
  return Object.values(node).some(waits)
}

const INSIDE = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

function packageOf(id) {
  if (/^[./\0]/.test(id) || id.includes(':')) return undefined
  return id.split('/', id.startsWith('@') ? 2 : 1).join('/')
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}
