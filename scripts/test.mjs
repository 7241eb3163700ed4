// `npm test`: builds, runs every suite that needs only Node and git, and says what did not run and why.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root, runVitest } from './vitest.mjs'

const ELSEWHERE = [
  [
    'npm run test:differential -- --runs N',
    'reference against engine beyond the 20,000 cases of this run; takes minutes',
  ],
  ['npm run test:attenuation -- --chains N', 'delegation chains beyond the 10,000 of this run; takes minutes'],
  [
    'npm run test:brute-force -- --questions N',
    'proofs against brute force beyond the slice of this run; takes minutes',
  ],
  ['npm run test:cedar -- --requests N', 'engine against Cedar beyond the 2,000 requests of this run; takes minutes'],
  ['npm run test:crash -- --rounds N', 'kills beyond the 10 of this run; takes minutes'],
  ['npm run test:races -- --repeats N', 'races of processes beyond the 3 of this run; takes minutes'],
  ['npm run fuzz -- SUITE --runs N', 'texts, images and requests beyond the slices of this run; takes minutes'],
  [
    'npm run test:conformance -- --from DIR',
    'needs a folder with the published examples, vectors and product documents',
  ],
  [
    'npm run test:services',
    'needs Chromium and Node 22, which it installs where it can; the examples of README and the commands',
  ],
  [
    'npm run test:runtimes',
    'needs Bun, Deno, workerd, Chromium and other versions of Node, which it installs where it can',
  ],
  ['npm run mutants', 'plants bugs and builds the engine again for each; takes minutes'],
  ['npm run bench', 'measures, and wants an idle machine'],
]

const build = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root, stdio: 'inherit' })
if (build.status !== 0) {
  console.log('the build failed: no test ran\n0 passed, 1 failed')
  process.exit(build.status ?? 1)
}

const { status, passed, failed, skipped } = runVitest({ report: 'test.json', args: process.argv.slice(2) })

console.log('Not run here:')
for (const [command, reason] of ELSEWHERE) console.log(`  ${command.padEnd(40)} ${reason}`)
if (skipped.length > 0)
  console.log(`Skipped, each says why in its file:\n${skipped.map((name) => `  ${name}`).join('\n')}`)
console.log(`${passed} passed, ${failed} failed`)
process.exit(status === 0 && failed > 0 ? 1 : status)
