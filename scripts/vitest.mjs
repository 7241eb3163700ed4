// Runs vitest with our reporters and returns what the JSON report counted.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * `report` is the file name of the JSON report below build/reports. `passed` and `failed` count tests; a file that
 * could not even be loaded counts as one failed test, and so does a run that leaves no report.
 */
export function runVitest({ report, args = [], env = {} }) {
  const file = join(root, 'build/reports', report)
  mkdirSync(dirname(file), { recursive: true })
  rmSync(file, { force: true })
  const { status } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
      ...args,
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } },
  )
  if (!existsSync(file)) return { status: status ?? 1, passed: 0, failed: 1, skipped: [] }
  const { testResults, numPassedTests, numFailedTests } = JSON.parse(readFileSync(file, 'utf8'))
  const broken = testResults.filter((result) => result.status === 'failed' && result.assertionResults.length === 0)
  const skipped = testResults.flatMap((result) =>
    result.assertionResults
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ fullName }) => `${relative(root, result.name)}: ${fullName}`),
  )
  const failed = numFailedTests + broken.length
  return { status: status ?? 1, passed: numPassedTests, failed: failed || status === 0 ? failed : 1, skipped }
}
