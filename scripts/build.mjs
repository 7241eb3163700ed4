// Builds everything that is generated: the engine (asc), then dist/ (tsc), then the local `kavach` command.
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildDist } from './dist.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const engine = spawnSync(process.execPath, [join(root, 'scripts/build-engine.mjs')], { cwd: root, stdio: 'inherit' })
if (engine.error) throw engine.error
if (engine.status !== 0) process.exit(engine.status ?? 1)
const status = buildDist()
if (status !== 0) process.exit(status)
linkCommand()

/**
 * Makes `npx kavach` work inside a clone. npm links the commands of dependencies only, and would otherwise install this
 * folder into its cache to run its own command. On Windows `npm exec --package . kavach` does the same, slower.
 */
function linkCommand() {
  const main = join(root, 'dist/cli/main.js')
  const bin = join(root, 'node_modules/.bin')
  if (!existsSync(main) || !existsSync(bin) || process.platform === 'win32') return
  const link = join(bin, 'kavach')
  rmSync(link, { force: true })
  symlinkSync('../../dist/cli/main.js', link)
}
