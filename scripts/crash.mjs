// `npm run test:crash -- --rounds N [--seed S]`: a process that decides is killed at random moments; nothing that it had
// acknowledged is lost, the log verifies, and what is used is what was allowed.
import { runLong } from './long-run.mjs'

runLong({ suite: 'test/runtime/host/crash.test.ts', prefix: 'KAVACH_CRASH', count: 'rounds', usually: '100' })
