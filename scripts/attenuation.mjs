// `npm run test:attenuation -- --chains N [--seed S]`: no delegate holds more than its delegator, over as many random chains as
// asked for. The seed of a failure, given again, brings it back in the first batch.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root, runVitest } from './vitest.mjs'

const FILE = 'test/properties/attenuation.test.ts'

const { values } = parseArgs({
  options: { chains: { type: 'string', default: '100000' }, seed: { type: 'string' } },
})
if (!/^[1-9][0-9]*$/.test(values.chains)) {
  console.error('--chains wants a whole number')
  process.exit(64)
}
if (values.seed !== undefined && !/^[0-9]+$/.test(values.seed)) {
  console.error('--seed wants a whole number')
  process.exit(64)
}
if (!existsSync(join(root, FILE))) {
  console.error(`${FILE} does not exist`)
  process.exit(66)
}
const env = { KAVACH_ATTENUATION_CHAINS: values.chains }
if (values.seed !== undefined) env.KAVACH_ATTENUATION_SEED = values.seed
const { status } = runVitest({ report: 'attenuation.json', args: [FILE, '--testTimeout=0'], env })
process.exit(status)
