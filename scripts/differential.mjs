// `npm run test:differential -- --runs N [--seed S] [--policy P]`: reference against engine, as many cases as asked for, or
// those of the one policy that a difference named.
import { runLong } from './long-run.mjs'

runLong({
  suite: 'test/properties/differential.test.ts',
  prefix: 'KAVACH_DIFFERENTIAL',
  count: 'runs',
  usually: '200000',
  more: ['policy'],
})
