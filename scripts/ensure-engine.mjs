// Rebuilds build/engine.wasm when a source of it is newer, so that a test never judges a stale engine.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** vitest's global set-up hook. */
export default function setup() {
  const script = join(root, 'scripts/build-engine.mjs')
  const outputs = ['build/engine.wasm', 'engine-wasm/host/engine-bytes.ts'].map((path) => join(root, path))
  if (!existsSync(script)) return
  const built = Math.min(...outputs.map((path) => (existsSync(path) ? statSync(path).mtimeMs : 0)))
  const sources = ['engine-wasm/assembly', 'engine-wasm/format'].flatMap((folder) => newest(join(root, folder)))
  if (Math.max(0, statSync(script).mtimeMs, ...sources) <= built) return
  const { status } = spawnSync(process.execPath, [script], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Error('the engine does not build: run `node scripts/build-engine.mjs`')
}

function newest(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs)
}
