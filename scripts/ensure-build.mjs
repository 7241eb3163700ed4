// Rebuilds the engine and dist/ when a source is newer, so that no test judges a stale one.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildDist, DIST_STAMP } from './dist.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** vitest's global set-up hook. */
export default function setup() {
  ensureEngine()
  ensureDist()
}

function ensureEngine() {
  const script = 'scripts/build-engine.mjs'
  const sources = [script, ...filesBelow('engine-wasm/assembly'), ...filesBelow('engine-wasm/format')]
  if (!isStale(['build/engine.wasm', 'engine-wasm/host/engine-bytes.ts'], sources)) return
  const { status } = spawnSync(process.execPath, [join(root, script)], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Error(`the engine does not build: run \`node ${script}\``)
}

/** The tests of the command line run dist/cli/main.js. What does not type-check is the business of `npm run types`. */
function ensureDist() {
  const folders = [
    'grammar',
    'compiler',
    'engine-wasm/format',
    'engine-wasm/host',
    'runtime',
    'storage',
    'cli',
    'client',
  ]
  const sources = [
    'tsconfig.build.json',
    'tsconfig.json',
    'index.ts',
    'create-kavach.ts',
    'open-kavach.ts',
    'worker.ts',
    'worker-kavach.ts',
    'browser.ts',
    ...folders.flatMap(filesBelow),
  ]
  if (existsSync(join(root, 'dist/cli/main.js')) && !isStale([DIST_STAMP], sources)) return
  buildDist()
  if (!existsSync(join(root, 'dist/cli/main.js'))) throw new Error('dist does not build: run `npm run build`')
}

function isStale(outputs, sources) {
  return Math.min(...outputs.map(writtenAt)) < Math.max(...sources.map(writtenAt))
}

/** 0 for a file that is not there. */
function writtenAt(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function filesBelow(folder) {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}
