// `npm run test:cedar -- --requests N [--seed S] [--policy P]`: the engine against Cedar, as many requests as asked for, or those
// of the one policy that a difference named.
import { runLong } from './long-run.mjs'

runLong({
  suite: 'test/properties/cedar/agreement.test.ts',
  prefix: 'KAVACH_CEDAR',
  count: 'requests',
  usually: '100000',
  more: ['policy'],
})
