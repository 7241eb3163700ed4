// Builds everything that is generated: the engine (asc), then dist/ (tsc), then the local `kavach` command.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

run([join(root, 'scripts/build-engine.mjs')])
run([join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.build.json')])
linkCommand()

function run(args) {
  const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

/**
 * Makes `npx kavach` work inside a clone. npm links the commands of dependencies only, and would otherwise install this
 * folder into its cache to run its own command. On Windows `npm exec --package . kavach` does the same, slower.
 */
function linkCommand() {
  const main = join(root, 'dist/cli/main.js')
  const bin = join(root, 'node_modules/.bin')
  if (!existsSync(main) || !existsSync(bin) || process.platform === 'win32') return
  chmodSync(main, 0o755)
  const link = join(bin, 'kavach')
  rmSync(link, { force: true })
  symlinkSync('../../dist/cli/main.js', link)
}
