// `npm run test:services`: the suites that need more than Node: a browser, and the conformance programs of others. What is missing
// is installed where it can be (scripts/tools.mjs); what cannot be had is a failure, and nothing is skipped. The pages' examples and the
// bench are here too: they need nothing, but their time.
import { chromium, nodeOf, packages } from './tools.mjs'
import { runVitest } from './vitest.mjs'

// The authorization mode exists in these versions only, and wants Node 22.
// It wants Node 22 too.
const INSPECTOR = '@modelcontextprotocol/inspector@2.12.0'
const CONFORMANCE = '@modelcontextprotocol/conformance@0.2.0-alpha.12'

const { status, passed, failed, skipped } = runVitest({
  report: 'services.json',
  args: ['test/services', 'test/docs/examples.test.ts', 'test/bench', ...process.argv.slice(2)],
  env: {
    KAVACH_SERVICES: '1',
    CHROMIUM: chromium(),
    NODE_22: nodeOf(22),
    MCP_INSPECTOR: packages('mcp-inspector', [INSPECTOR]),
    MCP_CONFORMANCE: packages('mcp-conformance', [CONFORMANCE]),
  },
})
if (skipped.length > 0)
  console.log(`Skipped, which nothing here may be:\n${skipped.map((name) => `  ${name}`).join('\n')}`)
console.log(`${passed} passed, ${failed + skipped.length} failed`)
process.exit(status === 0 && skipped.length > 0 ? 1 : status)
