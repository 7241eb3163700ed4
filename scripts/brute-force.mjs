// `npm run test:brute-force -- --questions N [--seed S]`: the decision procedure against trying every request of a small
// universe, beyond what `npm test` asks. One policy in a hundred questions, each with some assertions of its own.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root, runVitest } from './vitest.mjs'

const FOLDER = 'test/properties/brute-force'

const { values } = parseArgs({
  options: { questions: { type: 'string', default: '1000000' }, seed: { type: 'string' } },
})
if (!/^[1-9][0-9]*$/.test(values.questions)) {
  console.error('--questions wants a whole number')
  process.exit(64)
}
if (values.seed !== undefined && !/^[0-9]+$/.test(values.seed)) {
  console.error('--seed wants a whole number')
  process.exit(64)
}
if (!existsSync(join(root, FOLDER))) {
  console.error(`${FOLDER} does not exist`)
  process.exit(66)
}
const env = { KAVACH_BRUTE_FORCE_QUESTIONS: values.questions }
if (values.seed !== undefined) env.KAVACH_BRUTE_FORCE_SEED = values.seed
const { status } = runVitest({ report: 'brute-force.json', args: [FOLDER, '--testTimeout=0'], env })
process.exit(status)
