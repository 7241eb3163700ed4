// `npm run test:attenuation -- --chains N [--seed S]`: no delegate holds more than its delegator, over as many random chains as
// asked for. The seed of a failure, given again, brings it back in the first batch.
import { runLong } from './long-run.mjs'

runLong({
  suite: 'test/properties/attenuation.test.ts',
  prefix: 'KAVACH_ATTENUATION',
  count: 'chains',
  usually: '100000',
})
