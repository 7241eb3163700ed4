// `npm run bench -- SUITE [options]`.
import { parseArgs } from 'node:util'
import * as authorize from './authorize.mjs'
import * as decide from './decide.mjs'
import * as http from './http.mjs'
import * as prove from './prove.mjs'

const SUITES = { authorize, decide, http, prove }

const [name, ...rest] = process.argv.slice(2)
const suite = SUITES[name]
if (suite === undefined || rest.includes('--help')) {
  const known = Object.values(SUITES).map(({ help }) => help)
  console[name === undefined || suite ? 'log' : 'error'](known.join('\n\n'))
  process.exit(suite ? 0 : 64)
}
process.exit(await suite.run(parseArgs({ args: rest, options: suite.options }).values))
