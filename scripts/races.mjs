// `npm run test:races -- --repeats N`: four processes call at once against one cap, as often as asked for; exactly the cap is
// allowed each time.
import { runLong } from './long-run.mjs'

runLong({ suite: 'test/runtime/host/races.test.ts', prefix: 'KAVACH_RACE', count: 'repeats', usually: '20' })
