// One suite, as large as asked for: what the scripts of the long runs have in common.
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { root, runVitest } from './vitest.mjs'

/**
 * Runs `suite` and ends the process with its status. `--COUNT N` says how much, `--seed S` and those of `more` (`policy`) which;
 * the suite reads them from the environment as PREFIX_COUNT, PREFIX_SEED and so on.
 */
export function runLong({ suite, prefix, count, usually, more = [] }) {
  const names = ['seed', ...more]
  const { values } = parseArgs({
    options: {
      [count]: { type: 'string', default: usually },
      ...Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
    },
  })
  if (!/^[1-9][0-9]*$/.test(values[count])) refuse(64, `--${count} wants a whole number`)
  const wrong = names.find((name) => values[name] !== undefined && !/^[0-9]+$/.test(values[name]))
  if (wrong !== undefined) refuse(64, `--${wrong} wants a whole number`)
  if (!existsSync(join(root, suite))) refuse(66, `${suite} does not exist`)
  const asked = [count, ...names].filter((name) => values[name] !== undefined)
  const env = Object.fromEntries(asked.map((name) => [`${prefix}_${name.toUpperCase()}`, values[name]]))
  const report = `${basename(suite).replace(/\.test\.ts$/, '')}.json`
  process.exit(runVitest({ report, args: [suite, '--testTimeout=0'], env }).status)
}

function refuse(code, message) {
  console.error(message)
  process.exit(code)
}
