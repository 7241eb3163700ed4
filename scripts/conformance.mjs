// `npm run test:conformance -- --from DIR`: the suites under test/conformance, over examples, vectors and product documents that
// are not in this repository. Every TypeScript sample of the documents runs as printed, the one for Workers
// in workerd. Vectors about HTTP and identifiers wait for their parts.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { workers } from './tools.mjs'
import { runVitest } from './vitest.mjs'

const { values } = parseArgs({ options: { from: { type: 'string' } } })
if (values.from === undefined || !existsSync(values.from)) {
  console.error('--from wants the folder that holds the conformance vectors')
  process.exit(values.from === undefined ? 64 : 66)
}
const { status } = runVitest({
  report: 'conformance.json',
  args: ['test/conformance'],
  env: { KAVACH_CONFORMANCE: resolve(values.from), WORKERS: workers() },
})
process.exit(status)
