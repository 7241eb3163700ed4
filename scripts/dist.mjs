// Compiles the sources to dist/. Files are replaced one by one, and only those that changed: whoever runs the command
// meanwhile never reads half a file.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const DIST = join(root, 'dist')
const COMMAND = join('cli', 'main.js')
/** Its time is that of the last build. */
export const DIST_STAMP = 'build/dist.stamp'

/** Returns the exit code of the compiler; what it emitted in spite of type errors is in dist/ too. */
export function buildDist() {
  mkdirSync(join(root, 'build'), { recursive: true })
  const started = new Date()
  const fresh = mkdtempSync(join(root, 'build/dist-'))
  try {
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', fresh]
    const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
    if (error) throw error
    if (filesBelow(fresh).length > 0) replaceDist(fresh, started)
    return status ?? 1
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

function replaceDist(fresh, started) {
  const names = filesBelow(fresh)
  for (const name of names) {
    const [from, to] = [join(fresh, name), join(DIST, name)]
    if (isSame(from, to)) continue
    mkdirSync(dirname(to), { recursive: true })
    if (name === COMMAND) chmodSync(from, 0o755)
    renameSync(from, to)
  }
  for (const name of filesBelow(DIST)) if (!names.includes(name)) rmSync(join(DIST, name))
  writeFileSync(join(root, DIST_STAMP), '')
  // What was edited meanwhile is newer than this.
  utimesSync(join(root, DIST_STAMP), started, started)
}

function isSame(a, b) {
  return statSync(b, { throwIfNoEntry: false }) !== undefined && readFileSync(a).equals(readFileSync(b))
}

function filesBelow(folder) {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
}
