// What results come from: the state of the sources, and the engine that was measured.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const DIGITS = 12

/** `commit` ends in `-dirty` when tracked files differ from it; `engine` is the start of the SHA-256 of build/engine.wasm. */
export function origin() {
  const engine = readFileSync(process.env.KAVACH_ENGINE ?? join(root, 'build/engine.wasm'))
  return { commit: commit(), engine: createHash('sha256').update(engine).digest('hex').slice(0, DIGITS) }
}

function commit() {
  try {
    const args = ['describe', '--always', '--dirty', '--exclude=*', `--abbrev=${DIGITS}`]
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    // A package that was unpacked has no history.
    return 'unknown'
  }
}
