// `npm run fuzz -- SUITE... [--runs N] [--seed S] [--only NUMBER]`: the suites of test/fuzz, as long as asked for. `--only`
// brings one case back; a failure says which.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root, runVitest } from './vitest.mjs'

/** What a run by hand is worth: far beyond the slices of `npm test`. */
const RUNS = { text: 200_000, image: 600_000, request: 400_000, record: 100_000, machine: 20_000, http: 100_000 }

const suites = readdirSync(join(root, 'test/fuzz'))
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => name.slice(0, -'.test.ts'.length))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
})
const wrong = [values.runs, values.seed, values.only].find((text) => text !== undefined && !/^[0-9]+$/.test(text))
if (wrong !== undefined) {
  console.error(`--runs, --seed and --only want a whole number, not ${wrong}`)
  process.exit(64)
}
const unknown = positionals.find((name) => !suites.includes(name))
if (unknown !== undefined) {
  console.error(`there is no suite ${unknown}; there are ${suites.join(', ')}`)
  process.exit(64)
}

let failed = false
for (const suite of positionals.length > 0 ? positionals : suites) {
  const file = `test/fuzz/${suite}.test.ts`
  if (!existsSync(join(root, file))) continue
  const env = { KAVACH_FUZZ_RUNS: values.runs ?? String(RUNS[suite] ?? 100_000) }
  if (values.seed !== undefined) env.KAVACH_FUZZ_SEED = values.seed
  if (values.only !== undefined) env.KAVACH_FUZZ_ONLY = values.only
  const { status } = runVitest({ report: `fuzz-${suite}.json`, args: [file, '--testTimeout=0'], env })
  failed ||= status !== 0
}
process.exit(failed ? 1 : 0)
