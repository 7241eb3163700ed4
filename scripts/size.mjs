// `npm run size`: what users download, held against its limits: the engine and its loader, and each door where it is used.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { DOORS, leaksOf } from './doors.mjs'
import { graphOf } from './graph.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const ENGINE = join(root, 'build/engine.wasm')
const MAX_ENGINE_BYTES = 20_000
/** The goal, and until it is reached what must not be exceeded: neither may grow while the other shrinks. */
const GOAL_TOGETHER_GZIPPED = 12_000
const MAX_TOGETHER_GZIPPED = 14_800

for (const path of [ENGINE, join(root, 'dist/index.js')]) {
  if (existsSync(path)) continue
  console.error(`${path} is missing: run \`npm run build\``)
  process.exit(66)
}

const faults = []
await measureEngine()
console.log('')
await measureDoors()
for (const fault of faults) console.error(fault)
process.exit(faults.length > 0 ? 1 : 0)

async function measureEngine() {
  const engine = readFileSync(ENGINE)
  const engineGzipped = gzipSync(engine, { level: 9 }).length
  const loader = await loaderOf('loadEngine')
  const live = await loaderOf('loadLiveEngine')
  const together = loader.gzippedBytes + engineGzipped
  const rows = [
    ['engine', engine.length, MAX_ENGINE_BYTES],
    ['engine, gzipped', engineGzipped],
    ['loader, bundled and minified', loader.bytes],
    ['loader, gzipped', loader.gzippedBytes],
    ['loader and engine, gzipped', together, MAX_TOGETHER_GZIPPED],
    ['live loader, gzipped', live.gzippedBytes],
  ]
  for (const [what, bytes, limit] of rows) {
    console.log(`${what.padEnd(30)} ${format(bytes)} bytes${verdictOf(what, bytes, limit)}`)
  }
  const over = together - GOAL_TOGETHER_GZIPPED
  console.log(
    `goal for loader and engine, gzipped: ${GOAL_TOGETHER_GZIPPED} bytes, ${over <= 0 ? 'reached' : `missed by ${over}`}`,
  )
}

/**
 * What an application that imports the name gets from its bundler. The engine that is carried as base64 is left out: it is
 * counted as the file it is.
 */
function loaderOf(name) {
  const text = `export { ${name} } from 'kavachos/engine'`
  return graphOf({ text, platform: 'browser', without: /engine-bytes\.js$/ })
}

async function measureDoors() {
  console.log(
    `${'door, bundled and minified'.padEnd(30)} ${'bytes'.padStart(9)} ${'gzipped'.padStart(9)}  packages of others`,
  )
  for (const budget of DOORS) {
    const { door, platform, maxGzippedBytes } = budget
    const graph = await graphOf({ door, platform })
    const what = `${door}, ${platform}`
    const packages = graph.packages.length === 0 ? 'none' : graph.packages.join(', ')
    const verdict = verdictOf(what, graph.gzippedBytes, maxGzippedBytes)
    console.log(`${what.padEnd(30)} ${format(graph.bytes)} ${format(graph.gzippedBytes)}${verdict}  ${packages}`)
    for (const leak of leaksOf(budget, graph))
      faults.push(`${what}: imports ${leak}, which scripts/doors.mjs does not list`)
  }
}

function verdictOf(what, bytes, limit) {
  if (limit === undefined) return ''
  if (bytes > limit) faults.push(`${what}: ${bytes} bytes are more than ${limit}`)
  return `  at most ${limit}: ${bytes <= limit ? 'holds' : 'TOO LARGE'}`
}

function format(bytes) {
  return String(bytes).padStart(9)
}
