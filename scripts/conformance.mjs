// `npm run test:conformance -- --from DIR`: the suites under test/conformance, over vectors that are not in this repository.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { root, runVitest } from './vitest.mjs'

const { values } = parseArgs({ options: { from: { type: 'string' } } })
if (values.from === undefined || !existsSync(values.from)) {
  console.error('--from wants the folder that holds the conformance vectors')
  process.exit(values.from === undefined ? 64 : 66)
}
if (!existsSync(join(root, 'test/conformance'))) {
  console.log(
    'no conformance suite yet: the published vectors are about the HTTP interface, identifiers and the audit log,',
  )
  console.log('which come with the runtime')
  process.exit(0)
}
const { status } = runVitest({
  report: 'conformance.json',
  args: ['test/conformance'],
  env: { KAVACH_CONFORMANCE: resolve(values.from) },
})
process.exit(status)
