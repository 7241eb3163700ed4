// `npm run test:differential -- --runs N [--seed S] [--policy P]`: reference against engine, as many cases as asked for, or
// those of the one policy that a difference named.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root, runVitest } from './vitest.mjs'

const FILE = 'test/properties/differential.test.ts'

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '200000' }, seed: { type: 'string' }, policy: { type: 'string' } },
})
if (!/^[1-9][0-9]*$/.test(values.runs)) {
  console.error('--runs wants a whole number')
  process.exit(64)
}
if (!existsSync(join(root, FILE))) {
  console.error(`${FILE} does not exist`)
  process.exit(66)
}
const env = { KAVACH_DIFFERENTIAL_RUNS: values.runs }
if (values.seed !== undefined) env.KAVACH_DIFFERENTIAL_SEED = values.seed
if (values.policy !== undefined) env.KAVACH_DIFFERENTIAL_POLICY = values.policy
const { status } = runVitest({ report: 'differential.json', args: [FILE, '--testTimeout=0'], env })
process.exit(status)
