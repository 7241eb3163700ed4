// `npm run test:brute-force -- --questions N [--seed S]`: the decision procedure against trying every request of a small
// universe, beyond what `npm test` asks. One policy in a hundred questions, each with some assertions of its own.
import { runLong } from './long-run.mjs'

runLong({
  suite: 'test/properties/brute-force',
  prefix: 'KAVACH_BRUTE_FORCE',
  count: 'questions',
  usually: '1000000',
})
