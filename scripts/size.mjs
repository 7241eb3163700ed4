// `npm run size`: what a user of kavachos/engine downloads, held against its limits.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { init, parse } from 'es-module-lexer'
import { rolldown } from 'rolldown'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const ENGINE = join(root, 'build/engine.wasm')
const LOADER = join(root, 'dist/engine-wasm/host/index.js')
const MAX_ENGINE_BYTES = 20_000
/** The goal, and until it is reached what must not be exceeded: neither may grow while the other shrinks. */
const GOAL_TOGETHER_GZIPPED = 12_000
const MAX_TOGETHER_GZIPPED = 14_800

for (const path of [ENGINE, LOADER]) {
  if (existsSync(path)) continue
  console.error(`${path} is missing: run \`npm run build\``)
  process.exit(66)
}

await init
const engine = readFileSync(ENGINE)
const loader = await bundle('loadEngine')
const live = await bundle('loadLiveEngine')
const engineGzipped = gzipSync(engine, { level: 9 }).length
const loaderGzipped = gzipSync(loader, { level: 9 }).length
const bare = bareImports(LOADER)

const rows = [
  ['engine', engine.length, MAX_ENGINE_BYTES],
  ['engine, gzipped', engineGzipped, undefined],
  ['loader, bundled and minified', loader.length, undefined],
  ['loader, gzipped', loaderGzipped, undefined],
  ['loader and engine, gzipped', loaderGzipped + engineGzipped, MAX_TOGETHER_GZIPPED],
  ['live loader, gzipped', gzipSync(live, { level: 9 }).length, undefined],
]
for (const [what, bytes, limit] of rows) {
  const verdict = limit === undefined ? '' : `  at most ${limit}: ${bytes <= limit ? 'holds' : 'TOO LARGE'}`
  console.log(`${what.padEnd(30)} ${String(bytes).padStart(7)} bytes${verdict}`)
}
const over = loaderGzipped + engineGzipped - GOAL_TOGETHER_GZIPPED
console.log(
  `goal for loader and engine, gzipped: ${GOAL_TOGETHER_GZIPPED} bytes, ${over <= 0 ? 'reached' : `missed by ${over}`}`,
)
console.log(`bare imports behind kavachos/engine: ${bare.length === 0 ? 'none' : bare.join(', ')}`)
const tooLarge = rows.some(([, bytes, limit]) => limit !== undefined && bytes > limit)
process.exit(tooLarge || bare.length > 0 ? 1 : 0)

/**
 * What an application that imports the name gets from its bundler. The engine that Node carries as base64 is left out: it is
 * counted as the file it is.
 */
async function bundle(name) {
  const application = {
    name: 'application',
    resolveId: (id) => (id === 'application' ? id : undefined),
    load: (id) => (id === 'application' ? `export { ${name} } from ${JSON.stringify(LOADER)}` : undefined),
  }
  const input = { input: 'application', plugins: [application], external: /engine-bytes\.js$/, logLevel: 'silent' }
  const build = await rolldown(input)
  const { output } = await build.generate({ format: 'esm', minify: true })
  return Buffer.from(output.map((chunk) => chunk.code ?? '').join('\n'))
}

function bareImports(entry) {
  const seen = new Set()
  const found = new Set()
  const visit = (path) => {
    if (seen.has(path)) return
    seen.add(path)
    for (const { n: specifier } of parse(readFileSync(path, 'utf8'))[0]) {
      if (specifier === undefined) continue
      if (specifier.startsWith('.')) visit(resolve(dirname(path), specifier))
      else found.add(specifier)
    }
  }
  visit(entry)
  return [...found]
}
