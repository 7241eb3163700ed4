// `npm run test:cedar -- --requests N [--seed S] [--policy P]`: the engine against Cedar, as many requests as asked for, or those
// of the one policy that a difference named.
import { parseArgs } from 'node:util'
import { runVitest } from './vitest.mjs'

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '100000' }, seed: { type: 'string' }, policy: { type: 'string' } },
})
if (!/^[1-9][0-9]*$/.test(values.requests)) {
  console.error('--requests wants a whole number')
  process.exit(64)
}
const env = { KAVACH_CEDAR_REQUESTS: values.requests }
if (values.seed !== undefined) env.KAVACH_CEDAR_SEED = values.seed
if (values.policy !== undefined) env.KAVACH_CEDAR_POLICY = values.policy
const args = ['test/properties/cedar/agreement.test.ts', '--testTimeout=0']
const { status } = runVitest({ report: 'cedar.json', args, env })
process.exit(status)
