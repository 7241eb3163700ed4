// `npm run test:runtimes`: the suites that run elsewhere than on this Node: other versions of it, Bun, Deno, workerd and a browser, and
// in projects that install the package. What is missing is installed where it can be (scripts/tools.mjs); what cannot be had is a
// failure, and nothing is skipped.
import { bun, chromium, deno, nodeOf, packages, workers } from './tools.mjs'
import { runVitest } from './vitest.mjs'

// The newest that run on Node 20.
const PACKAGING = ['publint@0.3.25', '@arethetypeswrong/cli@0.18.5', 'vite@7.3.8', 'esbuild@0.28.2', 'typescript@5.9.3']

const { status, passed, failed, skipped } = runVitest({
  report: 'runtimes.json',
  args: ['test/runtimes', ...process.argv.slice(2)],
  env: {
    KAVACH_RUNTIMES: '1',
    NODE_20: nodeOf(20),
    NODE_22: nodeOf(22),
    NODE_24: nodeOf(24),
    BUN: bun(),
    DENO: deno(),
    CHROMIUM: chromium(),
    // Folders whose node_modules hold the programs.
    WORKERS: workers(),
    PACKAGING: packages('packaging', PACKAGING),
  },
})
if (skipped.length > 0)
  console.log(`Skipped, which nothing here may be:\n${skipped.map((name) => `  ${name}`).join('\n')}`)
console.log(`${passed} passed, ${failed + skipped.length} failed`)
process.exit(status === 0 && skipped.length > 0 ? 1 : status)
